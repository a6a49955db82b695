"""A kept stress test made again from its folder."""

import json

import pytest

from abm.errors import UnreadableFile
from abm.stress import run
from abm.stress.reproducing import reproduce_stress_test
from abm.stress.result import TABLES
from abm.stress.samples import find_portfolio
from abm.sweep import pool
from tests.attacks.stage import ask
from tests.stress.test_running import SCENARIO, in_this_process


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pool, "own_processes", in_this_process)
        found = run(find_portfolio("yen-fund"), SCENARIO, 4, (1, 5), 3)
        yield found.save(tmp_path_factory.mktemp("kept") / "test")


def test_a_sample_is_made_again_to_the_byte_and_a_changed_table_is_told(kept):
    outcome = reproduce_stress_test(kept)
    assert outcome.is_same and outcome.same == TABLES
    manifest = json.loads((kept / "manifest.json").read_text())
    before = json.dumps(manifest)
    manifest["sha256"]["risk"] = "0" * 64
    (kept / "manifest.json").write_text(json.dumps(manifest))
    (gap,) = reproduce_stress_test(kept).gaps
    assert (gap.table, gap.relative) == ("risk", 0.0)
    (kept / "manifest.json").write_text(before)


@pytest.mark.parametrize("command", ["report", "explain"])
def test_commands_for_runs_say_what_the_folder_holds(kept, command):
    answer = ask([command, str(kept)])
    assert answer.code == 2 and "holds a stress test, not a run" in " ".join(answer.text.split())


def test_a_scenario_that_was_changed_and_a_portfolio_that_is_gone_are_refused(kept, tmp_path):
    text = (kept / "manifest.json").read_text()
    (tmp_path / "manifest.json").write_text(text.replace("yen-fund.csv", "nosuch.csv"))
    scenario = (kept / "scenario.toml").read_text()
    (tmp_path / "scenario.toml").write_text(scenario)
    with pytest.raises(UnreadableFile, match="no such portfolio"):
        reproduce_stress_test(tmp_path)
    (tmp_path / "scenario.toml").write_text(scenario.replace("days = 12", "days = 13"))
    with pytest.raises(UnreadableFile, match="has changed since"):
        reproduce_stress_test(tmp_path)
