"""A saved state: the same bytes as without it, and branches that differ in their changes alone."""

import json
import zipfile

import numpy as np
import pytest

import abm
from abm.agents import PythonAgent
from abm.errors import InvalidInput, OutputRefused, UnreadableFile
from abm.model import CarryUnwindModel
from abm.population.saved import SCHEMA_VERSION
from abm.runs.manifest import hashes_of

SAVED_DAY = 9


def small(**changes):
    """`hike`, small, with a shock large enough to be felt after the day at which it is saved."""
    short = {"calendar.days": 24, "calendar.burn_in_days": 10, "calendar.drift_days": 5}
    given = {"population.scale": 0.3, "shock.surprise_bp": 100, "calendar.shock_day": 12} | short
    return abm.load_scenario("hike").with_changes(given | changes)


def until_saved(path, scenario=None):
    model = CarryUnwindModel(scenario or small(), rng=3)
    for _ in range(SAVED_DAY):
        model.step()
    return model, model.save_state(path)


def test_a_run_goes_on_from_its_saved_state_with_the_same_bytes(tmp_path):
    whole = CarryUnwindModel(small(), rng=3)
    whole.run()
    _, path = until_saved(tmp_path / "day.state")
    resumed = CarryUnwindModel.load_state(path)
    assert resumed.day == SAVED_DAY
    resumed.run()
    assert hashes_of(resumed.result()) == hashes_of(whole.result())
    assert whole.result().summary["n_margin_calls"] > 0


def test_branches_share_the_past_and_differ_in_the_policy_of_the_days_to_come(tmp_path):
    _, path = until_saved(tmp_path / "day.state")
    plain = CarryUnwindModel.load_state(path)
    strict = CarryUnwindModel.load_state(path, {"margin.buffer": 0.5})
    for model in (plain, strict):
        model.run()
    left, right = plain.result().days, strict.result().days
    assert left.head(SAVED_DAY).equals(right.head(SAVED_DAY))
    assert not left["forced_hedge_fund_usd_bn"].equals(right["forced_hedge_fund_usd_bn"])


def test_what_a_branch_changes_of_institutions_holds_and_what_was_written_stays(tmp_path):
    model, _ = until_saved(tmp_path / "unused")
    model.world.rules.mandates.concentration[0] = 0.123
    path = model.save_state(tmp_path / "day.state")
    branch = CarryUnwindModel.load_state(path, {"funds.leverage_cap": 2.0})
    mandates = branch.world.rules.mandates
    assert mandates.concentration[0] == 0.123
    assert mandates.leverage_cap[0] == 2.0
    assert np.array_equal(branch.world.books.units, model.world.books.units)


def test_a_branch_may_be_longer_but_not_end_before_it_begins(tmp_path):
    _, path = until_saved(tmp_path / "day.state")
    longer = CarryUnwindModel.load_state(path, {"calendar.days": 30})
    longer.run()
    assert len(longer.result().days) == 30
    with pytest.raises(InvalidInput, match=r"calendar.days = 5: the saved state is of day 9"):
        CarryUnwindModel.load_state(path, {"calendar.days": 5, "calendar.shock_day": 2})


def test_a_branch_with_other_institutions_is_refused(tmp_path):
    _, path = until_saved(tmp_path / "day.state")
    with pytest.raises(InvalidInput, match=r"population.scale = 0.5: shapes the opening"):
        CarryUnwindModel.load_state(path, {"population.scale": 0.5})


@pytest.mark.parametrize("harm", ["truncated", "text", "missing", "pickle"])
def test_a_file_that_is_no_state_is_refused(harm, tmp_path):
    _, path = until_saved(tmp_path / "day.state")
    if harm == "truncated":
        path.write_bytes(path.read_bytes()[:5000])
    elif harm == "text":
        path.write_text("name = 'hike'\n")
    elif harm == "missing":
        path.unlink()
    else:
        np.savez(path.open("wb"), description=np.array([{"a": 1}], dtype=object))
    with pytest.raises(UnreadableFile, match=r"day\.state"):
        CarryUnwindModel.load_state(path)


def test_a_state_whose_forced_sales_had_no_side_is_refused_as_of_another_version(tmp_path):
    _, path = until_saved(tmp_path / "day.state")
    with np.load(path) as file:
        arrays = dict(file)
    said = json.loads(str(arrays["description"])) | {"schema_version": 1}
    np.savez(path.open("wb"), **arrays | {"description": np.array(json.dumps(said))})
    said = f"has schema version 1, this version reads {SCHEMA_VERSION}"
    with pytest.raises(UnreadableFile, match=said):
        CarryUnwindModel.load_state(path)


def test_a_state_is_plain_arrays_and_is_written_whole_or_not_at_all(tmp_path):
    model, path = until_saved(tmp_path / "day.state")
    with zipfile.ZipFile(path) as file:
        assert {name.rpartition(".")[2] for name in file.namelist()} == {"npy"}
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputRefused, match="cannot be written"):
        model.save_state(tmp_path / "file" / "day.state")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["day.state", "file"]


class Idle(PythonAgent):
    def orders(self):
        return {}


def test_a_model_with_python_agents_is_not_saved(tmp_path):
    agents = [Idle.spec(wealth_usd_bn=1.0)]
    model = CarryUnwindModel(small(), rng=3, python_agents=agents)
    with pytest.raises(InvalidInput, match="Python agents"):
        model.save_state(tmp_path / "day.state")
