"""The Mesa face: the same days as the compiled run, and everything Mesa users expect."""

import gc
import pickle
import subprocess
import sys
import weakref

import mesa
import numpy as np
import pytest

import abm
from abm.agents import Bank, HedgeFund
from abm.errors import InvalidInput, ScenarioFaults
from abm.measures.network import portfolio_overlap
from abm.model import CarryUnwindModel
from abm.population import advance
from abm.population.exposures import depth_of_market, positions_usd_bn
from abm.runs.manifest import hashes_of
from abm.scenario import load_scenario

SMALL = {
    "calendar.days": 8,
    "calendar.burn_in_days": 6,
    "calendar.drift_days": 5,
    "population.scale": 0.3,
    "shock.surprise_bp": 150,
}


def storm():
    """Eighteen funds and a surprise that calls most of them."""
    return load_scenario("hike").with_changes(SMALL)


def stepped(model, n_days=8):
    for _ in range(n_days):
        model.step()
    return model


def test_day_by_day_gives_the_bytes_of_the_compiled_run():
    by_day, compiled = stepped(CarryUnwindModel(storm(), rng=7)), CarryUnwindModel(storm(), rng=7)
    compiled.run()
    assert hashes_of(by_day.result()) == hashes_of(compiled.result())
    assert hashes_of(compiled.result()) == hashes_of(abm.run(storm(), rng=7))
    assert (compiled.result().events["kind"] == "margin_call").any()


def test_the_same_seed_gives_the_same_bytes_in_another_process():
    code = (
        "import abm; from abm.runs.manifest import hashes_of; "
        f"s = abm.load_scenario('hike').with_changes({SMALL!r}); "
        "print(hashes_of(abm.run(s, rng=7)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600
    )
    assert ended.stdout.strip() == str(hashes_of(abm.run(storm(), rng=7)))


def test_replicates_of_one_seed_differ():
    days = [abm.run(storm(), rng=7, replicate=k).days["log_JPY"] for k in range(3)]
    assert not np.allclose(days[0], days[1]) and not np.allclose(days[1], days[2])


def test_no_event_is_lost_when_the_table_is_too_short(monkeypatch):
    whole = hashes_of(abm.run(storm(), rng=7))
    monkeypatch.setattr(advance, "room_for_events", lambda n: 3)
    assert hashes_of(abm.run(storm(), rng=7)) == whole
    assert hashes_of(stepped(CarryUnwindModel(storm(), rng=7)).result()) == whole


def test_a_model_goes_on_after_pickling():
    model = stepped(CarryUnwindModel(storm(), rng=7), 3)
    model.agents.get("name")
    twin = pickle.loads(pickle.dumps(model))
    assert next(iter(twin.agents)).model is twin
    stepped(model, 5), stepped(twin, 5)
    assert hashes_of(model.result()) == hashes_of(twin.result())


def test_views_are_made_on_first_use_and_cover_all_institutions():
    model = CarryUnwindModel(storm(), rng=7)
    assert len(mesa.Model.agents.fget(model)) == 0
    n_rows = len(model.world.names) + len(model.bank_names)
    # value investors, dealers, option hedgers, order anticipators, central bank
    assert len(model.agents) == n_rows + 5
    assert len(model.agents_by_type[HedgeFund]) == 18 and Bank in model.agent_types


def test_agent_sets_select_aggregate_get_set_and_group():
    model = CarryUnwindModel(storm(), rng=7)
    funds = model.agents.select(lambda a: a.kind == "hedge_fund")
    assert funds.agg("wealth_usd_bn", sum) == pytest.approx(model.world.books.wealth[:18].sum())
    assert max(funds.get("leverage")) > 2.0
    assert len(dict(model.agents.groupby("kind"))["bank"]) == 12
    funds.set("leverage_cap", 2.0)
    assert (model.world.rules.mandates.leverage_cap[:18] == 2.0).all()


def test_a_data_collector_reads_model_and_agents():
    model = CarryUnwindModel(storm(), rng=7)
    model.datacollector = mesa.DataCollector(
        model_reporters={"yen": "log_yen"}, agent_reporters={"wealth": "wealth_usd_bn"}
    )
    stepped(model, 2)
    yen = model.datacollector.get_model_vars_dataframe()["yen"]
    assert yen.tolist() == model.result().days["log_JPY"].tolist()
    assert len(model.datacollector.get_agent_vars_dataframe()) == 2 * len(model.agents)


def test_batch_run_sweeps_scenario_keys():
    rows = mesa.batch_run(
        CarryUnwindModel,
        {"scenario": [storm()], "rng": 7, "shock__surprise_bp": [10, 150]},
        data_collection_period=-1, display_progress=False,
    )  # fmt: skip
    moves = {row["shock__surprise_bp"]: row["log_yen"] for row in rows}
    assert moves[150] > moves[10] and len(rows) == 2
    by_hand = stepped(CarryUnwindModel(storm(), rng=7, shock__surprise_bp=150))
    assert moves[150] == by_hand.log_yen


def test_reset_with_keywords_and_text_gives_the_same_model():
    again = CarryUnwindModel(scenario=storm(), rng="7", replicate=0)
    assert again.world.market.log_price.tolist() == (
        CarryUnwindModel(storm(), rng=7).world.market.log_price.tolist()
    )
    assert again.scenario is None  # Mesa's page takes only scenarios of Mesa's own class


def test_an_unknown_change_or_seed_is_refused():
    with pytest.raises(ScenarioFaults, match="surprise_bp"):
        CarryUnwindModel(storm(), rng=7, shock__suprise_bp=3)
    for bad in (-1, 1.5, float("nan"), float("inf"), "seven", True):
        with pytest.raises(InvalidInput, match="whole number"):
            CarryUnwindModel(storm(), rng=bad)


def test_after_the_last_day_nothing_happens():
    model = stepped(CarryUnwindModel(storm(), rng=7))
    assert not model.running and model.day == 8
    model.step()
    model.run()
    assert model.day == 8 and len(model.result().days) == 8


def test_run_honours_a_step_of_ones_own():
    class Counted(CarryUnwindModel):
        n_own_steps = 0

        def step(self):
            self.n_own_steps += 1
            super().step()

    model = Counted(storm(), rng=7)
    model.run()
    assert model.steps_in_python and model.n_own_steps == 8


def test_overlap_joins_those_who_hold_alike():
    model = CarryUnwindModel(storm(), rng=7)
    share = portfolio_overlap(positions_usd_bn(model.world), depth_of_market(model.world))
    a, b = model.world.names[:2]
    assert model.overlap.edges[a, b]["weight"] == share[0, 1]
    assert min(w for _, _, w in model.overlap.edges(data="weight")) >= 0.5


def test_a_model_without_a_reference_is_let_go():
    model = stepped(CarryUnwindModel(storm(), rng=7), 1)
    model.agents.get("name")
    seen = weakref.ref(model)
    del model
    gc.collect()
    assert seen() is None


def test_close_lets_go_of_foreign_agents_too():
    model = CarryUnwindModel(storm(), rng=7)
    mesa.Agent(model)
    model.close()
    seen = weakref.ref(model)
    del model
    gc.collect()
    assert seen() is None


def test_quotes_are_those_of_the_market():
    model = CarryUnwindModel(storm(), rng=7)
    before = model.quotes["JPY"]
    model.step()
    assert model.quotes["JPY"] == pytest.approx(before * np.exp(-model.log_yen))


def test_a_result_before_the_first_day_is_refused():
    with pytest.raises(InvalidInput, match="no day"):
        CarryUnwindModel(storm(), rng=7).result()


def test_steps_count_days_however_they_are_passed(tmp_path):
    compiled, by_day = (
        CarryUnwindModel(storm(), rng=7),
        stepped(CarryUnwindModel(storm(), rng=7), 9),
    )
    compiled.run()
    assert compiled.steps == by_day.steps == compiled.day == 8
    half = stepped(CarryUnwindModel(storm(), rng=7), 3)
    assert CarryUnwindModel.load_state(half.save_state(tmp_path / "half")).steps == 3


def test_mesas_clock_and_its_collector_count_days_traded(tmp_path):
    assert CarryUnwindModel(storm(), rng=7).time == 0.0
    half = stepped(CarryUnwindModel(storm(), rng=7), 3)
    again = stepped(CarryUnwindModel.load_state(half.save_state(tmp_path / "half")), 2)
    assert (half.time, again.time) == (3.0, 5.0)
    again.datacollector = mesa.DataCollector(agent_reporters={"row": "unique_id"})
    again.datacollector.collect(again)
    assert set(again.datacollector.get_agent_vars_dataframe().index.get_level_values(0)) == {5}


def test_mesas_own_schedule_steps_days_after_those_stepped_by_hand():
    model = stepped(CarryUnwindModel(storm(), rng=7), 3)
    if hasattr(model, "run_for"):  # from Mesa 3.5
        model.run_for(2)
        model.step()
        assert model.day == model.time == 6
        model.run_until(20)
        assert model.day == model.steps == 8 and not model.running


def test_what_is_scheduled_with_mesa_happens_on_its_day_however_days_are_stepped(tmp_path):
    model = CarryUnwindModel(storm(), rng=7)
    if hasattr(model, "schedule_event"):  # from Mesa 3.5
        days = []

        def look():
            days.append(model.day)

        for day in (2, 5):
            model.schedule_event(look, at=day)
        stepped(model, 3)
        assert days == [2]
        model.run_model()
        assert days == [2, 5] and model.day == 8
        model = CarryUnwindModel.load_state(
            stepped(CarryUnwindModel(storm(), rng=7), 3).save_state(tmp_path / "half")
        )
        model.schedule_event(look, after=1)
        model.step()
        assert days == [2, 5, 4] and model.day == 4


def test_a_seed_by_mesas_older_name_is_pointed_to_rng():
    with pytest.raises(InvalidInput, match="seed = 7: give the seed as rng"):
        CarryUnwindModel(storm(), seed=7)


def test_no_view_is_removed_and_each_says_what_to_do_instead():
    model = CarryUnwindModel(storm(), rng=7)
    for agent in list(model.agents):
        with pytest.raises(InvalidInput, match=f"{agent.name} cannot be removed.*; ") as refused:
            agent.remove()
        assert str(refused.value).count("`") >= 2
    assert len(model.agents) == len(model.world.names) + len(model.bank_names) + 5
    visitor = mesa.Agent(model)
    visitor.remove()
    assert visitor not in model.agents


def test_batch_run_draws_once_for_each_replicate_and_not_for_each_iteration():
    rows = mesa.batch_run(
        CarryUnwindModel, {"scenario": [storm()], "rng": 7, "replicate": range(3)},
        iterations=2, max_steps=4, display_progress=False,
    )  # fmt: skip
    moves = {(row["iteration"], row["replicate"]): row["log_yen"] for row in rows}
    assert len(set(moves.values())) == 3
    assert all(moves[0, n] == moves[1, n] for n in range(3))
