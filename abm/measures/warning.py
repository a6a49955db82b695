"""Early warning: what counts as an event, and scores of an indicator that should tell of it.

Days are told apart by what lies ahead of them, not by what they are. Scores need the indicator
alone: the higher it is, the more it warns.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from abm.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from abm.contagion.networks import ArrayLike, FloatArray

YEN_RISE, YEN_DAYS = 0.07, 20
CROSS_FALL, CROSS_DAYS = 0.08, 10
HORIZON_DAYS = max(YEN_DAYS, CROSS_DAYS)
"""Days ahead in which an event may lie; no shorter is the time after one that is not scored."""
MOST_FALSE = 0.1
"""False-alarm rate up to which the partial area counts."""


class Event(NamedTuple):
    """One event of a series."""

    crossing_day: int
    """First day on which the move is complete."""
    last_day: int
    """Last day that is not scored after it."""


def event_ahead(yen: ArrayLike, cross: ArrayLike) -> FloatArray:
    """Days with an event ahead: 1, 0, or NaN where the series ends too soon, (n_days,).

        A_t = 1 if max_{h<=20} yen_{t+h}/yen_t >= 1.07 or
                   min_{h<=10} AUDJPY_{t+h}/AUDJPY_t <= .92                          (M175)

    Parameters
    ----------
    yen, cross : array (n_days,)
        Log price of the yen in dollars, and of the Australian dollar in yen.
    """
    y, c = _pair(yen, cross)
    ahead = np.zeros(len(y))
    for days, moves in _moves(y, c):
        ahead[: len(y) - days][moves] = 1.0
    unknown = np.arange(len(y)) >= len(y) - HORIZON_DAYS
    return np.where(unknown & (ahead == 0.0), np.nan, ahead)


def event_complete(yen: ArrayLike, cross: ArrayLike) -> NDArray[np.bool_]:
    """True on days on which such a move is complete, looking back, (n_days,).            (M175)"""
    y, c = _pair(yen, cross)
    complete = np.zeros(len(y), dtype=bool)
    for days, moves in _moves(y, c):
        complete[days:] |= moves
    return complete


def _moves(y: FloatArray, c: FloatArray) -> list[tuple[int, NDArray[np.bool_]]]:
    """Moves of the size of an event: their length, and which of the first days they begin on."""
    up = [
        (h, y[h:] - y[:-h] >= math.log1p(YEN_RISE)) for h in range(1, min(YEN_DAYS, len(y) - 1) + 1)
    ]
    down = [
        (h, c[h:] - c[:-h] <= math.log1p(-CROSS_FALL))
        for h in range(1, min(CROSS_DAYS, len(y) - 1) + 1)
    ]
    return up + down


def events_of(complete: ArrayLike, first_day: int = 0) -> tuple[Event, ...]:
    """Events of a series from a day on: complete moves less than twenty days apart are one."""
    days = np.flatnonzero(np.asarray(complete, dtype=bool))
    events: list[Event] = []
    for day in days[days >= first_day].tolist():
        if events and day <= events[-1].last_day:
            events[-1] = events[-1]._replace(last_day=day + HORIZON_DAYS)
        else:
            events.append(Event(day, day + HORIZON_DAYS))
    return tuple(events)


def scored_days(ahead: ArrayLike, events: tuple[Event, ...]) -> NDArray[np.bool_]:
    """Days that are scored: what is ahead is known, and no event is under way or just past.

    From the day on which a move is complete to twenty days after the last such day a crisis warns
    of itself (Bussiere and Fratzscher 2006).
    """
    scored = np.isfinite(np.asarray(ahead, dtype=np.float64))
    for event in events:
        scored[event.crossing_day : event.last_day + 1] = False
    return scored


def roc(of_events: ArrayLike, of_calm: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Share of event days and of calm days with an alarm, at every threshold.

    From none to all of them: (..., n + 1) each, of the weight of days in n bins of rising
    indicator, (..., n).
    """
    return _from_the_top(of_events), _from_the_top(of_calm)


def auroc(told: FloatArray, false: FloatArray) -> FloatArray:
    """Area under the curve of `roc`: P(event day above calm day) + P(equal)/2.           (M176)

    (Hanley and McNeil 1982.) .5 for an indicator that knows nothing.
    """
    area: FloatArray = np.asarray(np.trapezoid(told, false, axis=-1))
    return area


def partial_auroc(
    told: FloatArray, false: FloatArray, most_false: float = MOST_FALSE
) -> FloatArray:
    """Area up to a false-alarm rate f, on the scale of the whole one (McClish 1989).

    pA = 1/2 (1 + (a - f^2/2) / (f - f^2/2)),   a: area of the curve up to f     (M177)
    """
    rows = [
        _area_up_to(*pair, most_false)
        for pair in zip(np.atleast_2d(told), np.atleast_2d(false), strict=True)
    ]
    chance = most_false**2 / 2.0
    scaled = 0.5 * (1.0 + (np.array(rows) - chance) / (most_false - chance))
    found: FloatArray = scaled.reshape(np.shape(told)[:-1])
    return found


def relative_usefulness(
    missed: ArrayLike, false: ArrayLike, event_share: float, preference: float
) -> FloatArray:
    """Share of what a perfect warner saves that an indicator does (Sarlin 2013).

        L = mu T1 P + (1 - mu) T2 (1 - P),   L0 = min(mu P, (1 - mu) (1 - P))
        U = (L0 - L) / L0                                                            (M178)

    1: perfect; 0: no better than always or never to warn; below 0: worse.

    Parameters
    ----------
    missed, false : array
        T1, share of event days without an alarm, and T2, share of calm days with one.
    event_share : float
        P, share of days with an event ahead.
    preference : float
        mu, weight of a missed event day against a false alarm.
    """
    for name, value in (("event_share", event_share), ("preference", preference)):
        if not 0.0 < value < 1.0:
            raise InvalidInput(f"{name} = {value}, must lie between 0 and 1")
    of_missed, of_false = preference * event_share, (1.0 - preference) * (1.0 - event_share)
    least = min(of_missed, of_false)
    loss = of_missed * np.asarray(missed) + of_false * np.asarray(false)
    useful: FloatArray = (least - loss) / least
    return useful


def precision(told: ArrayLike, false: ArrayLike, event_share: float) -> FloatArray:
    """Share of alarm days with an event ahead; NaN without an alarm.

        P T / (P T + (1 - P) F)                                                      (M179)

    Parameters
    ----------
    told, false : array
        T and F, shares of event days and of calm days with an alarm.
    event_share : float
        P, share of days with an event ahead.
    """
    right = event_share * np.asarray(told, dtype=np.float64)
    wrong = (1.0 - event_share) * np.asarray(false, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        found: FloatArray = np.asarray(right / (right + wrong))
    return found


def n_alarms(alarm_days: ArrayLike) -> int:
    """Alarms of a series, from the days that have one: days at most 20 apart are one.    (M180)"""
    days = np.sort(np.asarray(alarm_days, dtype=np.int64))
    return int(days.size > 0) + int((np.diff(days) > HORIZON_DAYS).sum())


def lead_days(alarm_days: ArrayLike, event: Event) -> float:
    """Days from the first alarm of the 20 days before an event to it; NaN without one.    (M180)"""
    days = np.asarray(alarm_days, dtype=np.int64)
    before = days[(days >= event.crossing_day - HORIZON_DAYS) & (days < event.crossing_day)]
    return float(event.crossing_day - before.min()) if before.size else math.nan


def fit_logistic(columns: ArrayLike, labels: ArrayLike, ridge: float) -> FloatArray:
    """Coefficients of a logistic regression, the constant first, (n_columns + 1,).

        min_b 1/n sum_t [log(1 + exp(z_t)) - A_t z_t] + ridge/2 sum_{k>0} b_k^2,
        z_t = b_0 + sum_k b_k x_tk                                                   (M181)

    By Newton's method: the sum is strictly convex. Columns are standardised by who asks.

    Parameters
    ----------
    columns : array (n_days, n_columns)
    labels : array (n_days,)
        1 or 0, both present.
    ridge : float
        Above 0.
    """
    x, y = np.asarray(columns, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    if not (np.isfinite(x).all() and 0.0 < y.mean() < 1.0 and ridge > 0.0):
        raise InvalidInput("labels of one kind only, columns that are not finite, or no ridge")
    x = np.column_stack([np.ones(len(x)), x])
    penalty = np.full(x.shape[1], ridge)
    penalty[0] = 0.0
    found = np.zeros(x.shape[1])
    found[0] = math.log(y.mean() / (1.0 - y.mean()))
    for _ in range(_MOST_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ found, -_STEEPEST, _STEEPEST)))
        slope = x.T @ (p - y) / len(y) + penalty * found
        bend = (x * (p * (1.0 - p))[:, None]).T @ x / len(y) + np.diag(penalty)
        step = np.linalg.solve(bend, slope)
        found -= step
        if np.abs(step).max() < _CLOSE:
            return found
    raise InvalidInput("the logistic regression does not settle: its columns tell the labels apart")


_MOST_STEPS, _CLOSE, _STEEPEST = 100, 1e-10, 500.0


def _from_the_top(weights: ArrayLike) -> FloatArray:
    w = np.asarray(weights, dtype=np.float64)[..., ::-1]
    counted = np.cumsum(w, axis=-1)
    share = counted / counted[..., -1:]
    found: FloatArray = np.concatenate([np.zeros((*share.shape[:-1], 1)), share], axis=-1)
    return found


def _area_up_to(told: FloatArray, false: FloatArray, most_false: float) -> float:
    """Area of one curve up to a false-alarm rate, its last piece cut there."""
    inside = false < most_false
    edge = np.interp(most_false, false, told)
    x, y = np.append(false[inside], most_false), np.append(told[inside], edge)
    return float(np.trapezoid(y, x))


def _pair(yen: ArrayLike, cross: ArrayLike) -> tuple[FloatArray, FloatArray]:
    y, c = np.asarray(yen, dtype=np.float64), np.asarray(cross, dtype=np.float64)
    if y.ndim != 1 or y.shape != c.shape or not y.size:
        raise InvalidInput(
            f"yen and cross: shapes {y.shape} and {c.shape}, must be one series each"
        )
    if not (np.isfinite(y).all() and np.isfinite(c).all()):
        raise InvalidInput("yen and cross: hold a value that is not finite")
    return y, c
