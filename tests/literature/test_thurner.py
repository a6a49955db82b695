"""Leverage and fat tails against golden paths, a second program and hand numbers."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from abm.errors import InvalidInput
from abm.literature import thurner as paper
from abm.literature import thurner_days as days
from abm.literature.thurner import draw_shocks, noise_money, paper_rules, simulate

SHEET = json.loads((Path(__file__).parents[1] / "reference" / "thurner.json").read_text())
GOLDEN = SHEET["golden"]
OF_THE_SHEET = {
    "volatility": "std", "tail_index": "hill5_neg_m", "excess_kurtosis": "exkurt",
    "clustering": "acf_abs1", "defaults": "defaults_per_fund_per_1e4",
    "at_limit": "frac_steps_margin",
}  # fmt: skip


@pytest.fixture(scope="module")
def found():
    return paper.findings(quick=True)


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda c: f"{c['lambda_max']}, {c['b_flow']}")
def test_golden_paths_price_by_price(case):
    path = simulate(paper_rules(case["lambda_max"], case["b_flow"]), GOLDEN["chi"])
    assert path["price"].to_numpy() == pytest.approx(case["price"], rel=GOLDEN["tolerance_rel"])
    assert path["defaults"].sum() == case["defaults"]
    assert path["bank_loss"].sum() == pytest.approx(case["bankloss"], rel=1e-8)


def test_the_parameters_are_those_of_the_reference_sheet():
    p, rules = SHEET["params"], paper_rules(7.5)
    names = ("beta", "V", "N", "W0", "rb", "a", "dfrac", "Tre", "rho", "sigma")
    ours = (list(rules.aggressiveness), rules.fundamental, rules.n_units, rules.opening_wealth,
            rules.benchmark_return, rules.averaging, rules.ruin_share, rules.steps_out,
            paper.RHO, paper.SIGMA)  # fmt: skip
    assert ours == tuple(p[name] for name in names)


def test_what_is_expected_is_what_the_reference_sheet_says():
    for point in SHEET["mc"]:
        if point["b_flow"] == 0.15:
            for ours, theirs in OF_THE_SHEET.items():
                expected = paper.expected(point["lambda_max"], ours)
                assert expected == pytest.approx(point["mean_and_se"][theirs], rel=0.01)


def wanted(p, rules, units, cash, active):
    """Units that funds want at a price."""
    share = np.clip(rules.aggressiveness * (1.0 - p), 0.0, rules.leverage_limit)
    return active * share * np.maximum(units * p + cash, 0.0) / p


def excess(p, money, *funds):
    """Units wanted beyond the float."""
    return money / p + wanted(p, *funds).sum() - 1000.0


def plain_path(rules, shocks):
    """The paper in plain Python, every price by bisection of excess demand."""
    n = len(rules.aggressiveness)
    units, cash, wealth = np.zeros(n), np.full(n, rules.opening_wealth), np.full(n, 2.0)
    record, back_at, price, prices = np.zeros(n), np.zeros(n), 1.0, []
    for t, money in enumerate(noise_money(np.asarray(shocks))):
        new = back_at == t
        units[new], record[new] = 0.0, 0.0
        cash[new] = wealth[new] = rules.opening_wealth
        active = back_at <= t
        funds = (rules, units, cash, active)
        last, price = price, brentq(excess, 0.01, 9.0, args=(money, *funds))
        gain = active * units * (price - last) / np.where(active, wealth, 1.0)
        record = np.where(active, 0.9 * record + 0.1 * gain, record)
        wealth, bought = active * (units * price + cash), wanted(price, *funds)
        units, cash = bought, wealth - bought * price
        ruined = active & (wealth < 0.1 * rules.opening_wealth)
        back_at[ruined] = t + 1 + rules.steps_out
        flow = np.maximum(rules.flow_sensitivity * (record - 0.005), -1.0) * wealth
        cash, wealth = cash + flow, wealth + flow
        units[ruined], cash[ruined], wealth[ruined] = 0.0, 0.0, 0.0
        prices.append(price)
    return np.array(prices)


@pytest.mark.parametrize(("seed", "limit", "flows"), [(3, 3.0, 0.3), (5, 1.0, 0.0), (8, 6.0, 0.15)])
def test_prices_equal_those_of_a_second_program(seed, limit, flows):
    rules, shocks = paper_rules(limit, flows), draw_shocks(seed, 500)
    assert simulate(rules, shocks)["price"].to_numpy() == pytest.approx(
        plain_path(rules, shocks), rel=1e-8
    )


def one_fund(limit, money):
    """Prices with a single fund that is at its limit as soon as the asset is cheap, no clients."""
    rules = paper_rules(limit, 0.0)._replace(aggressiveness=np.array([1e6]))
    deviation = np.log(np.asarray(money) / 1000.0)
    shocks = (deviation - paper.RHO * np.append(0.0, deviation[:-1])) / paper.SIGMA
    return simulate(rules, shocks)["price"].to_numpy()


def test_a_fund_at_its_limit_by_hand():
    """800 and twice 2 on 1,000 units: 0.804; it owes 2 and holds D: then (700 - 4)/(1000 - 2 D)."""
    first, second = one_fund(2.0, [800.0, 700.0])
    assert first == pytest.approx(0.804, rel=1e-12)
    assert second == pytest.approx(696.0 / (1000.0 - 2.0 * 4.0 / 0.804), rel=1e-12)


def test_a_fund_at_its_limit_sells_into_a_fall_and_without_debt_it_does_not():
    for limit, sells in ((4.0, True), (1.0, False)):
        prices = one_fund(limit, [800.0, 700.0])
        held = 1000.0 - np.array([800.0, 700.0]) / prices
        assert (held[1] < held[0] * (1.0 - 1e-9)) == sells


@pytest.mark.parametrize(("last", "price"), [(0.95, 0.101), (0.9999, 1.0)])
def test_of_several_prices_the_first_on_the_way_from_the_last_one(last, price):
    """900 units on a debt of 810: below 0.999875 the fund sells out, above it holds the price."""
    rules = paper_rules(10.0, 0.0)._replace(aggressiveness=np.array([1e6]))
    market = days.open_market(rules)
    market.units[0, 0], market.cash[0], market.price[0] = 900.0, -810.0, last
    assert days.find_price(101.0, rules, market) > 0
    assert market.price[0] == pytest.approx(price, abs=2e-5)


def test_above_the_fundamental_noise_traders_are_alone():
    path = simulate(paper_rules(10.0), draw_shocks(0, 2_000))["price"]
    alone = noise_money(draw_shocks(0, 2_000)) / 1000.0
    assert path[path > 1.0].to_numpy() == pytest.approx(alone[path > 1.0], rel=1e-10)
    assert (path >= alone * (1.0 - 1e-10)).all()  # funds hold no less than nothing


def test_every_unit_has_a_holder():
    rules, money = paper_rules(7.5), noise_money(draw_shocks(2, 300))
    market, steps = days.open_market(rules), np.zeros((300, days.N_COLUMNS))
    for step in range(300):
        assert days.follow_days(step, step + 1, money, rules, market, steps) == -1
        held = market.units[0, :-1].sum() + money[step] / market.price[0]
        assert held == pytest.approx(1000.0, rel=1e-10) or steps[step, days.DEFAULTS] > 0.0
        assert market.wealth == pytest.approx(
            market.units[0, :-1] * market.price + market.cash[:-1]
        )


def test_a_ruined_fund_is_back_after_a_hundred_whole_steps():
    rules = paper_rules(10.0, 0.0)._replace(aggressiveness=np.array([1e6]))
    market, steps = days.open_market(rules), np.zeros((103, days.N_COLUMNS))
    money = np.append([900.0, 700.0], np.full(101, 1100.0))
    trades = []
    for step in range(103):
        days.follow_days(step, step + 1, money, rules, market, steps)
        trades.append(market.speed[0])
    assert steps[1, days.DEFAULTS] == 1.0 and steps[:, days.DEFAULTS].sum() == 1.0
    owed, held = 18.0, 20.0 / ((900.0 + 20.0) / 1000.0)  # it owned nothing else
    assert steps[1, days.BANK_LOSS] == pytest.approx(owed - held * 0.7, rel=1e-9)
    assert trades == [1.0] + [0.0] * 101 + [1.0] and market.cash[0] == 2.0


def test_measures_of_a_path_by_hand():
    price = [0.9, 0.8, 1.1, 0.7, 0.6, 0.5]
    path = paper.pd.DataFrame(
        {"price": price, "defaults": [0, 0, 0, 1, 0, 1], "bank_loss": 0.5, "at_limit": [0, 1] * 3}
    )
    measured, losses = paper.measure(path, burn_in=1)
    assert losses == pytest.approx(np.log([0.9 / 0.8, 0.7 / 0.6, 0.6 / 0.5]))
    assert measured.volatility == pytest.approx(np.std(np.diff(np.log(price))))
    assert measured.defaults == pytest.approx(2 / 5 * 10_000 / 10)
    assert measured.bank_loss == pytest.approx(5_000.0) and measured.at_limit == 0.6


def test_the_error_of_two_paths_is_half_their_distance():
    paths = [paper.Measured(*(7 * [1.0])), paper.Measured(*(7 * [4.0]))]
    row = paper._summary(paths, np.linspace(0.0, 1.0, 1_001))
    assert row["tail_index"] == 2.5 and row["tail_index_error"] == pytest.approx(1.5)
    assert row["loss_beyond_0.1"] == pytest.approx(0.9)


def test_the_same_seed_gives_the_same_bytes_whatever_the_chunks(monkeypatch):
    told = []
    rules, shocks = paper_rules(7.5), draw_shocks(1, 5_000)
    first = simulate(rules, shocks, lambda done, total: told.append((done, total)))
    monkeypatch.setattr(paper, "_CHUNK", 777)
    assert first.equals(simulate(rules, shocks))
    assert told == [(2_000, 5_000), (4_000, 5_000), (5_000, 5_000)]


def test_the_quick_table_shows_what_it_must(found):
    lines = paper.compare(found)
    assert 4 <= len(lines) <= 25
    assert [line for line in lines if not line.agrees] == []


def test_leverage_calms_ordinary_steps_and_fattens_the_tail(found):
    assert (np.diff(found["tail_index"]) < 0.0).all() and (np.diff(found["defaults"]) > 0.0).all()
    assert (np.diff(found["loss_beyond_0.1"]) < 0.0).all()
    assert (np.diff(found["loss_beyond_0.0001"]) > 0.0).all()


def test_the_figure_says_what_was_found(found):
    figure = paper.figure(found)
    assert figure.get_figwidth() * figure.dpi == 1200
    assert f"to {found.at[10.0, 'tail_index']:.1f} at leverage 10" in figure.texts[0].get_text()


def test_the_paper_stands_on_clear_market(monkeypatch):
    def broken(problem):
        raise ArithmeticError("no kernel")

    monkeypatch.setattr(paper, "clear_market", broken)
    with pytest.raises(ArithmeticError):
        paper.findings(quick=True)


PLAIN = """
import sys
from abm.literature import thurner, thurner_days
path = thurner.simulate(thurner.paper_rules(10.0), thurner.draw_shocks(0, 60))
print(path["price"].to_numpy().tobytes().hex())
def broken(*arguments):
    raise ArithmeticError("no kernel")
thurner_days.clear_round = broken
try:
    thurner.simulate(thurner.paper_rules(10.0), [0.0])
except ArithmeticError:
    print("stands on clear_round")
"""


def test_compiled_steps_equal_plain_python_and_stand_on_the_clearing_kernel():
    plain = subprocess.run(
        [sys.executable, "-c", PLAIN],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    prices, stands = plain.stdout.split("\n")[:2]
    compiled = simulate(paper_rules(10.0), draw_shocks(0, 60))["price"].to_numpy()
    assert np.frombuffer(bytes.fromhex(prices)) == pytest.approx(compiled, rel=1e-12)
    assert stands == "stands on clear_round"


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: paper_rules(0.0), "leverage_limit = 0.0: must be above 0"),
        (lambda: paper_rules(float("nan")), "leverage_limit = nan: must be above 0"),
        (lambda: paper_rules(-1.0, -0.5), "(?s)leverage_limit = -1.0.*flow_sensitivity = -0.5"),
        (lambda: simulate(paper_rules(1.0), [[0.0]]), r"shocks of shape \(1, 1\): must be one"),
        (lambda: simulate(paper_rules(1.0), [0.0, np.inf]), "finite"),
    ],
)
def test_what_is_no_market_is_refused_with_what_was_given(call, said):
    with pytest.raises(InvalidInput, match=said):
        call()
