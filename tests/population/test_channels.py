"""A channel set to none carries nothing from day 0 on; the books of day 0 know nothing of it."""

from functools import cache

import numpy as np
import pytest

import abm
from abm.kernels.banks.failures import settle_claims
from abm.kernels.behaviours.risk_appetite import NOW
from abm.kernels.compiler.reference import by_reference
from abm.kernels.constraints.stop_loss import is_stopped
from abm.kernels.contracts.fund_shares import capital_flow_usd_bn
from abm.kernels.state import INSURER, RETAIL_FX, RISK_PARITY, TREND, VOLATILITY_TARGET
from abm.model import CarryUnwindModel
from abm.population.advance import advance, open_world
from abm.population.channels import without
from abm.population.rules import make_rules
from abm.scenario import load_scenario
from abm.scenario.channels import CHANNELS
from experiments.same_bytes import FAILING_BANKS

NO_BURN_IN = {"calendar.burn_in_days": 0, "calendar.drift_days": 0}
NO_BURN_IN |= {f"instruments.{k}.drift_before_start_log": 0.0 for k in ("JPY", "AUD", "SPX", "NKY")}
MOST_INTEREST = 4e-3  # on yen, in 40 days at 1.75% a year at most
TERMS_OF_THE_MORNING = {
    "order_anticipators": ("anticipator_gamma", "anticipator_open"),
    "bank_capital": ("utilisation", "cut", "recalled"),
}


@cache
def storm(*shut, bp=150.0, **changes):
    """A surprise on day 3 that forces many; banks that fail where that is wanted."""
    smaller = {"calendar.days": 40, "population.scale": 0.5, "calendar.shock_day": 3}
    smaller |= {"shock.surprise_bp": bp, "calendar.burn_in_days": 20, "calendar.drift_days": 10}
    none = {f"channels.{name}": "none" for name in shut}
    return load_scenario("hike").with_changes(smaller | changes | none)


@cache
def after(*shut, days=40):
    """The world after some days, and that of its day 0."""
    opened, _ = open_world(storm(*shut), 5)
    world, _ = open_world(storm(*shut), 5)
    return advance(world, world.burn_in, world.burn_in + days), opened


def rows(world, first, last):
    """Units of assets of the institutions of some kinds."""
    at = world.rules.mandates.first_row
    return world.books.units[world.market.rates.size - 1 :, at[first] : at[last]]


@pytest.mark.parametrize("name", CHANNELS)
def test_the_books_of_day_0_are_those_of_a_world_with_all_channels(name):
    with_it, _ = open_world(storm(), 5)
    without_it, _ = open_world(storm(name), 5)
    for group in ("books", "market", "graph"):
        for field, array in getattr(with_it, group)._asdict().items():
            if field not in TERMS_OF_THE_MORNING.get(name, ()):
                assert np.array_equal(array, getattr(getattr(without_it, group), field)), field


@pytest.mark.parametrize("name", CHANNELS)
def test_a_state_that_is_saved_goes_on_without_the_channel(name, tmp_path):
    scenario = storm(name)
    model = CarryUnwindModel(scenario, rng=5)
    for _ in range(6):
        model.step()
    model.save_state(tmp_path / "state.npz")
    went_on = CarryUnwindModel.load_state(tmp_path / "state.npz")
    went_on.run()
    assert went_on.result().days.equals(abm.run(scenario, 5).days)


def test_a_hash_counts_only_channels_that_are_shut():
    assert storm().canonical_hash() != storm("haircuts").canonical_hash()
    opened = storm("haircuts").with_changes({"channels.haircuts": "on"})
    assert opened.canonical_hash() == storm().canonical_hash()


def test_without_haircuts_that_follow_risk_the_rate_of_each_fund_stays():
    still, opened = after("haircuts")
    assert (still.books.margin_rate == opened.books.margin_rate).all()
    moving, opened = after()
    assert (moving.books.margin_rate != opened.books.margin_rate).any()


def test_without_a_burn_in_the_rate_that_stays_is_that_of_the_opening():
    short = storm("haircuts").with_changes(NO_BURN_IN)
    world, _ = open_world(short, 5)
    opening = world.books.margin_rate.copy()
    assert (opening[world.rules.mandates.has_margin_account > 0] > 0.0).all()
    assert (advance(world, 0, 5).books.margin_rate == opening).all()


def test_without_rounds_a_day_clears_once_and_looks_once_more():
    assert after("margin_rounds")[0].record.days["rounds"][20:].max() <= 2
    assert after()[0].record.days["rounds"].max() > 2


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("volatility_targets", RISK_PARITY, TREND),
        ("volatility_targets", VOLATILITY_TARGET, TREND),
        ("trend_followers", TREND, RETAIL_FX),
    ],
)
def test_rule_followers_without_their_channel_keep_every_share_and_bond(name, first, last):
    still, opened = after(name)
    assert np.array_equal(rows(still, first, last), rows(opened, first, last))
    moving, opened = after()
    assert not np.allclose(rows(moving, first, last), rows(opened, first, last))


def test_without_stop_outs_no_account_is_cut():
    assert after("retail_stop_outs")[0].record.days["n_loss_cuts"][20:].sum() == 0
    assert after()[0].record.days["n_loss_cuts"][20:].sum() > 0


def test_without_hedging_insurers_hold_the_yen_they_held():
    for name, moves in (("insurers_hedging", False), ("", True)):
        world, opened = after(*([name] if name else []))
        at = world.rules.mandates.first_row
        now, then = (w.books.units[0, at[INSURER] : at[INSURER + 1]] for w in (world, opened))
        assert np.allclose(now, then, rtol=MOST_INTEREST) is not moves


def test_without_withdrawal_dealers_trade_as_many_units_as_before():
    still, opened = after("dealers_withdrawal")
    assert np.array_equal(still.market.dealer_depth, opened.market.dealer_depth)
    assert not np.array_equal(after()[0].market.dealer_depth, opened.market.dealer_depth)


def test_without_bank_capital_nothing_is_recalled_and_terms_do_not_move():
    recalls = {}
    for shut in ((), ("bank_capital",)):
        scenario = storm(*shut).with_changes(
            FAILING_BANKS | {"calendar.days": 20, "shock.surprise_bp": 300.0}
        )
        kinds = abm.run(scenario, 2).events["kind"]
        recalls[shut] = int((kinds == "recall").sum())
    assert recalls[()] > 0 == recalls[("bank_capital",)]
    world, _ = after("bank_capital")
    assert not world.graph.utilisation.any()
    assert world.rules.dealers.capital_exponent == 0.0


def test_claims_on_a_bank_that_fails_are_paid_at_par_without_interbank_losses():
    """Bank 0 owes bank 1 10 and has 7, of which a failure leaves half: 6.5 are lost, or nothing."""
    lost = {}
    for shut in ((), ("interbank_losses",)):
        graph = open_world(storm(), 5)[0].graph
        graph.liabilities[:] = 0.0
        graph.liabilities[0, 1] = 10.0
        graph.equity[0], before = -3.0, graph.equity[1]
        owned = graph.other_assets[1] + 10.0 - graph.deposits[1] - before
        rules = without(make_rules(storm()), shut)
        rules = rules._replace(banks=rules.banks._replace(recovery_external=0.5))
        settle_claims(*by_reference(graph, rules))
        lost[shut] = before - graph.equity[1]
        left = graph.other_assets[1] - graph.deposits[1] - graph.equity[1]
        assert left == pytest.approx(owned, abs=1e-9)  # assets are debts and capital
        assert graph.failed[0] == 1 and graph.failed[1:].sum() == 0
    assert lost[()] == pytest.approx(6.5) and lost[("interbank_losses",)] == 0.0


def test_without_stops_and_redemptions_losses_take_nothing_out():
    rules = make_rules(storm())
    shut = without(rules, ("stops_and_redemptions",)).funds
    assert is_stopped(0.99, rules.funds) and not is_stopped(0.99, shut)
    flows = [capital_flow_usd_bn(6.0, 10.0, -0.4, rule) for rule in (rules.funds, shut)]
    assert flows[0] < 0.0 == flows[1]


def test_market_makers_without_their_channel_keep_their_positions():
    world, opened = after("order_anticipators", "option_hedgers")
    for held in ("anticipator_held", "hedger_held"):
        assert np.allclose(getattr(world.market, held), getattr(opened.market, held), atol=1e-9)
        assert not np.allclose(getattr(after()[0].market, held), getattr(opened.market, held))


def test_without_falling_appetite_what_is_remembered_only_fades():
    world, opened = after("risk_appetite", days=10)
    fades = opened.market.appetite[NOW] * world.rules.appetite.decay**10
    assert world.market.appetite[NOW] == pytest.approx(fades, abs=1e-12)
    assert abs(after(days=10)[0].market.appetite[NOW]) > 1e-3


def test_retail_accounts_that_neither_trade_nor_are_cut_owe_what_they_owed():
    world, opened = after("retail_fx", "retail_stop_outs")
    at = world.rules.mandates.first_row
    mine = slice(at[RETAIL_FX], at[RETAIL_FX + 1])
    now, then = (w.books.units[0, mine] for w in (world, opened))
    assert np.allclose(now, then, rtol=MOST_INTEREST)
    assert not np.allclose(after()[0].books.units[0, mine], then, rtol=MOST_INTEREST)


def test_without_its_channel_the_basis_stays_and_no_line_is_drawn():
    moving = load_scenario("march-2020").with_changes({"population.scale": 0.5})
    still = moving.with_changes({"channels.basis": "none"})
    days = abm.run(still, 5).days
    assert days["basis_bp"].nunique() == 1 and days["swap_line_usd_bn"].max() == 0.0
    assert (abm.run(still, 5).events["kind"] != "swap_line").all()
    assert abm.run(moving, 5).days["basis_bp"].min() < -190.0


def test_with_every_channel_shut_the_books_balance_and_the_yen_rises_less():
    found = abm.cascade(storm(*CHANNELS), 5)
    assert found["max_conservation_error"] < 1e-9
    assert 0.0 < found["peak_yen_appreciation"] < abm.cascade(storm(), 5)["peak_yen_appreciation"]
