"""The outcome of a stress test: its tables, its worst paths, and the folder it is kept in."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.files import write_folder
from abm.kernels.state import TRADING_DAYS
from abm.measures.tails import expected_shortfall, value_at_risk
from abm.runs.exports import as_csv
from abm.runs.folder import MANIFEST
from abm.runs.manifest import current_versions, source_commit, table_hash
from abm.runs.running import run
from abm.scenario.graph_files import portable
from abm.scenario.writing import to_toml
from abm.stress.breakeven import breakeven_yen
from abm.stress.funding import Carried
from abm.stress.lines import Weighing, weighted_profits
from abm.stress.loans import PARTS, steps_of
from abm.stress.ore import stress_tests
from abm.stress.risk import LEVELS, risk_rows, separation, tail_weights

if TYPE_CHECKING:
    import pandas as pd

    from abm.runs import RunResult
    from abm.scenario import Scenario
    from abm.stress.answers import Reverse
    from abm.stress.contracts import Contracts
    from abm.stress.paths import Market
    from abm.stress.portfolio import Portfolio

Array = np.ndarray

SCHEMA_VERSION = 1
REVERSE = "reverse.toml"
N_WORST = 5
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
OF_LINES = 0.975  # confidence of the expected shortfall that lines share
BREACH = 0.95  # without forced sales a breach is a loss beyond the value at risk of this confidence
AS_IS, CONSTANT, HEDGED, UNLEVERED = "as it is", "constant funding", "hedged", "unlevered"
TABLES = ("distribution", "risk", "split", "funding", "accounts", "option_margin", "lines",
          "variants", "breakeven", "drivers", "worst", "paths")  # fmt: skip


@dataclass(frozen=True, eq=False)
class StressResult:
    """A portfolio through many simulated paths. Money is in `currency`, gains positive, VaR and ES
    losses; every table is a DataFrame."""

    portfolio: Portfolio
    """The portfolio, mapped to the scenario's markets."""
    market: Market
    """The simulated market, by path and day."""
    horizons: tuple[int, ...]
    """Trading days after the eve of the shock."""
    variants: Mapping[str, Carried]
    """The portfolio as it is, at constant funding, hedged, unlevered: by path and day."""
    contracts: Contracts
    """Its options and forwards on every path."""
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    """The time it was made, UTC, ISO 8601."""
    reverse: Reverse | None = None
    """What loses a given share of it, where that was asked (`abm.stress.reverse`)."""

    @property
    def scenario(self) -> Scenario:
        """The scenario."""
        return self.market.scenario

    @property
    def currency(self) -> str:
        """Currency of all amounts."""
        return self.portfolio.base_name

    @property
    def carried(self) -> Carried:
        """The portfolio as it is."""
        return self.variants[AS_IS]

    @property
    def own_money(self) -> float:
        """What the portfolio is worth today, debts taken off."""
        return float(self.carried.value[0, 0])

    @cached_property
    def profits(self) -> Array:
        """Profit at each horizon, (n, n_horizons)."""
        return self.carried.pnl[:, list(self.horizons)]

    @cached_property
    def distribution(self) -> pd.DataFrame:
        """Profit by horizon: `horizon`, `mean`, `sd`, quantiles `q01` to `q99`, `worst`, `best`,
        `p_loss` (share of paths that lose)."""
        rows = []
        for h, horizon in enumerate(self.horizons):
            x = self.profits[:, h]
            row = {"horizon": horizon, "mean": x.mean(), "sd": _sd(x)}
            row |= {f"q{round(100 * q):02d}": np.quantile(x, q) for q in QUANTILES}
            rows.append(row | {"worst": x.min(), "best": x.max(), "p_loss": (x < 0.0).mean()})
        return _frame(rows)

    @cached_property
    def risk(self) -> pd.DataFrame:
        """`horizon`, `level`, `var`, `var_low`, `var_high`, `es`, `es_low`, `es_high`: losses with
        95% bootstrap intervals over paths (definitions: `abm.measures.tails`)."""
        return _frame(risk_rows(self.profits, self.horizons, self.market.seed))

    @cached_property
    def split(self) -> pd.DataFrame:
        """Profit by source: `horizon`, `part`, `mean`, and `tail`, its mean over the paths of the
        expected shortfall at 97.5%. Parts add up to the profit on every path."""
        rows = []
        for h, horizon in enumerate(self.horizons):
            tail = self.tail[h]
            for part, of_paths in zip(PARTS, self.carried.parts[:, :, horizon], strict=True):
                row = {"horizon": horizon, "part": part, "mean": of_paths.mean()}
                rows.append(row | {"tail": float(tail @ of_paths)})
        return _frame(rows)

    @cached_property
    def tail(self) -> Array:
        """Weights of the paths of the expected shortfall at 97.5%, (n_horizons, n)."""
        return np.array([tail_weights(x, OF_LINES) for x in self.profits.T])

    @cached_property
    def funding(self) -> pd.DataFrame:
        """Margin by `day` and `currency`, in that currency: `p_called` (share of paths with a call
        on the day), `call_mean`, `call_q95`, `call_q99`; `need_median`, `need_q95`, `need_q99`
        (money needed up to the day to sell nothing); `p_sold` (share of paths with a forced sale up
        to the day). Empty without a margin account."""
        rows = []
        for c, called in sorted(self.carried.called.items()):
            was_sold = np.maximum.accumulate(self.carried.sold[c] > 0.0, axis=1)
            needed = self.carried.needed[c]
            for day in range(1, self.market.n_days + 1):
                call, need = called[:, day], needed[:, day]
                rows.append(
                    {"day": day, "currency": self.market.currencies[c],
                     "p_called": (call > 0.0).mean(), "call_mean": call.mean(),
                     "call_q95": np.quantile(call, 0.95), "call_q99": np.quantile(call, 0.99),
                     "need_median": np.median(need), "need_q95": np.quantile(need, 0.95),
                     "need_q99": np.quantile(need, 0.99), "p_sold": was_sold[:, day].mean()}
                )  # fmt: skip
        names = ("day", "currency", "p_called", "call_mean", "call_q95", "call_q99", "need_median",
                 "need_q95", "need_q99", "p_sold")  # fmt: skip
        return _frame(rows, names)

    @cached_property
    def accounts(self) -> pd.DataFrame:
        """Margin accounts over all days, by `currency` of their loans: `p_called`, `p_sold` (share
        of paths with a call, with a forced sale), `first_sale_day` (median, of paths with one),
        `share_sold` (mean, of these), `sale_cost` (mean, of these)."""
        rows = []
        for c, sold in sorted(self.carried.sold.items()):
            is_sold = sold > 0.0
            hit = is_sold.any(axis=1)
            left = np.prod(1.0 - sold, axis=1)
            cost = self.carried.sale_costs[c][:, -1]
            first = np.median(is_sold[hit].argmax(axis=1)) if hit.any() else np.nan
            rows.append(
                {"currency": self.market.currencies[c],
                 "p_called": (self.carried.called[c] > 0.0).any(axis=1).mean(),
                 "p_sold": hit.mean(), "first_sale_day": first,
                 "share_sold": (1.0 - left)[hit].mean() if hit.any() else 0.0,
                 "sale_cost": cost[hit].mean() if hit.any() else 0.0}
            )  # fmt: skip
        names = ("currency", "p_called", "p_sold", "first_sale_day", "share_sold", "sale_cost")
        return _frame(rows, names)

    @cached_property
    def option_margin(self) -> pd.DataFrame:
        """Margin of written options by `day` (0: the eve) and `currency`, in that currency:
        `mean`, `q95`, `q99`, `call_mean` and `call_q95` (its rise since the day before),
        `p_uncovered` (share of paths on which free money does not cover it, so that options
        are bought back, if not on the eve). Empty without any."""
        rows = []
        for c, margin in sorted(self.contracts.margins.items()):
            calls = np.maximum(steps_of(margin), 0.0)
            is_uncovered = self.carried.uncovered[c] > 0.0
            for day in range(self.market.n_days + 1):
                today, call = margin[:, day], calls[:, day]
                rows.append(
                    {"day": day, "currency": self.market.currencies[c], "mean": today.mean(),
                     "q95": np.quantile(today, 0.95), "q99": np.quantile(today, 0.99),
                     "call_mean": call.mean(), "call_q95": np.quantile(call, 0.95),
                     "p_uncovered": is_uncovered[:, day].mean()}
                )  # fmt: skip
        names = ("day", "currency", "mean", "q95", "q99", "call_mean", "call_q95", "p_uncovered")
        return _frame(rows, names)

    @cached_property
    def lines(self) -> pd.DataFrame:
        """Lines by horizon: `name`, `horizon`, `value` (today), `mean` profit, `component_es` (its
        part of the expected shortfall at 97.5%; they add up to it), `marginal_es` (the shortfall's
        rise per unit of value; NaN for contracts)."""
        even = np.full((len(self.horizons), self.market.n), 1.0 / self.market.n)
        given = Weighing(np.concatenate([even, self.tail]), (*self.horizons, *self.horizons))
        both = weighted_profits(self.portfolio, self.contracts, self.carried, self.market, given)
        mean, tail = both[:, : len(even)], -both[:, len(even) :]
        fx = [float(x[0, 0]) for x in self.market.fx]
        values = [p.value * fx[p.currency] for p in self.portfolio.positions]
        worth = [*values, *self.contracts.worth[:, 0, 0]]
        rows = []
        for at, name in enumerate(self.portfolio.names):
            for h, horizon in enumerate(self.horizons):
                is_position = at < len(values) and values[at] != 0.0
                marginal = tail[at, h] / values[at] if is_position else np.nan
                rows.append(
                    {"name": name, "horizon": horizon, "value": worth[at], "mean": mean[at, h],
                     "component_es": tail[at, h], "marginal_es": marginal}
                )  # fmt: skip
        return _frame(rows)

    @cached_property
    def variants_table(self) -> pd.DataFrame:
        """The same portfolio otherwise: `variant`, `horizon`, `mean`, `sd`, `var`, `es` (97.5%),
        `p_sold` (share of paths with a forced sale up to it), `sharpe` (per year)."""
        rows = []
        for name, carried in self.variants.items():
            is_forced = carried.is_forced
            for horizon in self.horizons:
                x = carried.pnl[:, horizon]
                p_sold = is_forced[:, : horizon + 1].any(axis=1).mean()
                rows.append(
                    {"variant": name, "horizon": horizon, "mean": x.mean(), "sd": _sd(x),
                     "var": value_at_risk(x, OF_LINES), "es": expected_shortfall(x, OF_LINES),
                     "p_sold": p_sold,
                     "sharpe": self._sharpe(carried.pnl, horizon)}
                )  # fmt: skip
        return _frame(rows)

    def _sharpe(self, pnl: Array, horizon: int) -> float:
        """Sharpe ratio per year of the daily profits of all paths up to the horizon.        (M147)

            sqrt(250) mean(x) / sd(x),   x: profit less money-market interest on the own money

        NaN without own money or risk.
        """
        daily = steps_of(pnl[:, : horizon + 1])[:, 1:]
        interest = self.market.accrual(self.market.base)[:, 1 : horizon + 1]
        excess = daily - self.own_money * interest
        deviation = float(excess.std(ddof=1)) if excess.size > 1 else 0.0
        if deviation <= 0.0 or self.own_money <= 0.0:
            return float("nan")
        return float(excess.mean() / deviation * np.sqrt(TRADING_DAYS))

    @cached_property
    def breakeven(self) -> pd.DataFrame:
        """The yen move at which nothing is earned, all else as on the eve: `horizon`, `rise_log`
        (of the yen), `quote` (of the yen, as the market writes it); NaN where there is none."""
        yen = self.scenario.currencies[self.scenario.funding_currency]
        rows = []
        for horizon in self.horizons:
            rise = breakeven_yen(self.portfolio, self.market, horizon)
            rows.append({"horizon": horizon, "rise_log": rise, "quote": float(yen.quote_at(rise))})
        return _frame(rows)

    @cached_property
    def is_breach(self) -> Array:
        """Paths that break the portfolio, (n,): with a forced sale where some have one and some
        have none; otherwise those that lose more than the value at risk at 95% at the last
        horizon."""
        hit = np.asarray(self.carried.is_forced.any(axis=1))
        if hit.any() and not hit.all():
            return hit
        last = self.profits[:, -1]
        edge = np.sort(last)[max(round((1.0 - BREACH) * len(last)) - 1, 0)]
        return np.asarray(last <= edge)

    @cached_property
    def drivers(self) -> pd.DataFrame:
        """What separates breaches (`is_breach`) from the rest, the best first: `driver`, `auroc`
        (1/2 tells nothing), `mean_breach`, `mean_rest`, `n_breach`, `n_rest`."""
        return _frame(separation(self.driver_values(), self.is_breach))

    def driver_values(self) -> dict[str, Array]:
        """Numbers of each path that may tell a bad one, by name."""
        market, last = self.market, self.horizons[-1]
        span = slice(1, last + 1)
        found = {}
        for k, name in enumerate(market.scenario.instrument_names):
            log = market.log_prices[:, span, k]
            at = np.abs(log).argmax(axis=1)[:, None]
            found[f"largest_move_{name}"] = np.take_along_axis(log, at, axis=1)[:, 0]
        found["peak_yen_volatility"] = np.sqrt(market.variance[:, span, 0].max(axis=1))
        found["peak_margin_rate"] = market.margin_rate[:, span].max(axis=1)
        found["least_dealer_depth_share"] = market.depth_share[:, span].min(axis=1)
        found["n_margin_calls"] = market.state["n_margin_calls"][:, span].sum(axis=1)
        sold = market.state["forced_hedge_fund_usd_bn"][:, span].sum(axis=1)
        found["forced_hedge_fund_usd_bn"] = sold
        found["yen_short_units_eve"] = market.state["yen_short_units"][:, 0]
        rates = np.broadcast_to(market.rates[:, last, 0] - market.rates[:, 0, 0], (market.n,))
        found["rise_of_yen_rate"] = rates
        return found

    @cached_property
    def worst(self) -> pd.DataFrame:
        """The five worst paths at the last horizon: `rank`, `replicate`, `profit`, and the split.
        `rerun` makes the run of one again, chronicle included."""
        order = np.argsort(self.profits[:, -1], kind="stable")[:N_WORST]
        rows = []
        for rank, path in enumerate(order, 1):
            split = dict(zip(PARTS, self.carried.parts[:, path, self.horizons[-1]], strict=True))
            rows.append(
                {"rank": rank, "replicate": int(self.market.replicates[path]),
                 "profit": self.profits[path, -1]} | split
            )  # fmt: skip
        return _frame(rows)

    @cached_property
    def paths(self) -> pd.DataFrame:
        """One row per path: `replicate`, profit `pnl_<horizon>d` at each horizon, the split at the
        last, `first_call_day` and `first_sale_day` (-1 for never)."""
        columns: dict[str, Any] = {"replicate": self.market.replicates}
        columns |= {f"pnl_{h}d": self.profits[:, at] for at, h in enumerate(self.horizons)}
        split = self.carried.parts[:, :, self.horizons[-1]]
        columns |= dict(zip(PARTS, split, strict=True))
        is_forced = self.carried.is_forced
        is_called = [x > 0.0 for x in self.carried.called.values()] or [np.zeros_like(is_forced)]
        for name, hit in (("call", np.any(is_called, axis=0)), ("sale", is_forced)):
            columns[f"first_{name}_day"] = np.where(hit.any(axis=1), hit.argmax(axis=1), -1)
        return _frame(columns)

    @property
    def ore_stress_tests(self) -> bytes:
        """Shocks of some paths up to the last horizon as a stresstest.xml of the Open Source Risk
        Engine: the five worst, that of the value at risk at 97.5%, the median."""
        last = self.profits[:, -1]
        order = np.argsort(last, kind="stable")
        chosen = {f"worst-{rank}": path for rank, path in enumerate(order[:N_WORST], 1)}
        # The profit of one path: it is an order statistic.
        chosen[f"var-{100 * OF_LINES:g}"] = np.abs(last + value_at_risk(last, OF_LINES)).argmin()
        chosen["median"] = order[(len(order) - 1) // 2]
        day = self.horizons[-1]
        named = {
            f"{name}-replicate-{self.market.replicates[path]}-day-{day}": int(path)
            for name, path in chosen.items()
        }
        return stress_tests(named, day, self.market)

    def rerun(self, replicate: int) -> RunResult:
        """The run of a path again, with its events; raises as `abm.run`."""
        return run(self.scenario, self.market.seed, replicate)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """All tables by name."""
        renamed = {"variants": self.variants_table}
        tables = {name: renamed.get(name, getattr(self, name)) for name in TABLES}
        return tables if self.reverse is None else tables | self.reverse.tables

    def save(self, folder: str | Path, files: Mapping[str, bytes] | None = None) -> Path:
        """Write the tables into a folder, each whole or not at all, and return it.

        Every table as Parquet and as CSV (text that a spreadsheet would compute has a ' in front),
        stresstest.xml (`ore_stress_tests`), scenario.toml, summary.json, manifest.json, and
        `files` by name; of a reverse stress test the scenario with the most plausible shocks,
        reverse.toml. Files of the same names are replaced.
        """
        place = Path(folder)
        tables = self.tables
        raw, graphs = portable(self.scenario)
        made = dict(as_csv(tables).files)
        made |= {f"{name}.parquet": _parquet(table) for name, table in tables.items()}
        made["stresstest.xml"] = self.ore_stress_tests
        made |= {"scenario.toml": to_toml(raw).encode(), **graphs}
        if self.reverse is not None and self.reverse.likeliest is not None:
            made[REVERSE] = to_toml(portable(self.reverse.likeliest.scenario)[0]).encode()
        made |= {"summary.json": _json(self.summary), MANIFEST: _json(self.manifest)}
        write_folder(place, made | dict(files or {}))
        return place

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The main numbers, for a program."""
        last = self.horizons[-1]
        at_last = self.risk[self.risk["horizon"] == last]
        risk = {f"{row['level']:g}": {"var": row["var"], "es": row["es"]}
                for row in at_last.to_dict("records")}  # fmt: skip
        split = self.split[self.split["horizon"] == last]
        others = self.variants_table[self.variants_table["horizon"] == last]
        reverse = {} if self.reverse is None else {"reverse": self.reverse.summary}
        return {
            "scenario": self.scenario.name,
            "currency": self.currency,
            "own_money": self.own_money,
            "n_paths": self.market.n,
            "n_failed": self.market.n_failed,
            "seed": self.market.seed,
            "horizon": last,
            "mean": float(self.profits[:, -1].mean()),
            "worst": float(self.profits[:, -1].min()),
            "risk": risk,
            "split": dict(zip(split["part"], split["mean"], strict=True)),
            "accounts": self.accounts.to_dict("records"),
            "variants": others.to_dict("records"),
            "breakeven": self.breakeven.to_dict("records")[-1],
            "worst_paths": self.worst["replicate"].tolist(),
            "remarks": {remark.key: list(remark.names) for remark in self.portfolio.remarks},
            **reverse,
        }

    @property
    def manifest(self) -> dict[str, Any]:
        """What it was made from and with, and the hashes of its tables."""
        reverse = {} if self.reverse is None else {"reverse_loss": self.reverse.loss}
        book, betas = self.portfolio, {}
        if book.betas:
            betas = {"betas": Path(book.betas).name, "betas_hash": book.betas_hash}
        return {
            "schema_version": SCHEMA_VERSION,
            "scenario": self.scenario.name,
            "scenario_hash": self.scenario.canonical_hash(),
            "portfolio": Path(book.source).name,
            "portfolio_hash": book.content_hash,
            **betas,
            "base": self.currency,
            "seed": self.market.seed,
            "n_paths": self.market.n,
            "n_failed": self.market.n_failed,
            "horizons": list(self.horizons),
            "levels": list(LEVELS),
            **reverse,
            **current_versions(),
            "source_commit": source_commit(),
            "started": self.started,
            "sha256": {name: table_hash(table) for name, table in self.tables.items()},
        }


def _sd(x: Array) -> float:
    """Standard deviation of a sample; NaN of one."""
    return float(x.std(ddof=1)) if len(x) > 1 else float("nan")


def _frame(rows: Any, columns: Sequence[str] | None = None) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=None if columns is None else list(columns))


def _parquet(table: pd.DataFrame) -> bytes:
    sink = io.BytesIO()
    table.to_parquet(sink, index=False)
    return sink.getvalue()


def _json(content: Mapping[str, Any]) -> bytes:
    """JSON in which what is not a number is null."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {str(key): plain(entry) for key, entry in value.items()}
        if isinstance(value, list | tuple):
            return [plain(entry) for entry in value]
        value = value.item() if hasattr(value, "item") else value
        return None if isinstance(value, float) and not np.isfinite(value) else value

    return (json.dumps(plain(content), indent=2, ensure_ascii=False) + "\n").encode()
