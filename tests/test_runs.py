"""Runs and their twins: what the tables say, and that they say the same as the kernels."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import abm
from abm.errors import InvalidInput
from abm.kernels.events import EVENT_KINDS
from abm.kernels.state import KIND_NAMES
from abm.runs import fast_run
from abm.runs.result import day_of_worst
from abm.scenario import load_scenario

SMALL = {
    "calendar.days": 12,
    "calendar.burn_in_days": 6,
    "calendar.drift_days": 5,
    "population.scale": 0.3,
}


@pytest.fixture(scope="module")
def august():
    small = {key: value for key, value in SMALL.items() if key != "calendar.days"}
    return load_scenario("august-2024").with_changes(small)


@pytest.fixture(scope="module")
def storm():
    return load_scenario("hike").with_changes(SMALL | {"shock.surprise_bp": 150})


@pytest.fixture(scope="module")
def result(storm):
    return abm.run(storm, rng=7)


@pytest.fixture(scope="module")
def cascade(storm):
    return abm.cascade(storm, rng=7)


def test_one_row_per_day_with_prices_since_the_close_before(result):
    days = result.days
    assert days["day"].tolist() == list(range(12))
    assert 0.05 < days["log_JPY"].iloc[0] < 0.25  # 150bp is 11.6% of news
    assert days.columns[0] == "day" and "fundamental_NKY" in days.columns


def test_days_carry_the_dates_of_the_calendar(august):
    days = abm.run(august, rng=7).days
    dates = pd.DatetimeIndex(august.calendar.dates())
    assert days["date"].tolist() == dates.tolist() and days.index.equals(dates)
    assert days.loc["2024-07-05", "day"] == days.set_index("date").loc["2024-07-05", "day"] == 4
    assert days.groupby("day").size().tolist() == [1] * len(days)  # no name stands twice


def test_without_dates_the_days_are_numbered(storm, result):
    assert not storm.calendar.dates() and result.days["date"].isna().all()
    assert result.days["date"].dtype == result.events["date"].dtype == "datetime64[ms]"
    assert isinstance(result.days.index, pd.RangeIndex) and result.days.index.name is None


def test_words_of_closed_lists_are_categories(result, august):
    days, events, rows = result.days, result.events, result.institutions
    assert list(days["status"].cat.categories) == ["cleared", "limit", "failed"]
    assert days["status"].max() == "limit" and (days["status"] <= "limit").all()  # they rank
    at_limit = days["n_at_limit"] > 0
    assert (days["status"] == "limit").tolist() == at_limit.tolist() and at_limit.any()
    assert tuple(events["kind"].cat.categories) == EVENT_KINDS
    assert tuple(rows["kind"].cat.categories) == (*KIND_NAMES, "bank")
    styles = {"", "core", "periphery", *(name.lower() for name in august.funds.styles)}
    assert {style.lower() for style in rows["style"].cat.categories} <= styles
    assert set(rows.loc[rows["kind"] == "bank", "style"]) == {"core", "periphery"}


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("margin_call", "n_margin_calls"),
        ("loss_cut", "n_loss_cuts"),
        ("bank_failure", "n_bank_failures"),
    ],
)
def test_days_and_events_count_the_same(result, kind, column):
    found = result.events[result.events["kind"] == kind].groupby("day").size()
    counted = result.days.set_index("day")[column]
    assert counted[counted > 0].to_dict() == found.to_dict()


def test_days_and_institutions_count_the_same(result):
    days, rows = result.days, result.institutions[result.institutions["kind"] != "bank"]
    assert days["n_failures"].sum() == rows["n_failures"].sum() > 0
    assert days["n_margin_calls"].sum() == rows["n_margin_calls"].sum() > 0
    forced = days[[c for c in days if c.startswith("forced_")]].sum().sum()
    assert forced == pytest.approx(rows["forced_sales_usd_bn"].sum())
    assert forced > 0.0


def test_every_forced_sale_answers_a_call_and_feeds_a_clearing(result):
    events = result.events
    sales = events[events["kind"] == "forced_sale"]
    assert set(events.loc[sales["cause"], "kind"]) <= {
        "margin_call", "loss_cut", "close_out", "recall"
    }  # fmt: skip
    assert set(events.loc[sales["clearing"], "kind"]) == {"clearing"}
    assert (events.loc[sales["clearing"], "instrument"].values == sales["instrument"]).all()
    assert (sales["share_of_flow"] > 0.0).all()


def test_what_was_sold_by_force_is_what_the_days_count(storm):
    """A recalled book goes back to its mandate's composition: some of it buys."""
    weak = {
        "banks.core_capital_usd_bn": 2.0, "banks.periphery_capital_usd_bn": 1.0,
        "shock.surprise_bp": 300,
    }  # fmt: skip
    run = abm.run(storm.with_changes(weak), rng=7)
    trades = run.events[run.events["kind"] == "forced_sale"]
    assets = trades[trades["instrument"] != "JPY"]
    sold = assets[assets["side"] == "sold"].groupby("day")["amount_usd_bn"].sum()
    counted = run.days.set_index("day").filter(regex="^forced_").sum(axis=1)
    assert counted[counted > 0.0].to_dict() == pytest.approx(sold.to_dict())
    assert (assets["side"] == "bought").any()
    assert set(run.events.loc[run.events["kind"] != "forced_sale", "side"]) == {""}


def test_opening_wealth_is_that_of_the_close_before_day_0(storm, result):
    model = abm.CarryUnwindModel(storm, rng=7)
    rows = result.institutions[result.institutions["kind"] != "bank"]
    assert rows["opening_wealth_usd_bn"].tolist() == model.world.books.wealth.tolist()
    assert (rows["peak_leverage"] >= rows["opening_leverage"] - 1e-12).all()
    assert (rows["worst_wealth_usd_bn"] <= rows["opening_wealth_usd_bn"]).all()


def test_brokers_of_an_institution_are_written_with_their_shares(storm, result):
    edges, model = result.edges, abm.CarryUnwindModel(storm, rng=7)
    agents = {agent.name: agent for agent in model.agents if hasattr(agent, "brokers")}
    borrowers = [name for name, agent in agents.items() if agent.brokers]
    is_desk = edges["institution"].str.startswith("bank-desk")
    assert {"hedge-fund-fxm-1"} < set(borrowers) == set(edges.loc[~is_desk, "institution"])
    for name, rows in edges[~is_desk].groupby("institution"):
        told = dict(zip(rows["broker"], rows["share"], strict=True))
        assert told == pytest.approx(agents[name].brokers, rel=1e-12)
        assert sum(told.values()) == pytest.approx(1.0, rel=1e-12)
    place = result.institutions["name"].tolist().index
    assert [place(name) for name in edges["institution"]] == sorted(
        map(place, edges["institution"])
    )


def test_a_desk_borrows_from_the_bank_that_owns_it(storm):
    desk = {"kind": "carry", "capital_share": 0.1, "leverage": 4.0, "weights": {"UST": 0.5}}
    made = abm.run(storm.with_changes({"banks.desk": desk}), rng=7)
    desks = made.institutions.loc[made.institutions["kind"] == "bank_desk", "name"].tolist()
    lent = made.edges[made.edges["institution"].isin(desks)]
    assert lent["institution"].tolist() == desks and (lent["share"] == 1.0).all()
    loans = {b: a for a, b, how in made.exposures.edges(data="kind") if how == "loan"}
    owed = [name for name in desks if name in loans]
    assert owed and dict(zip(lent["institution"], lent["broker"], strict=True)).items() >= {
        (name, loans[name]) for name in owed
    }


def test_the_gain_is_nan_on_days_without_it(storm):
    days = abm.run(storm.with_changes({"outputs.feedback_gain_every_days": 5}), rng=7).days
    asked = np.flatnonzero(days["feedback_gain"].notna()).tolist()
    assert asked == [4, 9]  # burn-in of six days: rows 10 and 15 of the whole run


def test_a_cascade_has_the_names_of_the_front_door(cascade):
    for name in (
        "class", "peak_yen_appreciation", "price_amplification", "unwound_5d", "unwound_30d",
        "unwound_60d", "forced_sales_usd_bn", "n_margin_calls", "n_failed",
        "n_days_failed_to_clear", "max_conservation_error",
    ):  # fmt: skip
        assert name in cascade
    assert cascade["max_conservation_error"] < 1e-9
    assert cascade["n_days_failed_to_clear"] == 0


def test_counterfactual_runs_share_the_seed_up_to_the_shock(august):
    cascade = abm.cascade(august, rng=7)
    before = cascade.run.days["day"] < august.shock_day
    assert august.shock_day > 0
    twins = (cascade.no_shock_days, cascade.frozen_days, cascade.frozen_no_shock_days)
    for twin in twins:
        assert twin[before].equals(cascade.run.days[before])
        assert not twin.equals(cascade.run.days)
    assert not twins[1].equals(twins[2])


def test_frozen_institutions_trade_nothing(cascade):
    for frozen in (cascade.frozen_days, cascade.frozen_no_shock_days):
        assert (frozen["volume_usd_bn"] == 0.0).all()
    for trading in (cascade.run.days, cascade.no_shock_days):
        assert trading["volume_usd_bn"].min() > 0.0


def test_frozen_runs_differ_by_the_news_of_the_shock_and_by_nothing_else(cascade):
    frozen, calm = cascade.frozen_days, cascade.frozen_no_shock_days
    heard = frozen["fundamental_JPY"] - calm["fundamental_JPY"]
    no_shock = cascade.run.days["fundamental_JPY"] - cascade.no_shock_days["fundamental_JPY"]
    assert heard.tolist() == pytest.approx(no_shock.tolist())
    assert cascade["frozen_yen_appreciation"] == max(frozen["log_JPY"] - calm["log_JPY"])
    assert cascade["frozen_yen_appreciation"] == pytest.approx(heard.max(), rel=0.05)


def test_without_a_surprise_frozen_positions_see_nothing_at_all(storm):
    quiet = abm.cascade(storm.with_changes({"shock.surprise_bp": 0}), rng=7)
    assert quiet["peak_yen_appreciation"] == quiet["frozen_yen_appreciation"] == 0.0
    assert np.isnan(quiet["price_amplification"]) and np.isnan(quiet["loss_amplification"])


def test_the_fast_run_agrees_with_the_summary(storm, result):
    fast = fast_run(storm, 7)
    for name, value in fast.items():
        assert value == pytest.approx(result.summary[name], nan_ok=True), name


def test_the_worst_day_is_that_of_the_largest_forced_sales_or_else_of_the_yens_largest_rise():
    yen = np.array([0.02, 0.0, 0.1])  # since the opening
    table = pd.DataFrame({"day": [0, 1, 2], "log_JPY": yen})
    assert day_of_worst(table.assign(forced_trend_usd_bn=[1.0, 4.0, 2.0]), yen) == 1
    assert day_of_worst(table.assign(forced_trend_usd_bn=0.0), yen) == 2
    assert day_of_worst(table.assign(forced_trend_usd_bn=0.0), 0.1 - yen) == 0


def test_the_network_of_the_worst_day_is_that_of_a_model_stopped_there(storm, result):
    model = abm.CarryUnwindModel(storm, rng=7)
    for _ in range(result.worst_day + 1):
        model.step()
    assert dict(result.network.edges) == dict(model.exposures.edges)
    forced = [c for c in result.days if c.startswith("forced_")]
    assert result.days[forced].sum(axis=1).idxmax() == result.worst_day
    with pytest.raises(InvalidInput, match="day of the run"):
        result.exposures_on(12)


def test_events_are_left_out_where_the_scenario_says_so(storm, result):
    quiet = storm.with_changes({"outputs.events": False})
    found = abm.run(quiet, rng=7)
    assert len(found.events) == 0 and list(found.events.columns) == list(result.events.columns)
    assert found.days.equals(result.days)
    model = abm.CarryUnwindModel(quiet, rng=7)
    model.run()
    assert len(model.result().events) == 0


def test_a_run_needs_no_mesa(tmp_path):
    code = (
        "import sys, json, abm; "
        f"s = abm.load_scenario('hike').with_changes({SMALL!r}); "
        "abm.run(s, rng=7); print(json.dumps('mesa' in sys.modules))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=600
    )
    assert json.loads(ended.stdout) is False


@pytest.mark.parametrize("bad", [-1, 1.5, "7", True, None])
def test_a_seed_that_is_no_whole_number_is_refused(storm, bad):
    with pytest.raises(InvalidInput, match="rng"):
        abm.run(storm, rng=bad)


def test_scripted_news_is_in_the_events_with_its_title_and_its_size():
    scenario = abm.load_scenario("august-2024")
    events = abm.run(scenario, rng=3).events
    news = events[events["kind"] == "news"]
    payrolls = news[news["institution"] == "weak US payrolls"]
    found = dict(zip(payrolls["instrument"], payrolls["amount_usd_bn"], strict=True))
    moves = next(item.moves for item in scenario.news if item.title == "weak US payrolls")
    assert found == {name: move for name, move in moves.items() if move}
    surprise, bond = news[news["date"] == pd.Timestamp(2024, 7, 31)].to_dict("records")
    boj = scenario.policy.boj
    assert surprise["institution"] == "central_bank" and surprise["instrument"] == "JPY"
    assert surprise["amount_usd_bn"] == boj.surprise_bp * boj.news_log_per_bp
    assert (bond["institution"], bond["instrument"]) == ("central_bank", "JGB")
    days = {"2024-07-11", "2024-07-31", "2024-08-02", "2024-08-07"}
    assert set(news["date"].dt.strftime("%Y-%m-%d")) == days


def test_every_source_of_news_has_its_own_event(tmp_path):
    """Two items of one day that cancel, and the Bank of Japan's surprise on the same morning."""
    own = tmp_path / "own.toml"
    item = '[[news]]\nname = "{}"\nday = 0\ntitle = "{}"\nmoves = {{ JPY = {}, SPX = {} }}\n'
    own.write_text(
        'base = "hike"\nname = "own"\n'
        + item.format("payrolls", "weak payrolls", -0.01, -0.02)
        + item.format("strike", "strike", 0.0, 0.02)
    )
    scenario = load_scenario(own).with_changes(SMALL | {"shock.surprise_bp": 50})
    events = abm.run(scenario, rng=1).events
    news = events.loc[events["kind"] == "news", ["institution", "instrument", "amount_usd_bn"]]
    surprise, jgb = 50 * scenario.shock.news_log_per_bp, scenario.bonds["JGB"]
    fall = -jgb.duration_years * jgb.surprise_pass_through * 50e-4
    assert list(news.itertuples(index=False, name=None)) == [
        ("central_bank", "JPY", surprise),
        ("central_bank", "JGB", pytest.approx(fall)),
        ("weak payrolls", "JPY", -0.01),
        ("weak payrolls", "SPX", -0.02),
        ("strike", "SPX", 0.02),
    ]
