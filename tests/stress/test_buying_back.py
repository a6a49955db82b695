"""Written options that are bought back by force: how many, at what cost, and what is owed."""

import numpy as np
import pytest

from abm.report.stress_words import first_sale, option_margin
from abm.stress.contracts import contracts_of
from abm.stress.exposures import Book
from abm.stress.loans import FX, LIQUIDATION, MARGIN_COST, RATE, SPREAD, Terms
from abm.stress.selling import half_spreads
from abm.words import words
from tests.stress.test_option_margin import CALL, CASH, IN_YEN, YEN_CASH
from tests.stress.toy import AUD, DOLLAR, YEN, carried, market, outcome, portfolio, still

AUD_CASH = {"instrument": "AUD", "currency": "AUD", "market_value": 3e5, "name": "aud"}
NIGHT = 0.053 / 360.0  # of dollars


def by_hand(made, money, brings=1.0):
    """Margin, and the root of F b - C s - c1 s - c2 s^2 = M b (1 - s), on day 1."""
    (written,) = contracts_of(portfolio(CALL), made, (1,)).written.values()
    (marks,) = written.marks.values()
    margin, worth = written.margin[0, 1], -marks.value[0, 1]
    dealt = 1e9 / 160.62
    by_spread, by_size = (
        half_spreads(made)[0, 1, YEN] * dealt,
        dealt**2 / 2.0 / (1e9 * made.depth[0, 1, YEN]),
    )
    roots = np.roots([-by_size, margin * brings - worth - by_spread, (money - margin) * brings])
    share = roots[(roots > 0.0) & (roots < 1.0)].item()
    return margin, share, by_spread * share + by_size * share**2, worth


def test_so_many_are_bought_back_that_money_covers_the_margin_of_the_rest():
    made = still()
    found = carried(portfolio(CALL, CASH | {"market_value": 3e5}), made)
    money = 3e5 * (1.0 + NIGHT)
    margin, share, cost, worth = by_hand(made, money)
    assert 0.1 < share < 0.9
    assert found.left_open[DOLLAR][0, 1] == pytest.approx(1.0 - share, rel=1e-9)
    assert -found.parts[LIQUIDATION, 0, 1] == pytest.approx(cost, rel=1e-9)
    left = found.shares[Book("money", DOLLAR)][0, 1] * money
    assert left == pytest.approx(money - share * worth - cost, rel=1e-9)
    assert left == pytest.approx((1.0 - share) * margin, rel=1e-9)


def test_money_of_another_currency_is_turned_at_its_half_spread():
    made = still()
    found = carried(portfolio(CALL, AUD_CASH), made)
    money = 3e5 * 0.66578 * (1.0 + 0.0435 / 365.0)
    half = half_spreads(made)[0, 1, AUD]
    margin, share, cost, worth = by_hand(made, money, 1.0 / (1.0 + half))
    assert found.left_open[DOLLAR][0, 1] == pytest.approx(1.0 - share, rel=1e-9)
    due = share * worth + cost
    assert -found.parts[MARGIN_COST, 0, 1] == pytest.approx(half * due, rel=1e-9)
    left = found.shares[Book("money", AUD)][0, 1] * money
    assert left == pytest.approx((1.0 - share) * margin, rel=1e-9)


def test_without_money_all_are_bought_back_and_their_price_is_owed_with_interest():
    made = still()
    found = carried(portfolio(CALL, {"instrument": "SPX", "market_value": 1e7}), made)
    assert found.left_open[DOLLAR][0].tolist() == [1.0] + [0.0] * 6
    shares = carried(portfolio({"instrument": "SPX", "market_value": 1e7}), made).value
    owed = shares[0] - found.value[0]
    rate = NIGHT + made.scenario.banks.spread_per_year / 360.0
    growth = np.cumprod(1.0 + rate * np.array([1, 3, 1, 1, 1]))
    assert owed[2:] == pytest.approx(owed[1] * growth, rel=1e-12)
    (marks,) = contracts_of(portfolio(CALL), made, (1,)).written[DOLLAR].marks.values()
    assert owed[1] == pytest.approx(-marks.value[0, 1] - found.parts[LIQUIDATION, 0, 1])
    assert found.parts[RATE, 0, -1] < 0.0 and found.parts[SPREAD, 0, -1] < 0.0


def test_what_is_bought_back_neither_gains_nor_loses_from_then_on():
    shares = {"instrument": "SPX", "market_value": 1e7}
    made = still()
    made.log_prices[:, 2:, YEN] = 0.2  # the day after all were bought back the yen rises
    found = carried(portfolio(CALL, shares), made)
    assert np.ptp(found.parts[FX, 0]) == 0.0
    kept = carried(portfolio(CALL, shares, CASH | {"market_value": 1e8}), made)
    assert kept.parts[FX, 0, -1] < -1e6


OPTIONS = (
    CALL, CALL | {"quantity": 4e8, "name": "same bought"}, CALL | {"expiry": "4d", "name": "short"},
    CALL | {"kind": "put", "strike": 170, "name": "put"}, IN_YEN,
    CALL | {"quantity": 1e9, "strike": 150, "name": "bought"}, CASH | {"market_value": 6e5},
    YEN_CASH | {"market_value": 1e7}, AUD_CASH,
)  # fmt: skip


@pytest.mark.parametrize("base", ["USD", "JPY"])
@pytest.mark.parametrize("terms", [Terms(), Terms(is_hedged=True), Terms(is_constant=True)])
def test_parts_add_up_to_the_cent_where_options_are_bought_back(base, terms):
    found = carried(portfolio(*OPTIONS, base=base), market(base=base), terms)
    assert all((left[:, -1] < 1.0).any() for left in found.left_open.values())
    assert np.abs(found.parts.sum(axis=0) - found.pnl).max() < 0.01
    shares = np.array(list(found.shares.values()))
    assert shares.min() >= 0.0 and shares.max() <= 1.0


def test_lines_share_what_buying_back_costs_and_spares_without_a_rest():
    found = outcome(portfolio(*OPTIONS), market(n=80))
    sums = found.lines.groupby("horizon")[["component_es", "mean"]].sum()
    es = found.risk[found.risk["level"] == 0.975].set_index("horizon")["es"]
    assert sums["component_es"].to_numpy() == pytest.approx(es.to_numpy(), abs=0.01)
    assert sums["mean"].to_numpy() == pytest.approx(found.distribution["mean"].to_numpy(), abs=0.01)
    kept = outcome(portfolio(*OPTIONS, CASH | {"market_value": 1e9, "name": "more"}), market(n=80))
    both = [x.lines.query("horizon == 6").set_index("name")["mean"] for x in (found, kept)]
    assert both[0]["bought"] == pytest.approx(both[1]["bought"])
    assert both[0]["put"] != pytest.approx(both[1]["put"], rel=1e-3)


def test_permuted_lines_are_bought_back_the_same():
    made = market()
    once, again = (carried(portfolio(*lines), made) for lines in (OPTIONS, OPTIONS[::-1]))
    assert once.parts.tobytes() == again.parts.tobytes()


def test_each_account_has_the_cost_of_its_own_forced_sales():
    fund = {"instrument": "UST", "market_value": 1e8, "leverage": 8.0}
    other = {"instrument": "SPX", "market_value": 5e7, "leverage": 9.0, "funding_currency": "JPY"}
    made = market(margin_rate=np.full((40, 7), 0.2))
    table = outcome(portfolio(fund, other), made).accounts
    alone = [outcome(portfolio(one), made).accounts["sale_cost"].item() for one in (other, fund)]
    assert table["sale_cost"].tolist() == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize("language", ["en", "ja", "zh"])
def test_what_is_missing_and_what_is_bought_back_is_told(language):
    made, told = still(), words(language)
    for cash, keys in ((1e9, ["covered"]), (3e5, ["missing", "short"])):
        found = outcome(portfolio(CALL, CASH | {"market_value": cash}), made)
        (sentences,) = option_margin(found, language)
        missing = found.carried.uncovered[DOLLAR][0, 0]
        values = {"missing": f"{missing:,.0f}", "share": "100%", "when": first_sale(1.0, language)}
        for key in ("covered", "missing", "short"):
            said = told(f"stress.option_margin_{key}", **values)
            assert (said in sentences) == (key in keys), sentences
