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


def test_another_portfolio_of_the_same_name_is_refused_before_anything_is_run(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pool, "own_processes", in_this_process)
    lines, betas = tmp_path / "mine.csv", tmp_path / "betas.csv"
    lines.write_text("name,proxy,currency,market_value\na,fund,USD,1e6\n")
    betas.write_text("proxy,beta_SPX\nfund,0.5\n")
    made = run(lines, SCENARIO, 2, (1,), betas=betas).save("kept")
    lines.write_text("currency,market_value,name,proxy\n\nUSD,1000000.0,a,fund\n")  # the same
    assert reproduce_stress_test(made).is_same
    monkeypatch.setattr("abm.stress.reproducing.run", None)
    for path, text in ((betas, "proxy,beta_SPX\nfund,0.6\n"), (lines, lines.read_text())):
        path.write_text(text.replace("1000000.0", "1000001.0"))
        with pytest.raises(UnreadableFile, match=f"{path.name} is not the one that kept was made"):
            reproduce_stress_test(made)
        betas.write_text("proxy,beta_SPX\nfund,0.5\n")
    manifest = json.loads((made / "manifest.json").read_text())
    del manifest["portfolio_hash"], manifest["betas_hash"]  # as of folders written before
    (made / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(TypeError):  # it goes on to run
        reproduce_stress_test(made)


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
