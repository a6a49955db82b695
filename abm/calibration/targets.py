"""Targets and their sampling covariance: as given, or by a block bootstrap of the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from abm.calibration.series import Wanted, bootstrapped, read_series
from abm.calibration.study import Record, Study, Target, choices_of
from abm.measures.moments import of_returns

Array = np.ndarray


class Targets(NamedTuple):
    """The record as the search sees it."""

    values: Array  # (K,)
    covariance: Array  # (K, K) of sampling error
    draws: Array  # (n, K) sampling errors of resampled records, mean zero


def targets_of(study: Study) -> Targets:
    """Target values, covariance and bootstrap draws of a study's moments.

    Given standard errors and correlations are those of Gaussian errors. Moments of series of one
    length, dates and block are resampled together, so that their errors are correlated.
    """
    names = list(study.moments)
    n, seed = study.inference.bootstrap, study.search.seed
    values = np.array([study.moments[name].target or 0.0 for name in names])
    errors = np.array([study.moments[name].se or 0.0 for name in names])
    correlation = study.correlations
    draws = np.random.default_rng([seed, 0]).standard_normal((n, len(names)))
    draws = draws @ np.linalg.cholesky(correlation).T * errors
    covariance = correlation * np.outer(errors, errors)
    for group in _together({name: study.moments[name] for name in names}):
        columns = [names.index(name) for name in group]
        records = [record_of(study.moments[name]) for name in group]
        returns = [read_series(record).returns for record in records]
        # A record of returns has no rows of a run: only lag, days and tail are chosen.
        wanted = [
            Wanted(one.measure, choices_of(one, study.base_of(one)))
            for one in (study.moments[name] for name in group)
        ]
        values[columns] = [
            of_returns(one.measure, r, one.choices) for one, r in zip(wanted, returns, strict=True)
        ]
        samples = bootstrapped(returns, wanted, records[0].block_days, n, seed)
        draws[:, columns] = samples - samples.mean(axis=0)
        covariance[np.ix_(columns, columns)] = np.cov(samples.T, ddof=1)
    return Targets(values, covariance, draws)


def record_of(target: Target) -> Record:
    """The record of a target that has one."""
    assert target.record is not None
    return target.record


def _together(targets: Mapping[str, Target]) -> list[list[str]]:
    """Names of moments whose series are resampled together: of the same days."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for name, target in targets.items():
        if target.record is not None:
            key = (target.record.block_days, read_series(target.record).dates)
            groups.setdefault(key, []).append(name)
    return list(groups.values())
