"""The institutions as Mesa agents: one file per type, each a thin view of one row.

>>> import abm
>>> model = abm.CarryUnwindModel("hike", rng=7)
>>> fund = model.agents_by_type[HedgeFund][0]
>>> fund.name, round(fund.leverage, 1), fund.units["JPY"] < 0.0  # has borrowed yen
('hedge-fund-fxm-1', 5.1, True)
>>> fund.leverage_cap = 3.0  # from tomorrow on

A trader of your own is a subclass of `PythonAgent`, and a model is given its `PythonAgent.spec`.
What is written to a view is checked: what is no finite number, or out of range, is InvalidInput.
"""

from __future__ import annotations

from abm.agents.bank import Bank, BankDesk
from abm.agents.central_bank import CentralBank
from abm.agents.company import Company
from abm.agents.dealer import Dealers
from abm.agents.hedge_fund import HedgeFund
from abm.agents.host import HostModel
from abm.agents.institution import Institution
from abm.agents.life_insurer import LifeInsurer
from abm.agents.market_account import MarketAccount
from abm.agents.option_hedger import OptionHedgers
from abm.agents.order_anticipator import OrderAnticipators
from abm.agents.python_agent import AgentSpec, PythonAgent
from abm.agents.retail_equity import RetailEquityTrader
from abm.agents.retail_fx import RetailFxTrader
from abm.agents.risk_parity import RiskParityFund
from abm.agents.trader import Trader
from abm.agents.trend_follower import TrendFollower
from abm.agents.value_investor import ValueInvestors
from abm.agents.volatility_target import VolatilityTargetFund

__all__ = [
    "VIEW_OF_KIND",
    "AgentSpec",
    "Bank",
    "BankDesk",
    "CentralBank",
    "Company",
    "Dealers",
    "HedgeFund",
    "HostModel",
    "Institution",
    "LifeInsurer",
    "MarketAccount",
    "OptionHedgers",
    "OrderAnticipators",
    "PythonAgent",
    "RetailEquityTrader",
    "RetailFxTrader",
    "RiskParityFund",
    "Trader",
    "TrendFollower",
    "ValueInvestors",
    "VolatilityTargetFund",
]

VIEW_OF_KIND: dict[str, type[Institution]] = {
    "hedge_fund": HedgeFund,
    "bank_desk": BankDesk,
    "risk_parity": RiskParityFund,
    "volatility_target": VolatilityTargetFund,
    "trend": TrendFollower,
    "retail_fx": RetailFxTrader,
    "retail_equity": RetailEquityTrader,
    "insurer": LifeInsurer,
    "company": Company,
    "trader": Trader,
}
"""Class of the view by the `kind` of an institution, `Institution` of others; what a user wrote has
its own."""
