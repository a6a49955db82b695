"""The indicators of a study, as data: what each is, which way it warns, who can know it."""

from __future__ import annotations

from typing import NamedTuple


class Indicator(NamedTuple):
    """One column of the panel."""

    name: str
    label: str
    unit: str
    sign: int
    """1 where a high value warns by the founding texts, -1 where a low one does. Never fitted."""
    is_public: bool
    """True for what anyone can read off markets and reports; the rest is in books that only a
    supervisor sees, and is taken as known on the day."""
    low: float
    high: float
    """Range of a value in a user's file: outside it the unit is another."""


INDICATORS = (
    Indicator("net_short_share", "net yen short / open interest", "share", 1, True, -1.0, 1.5),
    Indicator("carry_to_risk", "carry-to-risk", "ratio", 1, True, -10.0, 10.0),
    Indicator("realised_volatility_per_year", "realised volatility of the yen", "per year", 1, True,
              0.0, 2.0),
    Indicator("risk_reversal_per_year", "risk-reversal proxy", "per year", -1, True, -1.0, 1.0),
    Indicator("absorption_ratio", "absorption ratio", "share", 1, True, 0.0, 1.0),
    Indicator("absorption_shift", "shift of absorption", "standard deviations", 1, True, -20.0,
              20.0),
    Indicator("funding_rate_rise_per_year", "rise of the yen policy rate", "per year in 60 days", 1,
              True, -0.2, 0.2),
    Indicator("basis_bp", "cross-currency basis", "bp", -1, True, -1000.0, 1000.0),
    Indicator("leverage", "leverage of hedge funds", "ratio", 1, False, 1.0, 100.0),
    Indicator("margin_slack", "margin slack of hedge funds", "share", -1, False, -1.0, 1000.0),
    Indicator("overlap", "overlap of hedge funds", "share", 1, False, -1.0, 1.0),
    Indicator("feedback_gain", "feedback gain of the market", "ratio", 1, False, -10.0, 10.0),
)  # fmt: skip
BY_NAME = {one.name: one for one in INDICATORS}
NOT_COMBINED = ("absorption_ratio",)
"""Levels that depend on which markets are in them: a regression on them fits no other set."""
POSITIONS = "net_short_share"
"""Tuesday's positions, published on Friday (CFTC, Commitments of Traders)."""
WEEK_DAYS, PUBLISHED_AFTER_DAYS = 5, 3
TUESDAY = 1  # of the trading days of a week, from 0; days of a run are counted from a Monday
RATE_DAYS = 60
"""Days over which the policy rate's rise is read."""

CONSTANT, PUBLIC, ALL = "constant", "combined_public", "combined_all"
LABELS = {one.name: one.label for one in INDICATORS} | {
    CONSTANT: "no information",
    PUBLIC: "combined, public columns",
    ALL: "combined, all columns",
}
YEN, CROSS = "log_yen", "log_audjpy"
"""Prices that events are read off [log]: of the yen in dollars, of the Australian dollar in yen."""
TOMORROW = "surprise_tomorrow_bp"
"""No indicator: the surprise of the next day, by which days are picked, never scored."""
HAWKISH_BP = 20.0
"""Surprise on whose eve an indicator is asked how hard it would hit."""
