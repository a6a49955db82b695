"""An attribution that was interrupted goes on from the coalitions that were done."""

import numpy as np
import pytest

from abm.attribution import running, shapley
from abm.attribution.unfinished import is_begun
from abm.scenario import load_scenario

CALM = {
    "calendar.days": 12,
    "calendar.burn_in_days": 12,
    "calendar.drift_days": 10,
    "calendar.shock_day": 3,
    "population.scale": 0.2,
}
TWO = ("haircuts", "dealers_withdrawal")


class Stop(Exception):
    """What ends a session."""


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("hike").with_changes(CALM)


@pytest.fixture
def played(monkeypatch):
    """Draws that are played, in order; a block is a draw here."""
    seen, worths_of = [], running.worths_of

    def noted(block):
        seen.append(block.replicate)
        return worths_of(block)

    monkeypatch.setattr(running, "worths_of", noted)
    return seen


def attribution(scenario, folder, progress=None, target="peak_yen_appreciation"):
    return shapley(
        scenario, target, TWO, seeds=3, rng=7, workers=1, progress=progress, folder=folder
    )


def stop_after(n_draws):
    def progress(done):
        if done.n_done == 4 * n_draws:
            raise Stop

    return progress


def test_what_was_done_is_not_done_again_and_the_worths_are_the_same(scenario, tmp_path, played):
    folder, told = tmp_path / "out", []
    assert not is_begun(folder)
    with pytest.raises(Stop):
        attribution(scenario, folder, stop_after(2))
    assert not folder.exists() and is_begun(folder)
    found = attribution(scenario, folder, told.append)
    assert played == [0, 1, 2]
    assert [(one.n_before, one.n_done, one.n_planned) for one in told] == [(8, 12, 12)]
    assert np.array_equal(found.worths, shapley(scenario, channels=TWO, seeds=3, rng=7).worths)
    found.save(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_torn_block_is_played_again_and_another_question_shares_nothing(
    scenario, tmp_path, played
):
    with pytest.raises(Stop):
        attribution(scenario, tmp_path / "out", stop_after(2))
    first = min(tmp_path.glob(".out-*/*.npy"))
    first.write_bytes(first.read_bytes()[:-8])
    attribution(scenario, tmp_path / "out")
    assert played == [0, 1, 0, 2]
    attribution(scenario, tmp_path / "out", target="unwound_5d")
    assert played == [0, 1, 0, 2, 0, 1, 2]
