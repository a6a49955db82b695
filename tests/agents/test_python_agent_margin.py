"""A Python agent with a broker is called, forced and can fail, like any other institution."""

import pytest

from abm.agents import PythonAgent
from abm.model import CarryUnwindModel
from abm.scenario import load_scenario


class CarryTrader(PythonAgent):
    """On the first day borrows yen for Mexican pesos, then holds."""

    def __init__(self, model, row, leverage):
        super().__init__(model, row)
        self.wanted = leverage

    def orders(self):
        if self.model.day > 0:
            return {}
        size = self.wanted * self.wealth_usd_bn
        return {"JPY": -size, "MXN": size}


def model(leverage, broker="bank-1", surprise_bp=0, **changes):
    small = {
        "calendar.days": 12,
        "calendar.burn_in_days": 6,
        "calendar.drift_days": 5,
        "calendar.shock_day": 2,
        "population.scale": 0.3,
        "shock.surprise_bp": surprise_bp,
        **{key.replace("__", "."): value for key, value in changes.items()},
    }
    asked = [CarryTrader.spec(wealth_usd_bn=1.0, broker=broker, leverage=leverage)]
    return CarryUnwindModel(load_scenario("hike").with_changes(small), rng=7, python_agents=asked)


def test_its_broker_asks_margin_of_it():
    asked = model(3.0)
    asked.step(), asked.step()
    agent = asked.python_agents[0]
    floor = asked.given_scenario.margin.rate_floor
    assert floor <= agent.margin_rate < 1.0
    assert agent.maintenance_leverage == pytest.approx(1.0 / agent.margin_rate)


def test_above_the_maintenance_leverage_it_is_called_and_must_sell():
    asked = model(30.0)
    asked.run()
    rows = asked.result().institutions.set_index("name").loc["custom-carrytrader-1"]
    assert rows["n_margin_calls"] >= 1 and rows["forced_sales_usd_bn"] > 1.0
    assert asked.result().days["forced_custom_usd_bn"].sum() > 1.0
    assert asked.result().days["conservation_error"].max() < 1e-9


def test_it_can_fail_and_its_broker_bears_the_loss():
    asked = model(9.0, surprise_bp=200)
    asked.run()
    agent, result = asked.python_agents[0], asked.result()
    assert agent.n_failures == 1 and agent.is_out and agent.decide()["JPY"] == 0.0
    losses = result.events[(result.events["kind"] == "loss")]
    assert ((losses["institution"] == agent.name) & (losses["counterparty"] == "bank-1")).any()


def test_without_a_broker_there_are_no_calls():
    asked = model(2.0, broker=None)
    asked.step(), asked.step()
    assert asked.python_agents[0].maintenance_leverage == float("inf")


def test_after_its_time_out_it_comes_back_with_its_opening_wealth():
    fixed = {"kind": "fixed", "rate": 0.1}
    asked = model(9.0, surprise_bp=200, funds__days_out=3, margin=fixed)
    agent = asked.python_agents[0]
    while not agent.is_out:
        asked.step()
    left = asked.day
    while agent.is_out:
        asked.step()
    assert asked.day - left == 4  # one more to sell everything, three to sit out
    assert agent.wealth_usd_bn == pytest.approx(1.0, rel=1e-3)
    assert asked.result().days["conservation_error"].max() < 1e-9
