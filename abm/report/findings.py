"""Findings of a sweep about one outcome: tables, figures, and the lines that a person reads."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.errors import InvalidInput
from abm.figures.sweep_axes import axis_words, name_words, outcome_words, plain_title
from abm.measures.classes import class_counts
from abm.report.study import Study
from abm.report.sweep_sentences import level, lines, told
from abm.sweep import analysis, differences, sensitivity, thresholds
from abm.sweep.outcomes import DAM_BREAK, Panel, is_numeric, varied

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from abm.figures.sweep import Words

_MOST_LINES = 12
_MOST_STEPS = 24
_DRAWS_ENOUGH = 10
_LEAST_TOLD = 0.01  # below 0, from which an index is said to be off
_CHANCE_TOLD = 0.05  # of the variance, beyond which a title has it
_MOST_BOUNDARIES = 400  # settings of the other factors, beyond which only one factor is kept


class Rows(NamedTuple):
    """Some of what was found: a sentence, rows in columns under their heads, or both.

    Under a sentence each row is told on one line of its own, so that many factors fit.
    """

    head: tuple[str, ...] = ()
    rows: Sequence[tuple[str, ...]] = ()
    sentence: str = ""

    @property
    def lines(self) -> list[str]:
        """For a terminal."""
        if not self.sentence:
            return aligned([self.head, *self.rows])
        told = [(f"  {_held(self.head[:-1], row[:-1])}", row[-1]) for row in self.rows]
        more = len(told) - _MOST_LINES
        lines = [self.sentence, *(aligned(told[:_MOST_LINES]) if told else [])]
        return [*lines, f"  and {more} more"] if more > 0 else lines


@dataclass
class Findings:
    """The findings about one outcome; `said` is what is missing, and why."""

    outcome: str
    found: list[Rows] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    curves: dict[str, pd.DataFrame] = field(default_factory=dict)  # by factor
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)  # of the figures

    def draw(self, name: str, words: Words, figure: Figure) -> None:
        """Keep a figure, and what it says."""
        self.figures[name], self.titles[name] = figure, plain_title(words.title)

    def say(self, template: str, **values: Any) -> None:
        """Keep the sentences of a template, each as a finding."""
        self.found += [Rows(sentence=line) for line in lines(template, **values)]

    @property
    def short(self) -> str:
        """The outcome in a sentence."""
        return outcome_words(self.outcome).partition(",")[0]

    @property
    def lines(self) -> list[str]:
        """The findings, for a terminal."""
        return [line for rows in self.found for line in rows.lines]


def examined(study: Study, whole: Panel) -> Findings:
    """Everything that the design allows to be said about an outcome."""
    found = Findings(whole.outcome.name)
    missing = whole.left_out()
    if missing:
        found.said.append(f"left out: {missing}")
    found.tables["means"] = analysis.point_means(whole)
    steps: dict[str, tuple[Callable[[Study, Panel, Findings], None], ...]] = {
        "saltelli": (_sobol, _chance),
        "morris": (_morris, _chance),
        "latin-hypercube": (_curves, _pawn, _chance),
        "sobol": (_curves, _pawn, _chance),
    }
    if not whole.n_done:
        found.said.append(f"{whole.outcome.name}: no run has a value; {whole.advice()}")
        return found
    for step in steps.get(study.kind, (_differences, _curves, _pairs, _threshold)):
        try:
            step(study, whole, found)
        except InvalidInput as why:
            found.said.append(str(why))
    return found


def _differences(study: Study, whole: Panel, found: Findings) -> None:
    """Steps from level to level, on the same draws."""
    from abm.figures.sweep_steps import steps_figure

    table = differences.differences(whole, study.kind)
    if table.empty:
        return
    found.tables["differences"] = table
    unit = ", pp" if whole.outcome.is_share else ""
    head = ("factor", "from", "to", f"difference{unit}", "paired s.e.", "unpaired s.e.", "pairs")
    rows = [_step_row(whole, line) for line in _records(table)]
    found.found.append(Rows(head, rows[:_MOST_STEPS]))
    n_hidden, unmoved = max(0, len(rows) - _MOST_STEPS), _unmoved(whole, table)
    has_intervals = bool(table["low"].notna().any())
    found.say("steps", has_intervals=has_intervals, unmoved=unmoved, n_hidden=n_hidden)
    words = _words(study, _steps_title(whole, table, found), whole)
    known = table[table["n_pairs"] > 0].reset_index(drop=True)
    kind = told("steps_interval", unmoved=unmoved)
    found.draw("differences", words, steps_figure(known, found.outcome, words, kind))


def _unmoved(whole: Panel, table: pd.DataFrame) -> str:
    """Pairs of a share whose interval none of them moves: "none" differs, or all "alike"."""
    unmoved = table[table["low"].notna() & ~(table["se_paired"] > 0.0)]
    if not whole.outcome.is_share or unmoved.empty:
        return ""
    return "none" if (unmoved["difference"] == 0.0).all() else "alike"


def _step_row(whole: Panel, line: dict[str, Any]) -> tuple[str, ...]:
    times = 100.0 if whole.outcome.is_share else 1.0
    ends = [f"{times * line[end]:+.3g}" for end in ("low", "high")]
    difference = f"{times * line['difference']:+.3g}" if line["n_pairs"] else "no run has both"
    if not math.isnan(line["low"]):
        difference += f" [{', '.join(ends)}]"
    errors = [
        "-" if math.isnan(line[name]) else f"{times * line[name]:.2g}"
        for name in ("se_paired", "se_unpaired")
    ]
    factors = line["factor"].split(", ")
    one = len(factors) == 1
    names = axis_words(factors[0]) if one else ", ".join(map(name_words, factors))
    where = (level(line["from"]), level(line["to"]))
    return (names, *where, difference, *errors, f"{line['n_pairs']:,}")


def _steps_title(whole: Panel, table: pd.DataFrame, found: Findings) -> str:
    """The largest of the steps that are told from chance; or that none is."""
    is_known = (table["low"] > 0.0) | (table["high"] < 0.0)
    if not is_known.any():
        return told("steps_title", outcome=found.short, factors=[])
    line = max(_records(table[is_known]), key=lambda step: abs(step["difference"]))
    is_share = whole.outcome.is_share
    return told(
        "steps_title",
        outcome=found.short,
        factors=line["factor"].split(", "),
        low=line["from"],
        high=line["to"],
        difference=(100.0 if is_share else 1.0) * line["difference"],
        unit="pp" if is_share else "",
    )


def _curves(study: Study, whole: Panel, found: Findings) -> None:
    import pandas as pd

    from abm.figures.sweep import curves_figure

    curves, refused = analysis.curves(whole, study.kind in analysis.DRAWN)
    if len(study.points) > 2:  # of two points the difference says it all
        found.said += _joined(refused)
    if not curves:
        return
    found.curves = curves
    found.tables["curves"] = pd.concat(
        [
            curve.rename(columns={name: "level"}).assign(factor=name)
            for name, curve in curves.items()
        ]
    ).pipe(lambda t: t[["factor", *t.columns.drop("factor")]])
    order = by_range(curves)
    rows = []
    for factor in order:
        low, high = _extremes(curves[factor])
        said = (_estimate(whole, low), level(low[factor]), _estimate(whole, high))
        rows.append((axis_words(factor), *said, level(high[factor])))
    found.found.append(Rows(("factor", "lowest mean", "at", "highest mean", "at"), rows))
    if found.tables["curves"]["low"].notna().any():
        n_independent = found.tables["curves"]["n_independent"]
        low, high = round(n_independent.min()), round(n_independent.max())
        is_share = whole.outcome.is_share
        found.say("curves_interval", low=f"{low:,}", high=f"{high:,}", n=high, is_share=is_share)
    words = _words(study, _curves_title(study, whole, found, order), whole)
    found.draw("curves", words, curves_figure(curves, found.outcome, words))


def _curves_title(study: Study, whole: Panel, found: Findings, order: Sequence[str]) -> str:
    """The factor that moves the mean most, of those whose move is told from chance."""
    curves = found.curves
    if study.kind in analysis.DRAWN:  # no two points share a setting: there are no pairs
        known = [name for name in order if _is_apart(curves[name])]
    else:
        known = [name for name in order if _is_told(whole, curves[name], name)]
    factor = known[0] if known else ""
    ends = sorted(_extremes(curves[factor]), key=lambda line: line[factor]) if known else []
    means = [(_number(whole, line["mean"]), line[factor]) for line in ends]
    return told("curves_title", outcome=found.short, factor=factor, ends=means)


def _is_apart(curve: pd.DataFrame) -> bool:
    """The 95% intervals of the lowest and of the highest mean have nothing in common."""
    lowest, highest = _extremes(curve)
    return bool(lowest["high"] < highest["low"])


def _is_told(whole: Panel, curve: pd.DataFrame, factor: str) -> bool:
    """Between the lowest and the highest mean, the paired interval does not have 0 inside."""
    low, high = (line[factor] for line in _extremes(curve))
    step = differences.between(whole, factor, low, high)
    return step is not None and (step.low > 0.0 or step.high < 0.0)


def _pairs(study: Study, whole: Panel, found: Findings) -> None:
    """The two factors that matter most: a heat map; of dam breaks, the phase diagram."""
    from abm.figures.sweep import heat_map_figure

    across, up = _two_factors(whole, found)
    if not up or study.kind == "one-at-a-time":
        return  # the curves say it all
    if whole.outcome.name == DAM_BREAK:
        _phase(study, whole, found, (across, up))
        return
    grid = analysis.heat_map(whole, across, up)
    found.tables["heat-map"] = grid.reset_index()
    title = told("pair_title", outcome=found.short, across=across, up=up)
    words = _words(study, title, whole)
    found.draw("heat-map", words, heat_map_figure(grid, found.outcome, words))


def _phase(study: Study, whole: Panel, found: Findings, factors: tuple[str, str]) -> None:
    """Shares of the classes over two factors, and where half of the runs break the dam."""
    from abm.figures.sweep import phase_diagram

    across, up = factors
    cells = analysis.class_shares(study.table, factors)
    shares = cells.assign(share=cells.get("dam break", 0.0 * cells.index))
    found.tables["heat-map"] = shares.pivot(index=up, columns=across, values="share").reset_index()
    found.tables["classes"] = class_counts(study.table, factors).reset_index()
    try:
        boundary = thresholds.boundary(whole, across, [up])
    except InvalidInput:
        boundary = None  # along words, or never run at the same settings
    title = told("pair_title", outcome="P(dam break)", across=across, up=up)
    if boundary is not None:
        crossed = boundary[boundary["status"] == thresholds.CROSSED]
        ends = list(_records(crossed.iloc[[0, -1]].drop_duplicates(up))) if len(crossed) else []
        title = told("boundary_title", across=across, up=up, ends=ends)
    words = _words(study, title, whole)
    found.draw("phase", words, phase_diagram(cells, across, up, words, boundary))


def _threshold(study: Study, whole: Panel, found: Findings) -> None:
    """The threshold at which half of the runs say yes, along the factor that matters most."""
    along, up = _two_factors(whole, found)
    if not (whole.outcome.is_share and along and is_numeric(whole.points[along])):
        return
    others = [name for name in varied(whole.points) if name != along]
    if study.kind != "grid":
        others = []
    elif math.prod(whole.points[name].nunique() for name in others) > _MOST_BOUNDARIES:
        others = [up]
    table = thresholds.boundary(whole, along, others)
    found.tables["threshold"] = table
    if study.n_replicates < thresholds.N_SEEDS_ENOUGH:
        n, enough = study.n_replicates, thresholds.N_SEEDS_ENOUGH
        found.said.append(told("few_replicates", n=n, enough=enough))
    head = (*map(axis_words, others), "threshold")
    rows = [(*(level(line[name]) for name in others), _place(line)) for line in _records(table)]
    found.found.append(Rows(head, rows, f"half of the runs, along {axis_words(along)}:"))


def _sobol(study: Study, whole: Panel, found: Findings) -> None:
    indices = sensitivity.sobol_indices(whole, study.problem, study.second_order)
    _keep_indices(found, indices, "sobol", ("total", "first"))
    if indices.pairs is not None:
        found.tables["sobol-pairs"] = indices.pairs
    top = indices.table.sort_values("total").iloc[-1]
    chance = sensitivity.noise(whole).of_the_means
    title = told(
        "sobol_title",
        outcome=found.short,
        factor=top["factor"],
        share=min(top["total"], 1.0),
        chance=chance if chance > _CHANCE_TOLD else None,
    )
    found.found.append(Rows(sentence=_shares_told(indices.table, chance)))
    _draw_indices(study, whole, found, indices, ("total", "first"), title)
    shares = indices.table[["first", "total"]].to_numpy()
    if (shares > 1.0).any() or (shares < -_LEAST_TOLD).any():
        found.said.append("an index below 0 or above 1 is the error of few base points")
    if 1 < study.n_replicates < _DRAWS_ENOUGH:
        found.said.append(told("few_draws", n=study.n_replicates, enough=_DRAWS_ENOUGH))


def _shares_told(table: pd.DataFrame, chance: float) -> str:
    """The shares' whole, and why they do not add up to it; they are never less but by error."""
    total = float(table["total"].sum())
    return told(
        "shares",
        alone=min(max(float(table["first"].sum()), 0.0), 1.0),
        total=total,
        percent=round(100.0 * total),
        chance=_known(chance),
    )


def _morris(study: Study, whole: Panel, found: Findings) -> None:
    assert study.unit_points is not None, "a morris design has them"
    indices = sensitivity.morris_effects(whole, study.problem, study.unit_points, study.n_levels)
    _keep_indices(found, indices, "morris", ("mu_star", "sigma"))
    top = indices.table.sort_values("mu_star").iloc[-1]
    effect = top["mu_star"]
    title = told("morris_title", outcome=found.short, factor=top["factor"], effect=effect)
    _draw_indices(study, whole, found, indices, ("mu_star", "sigma"), title)


def _pawn(study: Study, whole: Panel, found: Findings) -> None:
    indices = sensitivity.pawn_indices(whole)
    _keep_indices(found, indices, "pawn", ("pawn",))
    top = indices.table.sort_values("pawn").iloc[-1]
    factor = top["factor"] if top["pawn"] > top["dummy"] else ""
    title = told("pawn_title", outcome=found.short, factor=factor)
    _draw_indices(study, whole, found, indices, ("pawn",), title)


def _chance(study: Study, whole: Panel, found: Findings) -> None:
    noise = sensitivity.noise(whole)
    if math.isnan(noise.of_a_run) and study.n_replicates > 1:
        return  # nothing varies, or nothing is known: said before
    of_a_run, of_means = _known(noise.of_a_run), _known(noise.of_the_means)
    n = study.n_replicates
    found.say("chance", of_a_run=of_a_run, of_the_means=of_means, n_replicates=n)


def _keep_indices(
    found: Findings, indices: sensitivity.Indices, method: str, bars: tuple[str, ...]
) -> None:
    """A table of indices, and its lines, the most important factor first."""
    found.tables[method] = indices.table
    found.said += [indices.said] if indices.said else []
    heads = [b.replace("_star", "*") for b in bars]
    by_draw = [b for b in bars if f"{b}_least" in indices.table]
    heads += [f"{b} by draw" for b in by_draw]
    rows = []
    for line in _records(indices.table.sort_values(bars[0], ascending=False)):
        said = [f"{line[b]:.3g} [{line[f'{b}_low']:.3g}, {line[f'{b}_high']:.3g}]" for b in bars]
        said += [
            "-"
            if math.isnan(line[f"{b}_least"])
            else f"{line[f'{b}_least']:.3g} to {line[f'{b}_most']:.3g}"
            for b in by_draw
        ]
        said += [f"below {line['dummy']:.3g}"] if method == "pawn" else []
        rows.append((axis_words(str(line["factor"])), *said))
    head = ("factor", *heads, *(["no influence"] if method == "pawn" else []))
    found.found.append(Rows(head, rows))
    found.found.append(Rows(sentence=f"in brackets: 95% intervals over {_over(indices)}"))


def _over(indices: sensitivity.Indices) -> str:
    """The sample that the intervals of indices are over."""
    if sensitivity.POINTS_ALONE in indices.said:
        return "points (bootstrap) alone"
    return "points (bootstrap) and draws (jackknife)"


def _draw_indices(
    study: Study,
    whole: Panel,
    found: Findings,
    indices: sensitivity.Indices,
    bars: tuple[str, ...],
    title: str,
) -> None:
    from abm.figures.sweep import sensitivity_figure

    words = _words(study, title, whole)
    figure = sensitivity_figure(indices.table, bars, found.outcome, words, _over(indices))
    found.draw("sensitivity", words, figure)


def by_range(curves: dict[str, pd.DataFrame]) -> list[str]:
    """Factors in order of how far the mean moves along them."""
    return sorted(curves, key=lambda name: -float(np.ptp(curves[name]["mean"].dropna())))


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows in columns, two spaces between."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _two_factors(whole: Panel, found: Findings) -> tuple[str, str]:
    """The two factors that move the outcome most, numbers first: across and up; "" if none."""
    order = by_range(found.curves)
    numeric = [name for name in order if is_numeric(whole.points[name])]
    across = (numeric or order or [""])[0]
    return across, next((name for name in order if name != across), "")


def _place(line: dict[str, Any]) -> str:
    """A threshold with its interval, or why there is none."""
    low, high = (
        "beyond the range" if math.isinf(line[end]) else f"{line[end]:.3g}"
        for end in ("low", "high")
    )
    if line["status"] != thresholds.CROSSED:
        return str(line["status"])
    place = f"{line['threshold']:.3g}"
    return place if math.isnan(line["low"]) else f"{place} [{low}, {high}]"


def _held(names: Sequence[str], levels: Sequence[str]) -> str:
    return ", ".join(map(" ".join, zip(names, levels, strict=True))) or "all"


def _extremes(curve: pd.DataFrame) -> tuple[dict[str, Any], dict[str, Any]]:
    """The lines of a curve with the lowest and the highest mean."""
    known = list(_records(curve.dropna(subset=["mean"])))
    return min(known, key=lambda line: line["mean"]), max(known, key=lambda line: line["mean"])


def _estimate(whole: Panel, line: dict[str, Any]) -> str:
    mean, low, high = (_number(whole, line[name]) for name in ("mean", "low", "high"))
    return mean if math.isnan(line["low"]) else f"{mean} [{low}, {high}]"


def _number(whole: Panel, value: float) -> str:
    return f"{100.0 * value:.3g}%" if whole.outcome.is_share else f"{value:.3g}"


def _known(share: float) -> float | None:
    return None if math.isnan(share) else share


def _joined(refused: Sequence[str]) -> list[str]:
    """Refusals for the same reason of several factors, on one line."""
    factors: dict[str, list[str]] = {}
    for factor, _, why in (line.partition(": ") for line in refused):
        factors.setdefault(why, []).append(factor)
    return [f"{', '.join(names)}: {why}" for why, names in factors.items()]


def _records(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for line in table.to_dict("records"):
        yield {str(name): value for name, value in line.items()}


def _words(study: Study, title: str, whole: Panel) -> Words:
    from abm.figures.sweep import Words
    from abm.report.pictures import literal

    missing = whole.left_out()
    caption = f"{study.caption}{f' Left out: {missing}.' if missing else ''}"
    return Words(title[:1].upper() + title[1:], literal(caption))
