"""Repo: haircuts by hand, calls met by brokers or sales, bonds counted once, who bears a loss."""

import math

import numpy as np
import pytest

import abm
from abm.errors import FailedRun
from abm.kernels.contracts.repo import haircut_of
from abm.kernels.rules import LossRule, RepoRule
from abm.kernels.state import MONEY_FUNDS
from abm.model import CarryUnwindModel
from abm.runs.tables import REPO_COLUMNS
from tests.engine.worlds import DOLLAR, UST, pass_days, scenario, still, with_rules
from tests.kernels.contracts.test_ledger import ONE_FUND, RATES

FIXED = {"kind": "fixed", "haircut": 0.02, "spread_per_year": 0.0036}
RISK = {"kind": "risk"}
TREASURIES = {
    "share_of_number": 1.0,
    "equity_usd_bn": 100.0,
    "leverage": 3.0,
    "yen_share": 0.0,
    "weights": {"UST": 1.0},
}
CALM = 0.055**2  # variance of Treasuries in the scenario


def one_fund(repo=FIXED, share=0.5, bonds=300.0, equity=100.0, **changes):
    """A fund that owns Treasuries and owes the dollars for them, in a world that stands still."""
    style = TREASURIES | {"repo_share": share}
    changes = ONE_FUND | RATES | {"funds__styles": {"RV": style}, "repo": repo} | changes
    world = still("funds", **changes)
    world.books.units[:] = 0.0
    world.books.units[UST, 0], world.books.cash[0] = bonds, equity - bonds
    world.books.repo_debt[:] = world.books.repo_units[:] = 0.0
    world.market.repo_lent[:] = world.market.repo_pledged[:] = 0.0
    world.market.repo_capacity[:] = 1e4
    world.books.high_water[0] = world.books.entry_wealth[0] = equity
    flows = world.rules.funds.flows._replace(sensitivity=0.0)  # nobody redeems
    return with_rules(world, "funds", speed_down=0.0, speed_up=0.0, speed_var=0.0, flows=flows)


def priced(world, log):
    """The same world after its Treasuries have moved, unseen by any estimate."""
    world.market.log_price[UST] = world.market.fundamental[UST] = log
    world.market.dealer_reference[UST] = log
    world.market.close[:, UST] = log
    world.market.usd_price[UST] = math.exp(log)
    return world


def lender(world):
    return world.market.outside[MONEY_FUNDS, DOLLAR]


@pytest.mark.parametrize(
    ("risk", "haircut"),
    # 2.33 x .055 x sqrt(10/250) is .02563; the worst loss of four calm variances doubles it
    [(1.0, 0.02563), (4.0, 0.05126), (1e6, 0.3), (0.0, 0.01)],
)
def test_a_haircut_covers_the_worst_loss_within_its_floor_and_its_cap(risk, haircut):
    loss = LossRule(True, 0.0, 0.94, 5.6)
    rule = RepoRule(floor=0.01, ceiling=0.3, volatility_multiple=2.33, loss=loss)
    assert haircut_of(risk, CALM, rule) == pytest.approx(haircut, abs=1e-6)


def test_a_fund_owes_in_repo_a_share_of_its_bonds_less_the_haircut_and_brokers_the_rest():
    world = pass_days(one_fund())
    assert world.books.repo_units[0, 0] == pytest.approx(150.0)
    assert world.books.repo_debt[0, 0] == pytest.approx(147.0)  # of 150, less 2%
    assert world.graph.loans.sum() == pytest.approx(200.0 - 147.0)
    assert world.books.borrowing[0] == pytest.approx(200.0)
    assert world.market.repo_lent[0] == pytest.approx(147.0)


def test_no_dollars_are_borrowed_to_be_kept():
    world = pass_days(one_fund(share=1.0, equity=260.0))
    assert world.books.repo_debt[0, 0] == pytest.approx(40.0)
    assert world.books.repo_units[0, 0] == pytest.approx(40.0 / 0.98)
    assert world.record.days["repo_usd_bn"][0] == pytest.approx(40.0)  # since the morning
    assert world.graph.loans.sum() == pytest.approx(0.0, abs=1e-12)


def test_ten_days_of_spread_by_hand_go_to_the_money_funds_and_brokers_get_theirs_on_the_rest():
    world = pass_days(one_fund())
    world.market.rates[:] = world.script.rates[:] = 0.0
    world.rules.market.income[UST] = 0.0
    world.script.accrual_days[:] = 10.0
    cash = world.books.cash[0]
    pass_days(world, 1, 1)
    assert lender(world) == pytest.approx(147.0 * 0.0036 * 10 / 360)
    brokers = 53.0 * 0.004 * 10 / 360
    assert cash - world.books.cash[0] == pytest.approx(brokers + lender(world), rel=1e-9)


def test_a_fall_in_price_is_called_in_the_morning_and_met_by_more_bonds_and_by_brokers():
    world = priced(pass_days(one_fund()), math.log(0.9))
    pass_days(world, 1, 1)
    # 150 bonds stand for .98 x 135 = 132.3: 14.7 are asked back; half of all bonds are pledged
    assert world.market.repo_called[0] == pytest.approx(14.7)
    assert world.books.repo_debt[0, 0] == pytest.approx(132.3)
    assert world.graph.loans.sum() == pytest.approx(200.0 - 132.3)
    assert world.books.borrowing[0] == pytest.approx(200.0)
    assert world.books.wealth[0] == pytest.approx(70.0)


def test_a_rise_in_price_asks_nothing_back_and_never_raises_a_haircut():
    world = pass_days(one_fund(RISK))
    before = world.market.repo_haircut[0]
    world.market.close[0, UST] += 0.05  # as tonight's close; last night's lies one row behind
    pass_days(world, 1, 1)
    assert world.market.repo_called[0] == 0.0
    assert world.market.repo_haircut[0] < before


def test_after_a_loss_of_four_daily_deviations_by_hand_and_forty_calm_years():
    world = pass_days(one_fund(RISK))
    per_day = 0.055 / math.sqrt(250)
    world.market.close[0, UST] -= 4 * per_day
    pass_days(world, 1, 1)
    wanted = 2.33 * 0.055 * math.sqrt(10 / 250) * math.sqrt(16 / 5.6)
    assert world.market.repo_haircut[0] == pytest.approx(wanted, rel=1e-3)
    for _ in range(40 * 250):  # nothing happens: what the rule remembers
        world.market.repo_risk[0] *= world.rules.repo.loss.decay
    pass_days(world, 1, 2)
    assert world.market.repo_haircut[0] == pytest.approx(0.0, abs=1e-6)
    assert world.books.repo_debt[0, 0] == pytest.approx(
        world.books.repo_units[0, 0] * world.market.usd_price[UST], rel=1e-6
    )


def test_pledged_bonds_count_with_one_lender():
    world = one_fund()
    world.rules.mandates.leverage_cap[:] = 100.0
    pass_days(world)
    h = world.books.margin_rate[0]
    asked = 0.5 * h + 0.5 * 0.02  # half of all assets are pledged
    assert h > 0.05
    assert world.books.maintenance_leverage[0] == pytest.approx(1 / asked, rel=1e-9)
    # The broker's own view: what it lends against what is left with it
    pledged, wealth, debt = 150.0, 100.0, 200.0
    with_broker = wealth - 0.02 * pledged
    least = h * (wealth + debt - pledged)
    at_limit = asked * (wealth + debt) - wealth
    assert at_limit == pytest.approx(least - with_broker)


def called(haircut_now):
    """Brokers ask 10%, the lender nothing; a fund at leverage 8; then another haircut."""
    repo = {"kind": "fixed", "haircut": 0.0, "spread_per_year": 0.0, "capacity_per_haircut": 0.0}
    world = one_fund(repo, 1.0, 800.0, margin={"kind": "fixed", "rate": 0.1})
    world.rules.mandates.grace_days[:] = 0
    pass_days(world)
    rule = world.rules.repo._replace(floor=haircut_now, ceiling=haircut_now)
    world = with_rules(world, "repo", **rule._asdict())
    return pass_days(world, 1, 1)


def test_a_haircut_beyond_what_brokers_lend_sells_bonds_the_same_day():
    assert called(0.1).books.units[UST, 0] == pytest.approx(800.0)
    world = called(0.25)
    # pledged 700 of 800 at no haircut; at 25% all 800 stand for 600, margin is .25 of all
    sold = 800.0 - world.books.units[UST, 0]
    assert world.books.maintenance_leverage[0] == pytest.approx(4.0)
    assert sold > 300.0
    assert world.record.n_calls[0] == 1
    assert world.record.forced_sales[0] == pytest.approx(sold, rel=1e-6)
    assert world.books.repo_debt[0, 0] <= max(-world.books.cash[0], 0.0) + 1e-9


def test_the_lender_of_less_rations_all_alike():
    repo = FIXED | {"haircut": 0.0, "capacity_share": 0.5, "capacity_per_haircut": 2.0}
    world = one_fund(repo)
    world.market.repo_capacity[0] = 100.0
    pass_days(world)
    assert world.books.repo_debt[0, 0] == pytest.approx(100.0)  # of 150
    world = with_rules(world, "repo", floor=0.1, ceiling=0.1)
    pass_days(world, 1, 1)
    assert world.books.repo_debt[0, 0] == pytest.approx(80.0)  # 100 (1 - 2 x .1)
    assert world.books.repo_units[0, 0] == pytest.approx(80.0 / 0.9)


def ruined(fall, share=1.0):
    """A fund that owes 297 on 300 of Treasuries and other money to brokers; then they fall."""
    repo = {"kind": "fixed", "haircut": 0.0, "spread_per_year": 0.0, "capacity_share": 10.0}
    world = one_fund(repo, share, 300.0, 3.0)
    world.rules.mandates.leverage_cap[:] = 1e9
    world = with_rules(world, "funds", subscription=0.0)
    world = priced(pass_days(world), math.log(1.0 - fall))
    world.books.closing[0] = 1
    world.books.repo_debt[:, 0], world.books.repo_units[:, 0] = 297.0 * share, 297.0 * share
    world.market.repo_lent[:] = world.market.repo_pledged[:] = 297.0 * share
    before = world.graph.equity.sum()
    return pass_days(world, 1, 1), before


def test_at_failure_the_lender_bears_what_the_bonds_do_not_bring_and_brokers_the_rest():
    world, _ = ruined(0.1)
    # 300 bonds bring 270, those pledged 267.3 of the 297 owed: 29.7 short, and 2.7 from the rest
    assert world.books.suspended_days[0] > 0
    assert -lender(world) == pytest.approx(27.0)
    assert world.books.repo_debt.sum() == world.market.repo_lent[0] == 0.0
    assert world.books.wealth[0] == pytest.approx(0.0, abs=1e-9)
    assert world.record.days["broker_loss_usd_bn"][1] == pytest.approx(27.0)


def test_a_lender_of_half_loses_on_its_own_bonds_alone():
    world, before = ruined(0.1, 0.5)
    # 148.5 bonds bring 133.65 of 148.5; the other debt of 148.5 has the rest, 136.35
    assert -lender(world) == pytest.approx(14.85)
    spread = world.graph.equity.sum() - before
    assert spread == pytest.approx(-12.15, abs=0.2)  # with what banks earn in a day


def test_of_a_recall_only_what_brokers_have_lent_is_repaid():
    world = pass_days(one_fund())
    world.books.recalled[0] = 0.5
    pass_days(world, 1, 1)
    repaid = 200.0 - world.books.borrowing[0]
    assert repaid == pytest.approx(0.95 * 0.5 * 53.0, rel=0.02)  # at the forced speed


STORM = {
    "shock__surprise_bp": 200.0,
    "funds__styles__RV__repo_share": 1.0,
    "funds__styles__MA__repo_share": 0.5,
    "funds__styles__RV__leverage": 9.0,
    "instruments__UST__volatility_per_year": 0.2,
    "repo": RISK,
}


@pytest.fixture(scope="module")
def storm():
    return scenario("hike", **STORM).with_changes({"calendar.burn_in_days": 4})


def test_in_a_storm_the_lenders_books_are_those_of_its_borrowers_every_evening(storm):
    model = CarryUnwindModel(storm, rng=2)
    called = failures = 0.0
    for _ in range(12):
        model.step()
        books, market = model.world.books, model.world.market
        assert abs(books.repo_debt.sum() - market.repo_lent[0]) < 1e-9
        assert abs(books.repo_units.sum() - market.repo_pledged[0]) < 1e-9
        assert (books.repo_units[0] <= np.maximum(books.units[UST], 0.0) + 1e-9).all()
        assert (books.repo_debt[0] <= np.maximum(-books.cash, 0.0) + 1e-9).all()
        called += market.repo_called[0]
        failures += (books.suspended_days > 0).sum()
    found = model.result()
    assert called > 0.0 and failures > 0
    assert found.days["conservation_error"].max() < 1e-9
    assert found.days["repo_called_usd_bn"].sum() == pytest.approx(called)


COLUMNS = (
    "books.repo_units", "books.repo_debt", "market.repo_lent", "market.repo_pledged",
    "market.repo_price", "market.repo_haircut",
)  # fmt: skip


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("amount", [1e-3, 1.0, 1e6])
def test_whatever_is_altered_in_an_account_of_repo_is_seen(storm, column, amount):
    model = CarryUnwindModel(storm, rng=2)
    for _ in range(2):
        model.step()
    room, name = column.split(".")
    array = getattr(getattr(model.world, room), name)
    place = int(np.argmax(model.world.books.repo_debt)) if room == "books" else 0
    array.flat[place] += amount
    with pytest.raises(FailedRun):
        model.step()


@pytest.mark.parametrize("haircut", [0.0, 1.0])
def test_without_a_haircut_all_is_lent_and_with_all_of_it_nothing(haircut):
    world = pass_days(one_fund(FIXED | {"haircut": haircut}))
    assert world.books.repo_debt[0, 0] == pytest.approx(150.0 * (1.0 - haircut))
    assert world.books.repo_units[0, 0] == pytest.approx(150.0 * (1.0 - haircut))


def test_a_lender_without_borrowers_changes_no_byte():
    plain = abm.run(scenario("hike"), rng=1).days
    with_lender = abm.run(scenario("hike", repo=RISK), rng=1).days
    assert set(REPO_COLUMNS) <= set(with_lender) and not set(REPO_COLUMNS) & set(plain)
    assert with_lender.drop(columns=list(REPO_COLUMNS)).equals(plain)


def test_only_a_haircut_that_follows_risk_has_a_channel(storm):
    still_one = storm.with_changes({"channels.repo_haircuts": "none"})
    days = abm.run(still_one, rng=2).days
    assert days["repo_haircut"].nunique() == 1
    assert abm.run(storm, rng=2).days["repo_haircut"].nunique() > 1
