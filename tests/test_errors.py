"""What a user is told reads as one message, whatever went wrong."""

import pickle

from abm.errors import (
    NOT_GIVEN,
    Fault,
    InvalidInput,
    OutputRefused,
    ScenarioFaults,
    UnreadableFile,
    UnwindError,
)


def test_all_faults_are_said_at_once_in_columns_under_their_file():
    message = str(
        ScenarioFaults(
            [
                Fault("configs/mine.toml", "funds.leverage", 0.5, "must be at least 1"),
                Fault(
                    "configs/mine.toml",
                    "policy.boj.hike",
                    25,
                    "unknown key",
                    "did you mean hike_bp?",
                ),
            ]
        )
    )
    assert message == (
        "configs/mine.toml: 2 faults\n"
        "  [funds] leverage = 0.5  must be at least 1\n"
        "  [policy.boj] hike = 25  unknown key; did you mean hike_bp?"
    )


def test_each_file_of_a_chain_has_its_own_heading():
    faults = [
        Fault("a.toml", "x", 1, "wrong", line=3),
        Fault("b.toml", "y", NOT_GIVEN, "is missing"),
    ]
    assert str(ScenarioFaults(faults)) == (
        "a.toml: 1 fault\n  line 3  x = 1  wrong\nb.toml: 1 fault\n  y  is missing"
    )


def test_values_are_shown_as_a_file_spells_them():
    assert "on = true" in str(Fault("", "on", True, "wrong"))
    assert 'word = "two"' in str(Fault("", "word", "two", "wrong"))
    assert "[some.table]  unknown key" in str(Fault("", "some.table", {"a": 1}, "unknown key"))
    assert len(str(Fault("", "long", "x" * 1000, "wrong"))) < 100
    assert "a number of too many digits" in str(Fault("", "n", -(10**5000), "wrong"))


def test_faults_survive_the_way_back_from_a_worker_process():
    sent = ScenarioFaults([Fault("mine.toml", "funds.n", NOT_GIVEN, "is missing")])
    received = pickle.loads(pickle.dumps(sent))
    assert str(received) == str(sent)
    assert received.faults[0].given is NOT_GIVEN


def test_every_mistake_of_a_user_is_an_unwind_error():
    for kind in (InvalidInput, ScenarioFaults, UnreadableFile, OutputRefused):
        assert issubclass(kind, UnwindError)
    assert issubclass(InvalidInput, ValueError)
    assert issubclass(ScenarioFaults, ValueError)
