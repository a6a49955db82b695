"""A user's own indicators: read from a CSV file, every fault at once, and set beside a study."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.errors import NOT_GIVEN, Fault, Nearest, ScenarioFaults, UnreadableFile
from abm.files import MOST_OF_POINTS, read_bytes
from abm.measures.indicators import LEAST_ABSORBING
from abm.runs.indicators import Rates, price_indicators, rate_indicators
from abm.warning.columns import BY_NAME, POSITIONS, PUBLISHED_AFTER_DAYS, RATE_DAYS
from abm.warning.combining import from_rows
from abm.warning.labelling import labelled
from abm.warning.scoring import Thresholds, score_all, with_constant

if TYPE_CHECKING:
    import pandas as pd

    from abm.warning.running import Study

Array = np.ndarray

DATE, PRICE = "date", "price_"
USDJPY, AUDJPY, AUDUSD = "price_USDJPY", "price_AUDJPY", "price_AUDUSD"
YEN_RATE, DOLLAR_RATE = "funding_rate_per_year", "usd_rate_per_year"
RATE_LIMIT = 0.5
LONGEST_GAP_DAYS = 7  # between two rows of a dated file: a weekend and the holidays beside it
LEAST_SCORED = 250  # rows of a file that is to be scored
MOST_COLUMNS = 200
MOST_COUNTED = 10_000  # faults, of which a message tells the first


class Own(NamedTuple):
    """A user's file."""

    path: Path
    dates: tuple[date, ...]
    """Empty where the file has one row without a date."""
    columns: Mapping[str, Array]
    """By name, as in the file."""

    @property
    def has_prices(self) -> bool:
        return USDJPY in self.columns and (AUDJPY in self.columns or AUDUSD in self.columns)

    @property
    def n_rows(self) -> int:
        return len(next(iter(self.columns.values())))

    def log_prices(self) -> tuple[Array, Array]:
        """Of the yen in dollars, and of the Australian dollar in yen."""
        yen = -np.log(self.columns[USDJPY])
        if AUDJPY in self.columns:
            return yen, np.log(self.columns[AUDJPY])
        return yen, np.log(self.columns[AUDUSD]) - yen

    def indicators(self) -> dict[str, Array]:
        """Every indicator that the file has or that its prices and rates give, as it was known.

        What the file has goes before what prices give. Positions of a dated file are known three
        rows later, when they are published.
        """
        found = self._from_prices() if self.dates else {}
        found |= {name: self.columns[name] for name in self.columns if name in BY_NAME}
        if self.dates and POSITIONS in found:
            late = np.full(self.n_rows, np.nan)
            late[PUBLISHED_AFTER_DAYS:] = found[POSITIONS][:-PUBLISHED_AFTER_DAYS]
            found[POSITIONS] = late
        return {name: found[name] for name in BY_NAME if name in found}

    def _from_prices(self) -> dict[str, Array]:
        found: dict[str, Array] = {}
        funding = self.columns.get(YEN_RATE)
        if funding is not None:
            rise = np.full(self.n_rows, np.nan)
            rise[RATE_DAYS:] = funding[RATE_DAYS:] - funding[:-RATE_DAYS]
            found["funding_rate_rise_per_year"] = rise
        if USDJPY not in self.columns:
            return found
        twice = {AUDJPY} if {AUDJPY, AUDUSD} <= set(self.columns) else set()
        markets = [name for name in self.columns if name.startswith(PRICE) and name not in twice]
        markets.sort(key=lambda name: name != USDJPY)
        logs = np.log(np.column_stack([self.columns[name] for name in markets]))
        logs[:, 0] *= -1.0  # the yen in dollars
        market = price_indicators(logs)
        if len(markets) < LEAST_ABSORBING:
            market = {name: one for name, one in market.items() if np.isfinite(one).any()}
        dollar = self.columns.get(DOLLAR_RATE)
        if funding is not None and dollar is not None:
            rates = list(map(Rates, funding.tolist(), dollar.tolist()))
            found["carry_to_risk"] = rate_indicators(rates, market)["carry_to_risk"]
        return found | market


def read_own(path: str | Path, *, for_scores: bool = False) -> Own:
    """A user's file. Raises UnreadableFile, or ScenarioFaults with every fault at once."""
    where = str(path)
    header, rows = _cells(Path(path), where)
    faults = list(_faults_of_header(where, header))
    if any(map(_is_known, header)):
        faults += islice(_faults_of_rows(where, header, rows), MOST_COUNTED)
    if not faults:
        own = _own(Path(path), header, rows)
        faults += islice(_faults_of_dates(where, own, rows), MOST_COUNTED)
        if for_scores:
            faults += _faults_for_scores(where, own)
    if faults:
        raise ScenarioFaults(faults)
    return own


Row = tuple[int, list[str]]  # line of the file, cells


def _cells(path: Path, where: str) -> tuple[list[str], list[Row]]:
    """Header and rows that are not empty."""
    try:
        text = read_bytes(path, MOST_OF_POINTS).decode("utf-8-sig")
    except FileNotFoundError:
        raise UnreadableFile(f"{where}: there is no such file") from None
    except UnicodeDecodeError:
        raise UnreadableFile(f"{where}: is not UTF-8; save it as CSV in UTF-8") from None
    except OSError as bad:
        raise UnreadableFile(f"{where}: cannot be read: {bad.strerror or bad}") from None
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    try:
        lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(row)]
    except csv.Error as bad:
        raise UnreadableFile(f"{where}: is no CSV file: {bad}") from None
    if not lines:
        raise UnreadableFile(f"{where}: is empty")
    (_, header), *rows = lines
    return header, rows


def _known() -> tuple[str, ...]:
    return (DATE, *BY_NAME, USDJPY, AUDJPY, AUDUSD, YEN_RATE, DOLLAR_RATE)


def _is_known(name: str) -> bool:
    return name in _known() or (name.startswith(PRICE) and len(name) > len(PRICE))


def _faults_of_header(where: str, header: list[str]) -> Iterator[Fault]:
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        yield Fault(where, "header", header[0], "must be separated by commas", line=1)
        return
    if len(header) > MOST_COLUMNS:
        words = f"{len(header):,} columns, must be at most {MOST_COLUMNS}"
        yield Fault(where, "header", NOT_GIVEN, words, line=1)
        return
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            yield Fault(where, "header", name, f"stands there {header.count(name)} times", line=1)
        if not _is_known(name):
            near = Nearest(name, _known(), f"known are {', '.join(_known())} and price_<NAME>")
            yield Fault(where, "header", name, "is no column that is known", near, line=1)
    if not any(name != DATE for name in header):
        yield Fault(where, "header", NOT_GIVEN, "has no column of an indicator", line=1)


def _faults_of_rows(where: str, header: list[str], rows: list[Row]) -> Iterator[Fault]:
    if not rows:
        yield Fault(where, "rows", NOT_GIVEN, "there is none below the header", line=1)
    if len(rows) > 1 and DATE not in header:
        words = f"{len(rows):,} rows need a column date; without one give the row of today alone"
        yield Fault(where, "rows", NOT_GIVEN, words, line=rows[1][0])
    for line, cells in rows:
        if len(cells) != len(header):
            words = f"{len(cells)} cells, must be {len(header)} as in the header"
            yield Fault(where, "row", NOT_GIVEN, words, line=line)
            continue
        for name, cell in zip(header, cells, strict=True):
            words = _refused_date(cell) if name == DATE else _refused(name, cell)
            if words and _is_known(name):
                yield Fault(where, name, cell or NOT_GIVEN, words, line=line)


def _refused_date(cell: str) -> str:
    try:
        date.fromisoformat(cell)
    except ValueError:
        return "must be a date as 2024-07-31"
    return ""


def _refused(name: str, cell: str) -> str:
    """What is wrong with a number, empty if nothing is."""
    if not cell:
        return "is empty: fill the gap, carry a weekly number forward, or leave the row out"
    try:
        value = float(cell)
    except ValueError:
        return f"must be a number{', with a point for decimals' if ',' in cell else ''}"
    low, high = _range_of(name)
    if not low <= value <= high or (name.startswith(PRICE) and value <= 0.0):
        unit = f" ({BY_NAME[name].unit}, not per cent)" if name in BY_NAME else ""
        bounds = "above 0" if name.startswith(PRICE) else f"from {low:g} to {high:g}"
        return f"must be {bounds}{unit}"
    return ""


def _range_of(name: str) -> tuple[float, float]:
    if name in BY_NAME:
        return BY_NAME[name].low, BY_NAME[name].high
    return (0.0, 1e12) if name.startswith(PRICE) else (-RATE_LIMIT, RATE_LIMIT)


def _own(path: Path, header: list[str], rows: list[Row]) -> Own:
    cells = list(zip(*(row for _, row in rows), strict=True))
    columns = {
        name: np.array(column, dtype=np.float64)
        for name, column in zip(header, cells, strict=True)
        if name != DATE
    }
    dates = cells[header.index(DATE)] if DATE in header else ()
    return Own(path, tuple(map(date.fromisoformat, dates)), columns)


def _faults_of_dates(where: str, own: Own, rows: Sequence[Row]) -> Iterator[Fault]:
    """Days that are there twice, go back, or leave a gap."""
    for (line, _), (one, other) in zip(rows[1:], pairwise(own.dates), strict=False):
        if other == one:
            yield Fault(where, DATE, str(other), "is there twice", line=line)
        elif other < one:
            yield Fault(where, DATE, str(other), f"goes back from {one}", line=line)
        elif (other - one).days > LONGEST_GAP_DAYS:
            words = (
                f"leaves a gap of {(other - one).days} days from {one}; days must be trading days"
            )
            yield Fault(where, DATE, str(other), words, line=line)


def _faults_for_scores(where: str, own: Own) -> Iterator[Fault]:
    if not own.dates:
        yield Fault(where, DATE, NOT_GIVEN, "scores need a column of dates")
    if not own.has_prices:
        words = f"scores need the columns {USDJPY} and {AUDJPY} or {AUDUSD}"
        yield Fault(where, "header", NOT_GIVEN, words)
    if own.n_rows < LEAST_SCORED:
        words = f"{own.n_rows} days, must be at least {LEAST_SCORED} to be scored"
        yield Fault(where, "rows", NOT_GIVEN, words)


def beside(study: Study, own: Own) -> pd.DataFrame:
    """The last row of a file beside the simulated days, as `placed` says."""
    return placed(study, {name: column[-1:] for name, column in own.indicators().items()})


def placed(study: Study, today: Mapping[str, Array]) -> pd.DataFrame:
    """Values of one day, (1,) each, beside the simulated days: percentile, what followed how often.

    Columns: indicator, label, value, percentile, is_beyond (outside all simulated values),
    event_share with its band, auroc with its band. What is not known is left out.
    """
    import pandas as pd

    values = dict(today)
    values |= _combined(study, values)
    rows = []
    for name, column in values.items():
        value = float(column[0])
        table = study.distribution[study.distribution["indicator"] == name]
        if table.empty or not math.isfinite(value):
            continue
        grid = table["value"].to_numpy()
        percentile = percentile_of(value, grid)
        near = table.iloc[round(percentile)]
        scored = study.scores[study.scores["indicator"] == name].iloc[0]
        rows.append(
            {
                "indicator": name,
                "label": scored["label"],
                "value": value,
                "percentile": percentile,
                "is_beyond": not grid[0] <= value <= grid[-1],
                **{key: float(near[key]) for key in _SHARES},
                **{key: float(scored[key]) for key in _AUROC},
            }
        )
    return pd.DataFrame(rows, columns=list(_BESIDE))


_SHARES = ("event_share", "event_share_low", "event_share_high")
_AUROC = ("auroc", "auroc_low", "auroc_high")
_BESIDE = ("indicator", "label", "value", "percentile", "is_beyond", *_SHARES, *_AUROC)


def percentile_of(value: float, grid: Array) -> float:
    """Percentile of a value among the values at the percentiles 0 to 100; the middle of equals."""
    low, high = np.searchsorted(grid, value, "left"), np.searchsorted(grid, value, "right")
    if low < high:  # it is one of them
        return float(low + high - 1) / 2.0
    if low in (0, len(grid)):
        return float(np.clip(low, 0, len(grid) - 1))
    share = (value - grid[low - 1]) / (grid[low] - grid[low - 1])
    return float(low - 1 + share)


def _combined(study: Study, values: Mapping[str, Array]) -> dict[str, Array]:
    """The combined indicators of which every column is there."""
    found = {}
    for name in study.coefficients["indicator"].unique():
        model = from_rows(study.coefficients, name)
        if set(model.columns) <= set(values):
            found[name] = model.of(values)
    return found


class Record(NamedTuple):
    """A file scored on its own prices."""

    scores: pd.DataFrame
    crossing_dates: tuple[date, ...]
    """Days on which the move of each event was complete."""
    n_days: int
    event_share: float


def score_own(study: Study, own: Own) -> Record:
    """Scores of a file's indicators on what its prices did next, at the study's thresholds.

    Nothing is fitted on the file: weights and thresholds are the simulation's.
    """
    yen, cross = own.log_prices()
    values = own.indicators()
    values |= _combined(study, values)
    names = set(study.scores["indicator"])
    values = {name: one for name, one in values.items() if name in names}
    days = labelled(0, yen, cross, with_constant(values, own.n_rows))
    at = {
        row["indicator"]: Thresholds(
            row["threshold_usefulness"], row["threshold_usefulness_wary"], row["threshold_rare"]
        )
        for row in study.scores.to_dict("records")
    }
    crossings = tuple(own.dates[event.crossing_day] for event in days.events[0])
    return Record(score_all(days, at), crossings, len(days.day), days.event_share)
