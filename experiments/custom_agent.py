"""A trader of one's own: sells yen into a sharp rise, buys them back when it is quiet.

    python experiments/custom_agent.py

Does a trader that leans against the cascade pay for it, and does it help the others? The same seed
is run without it and with it at three sizes.
"""

from __future__ import annotations

from abm.agents import PythonAgent
from abm.model import CarryUnwindModel
from abm.scenario import load_scenario

SEED = 7
SURPRISE_BP = 50.0
WEALTH_USD_BN = (5.0, 20.0, 80.0)


class YenSeller(PythonAgent):
    """Sells yen into a rise by half its wealth, and buys them back once the rise has stopped.

    Everything an agent may look at is on `self` and `self.model`: its own book, prices, the day.
    """

    def __init__(self, model: CarryUnwindModel, row: int, after_rise_log: float = 0.02) -> None:
        super().__init__(model, row)
        self.after_rise_log = after_rise_log
        self.yesterday = 0.0

    def orders(self) -> dict[str, float]:
        rise = self.model.log_yen - self.yesterday
        self.yesterday = self.model.log_yen
        held = self.positions_usd_bn["JPY"]
        if rise > self.after_rise_log:
            return {"JPY": -0.5 * self.wealth_usd_bn - held}
        if abs(rise) < 0.25 * self.after_rise_log:
            return {"JPY": -0.2 * held}
        return {}


def main() -> None:
    scenario = load_scenario("hike").with_changes({"shock.surprise_bp": SURPRISE_BP})
    alone = CarryUnwindModel(scenario, rng=SEED)
    alone.run()
    print(f"a surprise of {SURPRISE_BP:g}bp, seed {SEED}")
    print("wealth   largest rise of the yen   margin calls   what it made")
    tell("none", alone, "")
    for wealth in WEALTH_USD_BN:
        seller = YenSeller.spec(wealth_usd_bn=wealth, broker="bank-1", after_rise_log=0.02)
        model = CarryUnwindModel(scenario, rng=SEED, python_agents=[seller])
        model.run()  # day by day in Python, for its sake
        trader = model.python_agents[0]
        tell(f"{wealth:g}bn", model, f"{trader.wealth_usd_bn / wealth - 1.0:+.1%}")


def tell(who: str, model: CarryUnwindModel, made: str) -> None:
    """One line of the table."""
    summary = model.result().summary
    rise = float(summary["largest_yen_rise_log"])
    print(f"{who:>6}   {rise:>22.1%}   {summary['n_margin_calls']:>12}   {made:>12}")


if __name__ == "__main__":
    main()
