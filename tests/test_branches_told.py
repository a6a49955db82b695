"""A branch is what it claims: its results name what it left, and are made again from there."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

import abm
from abm.agents import PythonAgent
from abm.cli.commands import app
from abm.errors import InvalidInput, UnreadableFile
from abm.model import CarryUnwindModel
from abm.population import past
from abm.population.branching import replay
from abm.population.saved import SCHEMA_VERSION, read_state, state_hash
from abm.population.soundness import as_numbers
from abm.report import pictures
from abm.runs import cascade_again
from abm.runs.manifest import hashes_of
from abm.runs.reproduce import reproduce

DAY = 5
SHORT = {"calendar.days": 16, "calendar.burn_in_days": 10, "calendar.drift_days": 5}
SHOCK = {"population.scale": 0.2, "shock.surprise_bp": 100, "calendar.shock_day": 8}


def small(name="hike", **changes):
    return abm.load_scenario(name).with_changes(SHORT | SHOCK | changes)


def saved(folder, scenario=None, day=DAY):
    model = CarryUnwindModel(scenario or small(), rng=3, replicate=2)
    for _ in range(day):
        model.step()
    return model.save_state(folder / f"{day}.state")


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("states"))


def finished(path, changes=None, rng=None):
    model = CarryUnwindModel.load_state(path, changes, rng)
    model.run()
    return model


def said(folder):
    return json.loads((folder / "manifest.json").read_text())


def test_a_branch_names_the_run_the_state_and_the_day_it_left(state, tmp_path):
    folder = finished(state, {"margin.buffer": 0.5}).result().save(tmp_path / "branch")
    manifest = said(folder)
    assert manifest["parent"] == {
        "scenario": "hike",
        "scenario_hash": small().canonical_hash(),
        "seed": 3,
        "replicate": 2,
    }
    (branch,) = manifest["branches"]
    assert branch["day"] == DAY and branch["changes"] == {"margin.buffer": "0.5"}
    assert branch["state_sha256"] == state_hash(read_state(state).saved.arrays)
    assert branch["rng"] is None and manifest["is_repeatable"]
    assert abm.load_scenario(folder / "parent.toml") == small()
    assert abm.load_result(folder).origin.branches[0].changes == {"margin.buffer": 0.5}


def test_a_run_without_a_branch_names_no_parent(tmp_path):
    folder = finished(saved(tmp_path)).result().save(tmp_path / "whole")
    assert (said(folder)["parent"], said(folder)["branches"]) == (None, [])
    assert not (folder / "parent.toml").exists()
    assert reproduce(folder).is_same


@pytest.mark.parametrize(
    ("changes", "rng"),
    [
        ({"margin.buffer": 0.5}, None),
        ({}, 11),
        ({"shock.surprise_bp": 5, "calendar.days": 20, "banks.leverage_limit": None}, 12),
    ],
)
def test_a_branch_is_made_again_byte_for_byte_from_its_parent(state, tmp_path, changes, rng):
    folder = finished(state, changes, rng).result().save(tmp_path / "branch")
    outcome = reproduce(folder)
    assert outcome.is_same, outcome


def test_a_branch_of_a_branch_is_made_again_too(state, tmp_path):
    model = CarryUnwindModel.load_state(state, {"margin.buffer": 0.5}, rng=11)
    model.step()
    model.step()
    later = model.save_state(tmp_path / "later.state")
    folder = finished(later, {"shock.surprise_bp": 150}).result().save(tmp_path / "second")
    assert [branch["day"] for branch in said(folder)["branches"]] == [DAY, DAY + 2]
    assert reproduce(folder).is_same
    assert CarryUnwindModel.load_state(later).result().origin == model.origin


def test_a_branch_that_has_passed_no_day_of_its_own_is_made_again(state, tmp_path):
    model = CarryUnwindModel.load_state(state, {"margin.buffer": 0.5})
    folder = model.result().save(tmp_path / "turned")
    assert said(folder)["n_days"] == DAY
    outcome = reproduce(folder)
    assert outcome.is_same, outcome
    assert len(replay(model.origin, 3, 2, DAY).hashes) == 1


def test_a_run_saved_half_way_is_made_again_up_to_there(state, tmp_path):
    folder = CarryUnwindModel.load_state(state).result().save(tmp_path / "half")
    assert said(folder)["n_days"] == DAY
    assert reproduce(folder).is_same


def test_a_state_that_its_parent_does_not_reach_is_found_out(state, tmp_path):
    model = CarryUnwindModel.load_state(state)
    model.world.books.high_water[:] *= 1.5  # behind the agents' back
    other = model.save_state(tmp_path / "other.state")
    folder = finished(other, {"margin.buffer": 0.1}).result().save(tmp_path / "branch")
    outcome = reproduce(folder)
    assert not outcome.agrees
    assert f"state of day {DAY}" in {gap.table for gap in outcome.gaps}


@pytest.mark.parametrize("harm", ["parent", "changes", "missing"])
def test_a_branch_whose_lineage_was_changed_is_not_read(state, tmp_path, harm):
    folder = finished(state, {"margin.buffer": 0.5}).result().save(tmp_path / "branch")
    if harm == "missing":
        (folder / "parent.toml").unlink()
    elif harm == "parent":
        (folder / "parent.toml").write_text(small(**{"margin.buffer": 0.2}).to_toml())
    else:
        manifest = said(folder)
        manifest["branches"][0]["changes"] = {"margin.buffer": "0.4"}
        (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UnreadableFile, match=r"parent\.toml"):
        abm.load_result(folder)


def test_one_past_has_many_futures(state):
    plain, one, two, again = (finished(state, rng=rng).result() for rng in (None, 21, 22, 21))
    assert plain.days.head(DAY).equals(one.days.head(DAY))
    assert one.days.head(DAY).equals(two.days.head(DAY))
    assert hashes_of(one) == hashes_of(again) != hashes_of(two)
    news = [result.days["fundamental_AUD"].to_numpy() for result in (plain, one, two)]
    assert np.all(news[0][DAY:] != news[1][DAY:]) and np.all(news[1][DAY:] != news[2][DAY:])
    assert one.seed == plain.seed == 3


def test_every_future_hears_the_surprise_of_the_script_on_its_day(state):
    """News of the branch's own seed comes on top of the script, and does not replace it."""
    bare, hit = (finished(state, {"shock.surprise_bp": bp}, rng=21).result() for bp in (0, 100))
    gap = (hit.days["fundamental_JPY"] - bare.days["fundamental_JPY"]).to_numpy()
    assert gap[:8] == pytest.approx(0.0, abs=1e-12)
    assert gap[8:] == pytest.approx(100 * small().shock.news_log_per_bp)


@pytest.mark.parametrize("rng", [-1, "x", 1.5, True])
def test_a_future_needs_a_seed(state, rng):
    with pytest.raises(InvalidInput, match="must be a whole number, at least 0"):
        CarryUnwindModel.load_state(state, rng=rng)


def test_on_day_0_the_cascade_of_a_model_is_that_of_its_scenario():
    model = CarryUnwindModel(small(), rng=3)
    mine, plain = model.cascade(), abm.cascade(small(), rng=3)
    np.testing.assert_equal(dict(mine), dict(plain))
    assert hashes_of(mine.run) == hashes_of(plain.run)
    assert model.day == 0 and not as_numbers(model.world.record.days[model.next_day :]).any()


def test_a_branch_has_counterfactual_runs_from_its_state_on(state):
    model = CarryUnwindModel.load_state(state, {"shock.surprise_bp": 120})
    cascade = model.cascade()
    for twin in (cascade.no_shock_days, cascade.frozen_days, cascade.frozen_no_shock_days):
        assert twin.head(DAY).equals(cascade.run.days.head(DAY))
    calm = CarryUnwindModel.load_state(state, {"shock.kind": "none"})
    calm.run()
    assert calm.result().days["log_JPY"].equals(cascade.no_shock_days["log_JPY"])
    assert cascade["peak_yen_appreciation"] > 0.01
    assert model.day == DAY
    model.run()
    assert hashes_of(model.result()) == hashes_of(cascade.run)


def test_futures_share_their_news_with_their_counterfactual_runs(state):
    cascade = CarryUnwindModel.load_state(state, rng=9).cascade()
    moves = cascade.run.days["fundamental_AUD"] - cascade.no_shock_days["fundamental_AUD"]
    assert (moves == 0.0).all()
    gap = (
        cascade.run.days["fundamental_JPY"] - cascade.no_shock_days["fundamental_JPY"]
    ).to_numpy()
    assert gap[8:] == pytest.approx(100 * small().shock.news_log_per_bp)  # and the shock alone not


def test_a_shock_that_has_been_traded_has_no_counterfactual_run(tmp_path):
    model = CarryUnwindModel.load_state(saved(tmp_path, day=9))
    with pytest.raises(InvalidInput, match=r"calendar.shock_day = 8: that day has been traded"):
        model.cascade()


class Idle(PythonAgent):
    def orders(self):
        return {}


def test_python_agents_have_no_counterfactual_runs():
    model = CarryUnwindModel(small(), rng=3, python_agents=[Idle.spec(wealth_usd_bn=1.0)])
    with pytest.raises(InvalidInput, match="Python agents has no counterfactual runs"):
        model.cascade()


def test_the_exposures_of_any_day_of_a_branch_are_found_again(state):
    model = CarryUnwindModel.load_state(state, {"margin.buffer": 0.5}, rng=4)
    model.step()
    model.step()
    books = model.exposures
    model.run()
    again = model.result().exposures_on(DAY + 1)
    assert dict(again.nodes(data="wealth_usd_bn")) == dict(books.nodes(data="wealth_usd_bn"))
    assert set(again.edges) == set(books.edges)


def refusal(path, changes):
    with pytest.raises(InvalidInput) as refused:
        CarryUnwindModel.load_state(path, changes)
    return str(refused.value)


class Watched(CarryUnwindModel):
    opened = None

    def _open(self, asked):
        type(self).opened = self.given_scenario
        return super()._open(asked)


def test_no_burn_in_sees_what_a_branch_changes(state, tmp_path):
    model = Watched.load_state(state, {"margin.kind": "none"})
    assert Watched.opened == small()
    assert model.given_scenario.margin.kind == "none"
    path = model.save_state(tmp_path / "branch.state")
    again = Watched.load_state(path)
    assert Watched.opened == small() and again.given_scenario == model.given_scenario


def test_what_is_said_of_the_burn_in_is_that_of_the_run_it_left(state):
    branch = finished(state, {"margin.buffer": 0.5}).result().summary
    plain = finished(state).result().summary
    names = [name for name in plain if "burn_in" in name]
    assert names and all(branch[name] == plain[name] for name in names)


def test_what_has_happened_is_not_changed(tmp_path):
    path = saved(tmp_path, day=9)
    told = refusal(path, {"shock.surprise_bp": 50, "population.scale": 0.5, "margin.buffer": 0.1})
    assert "is of day 9; a branch cannot change what has happened" in told
    assert "shock.surprise_bp = 50.0: day 8 has been traded" in told
    assert "population.scale = 0.5: shapes the opening, which is past" in told
    assert "margin" not in told


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"calendar.shock_day": 12}, "calendar.shock_day = 12: day 8 has been traded"),
        ({"calendar.shock_day": 2}, "calendar.shock_day = 2: day 2 has been traded"),
        ({"calendar.days": 8, "calendar.shock_day": 7}, "days = 8: the saved state is of day 9"),
        ({"shock": {"kind": "none"}}, "shock.kind = \"none\": day 8 has been traded"),
        ({"calendar.burn_in_days": 20}, "calendar.burn_in_days = 20"),
        ({"calendar.start": "2024-01-01"}, "calendar.start"),
        ({"policy.swap_line": {"kind": "line", "day": 3}}, "policy.swap_line.day = 3: day 3"),
        ({"news": [{"name": "a", "day": 8, "moves": {"JPY": 0.1}}]}, "news.a.moves.JPY = 0.1"),
        ({"instruments.JPY.opening_quote": 90.0}, "instruments.JPY.opening_quote = 90.0"),
        ({"network.interbank": {"kind": "none"}}, "network.interbank.kind"),
        ({"banks.n_periphery": 6}, "banks.n_periphery = 6"),
        ({"outputs.events": False}, "outputs.events = false: says what is recorded"),
    ],
)  # fmt: skip
def test_each_change_of_the_past_is_refused_by_its_key(tmp_path_factory, nine, changes, named):
    assert named in refusal(nine, changes)


@pytest.fixture(scope="module")
def nine(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("nine"), day=9)


def test_a_shock_of_this_morning_is_still_to_come(state):
    moved = finished(state, {"calendar.shock_day": DAY}).result().days["fundamental_JPY"]
    gap = (moved - finished(state).result().days["fundamental_JPY"]).to_numpy()
    assert gap[:DAY] == pytest.approx(0.0) and gap[DAY] == pytest.approx(0.0776)  # 100 bp
    assert "calendar.shock_day = 4: day 4 has been traded" in refusal(
        state, {"calendar.shock_day": DAY - 1}
    )


def test_whatever_would_alter_days_that_have_been_traded_is_refused(monkeypatch):
    """Behind all rules stands the script itself: a key that they forgot does not pass."""
    monkeypatch.setattr(past, "OPENING", ())
    key = "instruments.JPY.drift_before_start_log"
    (fault,) = past.past_faults(small(), small(**{key: -0.02}), 9)
    assert fault == f"{key}: would alter days that have been traded"


def test_a_policy_of_days_to_come_is_possible_and_replaces_what_would_have_been(nine):
    bought = {"policy.mof": {"kind": "script", "interventions": [
        {"name": "one", "day": 12, "usd_bn": 30.0}]}}  # fmt: skip
    swap = {"policy.swap_line": {"kind": "line", "day": 10}}
    news = {"news": [{"name": "late", "day": 11, "moves": {"JPY": 0.02}}]}
    model = finished(nine, bought | swap | news)
    written = model.result().events
    acts = written[written["kind"].isin(["policy", "news"])]
    assert {9, 8} >= set(acts["day"]) - {10, 11, 12} and {11} <= set(acts["day"])
    assert model.world.script.official_usd_bn[model.world.burn_in + 12, 0] == 30.0


def test_the_leverage_limit_of_banks_holds_from_the_branch_on(nine):
    model = CarryUnwindModel.load_state(nine, {"banks.leverage_limit": 15.0})
    assert set(model.world.graph.leverage_max) == {15.0}


def test_a_branch_is_told_of_and_drawn_by_the_command(state, tmp_path):
    folder = finished(state, {"shock.surprise_bp": 120}, rng=4).result().save(tmp_path / "branch")
    first = (folder / "scenario.toml").read_text().splitlines()[0]
    assert first.startswith(f"# A branch: these choices hold from day {DAY} on")
    told = CliRunner().invoke(app, ["reproduce", str(folder)])
    assert told.exit_code == 0 and "the same bytes again" in told.stdout
    drawn = CliRunner().invoke(app, ["plot", str(folder)])
    assert drawn.exit_code == 0 and "cannot be simulated again" not in drawn.stderr
    page = CliRunner().invoke(app, ["report", str(folder)])
    assert page.exit_code == 0
    html = (folder / "report.html").read_text()
    assert f"unwind run {folder.name}" not in html and "unwind reproduce" in html
    assert f"seed 3, replicate 2, branch from day {DAY} on (news of seed 4)" in html


def test_no_caption_explains_a_title_that_is_not_of_the_shock(state):
    run = finished(state, {"shock.surprise_bp": 120}).result()
    caption = _caption(run, run.summary)
    assert "No shock: same seed without news and policy from day 8 on." in caption
    assert "Title:" not in caption and f", branch from day {DAY} on. " in caption
    of_shock = _caption(run, {**run.summary, "class": "leak"})
    assert "Title: the run less the no-shock run" in of_shock and "No shock:" not in of_shock


def _caption(run, measures):
    drawn = f"hike, seed 3{pictures.branch_words(run)}"
    twins = {"no shock": run.days, "frozen": run.days}
    figure = pictures.cascade_picture(run.scenario, drawn, run.days, run.events, measures, twins)
    return " ".join(figure.texts[-1].get_text().split())


def test_a_branch_on_the_morning_of_its_shock_has_its_counterfactual_runs(tmp_path):
    result = finished(saved(tmp_path, day=8), {"margin.buffer": 0.3}).result()
    again = cascade_again(result)
    assert again is not None
    assert (again.run.days["log_JPY"] == result.days["log_JPY"]).all()


def test_a_branch_after_its_shock_is_drawn_without_counterfactual_runs(tmp_path):
    late = finished(saved(tmp_path, day=9), {"margin.buffer": 0.3})
    folder = late.result().save(tmp_path / "late")
    drawn = CliRunner().invoke(app, ["plot", str(folder)])
    assert drawn.exit_code == 0 and "no counterfactual runs" in drawn.stderr


def test_the_file_of_a_branch_says_where_it_comes_from_and_is_not_believed(state, tmp_path):
    model = CarryUnwindModel.load_state(state, {"margin.buffer": 0.5})
    path = model.save_state(tmp_path / "branch.state")
    with np.load(path) as file:
        arrays = dict(file)
    described = json.loads(str(arrays["description"]))
    assert described["schema_version"] == SCHEMA_VERSION
    described["origin"]["branches"][0]["changes"] = {"margin.buffer": "0.4"}
    arrays["description"] = np.array(json.dumps(described))
    with path.open("wb") as file:
        np.savez(file, **arrays)
    with pytest.raises(UnreadableFile, match="origin: its branches do not lead to its scenario"):
        CarryUnwindModel.load_state(path)


@pytest.mark.parametrize(
    "branches",
    [
        [{"population.scale": "100000"}, {"population.scale": "0.2"}],
        [{"shock.surprise_bp": "]"}],
        [],
        [{}] * 101,
        [{"no.such": "1"}],
    ],
)
def test_a_lineage_that_no_run_has_is_refused_before_it_is_built(state, tmp_path, branches):
    with np.load(state) as file:
        arrays = dict(file)
    described = json.loads(str(arrays["description"]))
    said = [{"day": 1, "changes": c, "rng": None, "state_sha256": "0" * 64} for c in branches]
    described["origin"] = {"scenario_toml": described["scenario_toml"], "branches": said}
    arrays["description"] = np.array(json.dumps(described))
    path = tmp_path / "other.state"
    with path.open("wb") as file:
        np.savez(file, **arrays)
    with pytest.raises(UnreadableFile, match="origin: "):
        CarryUnwindModel.load_state(path)
