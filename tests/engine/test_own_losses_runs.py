"""Whole runs of funds that learn from their own losses: bytes, balances, signs and edges."""

import numpy as np
import pytest

import abm
from abm.agents import PythonAgent
from abm.agents.decision import next_decision
from abm.kernels.state import BANK_DESK, HEDGE_FUND
from abm.model import CarryUnwindModel
from abm.population.world import build_world
from abm.runs.manifest import hashes_of
from tests.engine.worlds import pass_days, rows_of, scenario

DESK = {"kind": "carry", "capital_share": 0.1, "leverage": 3.0, "weights": {"UST": 0.5}}
SYMMETRIC = {"margin": {"kind": "volatility"}, "funds.flows.sensitivity": 0.0}
STORM = {"shock__surprise_bp": 150.0, "funds__days_out": 3, "liquidity__depth_multiple": 0.5}


def test_the_mesa_face_and_the_compiled_run_have_the_same_bytes():
    stepped, whole = (CarryUnwindModel(scenario(**STORM), rng=5) for _ in range(2))
    for _ in range(12):
        stepped.step()
    whole.run()
    assert hashes_of(stepped.result()) == hashes_of(whole.result())
    assert whole.result().summary["n_margin_calls"] > 0


def test_an_agent_decides_as_its_row_does_to_the_last_bit():
    model = CarryUnwindModel(scenario(clearing__rounds=1), rng=5)
    for _ in range(4):
        decided = [next_decision(model.world, row, model.next_day) for row in range(12)]
        sold = model.world.record.forced_sales[:12].copy()
        model.step()
        free = np.flatnonzero(model.world.record.forced_sales[:12] == sold)
        assert len(free) > 6
        for row in free:
            assert np.array_equal(decided[row].intent, model.world.books.intent[:, row])


def test_a_run_goes_on_from_its_saved_state_and_a_branch_takes_the_rules_up(tmp_path):
    whole, model = (CarryUnwindModel(scenario(**STORM), rng=5) for _ in range(2))
    whole.run()
    for _ in range(5):
        model.step()
    resumed = CarryUnwindModel.load_state(model.save_state(tmp_path / "day.state"))
    resumed.run()
    assert hashes_of(resumed.result()) == hashes_of(whole.result())
    plain = CarryUnwindModel(scenario(), rng=5)
    for _ in range(5):
        plain.step()
    branch = CarryUnwindModel.load_state(plain.save_state(tmp_path / "plain.state"), SYMMETRIC)
    branch.run()
    assert branch.result().summary["max_conservation_error"] < 1e-9
    assert (branch.world.books.mean_return[: len(rows_of(branch.world, HEDGE_FUND))] != 0.0).all()


def test_balances_hold_through_failures_fresh_starts_and_a_loan_that_changes_currency():
    rates = {"rates__funding_per_year": 0.04}
    for changes in (STORM, STORM | rates, STORM | {"banks__desk": DESK}):
        summary = abm.run(scenario(**changes), rng=3).summary
        assert summary["max_conservation_error"] < 1e-9
        assert summary["n_days_failed_to_clear"] == 0
    assert summary["n_failed"] > 0


def test_at_the_opening_no_fund_wants_to_trade():
    world = build_world(scenario(funds__trend_weight=0.0), 4)
    opening = world.books.units.copy()
    pass_days(world, 1)
    rows = rows_of(world, HEDGE_FUND)
    assert (world.books.speed[rows] == 0.0).all(), opening.shape


@pytest.mark.parametrize("surprise_bp", [-50.0, -100.0])
def test_good_news_raises_no_margin_and_no_sizing_risk(surprise_bp):
    world = build_world(scenario(shock__surprise_bp=surprise_bp), 4)
    before = world.books.sizing_risk.copy()
    world = pass_days(world, 1)
    first, after = world.books.margin_rate.copy(), world.books.sizing_risk.copy()
    pass_days(world, 1, 1)
    funds = np.flatnonzero(np.array(world.styles) == "FXM")
    assert (after[funds] <= before[funds] * (1.0 + 1e-12)).all()
    assert (world.books.margin_rate[funds] <= first[funds]).all()


def test_bad_news_raises_both():
    world = build_world(scenario(shock__surprise_bp=75.0), 4)
    before = world.books.sizing_risk.copy()
    world = pass_days(world, 1)
    first = world.books.margin_rate.copy()
    pass_days(world, 1, 1)
    funds = np.flatnonzero(np.array(world.styles) == "FXM")
    assert (world.books.sizing_risk[funds] > before[funds]).all()
    assert (world.books.margin_rate[funds] > first[funds]).mean() > 0.5


def test_desks_size_by_their_own_losses_and_are_asked_no_margin():
    world = build_world(scenario(banks__desk=DESK, shock__surprise_bp=75.0), 4)
    world = pass_days(world, 2)
    desks = rows_of(world, BANK_DESK)
    assert len(desks) == 4 and (world.books.margin_rate[desks] == 0.0).all()
    assert (world.books.sizing_risk[desks] != 1.15).all()
    assert np.isfinite(world.books.target_leverage[desks]).all()


def test_a_fund_that_borrows_no_yen_has_no_loan_in_its_book():
    style = {"share_of_number": 1.0, "equity_usd_bn": 20.0, "leverage": 2.0, "yen_share": 0.0}
    styles = {"D": style | {"weights": {"MXN": 0.5, "SPX": 0.5}}}
    world = build_world(scenario(funds__styles=styles, funds__n=20), 4)
    funds, mandates = rows_of(world, HEDGE_FUND), world.rules.mandates
    assert (mandates.loan_variance[funds] == 0.0).all()
    assert (mandates.loan_covariance[funds] == 0.0).all()
    pass_days(world, 5)
    assert (world.books.units[0][funds] == 0.0).all()
    assert (world.books.target_leverage[funds] > 1.0).all()


class Holder(PythonAgent):
    """Buys pesos with a yen loan once, and holds them."""

    def orders(self):
        """Three times its wealth on the first day."""
        day = self.model.day
        return {"MXN": 30.0, "JPY": -20.0} if day == 0 else {}


def test_a_python_agent_is_asked_margin_by_the_worst_loss_of_what_it_holds():
    kept = {"margin__rate_floor": 0.001, "shock__surprise_bp": 100.0, "calendar__shock_day": 4}
    seller = Holder.spec(wealth_usd_bn=10.0, broker="bank-1")
    model = CarryUnwindModel(scenario(**kept), rng=5, python_agents=[seller])
    rates = []
    for _ in range(7):
        model.step()
        rates.append(model.world.books.margin_rate[-1])
    assert rates[0] == 0.001  # nothing held, nothing lost
    assert 0.05 < rates[2] < rates[5]  # the loss of day 4 is asked for on day 5
    assert model.world.books.margin_risk[-1] > 1.3
