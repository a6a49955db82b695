"""Charts and network draw what happened, for a run in which much happens."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from bokeh.models import HoverTool, Span

import abm
from abm.classroom import live
from abm.classroom.choice import Choice
from abm.classroom.live import LiveRun
from abm.classroom.play.network import MOST_FLOWS, Network, colours_of
from abm.classroom.play.stage import Stage
from abm.report.quotes import usd_quotes
from abm.runs.bank_capital import bank_days
from abm.scenario import Scenario
from abm.words import LANGUAGES, words

CRASH = Choice(changes={"shock.surprise_bp": 60.0}, seed=7)
SAY = words("en")


@pytest.fixture
def run():
    return LiveRun.of(CRASH)


def played(run, *steps):
    """A stage on which some days were drawn after one another."""
    stage = Stage(run, SAY)
    for n_days in steps:
        run.advance(n_days)
        stage.draw()
    return stage


def test_charts_hold_every_day_once_however_many_were_drawn_at_a_time(run):
    data = played(run, 1, 5, 2, 58).source.data
    days = abm.run(CRASH.run_scenario, rng=7).days
    assert data["day"].tolist() == list(range(66))
    assert np.array_equal(data["quote"], usd_quotes(run.scenario, days)[1])
    assert np.array_equal(data["NKY"], np.expm1(days["log_NKY"]))
    for column in ("leverage", "margin_rate", "forced_hedge_fund_usd_bn", "forced_bank_usd_bn"):
        assert np.array_equal(data[column], days[column])


def test_another_seed_starts_with_empty_charts(run):
    stage = played(run, 10)
    stage.restart(LiveRun.of(CRASH.changed(seed=8)))
    assert len(stage.source.data["day"]) == 0
    assert {card.png.args["file"] for card in stage.cards.values()} == {
        f"hike-seed-8-{name}" for name in stage.cards
    }


@pytest.mark.parametrize("is_first_out", [True, False])
def test_a_group_that_a_switch_leaves_out_or_lets_in_sells_in_its_own_column(is_first_out):
    whole = Choice(scenario="auto-liquidation", seed=7)
    out = whole.changed(changes={"auto_borrowers.present": False})
    stage = Stage(LiveRun.of(out if is_first_out else whole), SAY, LiveRun.of(whole))
    sold = {}
    for choice in (out, whole) if is_first_out else (whole, out):
        stage.restart(LiveRun.of(choice))
        stage.run.advance(66)
        stage.draw()
        sold[choice.changes == {}] = sum(stage.source.data["forced_auto_borrower_usd_bn"])
    assert sold[True] > 0.0 == sold[False]


def test_the_run_before_stays_in_sight_where_a_knob_moved_and_nothing_else(run):
    stage = played(run, 10)
    assert not stage.earlier.visible
    opening, quotes = usd_quotes(run.scenario, run.days())
    milder = CRASH.changed(changes={"shock.surprise_bp": 30.0})
    stage.restart(LiveRun.of(milder))
    assert stage.before.data == {"day": list(range(-1, 10)), "quote": [opening, *quotes]}
    assert stage.earlier.visible
    for again in (milder, milder.changed(changes={"shock.surprise_bp": 20.0})):
        stage.restart(LiveRun.of(again))  # from the start; a knob before any day was played
        assert stage.before.data["quote"] == [opening, *quotes]
    run = LiveRun.of(milder.changed(changes={"shock.surprise_bp": 20.0}))
    stage.restart(run)
    run.advance(3)
    stage.draw()
    stage.restart(LiveRun.of(milder.changed(changes={"shock.surprise_bp": 20.0})))
    assert stage.before.data["quote"] == [opening, *quotes]  # no run is its own before
    stage.restart(LiveRun.of(milder.changed(seed=8)))
    assert stage.before.data == {"day": [], "quote": []} and not stage.earlier.visible


def test_every_announced_day_has_a_mark_that_says_what_it_was():
    stage = Stage(LiveRun.of(Choice(scenario="august-2024")), SAY)
    chart = stage.cards["quote"].png.args["chart"]
    (marks,) = (drawn for drawn in chart.renderers if drawn.y_range_name == "marks")
    said = dict(zip(marks.data_source.data["day"], marks.data_source.data["what"], strict=True))
    assert list(said) == [8, 9, 22, 24, 27]
    assert said[22].startswith("31 Jul: the Bank of Japan moved its rate by +15bp")
    assert said[24] == "2 Aug: weak US payrolls"
    others = [drawn for drawn in chart.renderers if drawn is not marks]
    assert chart.y_range.renderers == others  # or the yen's axis would begin at zero


def test_forced_flows_are_the_day_s_forced_sales_and_yen_flow_the_other_way(run):
    stage = played(run, 2)
    flows = stage.network.flows.data
    events = run.events()
    sales = events[(events["kind"] == "forced_sale") & (events["day"] == 1)]
    amounts = sales.groupby(["institution", "instrument"])["amount_usd_bn"].sum()
    shown = {
        (w, k): a for w, k, a in zip(flows["who"], flows["what"], flows["amount"], strict=True)
    }
    assert len(shown) == min(MOST_FLOWS, len(amounts)) > 5
    assert shown == amounts.nlargest(MOST_FLOWS).to_dict()
    for number, (who, what) in enumerate(shown):
        start = flows["x0"][number], flows["y0"][number]
        seller, market = run.places[who], stage.network.markets[what]
        assert start == (market if what == "JPY" else seller)


def test_what_is_announced_on_one_day_stands_at_one_mark():
    news = [{"name": n, "title": f"the {n}", "day": 3, "moves": {"SPX": -0.01}} for n in "ab"]
    scenario = Scenario.from_dict(CRASH.run_scenario.to_dict() | {"news": news})
    chart = Stage(LiveRun(scenario, 7), SAY).cards["quote"].png.args["chart"]
    (marks,) = (drawn for drawn in chart.renderers if drawn.y_range_name == "marks")
    assert marks.data_source.data["day"] == [0, 3]
    assert marks.data_source.data["what"][1] == "day 3: the a; the b"


def test_what_a_forced_order_buys_flows_from_the_market_to_the_buyer(run):
    """A trend follower covers a short of Aussie dollars and gives up yen that it held."""
    stage, who = played(run, 1), next(name for name in run.places if name.startswith("trend"))
    trades = {"kind": "forced_sale", "institution": who, "amount_usd_bn": [2.0, 1.0]}
    trades |= {"instrument": ["AUD", "JPY"], "side": ["bought", "sold"]}
    stage.network.redraw(pd.DataFrame(trades))
    flows, markets = stage.network.flows.data, stage.network.markets
    starts = list(zip(flows["x0"], flows["y0"], strict=True))
    assert flows["what"] == ["AUD", "JPY"] and starts == [markets["AUD"], run.places[who]]


def test_crosses_stand_on_the_failed_alone(run):
    stage = played(run, 5)
    failed = {name for name, row in run.graph().nodes(data=True) if row["failed"]}
    crosses = stage.network.crosses.data
    assert failed
    assert set(zip(crosses["x"], crosses["y"], strict=True)) == {run.places[n] for n in failed}


def test_slack_is_orange_below_none_blue_above_and_grey_without_a_rule():
    called, tight, wide, none = colours_of(np.array([-0.2, 0.05, 3.0, np.inf]))
    red, blue = (lambda c: int(c[1:3], 16)), (lambda c: int(c[5:7], 16))
    assert red(called) > blue(called) and blue(wide) > red(wide)
    assert none == "#DADADA" and len({called, tight, wide, none}) == 4


def test_every_institution_has_a_place_and_widths_compare_with_the_opening(run):
    network = Network(run, SAY)
    assert set(network.nodes.data["name"]) == set(run.graph().nodes)
    assert len(network.loans.data["width"]) == run.graph().number_of_edges()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_draws_the_same_charts(run, language):
    stage = Stage(run, words(language))
    assert list(stage.cards) == ["quote", "leverage", "markets", "forced", "network"]
    assert set(stage.later) == {"basis", "banks"}


@pytest.mark.parametrize(
    "language, per_bn, seller, unit",
    [("ja", 10, "ヘッジファンド", "億ドル"), ("zh", 10, "对冲基金", "亿美元")],
)
def test_forced_sales_are_told_by_seller_in_the_unit_of_the_language(
    run, language, per_bn, seller, unit
):
    chart = Stage(run, words(language)).cards["forced"].png.args["chart"]
    assert chart.yaxis[0].formatter.args == {"per_bn": per_bn}
    tips = [tool for tool in chart.tools if isinstance(tool, HoverTool)]
    column = "@forced_hedge_fund_usd_bn"
    (of_funds,) = (tip for tip in tips if column in tip.formatters)
    assert of_funds.tooltips[0] == ("", seller) and of_funds.tooltips[2][0] == unit
    assert of_funds.formatters[column].args == {"per_bn": per_bn, "decimals": 1}
    assert len(tips) == len(chart.legend[0].items)  # one for each seller


def test_the_calls_of_august_are_seen_as_funds_above_their_own_line():
    """Many calls, while the funds' mean leverage never comes near the mean line."""

    def called(seed):
        return abm.run(abm.load_scenario("august-2024"), rng=seed).summary["n_margin_calls"]

    seed = next(seed for seed in range(200) if 10 <= called(seed) <= 30)
    stage = played(LiveRun.of(Choice(scenario="august-2024", seed=seed)), 88)
    data, calls = stage.source.data, stage.run.events().query("kind == 'margin_call'")
    funds = calls[calls["institution"].str.startswith("hedge-fund")]
    assert np.all(data["leverage"] < data["allowed"])
    by_day = funds.groupby("day")["institution"].nunique() / 60
    assert by_day.max() > 0.05
    assert all(data["share_above"][day] >= share for day, share in by_day.items())
    assert np.all(data["leverage_low"] <= data["leverage_high"])
    quiet = np.setdiff1d(np.arange(88), by_day.index)
    assert data["share_above"][quiet].max() < 0.1


def test_the_band_is_of_single_funds_by_hand():
    """Two funds with wealth 10 that borrow 10 and 30, one that is gone; lines at 3."""
    books = SimpleNamespace(
        wealth=np.array([10.0, 10.0, 0.0]), borrowing=np.array([10.0, 30.0, 1.0]),
        maintenance_leverage=np.full(3, 3.0),
    )  # fmt: skip
    rules = SimpleNamespace(mandates=SimpleNamespace(first_row=np.array([0, 3])))
    none = SimpleNamespace(books=books, rules=rules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live, "called", lambda *_: np.array([2]))
        found = live.fund_leverage(none, 0)
    assert found == pytest.approx((2.2, 3.8, 2 / 3))


@pytest.mark.parametrize(("borrowing", "share"), [(20.0, 0.0), (20.1, 1.0)])
def test_a_fund_on_its_own_line_is_not_above_it(monkeypatch, borrowing, share):
    books = SimpleNamespace(
        wealth=np.array([10.0]),
        borrowing=np.array([borrowing]),
        maintenance_leverage=np.array([3.0]),
    )
    rules = SimpleNamespace(mandates=SimpleNamespace(first_row=np.array([0, 1])))
    monkeypatch.setattr(live, "called", lambda *_: np.array([], dtype=int))
    assert live.fund_leverage(SimpleNamespace(books=books, rules=rules), 0).share_above == share


def test_a_basis_that_moves_has_a_chart_with_what_was_drawn_on_the_line():
    scenario = Choice(scenario="march-2020")
    stage = played(LiveRun.of(scenario), 20, 15)
    days = abm.run(scenario.run_scenario).days.iloc[:35]
    assert np.array_equal(stage.source.data["basis_bp"], days["basis_bp"])
    assert np.array_equal(stage.source.data["drawn_usd_bn"], days["swap_line_usd_bn"])
    chart = stage.later["basis"].png.args["chart"]
    assert [span.location for span in chart.select(Span)] == [30]  # 16 March
    assert stage.later["banks"].view.visible  # thin by then


def test_banks_come_in_sight_once_one_is_thin_and_go_with_the_run():
    calm = LiveRun.of(Choice(scenario="calm"))
    assert not played(calm, 3).later["banks"].view.visible
    short = {"shock.surprise_bp": 60.0}
    thin = Choice(changes=short, seed=7).run_scenario.with_changes(
        {"banks.core_capital_usd_bn": 9.0, "funds.leverage_cap": 20.0}
    )
    stage = Stage(LiveRun(thin, 7), SAY)
    assert not stage.later["banks"].view.visible
    stage.run.finish()
    stage.draw()
    assert stage.later["banks"].view.visible
    stage.restart(LiveRun(thin, 7))
    assert not stage.later["banks"].view.visible and not stage.bank_facts.object


def test_the_bank_that_fails_has_a_cross_on_its_day_where_it_stood_before():
    choice = Choice(scenario="prime-broker-failure", seed=3)
    stage = Stage(LiveRun.of(choice), SAY)
    assert not stage.later["banks"].view.visible
    stage.run.advance(6)
    stage.draw()
    whole = abm.run(choice.run_scenario.with_changes({"calendar.days": 6}), choice.seed)
    over = bank_days(whole).over_required
    assert stage.failures.data["what"] == ["day 3: bank-1"]
    assert stage.failures.data["height"] == [over["bank-1"].iloc[2]]
    assert np.array_equal(stage.source.data["bank_low"], over.min(axis=1))
    assert stage.source.data["bank_thinnest"][:3] == ["bank-1"] * 3
    assert "failed: bank-1 (day 3)" in stage.bank_facts.object
