"""The figures of a run, made from its tables, with the titles and captions they are read by."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from abm.errors import one_line
from abm.report.funding import LEAST_DRAWN_USD_BN, whole_bp
from abm.report.happened import marks
from abm.report.phrases import in_english
from abm.report.quotes import real_quotes, usd_quotes
from abm.report.script import class_of, currency, day_name, is_shocked, trigger
from abm.words import words

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    from matplotlib.figure import Figure

    from abm.runs import RunResult
    from abm.scenario import Scenario


def literal(text: str) -> str:
    """A user's own words: Matplotlib would take them for mathematics between dollar signs, and has
    no glyphs for what a terminal would obey."""
    return "\n".join(map(one_line, text.split("\n"))).replace("$", r"\$")


def title(scenario: Scenario, measures: Mapping[str, Any], language: str = "en") -> str:
    """The finding, as all figures say it: of the shock where there is one, else of the run."""
    from abm.figures.finding import finding

    cause = trigger(scenario, language)
    if "class" in measures:
        measures = {**measures, "class": class_of(scenario, measures)}
    return finding(measures, cause, language, scenario.funding_currency)


def cascade_picture(
    scenario: Scenario,
    drawn: str,
    days: pd.DataFrame,
    events: pd.DataFrame,
    measures: Mapping[str, Any],
    counterfactuals: Mapping[str, pd.DataFrame],
) -> Figure:
    """Price, leverage, margins, forced sales, calls; `drawn` names scenario and seed."""
    from abm.figures.cascade import cascade_figure

    real, has_shock = real_quotes(scenario), is_shocked(scenario)
    if not has_shock:  # without a shock the run is its own
        counterfactuals = {k: v for k, v in counterfactuals.items() if k != "no shock"}
    caption = in_english(
        "figures/cascade_caption",
        drawn=drawn,
        has_real=real is not None,
        has_counterfactuals=bool(counterfactuals),
        is_shocked=has_shock,
        is_titled="class" in measures,
        since=day_name(scenario, scenario.shock_day),
    )
    return cascade_figure(
        days,
        events,
        title(scenario, measures),
        real=real,
        counterfactuals=counterfactuals,
        caption=" ".join(caption),
        opening_quote=usd_quotes(scenario, days)[0],
        marks=[(day, literal(label)) for day, label in marks(scenario, events)],
    )


def basis_picture(
    scenario: Scenario, drawn: str, days: pd.DataFrame, events: pd.DataFrame
) -> Figure:
    """The basis and the swap line, where the basis moves; when the line opened and closed."""
    from abm.figures.basis import basis_figure
    from abm.runs.columns import own_bases

    drawn_usd_bn = days["swap_line_usd_bn"].max()
    (finding,) = in_english(
        "figures/basis",
        first=whole_bp(days["basis_bp"].iloc[0]),
        widest=whole_bp(days["basis_bp"].min()),
        day=day_name(scenario, int(days["basis_bp"].to_numpy().argmin())),
        drawn=f"{drawn_usd_bn:.0f}" if drawn_usd_bn >= LEAST_DRAWN_USD_BN else "",
        others=[f"{name} {whole_bp(own.min())}bp" for name, own in own_bases(days).items()],
    )
    turns = events.loc[events["kind"] == "swap_line", ["day", "amount_usd_bn"]]
    marks = [
        (int(day), f"line {'opens' if is_open > 0.0 else 'closes'} {day_name(scenario, int(day))}")
        for day, is_open in turns.itertuples(index=False)
    ]
    return basis_figure(days, finding, " ".join(basis_caption(scenario, drawn)), marks)


def basis_caption(scenario: Scenario, drawn: str) -> list[str]:
    """Scenario and seed; why the basis steps down where the year's end comes within its term."""
    from abm.population.script import year_ends

    basis = scenario.funding.basis
    share = basis.year_end_share if basis.kind == "market" else 0.0
    crosses = share * year_ends(scenario)[scenario.calendar.burn_in_days :, 0]
    begins = int(crosses.argmax())  # 0 where it never does, or did before the run
    return in_english(
        "figures/basis_caption",
        drawn=drawn,
        since=day_name(scenario, begins) if begins else "",
        percent=f"{100.0 * share:.0f}",
    )


def banks_picture(run: RunResult, drawn: str) -> Figure:
    """The banks of a run that can be repeated: capital over what is required, losses, failures."""
    from abm.figures.banks import INSURER, LEAST_LOST_USD_BN, banks_figure
    from abm.figures.basis import when
    from abm.runs.bank_capital import bank_days

    found = bank_days(run)
    ratio, losses = found.over_required, found.losses_usd_bn
    failed = list(found.failed_on.items())
    lost = losses.clip(lower=0.0).sum(axis=1)
    least = ratio.min()
    thinnest = str(least.idxmin())
    day = int(ratio[thinnest].to_numpy().argmin())
    (finding,) = in_english(
        "figures/banks",
        n_failed=len(failed),
        first=failed[0][0] if failed else "",
        first_day=day_name(run.scenario, failed[0][1]) if failed else "",
        lost=f"{lost.sum():,.0f}",
        worst=str(lost.idxmax()) if len(lost) > 1 else "",
        worst_lost=f"{lost.max():,.0f}",
        thinnest=thinnest,
        percent=f"{100.0 * least.min():.0f}",
        day=day_name(run.scenario, day),
    )
    insured = found.insured_usd_bn >= LEAST_LOST_USD_BN
    if insured:
        losses = losses.assign(insured=0.0)
        losses.loc[INSURER] = {**dict.fromkeys(losses, 0.0), "insured": found.insured_usd_bn}
    caption = in_english(
        "figures/banks_caption",
        drawn=drawn,
        by_risk=run.scenario.banks.requirement.kind != "leverage",
        has_failed=bool(failed),
        insured=insured,
    )
    return banks_figure(ratio.set_axis(when(run.days)), losses, finding, " ".join(caption))


def branch_words(run: RunResult, language: str = "en") -> str:
    """The addition of a branch to scenario and seed: its first day; empty for other runs."""
    say, origin = words(language), run.origin
    return "".join(
        say(
            "report.branch" if branch.rng is None else "report.branch_of_seed",
            day=day_name(run.scenario, branch.day, language),
            seed=branch.rng,
        )
        for branch in (origin.branches if origin else ())
    )


def mechanism_picture(
    scenario: Scenario, drawn: str, events: pd.DataFrame, measures: Mapping[str, Any]
) -> Figure:
    """The chain of forced sales, added up over the run."""
    from abm.figures.mechanism import mechanism_figure
    from abm.report.chain import read_chain

    chain = read_chain(events, scenario.funding_currency)
    caption = in_english(
        "figures/mechanism_caption",
        drawn=drawn,
        is_shocked=is_shocked(scenario),
        has_days_before=scenario.shock_day > 0,
        since=day_name(scenario, scenario.shock_day),
    )
    return mechanism_figure(chain, title(scenario, measures), " ".join(caption))


def network_picture(
    scenario: Scenario, drawn: str, graph: nx.DiGraph, when: str, measures: Mapping[str, Any]
) -> Figure:
    """The exposure network at one close; `when` says at which."""
    from abm.figures.network import network_figure

    return network_figure(graph, title(scenario, measures), f"{drawn}; {when}.")


def day_words(days: pd.DataFrame, scenario: Scenario, day: int) -> str:
    """The close in words: that of the largest forced sales, or what else it is known for."""
    forced = days[[c for c in days.columns if c.startswith("forced_")]].sum(axis=1)
    (said,) = in_english(
        "figures/close",
        day=day_name(scenario, day),
        is_worst=forced.max() > 0.0 and forced.iloc[day] == forced.max(),
        is_last=day == len(days) - 1,
        currency=currency(scenario.funding_currency),
    )
    return said


def png(figure: Figure) -> bytes:
    """The figure as the bytes of a PNG file."""
    memory = io.BytesIO()
    figure.savefig(memory, format="png")
    return memory.getvalue()
