"""The whole scenario: everything a user may choose, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, model_validator

from abm.errors import InvalidInput
from abm.scenario.auto_borrower import AutoBorrowers
from abm.scenario.bank import Banks
from abm.scenario.bond import Bonds
from abm.scenario.calendar import Calendar
from abm.scenario.changes import changed
from abm.scenario.channels import Channels
from abm.scenario.checks import refuse_disagreement
from abm.scenario.clearing import ClearingRule
from abm.scenario.company import Companies
from abm.scenario.faults import validated
from abm.scenario.fields import AS_TUPLE, Line, Lines, Part, Whole, choice, number, part_of
from abm.scenario.groups import Population
from abm.scenario.hashing import canonical_hash
from abm.scenario.hedge_fund import HedgeFunds
from abm.scenario.instruments import Asset, Correlations, Currency, Instruments, correlation_matrix
from abm.scenario.life_insurer import Insurers
from abm.scenario.liquidity import Liquidity
from abm.scenario.margin import Margin, WorstLossMargin
from abm.scenario.network import Network
from abm.scenario.news_volatility import ConstantVolatility, NewsVolatility
from abm.scenario.option_hedger import NoOptionHedgers, OptionHedgers
from abm.scenario.order_anticipator import NoOrderAnticipators, OrderAnticipators
from abm.scenario.places import leaves
from abm.scenario.rates import Funding, Rates
from abm.scenario.repo import NoRepo, Repo
from abm.scenario.retail_equity import RetailEquity
from abm.scenario.retail_fx import RetailFx
from abm.scenario.risk import Estimation
from abm.scenario.risk_appetite import ConstantAppetite, RiskAppetite
from abm.scenario.risk_parity import RiskParity
from abm.scenario.script import News, NoShock, Policy, Shock
from abm.scenario.trader import NoTrader, OneTrader
from abm.scenario.trend_follower import TrendFollowers
from abm.scenario.volatility_target import VolatilityTarget
from abm.scenario.writing import to_dict, to_toml

if TYPE_CHECKING:
    import numpy as np


class Outputs(Part):
    """Records of a run beyond its tables."""

    feedback_gain_every_days: Whole = number(
        "days between two exact computations of the feedback gain; 0 for never",
        "days",
        "scenario",
        1,
        label="spacing of feedback gains",
        ge=0,
        le=1_000_000,
    )
    events: bool = choice(
        "record every event", label="events recorded", default=True, allowed="true or false"
    )


class Scenario(Part):
    """One world, its institutions, and what happens to them.

    Made by `load_scenario` and changed by `with_changes`; frozen, equal where all choices are
    equal. The keys inside its parts are those of the parameter table (ODD.md, section 7.14).
    """

    name: Line = choice("what it is called", label="name", default="untitled", allowed="text")
    title: Line = choice("one line that says what it is", label="title", default="", allowed="text")
    about: Lines = choice("what a reader should know", label="about", default="", allowed="text")
    calendar: Calendar = Field(description="which days are traded")
    population: Population = part_of(Population, "number of institutions")
    instruments: Instruments = choice(
        "what is traded, currencies before assets; the first currency funds carry trades",
        label="instruments",
        allowed="tables by name",
    )
    correlations: Correlations = choice(
        'correlation of news by pair, as "JPY-AUD"; pairs left out are 0',
        "record",
        {},
        label="correlation of news",
        allowed="numbers from -1 to 1 that make a positive definite matrix",
    )
    news_volatility: NewsVolatility = part_of(
        ConstantVolatility, "how volatile news is from day to day", label="news"
    )
    rates: Rates = part_of(Rates, "policy rates at the opening")
    estimation: Estimation = part_of(Estimation, "how risk is estimated")
    liquidity: Liquidity = part_of(Liquidity, "the other side of the market")
    funds: HedgeFunds = part_of(HedgeFunds, "hedge funds")
    risk_parity: RiskParity = part_of(RiskParity, "risk-parity funds", label="risk parity")
    volatility_target: VolatilityTarget = part_of(
        VolatilityTarget, "volatility-target funds", label="volatility target"
    )
    bonds: Bonds = choice(
        "bonds with fixed coupons on a yield curve, by instrument",
        label="bonds",
        default={},
        allowed="tables by name",
    )
    option_hedgers: OptionHedgers = part_of(
        NoOptionHedgers, "who hedges options", label="option hedgers"
    )
    order_anticipators: OrderAnticipators = part_of(
        NoOrderAnticipators, "who trades ahead of others", label="order anticipators"
    )
    risk_appetite: RiskAppetite = part_of(
        ConstantAppetite, "what losses do to the worth of risk", label="risk appetite"
    )
    trend: TrendFollowers = part_of(TrendFollowers, "trend followers", label="trend followers")
    retail_fx: RetailFx = part_of(RetailFx, "retail currency traders", label="retail FX")
    retail_equity: RetailEquity = part_of(
        RetailEquity, "retail margin longs in shares", label="retail equity"
    )
    insurers: Insurers = part_of(Insurers, "life insurers", label="life insurers")
    auto_borrowers: AutoBorrowers = part_of(
        AutoBorrowers,
        "borrowers whose lender liquidates automatically",
        label="auto-liquidation borrowers",
    )
    companies: Companies = part_of(
        Companies, "companies that owe yen and hedge late", label="companies"
    )
    trader: OneTrader = part_of(
        NoTrader, "one trader with one account, whose story is told", label="trader"
    )
    banks: Banks = part_of(Banks, "banks")
    network: Network = part_of(Network, "who lends to whom")
    margin: Margin = part_of(WorstLossMargin, "margin rule")
    clearing: ClearingRule = part_of(ClearingRule, "how a day clears")
    channels: Channels = part_of(Channels, "what passes a shock on", label="channel")
    funding: Funding = part_of(Funding, "dollars through currency swaps")
    repo: Repo = part_of(NoRepo, "loans on bonds, overnight", label="repo")
    shock: Shock = part_of(NoShock, "the shock")
    policy: Policy = part_of(Policy, "what authorities do")
    news: Annotated[tuple[News, ...], AS_TUPLE] = choice(
        "scripted public news",
        label="news",
        default=(),
        allowed="a list of tables with name, day, moves",
    )
    outputs: Outputs = part_of(Outputs, "what is recorded")

    @model_validator(mode="after")
    def _parts_agree(self) -> Scenario:
        refuse_disagreement(dict(self))
        return self

    @cached_property
    def _hash(self) -> int:
        """Hash of all fields, found once: what is drawn from a scenario is kept under it."""
        return hash(tuple(getattr(self, name) for name in type(self).model_fields))

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _contents(self) -> object:
        """Stands for the fields: one object for all scenarios that have been found equal."""
        return object()

    def __eq__(self, other: object) -> bool:
        """Field by field, once for two scenarios: a run looks up what is kept some forty times."""
        if self is other:
            return True
        if not isinstance(other, Scenario) or self._hash != other._hash:
            return False
        if self._contents is not other._contents and super().__eq__(other):
            vars(self)["_contents"] = other._contents
        return self._contents is other._contents

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy whose fields may be others: it is compared and hashed anew."""
        copy = super().model_copy(update=update, deep=deep)
        for name in ("_hash", "_contents"):
            vars(copy).pop(name, None)
        return copy

    def __getstate__(self) -> dict[Any, Any]:
        """Fields alone: hashes of words differ between processes."""
        state = super().__getstate__()
        fields = {name: state["__dict__"][name] for name in type(self).model_fields}
        return {**state, "__dict__": fields}

    @property
    def instrument_names(self) -> tuple[str, ...]:
        """Names of all instruments, currencies first."""
        return tuple(self.instruments)

    @property
    def currencies(self) -> dict[str, Currency]:
        """The currencies by name, excluding USD."""
        return {k: v for k, v in self.instruments.items() if isinstance(v, Currency)}

    @property
    def assets(self) -> dict[str, Asset]:
        """The other instruments by name."""
        return {k: v for k, v in self.instruments.items() if isinstance(v, Asset)}

    @property
    def funding_currency(self) -> str:
        """Name of the first instrument, in which carry trades are funded."""
        return next(iter(self.instruments))

    @property
    def shock_day(self) -> int:
        """Index of calendar.shock_day."""
        return self.day_index(self.calendar.shock_day)

    def day_index(self, when: int | date) -> int:
        """Index of a trading day of the run given as index or date.

        Raises
        ------
        InvalidInput
            If it is no trading day of the run.
        """
        index = self.calendar.day_index(when)
        if index is None:
            raise InvalidInput(
                f"{when} is not a trading day of {self.name}: it must be an index from 0 to "
                f"{self.calendar.days - 1}, or the date of one of its trading days"
            )
        return index

    def quote_indices(self) -> tuple[int, ...]:
        """Index of the currency each instrument is quoted in, (n_instruments,); -1: the dollar."""
        names = self.instrument_names
        return tuple(
            names.index(part.quote) if isinstance(part, Asset) and part.quote != "USD" else -1
            for part in self.instruments.values()
        )

    def correlation_matrix(self) -> np.ndarray:
        """Correlation of news, (n_instruments, n_instruments)."""
        return correlation_matrix(self.instrument_names, self.correlations)

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], where: str = "scenario") -> Scenario:
        """A validated scenario from nested mappings; every fault at once as ScenarioFaults."""
        return validated(cls, raw, where)

    def with_changes(self, changes: Mapping[str, Any], where: str = "changes") -> Scenario:
        """A validated copy with other values under dotted keys.

        Parameters
        ----------
        changes
            Values by key, as `{"shock.surprise_bp": 50, "margin.kind": "none"}`; `dotted_keys`
            lists the keys. A * stands for any part of a key: `{"funds.styles.*.leverage": 5}` sets
            that of every style. `"1.2x"` is 1.2 times what the scenario has, each style its own. A
            whole table may be given as a mapping. None brings back the default where there is one.
            Another `kind` starts from the defaults of that kind.
        where
            What messages call the changes.

        Raises
        ------
        ScenarioFaults
            With every unknown key and every pattern that fits none (and the nearest), every value
            out of range, and everything that does not go together.
        InvalidInput
            If the changes are no mapping from texts.
        """
        return changed(self, changes, where)

    def dotted_keys(self) -> list[str]:
        """Every key that `with_changes` knows, in the order of the file."""
        return [leaf.key for leaf in leaves(self)]

    def to_dict(self) -> dict[str, Any]:
        """Nested plain mappings, lists, numbers and dates, without what is not set."""
        return to_dict(self)

    def to_toml(self) -> str:
        """The whole scenario as a TOML file that loads to an equal one."""
        return to_toml(self.to_dict())

    def canonical_hash(self) -> str:
        """SHA-256 of the choices made, whatever the order and the spelling of the file."""
        return canonical_hash(self, self.day_index)
