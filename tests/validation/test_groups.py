"""Every claim has a figure, on a few runs of the shipped worlds."""

import numpy as np
import pytest

from abm.episodes.august import SERIES
from abm.episodes.paths import day
from abm.episodes.walk import walk
from abm.validation import august, carry, order, signs, statics, surprises, undisturbed
from abm.validation.claims import ABOVE_ZERO, Runs
from abm.validation.running import row_of
from abm.validation.sampling import Sampler, runs_from
from abm.validation.worlds import world_of
from tests.validation.test_table import Here


@pytest.fixture(scope="module")
def sampler(tmp_path_factory):
    return Sampler(world_of(), 1, 2, tmp_path_factory.mktemp("runs"), Here(), 1)


@pytest.mark.parametrize("group", [signs.GROUP, order.GROUP, august.GROUP], ids=lambda g: g.name)
def test_every_claim_has_a_figure(sampler, group):
    rows = [row_of(group, claim, sampler, True) for claim in group.claims]
    assert [row["claim"] for row in rows if np.isnan(row["figure"])] in (
        [], ["threshold of the dam break, bp"],
    )  # fmt: skip
    assert all(row["n_failed"] == 0 and row["n_runs"] >= 3 for row in rows)


def test_the_short_at_the_reference_is_the_short_of_the_scenario(sampler):
    free = sampler.runs_of(carry.YEN[0]).table["short"]
    shocked = sampler.runs_of(surprises.HAWKISH[50]).table["opening_short"][free.index]
    assert free.tolist() == pytest.approx(shocked.tolist())


def test_the_walk_moves_by_the_script_and_nothing_else():
    means, sds = walk(world_of()["august-2024"], SERIES)
    hike, payrolls = 0.0194, 0.016  # log, up for the yen: 25bp x .000776, and payrolls
    scenario = world_of()["august-2024"]
    at = {date: means["USDJPY"][day(scenario, date) + 1] for date in
          ("2024-07-01", "2024-07-30", "2024-07-31", "2024-08-02", "2024-08-05")}  # fmt: skip
    assert at["2024-07-01"] == 0.0
    assert at["2024-07-31"] - at["2024-07-30"] == pytest.approx(-hike, abs=1e-4)
    assert at["2024-08-02"] - at["2024-07-31"] == pytest.approx(-payrolls)
    assert at["2024-08-05"] == at["2024-08-02"]
    yen = scenario.instruments["JPY"]
    slope = yen.value_speed_per_day * yen.value_depth_usd_bn + yen.dealer_depth_usd_bn
    slope *= scenario.liquidity.depth_multiple  # USD bn per log of the day
    assert at["2024-07-30"] == pytest.approx(-(0.00396 + 35.0 / slope), abs=1e-4)
    assert sds["USDJPY"] == pytest.approx(yen.volatility_per_year / 250**0.5)


def toy(rows):
    return runs_from(
        [{"replicate": n, "error of the run": "", **row} for n, row in enumerate(rows)]
    )


def test_a_threshold_lies_where_half_of_the_runs_break():
    shares = {5: 0, 20: 0, 25: 1, 35: 3, 50: 4, 60: 4, 75: 4}  # of four: half at 30
    samples = [
        toy([{"class": "dam break" if run < n else "absorbed"} for run in range(4)])
        for n in shares.values()
    ]
    assert signs.threshold(*samples).value == pytest.approx(30.0)


def test_no_dam_break_of_good_news_is_counted_exactly():
    runs = toy([{"unwound_5": 0.39}, {"unwound_5": 0.4}, {"unwound_5": -0.2}])
    assert isinstance(runs, Runs)
    assert signs.no_dam(runs)[:3] == (1.0, 1.0, 1.0)


@pytest.mark.parametrize(("market", "day_asked"), [("JGB", 0), ("UST", 1), ("SPX", 3)])
def test_a_mean_move_is_read_on_the_day_by_which_it_must_have_come(market, day_asked):
    """Two runs 1 and 3 on that day: mean 2 over a standard error of 1. On other days they are 0."""
    rows = [
        {f"effect {market} {h}": move * (h == day_asked) for h in surprises.HORIZONS}
        for move in (1.0, 3.0)
    ]
    assert order.t_of_move(market, toy(rows)).value == pytest.approx(2.0)


def test_a_market_that_never_moves_has_no_first_day():
    still = {f"effect UST {h}": 0.0 for h in surprises.HORIZONS} | {"sd UST": 0.01}
    runs = toy([still, still])
    assert order.first_day("UST", runs).value == np.inf
    moved = still | {"effect UST 2": 0.05, "effect UST 3": 0.05}
    assert order.first_day("UST", toy([moved, moved])).value == 2.0


def test_one_small_opening_does_not_make_the_stock_large():
    runs = toy([{"opening_stock": 1.0, "stock": 200.0}, {"opening_stock": 399.0, "stock": 200.0}])
    assert undisturbed.stock_kept(runs).value == pytest.approx(1.0)


def test_the_days_that_make_a_score_are_named():
    """Two runs on the record but for 15 August, by .3, and 6 August, by .2."""
    real = august.levels()["SPX"]
    off = {"2024-08-06": 0.2, "2024-08-15": -0.3}
    row = {f"SPX {date}": real[date] + off.get(date, 0.0) for date in real.index}
    found = august.scored("SPX", august.FIRST, toy([row, row]))
    assert found.note == "largest on 08-06 and 08-15"
    assert found.value == pytest.approx(0.5 / len(august.key_days_after(august.FIRST)))


def test_margin_longs_are_told_of_runs_whose_nikkei_crashed_too():
    rows = [(0.0, -0.05), (0.0, -0.02), (-0.3, -0.11), (-0.5, -0.2), (0.1, 0.0)]
    runs = toy([{"margin_longs_week": longs, "nky_5aug": fall} for longs, fall in rows])
    found = august.margin_longs(runs)
    assert found.value == 0.0
    assert found.note.startswith("-0.4 in the 2 runs")


@pytest.mark.parametrize("bp", statics.COMPARED)
def test_where_theory_has_two_signs_the_row_asked_stays_beside_each_alone(bp):
    rows = {claim.claim: claim for claim in statics.GROUP.claims}
    both = rows[f"+{bp}bp, retail FX x 1.5: yen's peak, log"]
    cuts = rows[f"+{bp}bp, retail FX x 1.5, leaning against no move: yen's peak, log"]
    lean = rows[f"+{bp}bp, retail FX leaning against no move: yen's peak, log"]
    assert both.bar == cuts.bar == lean.bar == ABOVE_ZERO
    assert "two signs" in both.if_missed and not cuts.if_missed
    hike = world_of()["hike"]
    before, after = (one.scenario_of(hike).retail_fx for one in cuts.samples)
    assert before.contrarian_weight == after.contrarian_weight == 0.0
    assert after.notional_usd_bn == 1.5 * before.notional_usd_bn


def test_an_effect_is_read_on_its_own_day():
    before, after = (
        toy([{"effect JPY 60": move, "peak": 0.0} for move in moves])
        for moves in ((0.0, 1.0), (0.5, 1.5))
    )
    assert statics.effect(statics.YEN_LATE, before, after).value == 0.5
    assert statics.effect(statics.PEAK, before, after).value == 0.0
