"""Estimates of risk from past returns."""

from __future__ import annotations

from abm.scenario.fields import MOST_DAYS, Part, number


class Estimation(Part):
    """Decay and calm level of the estimates of risk from past returns."""

    slow_decay: float = number(
        "decay of the slow covariance per day",
        "-",
        "tuned; plausible .95 to .985",
        0.961,
        label="decay of the slow covariance",
        ge=0.01,
        lt=1,
    )
    fast_decay: float = number(
        "decay of the fast covariance per day",
        "-",
        "tuned; RiskMetrics .94; plausible .90 to .95",
        0.917,
        label="decay of the fast covariance",
        ge=0.01,
        lt=1,
    )
    opening_multiple: float = number(
        "both covariances open at this multiple of the covariance of news",
        "-",
        "tuned; plausible 1 to 1.2",
        1.15,
        label="opening covariance over that of news",
        ge=0.01,
        le=10,
    )
    long_run_multiple: float = number(
        "long-run variance as a multiple of the variance of news",
        "-",
        "tuned",
        1.3,
        label="long-run variance over that of news",
        ge=0.01,
        le=10,
    )
    trend_days: float = number(
        "days of the average return by which hedge funds see a trend",
        "days",
        "assumed",
        60.0,
        label="window of the trend that hedge funds see",
        ge=1,
        le=MOST_DAYS,
    )
