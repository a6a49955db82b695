"""A kept attribution is played again, byte for byte; a file that was changed is named."""

import shutil

import pandas as pd
import pytest
from typer.testing import CliRunner

from abm.attribution import shapley
from abm.attribution.reproduce import reproduce_attribution
from abm.cli.commands import app
from abm.errors import UnreadableFile
from abm.runs import load_result
from abm.scenario import load_scenario
from tests.attribution.test_shapley import SMALL

TWO = ("haircuts", "retail_stop_outs")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    scenario = load_scenario("hike").with_changes(SMALL | {"shock.surprise_bp": 120.0})
    found = shapley(scenario, "unwound_5d", TWO, triggers=["shock"], seeds=2, rng=7, workers=1)
    return found.save(tmp_path_factory.mktemp("kept") / "game")


@pytest.fixture
def folder(kept, tmp_path):
    return shutil.copytree(kept, tmp_path / "game")


def test_the_same_bytes_are_found_again(kept):
    result = CliRunner().invoke(app, ["reproduce", str(kept)])
    assert result.exit_code == 0, result.output
    assert "the same bytes again (shares, worths)." in result.stdout


def test_worths_of_another_program_are_measured(folder, monkeypatch):
    """What would be found now is apart, by half of the largest worth of a coalition."""
    import abm.attribution.reproduce as again

    def apart(*given, **how):
        made = shapley(*given, **how)
        made.worths[0, 0] -= 0.5 * made.worths.max()
        return made

    monkeypatch.setattr(again, "shapley", apart)
    outcome = reproduce_attribution(folder, workers=1)
    assert not outcome.agrees and outcome.same == ()
    gaps = {gap.table: gap for gap in outcome.gaps}
    assert gaps["worths"].column == "worth" and gaps["worths"].relative == pytest.approx(0.5)


@pytest.mark.parametrize("name", ["shares.csv", "scenario.toml", "worths.parquet"])
def test_a_file_that_was_changed_or_is_gone_is_named_and_nothing_is_played(folder, name):
    path = folder / name
    if path.suffix == ".parquet":
        pd.read_parquet(path).assign(worth=1.0).to_parquet(path, index=False)
    else:
        path.write_text(path.read_text().replace("34", "35").replace("haircuts,", "haircut,"))
    for said in (f"{name} changed since it was saved", f"there is no {name}"):
        with pytest.raises(UnreadableFile, match=said):
            reproduce_attribution(folder)
        path.unlink(missing_ok=True)


def test_commands_for_runs_say_that_it_is_none(kept):
    with pytest.raises(UnreadableFile, match="holds an attribution, not a run"):
        load_result(kept)
