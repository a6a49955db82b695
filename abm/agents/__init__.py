"""The institutions as Mesa agents: one file per type, each a thin view of one row."""

from __future__ import annotations

from abm.agents.bank import Bank
from abm.agents.bank_desk import BankDesk
from abm.agents.hedge_fund import HedgeFund
from abm.agents.institution import Institution
from abm.agents.life_insurer import LifeInsurer
from abm.agents.market_makers import CentralBank, Dealers, ValueInvestors
from abm.agents.python_agent import PythonAgent
from abm.agents.retail_equity_trader import RetailEquityTrader
from abm.agents.retail_fx_trader import RetailFxTrader
from abm.agents.risk_parity_fund import RiskParityFund
from abm.agents.trend_follower import TrendFollower
from abm.agents.volatility_target_fund import VolatilityTargetFund

__all__ = [
    "VIEW_OF_KIND",
    "Bank",
    "BankDesk",
    "CentralBank",
    "Dealers",
    "HedgeFund",
    "Institution",
    "LifeInsurer",
    "PythonAgent",
    "RetailEquityTrader",
    "RetailFxTrader",
    "RiskParityFund",
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
}
