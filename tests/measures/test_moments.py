"""Moments of a run's closes, by hand."""

import numpy as np
import pytest

from abm.measures.moments import MOMENTS, Choices, Closes, has_series, measured, of_returns

JPY = np.array([0.0, 0.01, 0.03, 0.02, 0.05])
AUD = np.array([0.0, 0.0, -0.01, -0.01, -0.02])
NKY = np.array([0.0, 0.02, -0.10, -0.04, -0.07])
CLOSES = Closes(
    log_quotes={"JPY": JPY, "AUD": AUD, "NKY": NKY},
    burn_in={"JPY": np.array([0.0, 0.01, 0.0]), "AUD": np.zeros(3), "NKY": np.zeros(3)},
    yen_short=np.array([200.0, 200.0, 150.0, 120.0, 50.0]),
    unlevered_share=np.array([0.0, 0.1, 0.2, 0.3]),
    n_at_limit=np.array([0.0, 2.0, 0.0, 0.0]),
    stopped_share=0.25,
)


def of(name, **choices):
    return measured(name, CLOSES, Choices(**choices))


def test_a_pair_is_its_base_against_its_quote():
    """USDJPY falls when the yen gains; AUDJPY is both legs."""
    assert of("change", series="USDJPY", start=0, end=4) == pytest.approx(-0.05)
    assert of("change", series="AUDJPY", start=0, end=4) == pytest.approx(-0.07)
    assert of("change", series="AUDUSD", start=1, end=4) == pytest.approx(-0.02)
    assert of("change", series="NKY", start=0, end=1) == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("series", "known"),
    [("NKY", True), ("AUDJPY", True), ("USDJPY", True), ("USDUSD", False), ("NKYJPY", False),
     ("JPY", True), ("", False), ("EURJPY", False)],
)  # fmt: skip
def test_a_series_is_an_instrument_or_two_currencies(series, known):
    assert has_series(("JPY", "AUD", "NKY"), ("JPY", "AUD"), series) is known


def test_falls_and_what_is_regained():
    window = {"series": "NKY", "start": 0, "end": 4}
    assert of("worst_day", **window) == pytest.approx(-0.12)
    assert of("peak_to_trough", **window) == pytest.approx(-0.12)
    assert of("regained", **window, days=1) == pytest.approx(0.06 / 0.12)
    assert of("regained", **window, days=2) == pytest.approx(0.03 / 0.12)
    assert np.isnan(of("regained", **window, days=3))  # beyond the run
    assert np.isnan(of("regained", series="JPY", start=0, end=2, days=1))  # no fall


def test_shares_of_the_short_that_is_closed():
    assert of("short_closed", start=0, end=4) == pytest.approx(0.75)
    assert of("closed_before", start=0, by=2, end=4) == pytest.approx(50 / 150)
    assert of("mean_short", start=1, end=3) == pytest.approx(470 / 3)


def test_shares_of_funds_and_days():
    assert of("unlevered_share") == pytest.approx(0.15)
    assert of("stopped_share") == 0.25
    assert of("limit_days_share") == 0.25
    assert of("calm_volatility", series="USDJPY") == pytest.approx(0.01 * np.sqrt(250))


def test_moments_of_returns():
    returns = np.array([0.01, 0.02, -0.01, 0.03])
    deviation = returns - returns.mean()
    assert of_returns("volatility", returns, Choices()) == pytest.approx(
        returns.std() * np.sqrt(250)
    )
    assert of_returns("acf", returns, Choices(lag=1)) == pytest.approx(
        (deviation[1:] * deviation[:-1]).sum() / (deviation**2).sum()
    )
    gains = np.array([0.02, -0.01, -0.03])  # yesterday's sign, held for a day
    assert of_returns("momentum_sharpe", returns, Choices(days=1)) == pytest.approx(
        gains.mean() / gains.std() * np.sqrt(250)
    )
    two = np.array([-0.01, 0.03])  # the sign of the two days before: up, up
    assert of_returns("momentum_sharpe", returns, Choices(days=2)) == pytest.approx(
        two.mean() / two.std() * np.sqrt(250)
    )


def test_hill_takes_a_share_of_all_returns():
    """Of 100 returns the largest five losses, over the sixth."""
    returns = np.concatenate([-np.exp(np.arange(10.0)), np.full(90, 0.1)])
    by_hand = 1 / np.mean([5.0, 4.0, 3.0, 2.0, 1.0])
    assert of_returns("hill", returns, Choices(tail_share=0.05)) == pytest.approx(by_hand)
    assert np.isnan(of_returns("hill", np.array([0.1, 0.2]), Choices()))


def test_a_span_of_returns_begins_after_its_first_close():
    whole = of("volatility", series="NKY", start=1, end=3)
    assert whole == pytest.approx(np.array([-0.12, 0.06]).std() * np.sqrt(250))


def test_every_moment_has_a_unit_a_meaning_and_a_docstring():
    for name, moment in MOMENTS.items():
        assert moment.unit and moment.meaning and moment.of.__doc__, name
        assert moment.reads in ("returns", "path", "run"), name
