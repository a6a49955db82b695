"""Institutions that a user writes in Python trade like any other."""

import numpy as np
import pytest

from abm.agents import Bank, HedgeFund, PythonAgent
from abm.errors import InvalidInput
from abm.model import CarryUnwindModel
from abm.scenario import load_scenario


class Buyer(PythonAgent):
    """Buys the same every day."""

    def __init__(self, model, row, amounts=None):
        super().__init__(model, row)
        self.amounts = amounts or {}

    def orders(self):
        return self.amounts


def model(*python_agents):
    small = {
        "calendar.days": 8,
        "calendar.burn_in_days": 6,
        "calendar.drift_days": 5,
        "population.scale": 0.3,
        "shock.surprise_bp": 0,
    }
    scenario = load_scenario("hike").with_changes(small)
    return CarryUnwindModel(scenario, rng=7, python_agents=python_agents)


def buyer(wealth=5.0, broker=None, **amounts):
    return Buyer.spec(wealth_usd_bn=wealth, broker=broker, amounts=amounts)


def test_a_silent_agent_changes_no_price():
    with_agent, without = model(buyer()), model()
    with_agent.run(), without.run()
    assert with_agent.result().days["log_JPY"].equals(without.result().days["log_JPY"])
    assert with_agent.python_agents[0].name == "custom-buyer-1"


def test_it_opens_day_0_with_the_wealth_it_was_given():
    asked = model(buyer(5.0))
    table = asked.python_agents[0]
    assert table.wealth_usd_bn == pytest.approx(5.0) and table.leverage == 1.0
    asked.step()
    rows = asked.result().institutions
    assert rows[rows["kind"] == "custom"]["opening_wealth_usd_bn"].tolist() == pytest.approx([5.0])


def test_what_it_buys_moves_the_price_and_is_in_its_book():
    with_agent, without = model(buyer(JPY=2.0)), model()
    price = with_agent.world.market.usd_price[0]
    with_agent.step(), without.step()
    assert with_agent.log_yen > without.log_yen
    assert with_agent.python_agents[0].units["JPY"] == pytest.approx(2.0 / price)
    with_agent.run()
    assert with_agent.result().days["conservation_error"].max() < 1e-9


def test_decide_says_what_orders_says():
    agent = model(buyer(UST=-0.5)).python_agents[0]
    assert agent.decide()["UST"] == -0.5 and agent.decide()["JPY"] == 0.0


def test_nine_numbers_are_the_orders_of_nine_instruments():
    agent = model(buyer(UST=-0.5)).python_agents[0]
    as_named = agent.decide()
    agent.amounts = np.array(list(as_named.values()))
    assert agent.decide() == as_named


def test_borrowing_from_its_broker_is_in_the_exposure_graph():
    asked = model(buyer(1.0, "bank-2", UST=3.0))
    asked.step()
    agent = asked.python_agents[0]
    lent = asked.exposures.edges["bank-2", agent.name]["weight"]
    assert agent.borrowing_usd_bn > 1.5
    assert lent == pytest.approx(agent.borrowing_usd_bn)


def test_several_agents_each_have_a_row_and_only_their_own_broker():
    asked = model(buyer(2.0), buyer(1.0, "bank-1", UST=3.0), buyer(4.0))
    assert [agent.brokers for agent in asked.python_agents] == [{}, {"bank-1": 1.0}, {}]
    assert asked.agents.select(agent_type=Buyer).agg("wealth_usd_bn", sum) == pytest.approx(7.0)


def test_run_steps_in_python_when_there_are_python_agents():
    asked = model(buyer(JPY=0.1))
    assert asked.steps_in_python and not model().steps_in_python
    asked.run()
    assert asked.day == 8 and asked.python_agents[0].units["JPY"] > 0.0


def test_its_forced_sales_have_a_column():
    asked = model(buyer())
    asked.run()
    assert "forced_custom_usd_bn" in asked.result().days.columns


def test_a_run_with_python_agents_cannot_be_run_again_from_its_seed():
    asked = model(buyer())
    asked.run()
    result = asked.result()
    assert not result.is_repeatable
    with pytest.raises(InvalidInput, match="cannot be run again"):
        result.exposures_on(2)


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        ({"JPZ": 1.0}, "did you mean JPY"),
        ({"JPY": float("inf")}, "finite"),
        ({"JPY": "much"}, "must be a number"),
        ({"JPY": 10**400}, "must be a number"),
        (None, r"Buyer.orders returned None; return \{\} to trade nothing"),
        (-5, "returned -5; must return USD bn by instrument, a dict or 9 numbers"),
        ([-5], r"returned \[-5\]; must return .* 9 numbers"),
        (np.ones(3), r"returned \[1. 1. 1.\]; must return .* 9 numbers"),
        (np.ones((1, 9)), "must return .* 9 numbers"),
        ("-5", "must return .* 9 numbers"),
        ([None] * 9, "JPY = nan, must be finite"),
        ([10**400] * 9, "must return .* 9 numbers"),
    ],
)
def test_orders_that_make_no_sense_are_refused(amounts, said):
    asked = model(Buyer.spec(wealth_usd_bn=1.0))
    asked.python_agents[0].amounts = amounts
    with pytest.raises(InvalidInput, match=said):
        asked.step()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Buyer.spec(), "needs wealth_usd_bn"),
        (Buyer.spec(wealth_usd_bn=-1.0), "above 0"),
        (Buyer.spec(wealth_usd_bn=1.0, broker="bank-99"), "no bank"),
        ((dict, {"wealth_usd_bn": 1.0}), r"is written PythonAgent\.spec"),
    ],
)
def test_an_agent_that_cannot_be_admitted_is_refused(asked, said):
    with pytest.raises(InvalidInput, match=said):
        model(asked)


def test_a_class_without_orders_says_so():
    with pytest.raises(NotImplementedError, match="must define orders"):
        model(PythonAgent.spec(wealth_usd_bn=1.0)).step()


@pytest.mark.parametrize("amount", [True, np.True_, "5", 1j, b"5", None])
def test_an_order_is_a_real_number(amount):
    asked = model(Buyer.spec(wealth_usd_bn=1.0))
    agent = asked.python_agents[0]
    for amounts in ({"JPY": amount}, [amount] + [0.0] * 8):
        agent.amounts = amounts
        with pytest.raises(InvalidInput, match=r"Buyer\.orders"):
            asked.step()
    agent.amounts = {"JPY": 1.0}
    asked.step()
    assert asked.day == asked.steps == asked.time == 1 and agent.units["JPY"] > 0.0


def test_an_order_beyond_fifty_times_its_wealth_is_refused():
    """Of 1bn a thousand billion yen were ordered as dollars: the broker would have lost 13.7bn."""
    asked = model(Buyer.spec(wealth_usd_bn=1.0, broker="bank-1"))
    asked.python_agents[0].amounts = {"JPY": -1000.0}
    with pytest.raises(
        InvalidInput, match=r"orders of 1000 USD bn, must be at most 50 .*custom-buyer-1"
    ):
        asked.step()
    assert asked.day == 0 and asked.python_agents[0].units["JPY"] == 0.0


def test_closing_a_position_is_no_order_beyond_wealth():
    asked = model(buyer(wealth=20.0, JPY=-20.0))
    asked.step()
    agent = asked.python_agents[0]
    agent.wealth_usd_bn, agent.amounts = 0.1, {"JPY": 20.2}
    asked.step()
    assert abs(agent.positions_usd_bn["JPY"]) < 2.0


def test_the_agent_may_say_otherwise_in_its_class_or_settings():
    class Bold(Buyer):
        largest_order_multiple = float("inf")

    by_setting = Buyer.spec(wealth_usd_bn=1.0, largest_order_multiple=100.0)
    for spec in (Bold.spec(wealth_usd_bn=1.0), by_setting):
        asked = model(spec)
        asked.python_agents[0].amounts = {"UST": 80.0}
        asked.step()
        assert asked.python_agents[0].units["UST"] > 70.0


A_LIST = r"must be a list of specs: \[PythonAgent\.spec\(wealth_usd_bn=5\.0\)\]"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Buyer.spec(wealth_usd_bn=1.0), r"must be a list of specs: \[Buyer\.spec"),
        (Buyer, r"must be a list of specs: \[Buyer\.spec"),
        ("Buyer", A_LIST),
        ({"kind": Buyer}, A_LIST),
        (5, A_LIST),
        (True, A_LIST),
        ([5], r"5 is no spec; write PythonAgent\.spec"),
        ([(Buyer,)], "is no spec"),
        ([(Buyer, {"wealth_usd_bn": 1.0}, 3)], "is no spec"),
        ([object()], "is no spec"),
        ([int], r"is no spec; write PythonAgent\.spec"),
        ([Buyer], r"is no spec; write Buyer\.spec\(wealth_usd_bn=5\.0\)"),
        ([{"wealth_usd_bn": 1.0}], "is no spec"),
        ([Buyer.spec()], "needs wealth_usd_bn"),
        ([Buyer.spec(wealth_usd_bn=None)], "needs wealth_usd_bn"),
        ([Buyer.spec(wealth_usd_bn=float("nan"))], "finite"),
        ([Buyer.spec(wealth_usd_bn=float("inf"))], "finite"),
        ([Buyer.spec(wealth_usd_bn=-1.0)], "above 0"),
        ([Buyer.spec(wealth_usd_bn=0)], "above 0"),
        ([Buyer.spec(wealth_usd_bn=True)], "must be a number"),
        ([Buyer.spec(wealth_usd_bn="5")], "must be a number"),
        ([Buyer.spec(wealth_usd_bn=1j)], "must be a number"),
        ([Buyer.spec(wealth_usd_bn=[1.0])], "must be a number"),
        ([Buyer.spec(wealth_usd_bn=1.0, broker="bank-99")], "no bank"),
        ([Buyer.spec(wealth_usd_bn=1.0, broker=1)], "no bank"),
        ([Buyer.spec(wealth_usd_bn=1.0, broker=["bank-1"])], "no bank"),
        ([Buyer.spec(wealth_usd_bn=1.0, brokr="bank-1")], "did you mean broker"),
        ([Buyer.spec(wealth_usd_bn=1.0, wealth=1.0)], "unknown setting"),
        ([Buyer.spec(wealth_usd_bn=1.0, model=1.0)], "unknown setting"),
        ([Buyer.spec(wealth_usd_bn=1.0, cls=1.0)], "unknown setting"),
        ([PythonAgent.spec(wealth_usd_bn=1.0, amounts={})], "unknown setting"),
        ([Buyer.spec(wealth_usd_bn=1.0, largest_order_multiple=0)], "above 0"),
        ([Buyer.spec(wealth_usd_bn=1.0, largest_order_multiple=float("nan"))], "above 0"),
    ],
)
def test_a_specification_that_makes_no_sense_is_refused(given, said):
    scenario = load_scenario("hike").with_changes({"calendar.days": 8})
    with pytest.raises(InvalidInput, match=said):
        CarryUnwindModel(scenario, rng=7, python_agents=given)


def test_every_fault_of_a_specification_is_said_at_once():
    with pytest.raises(InvalidInput) as refused:
        model(Buyer.spec(wealth_usd_bn=-1.0, broker="bank-99"), (dict, {}))
    assert len(str(refused.value).splitlines()) == 4


@pytest.mark.parametrize("given", [[(Buyer, {"wealth_usd_bn": 1.0})], (Buyer, {}), [[Buyer, {}]]])
def test_the_pairs_of_earlier_versions_are_refused_with_the_form_of_today(given):
    with pytest.raises(InvalidInput) as refused:
        CarryUnwindModel("hike", rng=7, python_agents=given)
    said = "a pair (class, settings) is written Buyer.spec(wealth_usd_bn=5.0)"
    assert str(refused.value).splitlines() == ["python_agents:", f"  {said}"]


def test_an_instance_is_of_another_model_and_no_spec():
    given = model(buyer()).python_agents
    with pytest.raises(InvalidInput, match=r"belongs to the model .* write Buyer\.spec\("):
        model(*given)


def test_one_spec_makes_as_many_agents_as_it_is_given_for_in_as_many_models():
    spec = buyer(2.0, "bank-1", JPY=0.5)
    first, second = model(spec), model(spec, spec)
    first.step(), second.step()
    assert [agent.name for agent in second.python_agents] == ["custom-buyer-1", "custom-buyer-2"]
    assert first.python_agents[0] is not second.python_agents[0]
    assert second.log_yen > first.log_yen  # both bought


@pytest.mark.parametrize("column", ["cash", "units", "high_water"])
def test_what_is_no_number_in_a_book_is_refused_by_whose_it_is(column):
    class Careless(Buyer):
        def orders(self):
            getattr(self.books, column)[..., self.row] = np.nan
            return {}

    asked = model(Careless.spec(wealth_usd_bn=1.0))
    with pytest.raises(InvalidInput, match=f"{column} of custom-careless-1 is nan"):
        asked.step()


@pytest.mark.parametrize("number", [float("nan"), True, 1j, "5", None, [1.0]])
def test_views_take_real_numbers_only(number):
    asked = model(buyer())
    agent, fund = asked.python_agents[0], asked.agents_by_type[HedgeFund][0]
    writes = [
        lambda: setattr(agent, "wealth_usd_bn", number),
        lambda: setattr(agent, "cash_usd_bn", number),
        lambda: agent.units.update(JPY=number),
        lambda: setattr(agent, "leverage_cap", number),
        lambda: setattr(fund, "risk_aversion", number),
        lambda: setattr(asked.agents_by_type[Bank][0], "wealth_usd_bn", number),
    ]
    for write in writes:
        with pytest.raises(InvalidInput):
            write()
