"""Options and forwards on currencies against their closed forms and a numerical integral."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from abm.carry import covered_forward
from abm.stress.contracts import PREMIUM, Terms, contract_value, implied_deviation, marks_of
from tests.stress.toy import market, portfolio, still

SPOT, DOMESTIC, FOREIGN, WIDTH = 1.1, 0.98, 0.96, 0.09
TERMS = Terms(*(np.array(x) for x in (SPOT, DOMESTIC, FOREIGN, WIDTH)))


@pytest.mark.parametrize("strike", [0.9, 1.1, 1.4])
@pytest.mark.parametrize("kind", ["call", "put"])
def test_an_option_is_the_discounted_mean_of_what_it_pays(kind, strike):
    forward, sign = SPOT * FOREIGN / DOMESTIC, 1.0 if kind == "call" else -1.0

    def paid(z):
        end = forward * np.exp(WIDTH * z - 0.5 * WIDTH**2)
        return max(sign * (end - strike), 0.0) * norm.pdf(z)

    mean = quad(paid, -10.0, 10.0, limit=400, epsabs=1e-13)[0]
    assert contract_value(kind, strike, TERMS) == pytest.approx(DOMESTIC * mean, abs=1e-9)


def test_a_call_less_a_put_is_a_forward():
    call, put, forward = (contract_value(k, 1.2, TERMS) for k in ("call", "put", "forward"))
    assert call - put == pytest.approx(forward, rel=1e-12)


def test_garman_and_kohlhagen_by_hand():
    # S = K = 1, rates 0, width 0.2: F(0.1) - F(-0.1) = 2 F(0.1) - 1 = 0.0796557.
    flat = Terms(np.array(1.0), np.array(1.0), np.array(1.0), np.array(0.2))
    assert contract_value("call", 1.0, flat) == pytest.approx(0.0796557, abs=1e-7)


def test_at_expiry_an_option_is_worth_what_it_pays():
    done = Terms(np.array([0.9, 1.3]), np.ones(2), np.ones(2), np.zeros(2))
    assert contract_value("call", 1.2, done) == pytest.approx([0.0, 0.1])
    assert contract_value("put", 1.2, done) == pytest.approx([0.3, 0.0])


def test_a_forward_at_todays_forward_is_worth_nothing_today_and_each_leg_has_its_day_count():
    book = portfolio({"instrument": "USD", "currency": "JPY", "quantity": 1e6, "kind": "forward",
                      "expiry": "91d"})  # fmt: skip
    priced = portfolio({"instrument": "USD", "currency": "JPY", "quantity": 1e6, "kind": "forward",
                        "strike": 150, "expiry": "91d"})  # fmt: skip
    made = still()
    assert marks_of(book.contracts[0], made).value[:, 0] == pytest.approx(0.0, abs=1e-6)
    terms = {"compounding": "simple", "days": 91, "basis_domestic": 365, "basis_foreign": 360}
    forward = covered_forward(160.62, 0.001, 0.053, None, **terms)
    worth = 1e6 * (forward - 150.0) / (1.0 + 0.001 * 91 / 365)
    assert marks_of(priced.contracts[0], made).value[0, 0] == pytest.approx(worth)


@pytest.mark.parametrize("expiry", ["2d", "40d"])
@pytest.mark.parametrize("pair", [("JPY", "USD", 155), ("AUD", "JPY", 100), ("USD", "AUD", 1.5)])
def test_steps_of_a_day_add_up_and_money_earns_interest_after_expiry(pair, expiry):
    name, currency, strike = pair
    book = portfolio({"instrument": name, "currency": currency, "quantity": 1e6, "kind": "put",
                      "strike": strike, "expiry": expiry})  # fmt: skip
    made = market()
    marks = marks_of(book.contracts[0], made)
    steps = marks.time + marks.spot + marks.volatility
    assert np.diff(marks.value, axis=1) == pytest.approx(steps[:, 1:], abs=1e-6)
    if expiry == "2d":
        rate = made.accrual([*made.currencies].index(currency))[0, -1]
        assert marks.value[:, -1] == pytest.approx(marks.value[:, -2] * (1.0 + rate))


def test_volatility_is_expected_to_fade_to_calm():
    day, year = implied_deviation(np.array(0.09), 0.01, 0.917, np.array([1.0, 365.0]))
    assert day == pytest.approx(PREMIUM * 0.3 / np.sqrt(365.0), rel=0.05)
    assert year**2 == pytest.approx(PREMIUM**2 * (0.01 + 0.08 / 0.083 / 250.0), rel=1e-6)


def test_a_quoted_strike_means_the_same_from_both_sides():
    # The right to sell dollars for yen at 155 is the right to buy yen with dollars at 155.
    buys = portfolio({"instrument": "JPY", "quantity": 155e6, "kind": "call", "strike": 155,
                      "expiry": "60d"})  # fmt: skip
    sells = portfolio({"instrument": "USD", "currency": "JPY", "quantity": 1e6, "kind": "put",
                       "strike": 155, "expiry": "60d"})  # fmt: skip
    made = market()
    dollars = marks_of(buys.contracts[0], made).value
    yen = marks_of(sells.contracts[0], made).value
    assert dollars == pytest.approx(yen * made.fx[0], rel=1e-9)


@pytest.mark.parametrize("kind", ["call", "put"])
@pytest.mark.parametrize("strike", [120.0, 160.0, 210.0])
def test_quantlib_where_it_is_installed_says_the_same(kind, strike):
    oracle = pytest.importorskip("QuantLib", reason="an oracle of choice: pip install QuantLib")
    domestic, foreign, deviation = 1.0 / (1.0 + 0.053 * 0.25), 1.0 / (1.0 + 0.001 * 0.25), 0.07
    terms = Terms(np.array(160.62), np.array(domestic), np.array(foreign), np.array(deviation))
    side = oracle.Option.Call if kind == "call" else oracle.Option.Put
    forward = 160.62 * foreign / domestic
    said = oracle.blackFormula(side, strike, forward, deviation, domestic)
    assert contract_value(kind, strike, terms) == pytest.approx(said, rel=1e-12)
