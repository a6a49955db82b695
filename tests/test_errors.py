"""Every error reads as one message, whatever went wrong."""

import pickle

from abm.errors import (
    NOT_GIVEN,
    Fault,
    InvalidInput,
    Nearest,
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


HOSTILE = (
    "\x00\x07\x08\x1b[31m\x7f\x85\x9b2J"  # C0, DEL, C1
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"  # direction
    "\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u3164\ufe0f\U000e0041"  # unseen
    "\u2028\u2029\r\n\t\ud800\udfff\ue000\U0010ffff"
)


def is_safe(text: str) -> bool:
    """True for a text that a terminal shows and does not obey; lines may end."""
    return not set(text) & set(HOSTILE) - set("[31m2J\n") and text.replace("\n", "").isprintable()


def test_no_sign_of_an_input_reaches_a_message_raw():
    quoting = [
        ScenarioFaults([Fault(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, 3)]),
        ScenarioFaults([Fault("a.toml", HOSTILE, [HOSTILE, {HOSTILE: HOSTILE}], "wrong")]),
        *(kind(f"no {HOSTILE}") for kind in (InvalidInput, UnreadableFile, OutputRefused)),
        Fault(HOSTILE, HOSTILE, {HOSTILE: 1}, HOSTILE),
    ]
    for refused in quoting:
        assert is_safe(str(refused))
    assert "no \\u0000\\u0007\\u0008\\u001b[31m\\u007f\\u0085" in str(InvalidInput(f"no {HOSTILE}"))


def test_a_name_with_a_new_line_is_one_line_and_lines_are_given_apart():
    assert str(UnreadableFile("a\nok: all is well")) == "a\\nok: all is well"
    assert str(InvalidInput("not so:", "  one", "  two")) == "not so:\n  one\n  two"
    assert str(InvalidInput("円キャリー\u3000é [bold]")) == "円キャリー\u3000é [bold]"


def test_a_million_faults_are_fifty_lines_and_a_count():
    fault = Fault("points.csv", "k" * 10_000, "v" * 10_000, "w" * 10_000, line=7)
    message = str(ScenarioFaults([fault] * 1_000_000))
    assert message.startswith("points.csv: 1,000,000 faults\n")
    assert message.endswith("\n  and 999,950 more")
    assert len(message.splitlines()) == 52 and len(message) < 150_000


def test_faults_of_many_files_are_told_within_one_bound():
    message = str(ScenarioFaults([Fault(f"{n}.toml", "x", 1, "wrong") for n in range(1000)]))
    assert message.splitlines()[-1] == "and 950 more faults in other files"


def test_faults_that_were_counted_in_their_own_file_are_not_counted_again():
    faults = [Fault("a.toml", "x", 1, "wrong")] * 60 + [Fault("b.toml", "x", 1, "wrong")] * 5
    lines = str(ScenarioFaults(faults)).splitlines()
    assert lines[-2:] == ["  and 10 more", "and 5 more faults in other files"]


def test_a_message_of_many_lines_is_fifty_one_and_a_count():
    lines = str(InvalidInput("not so:", *["  one"] * 1000)).splitlines()
    assert len(lines) == 52 and lines[-1] == "and 950 more"


def test_what_is_near_is_found_whatever_its_case_and_for_words_of_some_length_alone():
    assert str(Nearest("LEVERAGE", ["leverage"])) == "did you mean leverage?"
    assert str(Nearest("k" * 101, ["k" * 101])) == ""


def test_what_is_near_is_looked_up_for_what_is_told_alone():
    class Known:
        """Names that count how often they are read."""

        n_read = 0

        def __iter__(self):
            self.n_read += 1
            return iter(["bank-1"])

    known = Known()
    faults = [Fault("g.csv", "lender", "bnk-1", "is none", Nearest("bnk-1", known))] * 10_000
    assert "did you mean bank-1?" in str(ScenarioFaults(faults))
    assert known.n_read == 50
