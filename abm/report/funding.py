"""What dollars cost and what banks have left: facts of a run, where there is anything to say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from abm.report.phrases import Phrases
from abm.report.script import currency, day_name
from abm.runs.columns import own_bases

if TYPE_CHECKING:
    import pandas as pd

    from abm.scenario import Scenario
    from abm.words import Words

LEAST_DRAWN_USD_BN = 1.0  # on a swap line
TOLD_LOSS = 0.05  # of all banks' capital
N_NAMED = 8  # of the banks that failed


def has_basis(days: pd.DataFrame) -> bool:
    """True where the basis moves."""
    return "basis_bp" in days


def banks_matter(days: pd.DataFrame) -> bool:
    """True where a bank has failed, or all together have lost a twentieth of their capital."""
    if days.empty:
        return False
    failed, capital = days.get("n_bank_failures"), days.get("bank_equity_usd_bn")
    has_failed = failed is not None and bool(failed.any())  # older tables do not have it
    has_lost = capital is not None and capital.min() <= (1.0 - TOLD_LOSS) * capital.iloc[0]
    return has_failed or bool(has_lost)


def swap_line_days(scenario: Scenario) -> list[int]:
    """Days on which a scripted swap line opens and closes."""
    line = scenario.policy.swap_line
    if line.kind not in ("line", "facility"):
        return []
    until = line.until if line.kind == "facility" else None
    return [scenario.day_index(day) for day in (line.day, until) if day is not None]


def basis_facts(scenario: Scenario, days: pd.DataFrame, say: Words) -> Iterator[str]:
    """The basis at the start, at its widest, at the end; of other currencies the widest; what was
    drawn on the swap line.
    """
    if not has_basis(days):
        return
    basis, drawn = days["basis_bp"].to_numpy(), days["swap_line_usd_bn"].to_numpy()
    widest, most = int(basis.argmin()), int(drawn.argmax())
    yield from Phrases(say).lines(
        "summary/basis",
        currency=currency(scenario.funding_currency, say.language),
        first=whole_bp(basis[0]),
        widest=whole_bp(basis[widest]),
        widest_day=day_name(scenario, int(days["day"].iloc[widest]), say.language),
        last=whole_bp(basis[-1]),
        drawn_usd_bn=float(drawn[most]),
        drawn_day=day_name(scenario, int(days["day"].iloc[most]), say.language),
        is_drawn=bool(drawn[most] >= LEAST_DRAWN_USD_BN),
        others=[
            (
                name,
                whole_bp(own.min()),
                day_name(scenario, int(days["day"].iloc[own.argmin()]), say.language),
            )
            for name, own in own_bases(days).items()
        ],
    )


def bank_facts(
    scenario: Scenario,
    days: pd.DataFrame,
    institutions: pd.DataFrame,
    say: Words,
    is_asked: bool = False,
) -> Iterator[str]:
    """The banks' capital together, what clients cost them, and who failed on which day; unless
    `is_asked`, where banks matter."""
    if not (is_asked or banks_matter(days)):
        return
    banks = institutions[institutions["kind"] == "bank"]
    failed = banks[banks["n_failures"] > 0].sort_values("first_failure_day", kind="stable")
    first = failed.iloc[:N_NAMED]
    capital = days["bank_equity_usd_bn"].to_numpy()
    least = int(capital.argmin())
    yield from Phrases(say).lines(
        "summary/banks",
        opening_usd_bn=float(banks["opening_wealth_usd_bn"].sum()),
        least_usd_bn=float(capital[least]),
        least_day=day_name(scenario, int(days["day"].iloc[least]), say.language),
        last_usd_bn=float(capital[-1]),
        lost_usd_bn=float(days["broker_loss_usd_bn"].sum()),
        failed=[
            (str(name), day_name(scenario, int(day), say.language))
            for name, day in zip(first["name"], first["first_failure_day"], strict=True)
        ],
        n_more=len(failed) - len(first),
    )


def whole_bp(basis_bp: float) -> str:
    """A basis in whole basis points: −36, 0."""
    text = f"{basis_bp:.0f}"
    return "0" if text == "-0" else text.replace("-", "−")
