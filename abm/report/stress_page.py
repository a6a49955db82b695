"""The report of a stress test: figures, the worst paths told, and the page for its reader."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from abm.errors import one_line
from abm.report import pictures, reverse_words, stress_words
from abm.report.chronicle import Entry, chronicle, chronicle_text
from abm.report.happened import marks
from abm.report.html import flat, page, picture
from abm.report.parameters import parameters
from abm.report.run_page import Line, chronicle_lines
from abm.report.script import day_name, trigger
from abm.report.stress_words import LEVEL, Row, money, ratio
from abm.runs.exports import guarded
from abm.stress.result import AS_IS, CONSTANT, REVERSE
from abm.words import words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from abm.runs import RunResult
    from abm.stress import Reverse, StressResult

PAGE = "report.html"
CONTENTS = ("losses", "funding", "sources", "worst", "lines", "variants", "parameters", "reproduce")
MOST_LINES = 50  # of the portfolio in the page: the files have all
MOST_ENTRIES = 60  # of the chronicle in the page: the texts have all
_OF_THE_MOMENT = ("started", "sha256")  # of the manifest: the file beside the page has them


class StressReport:
    """What is told of a stress test, in one language; figures have English words."""

    def __init__(self, found: StressResult, language: str = "en") -> None:
        self.found, self.language, self.say = found, language, words(language)
        self.last = found.horizons[-1]
        self._runs: dict[int, RunResult] = {}

    def run(self, rank: int) -> RunResult:
        """The run of a worst path again; made once."""
        if rank not in self._runs:
            self._runs[rank] = self.found.rerun(int(self.found.worst["replicate"].iloc[rank - 1]))
        return self._runs[rank]

    def entries(self, rank: int) -> list[Entry]:
        """The chronicle of a worst path from the shock on."""
        run = self.run(rank)
        funding = run.scenario.funding_currency
        return chronicle(run.events, self.language, run.scenario.shock_day, funding)

    def told_of_worst(self) -> list[Entry]:
        """The chronicle of the worst path over the days of the test."""
        end = self.found.scenario.shock_day + self.last
        return [entry for entry in self.entries(1) if entry.day < end]

    @property
    def texts(self) -> dict[str, str]:
        """The chronicles of the worst paths by name of their file."""
        ranks = self.found.worst["rank"].tolist()
        return {f"worst-{r}.txt": chronicle_text(self.entries(r)) + "\n" for r in ranks}

    @cached_property
    def images(self) -> dict[str, bytes]:
        """The figures as PNG files, by name; without a margin account there is none of funding."""
        return {name: pictures.png(figure) for name, figure in self._figures().items()}

    def files(self, folder: str) -> dict[str, bytes]:
        """Page, figures and chronicles by name of their file; `folder` is where they will lie."""
        made = {PAGE: self.page(folder).encode()}
        made |= {f"{name}.png": image for name, image in self.images.items()}
        return made | {name: text.encode() for name, text in self.texts.items()}

    def _figures(self) -> dict[str, Figure]:
        from abm.figures import stress

        found, base = self.found, self.found.currency
        drawn = pictures.literal(
            f"{found.scenario.name}, {found.market.n:,} paths, seed {found.market.seed}. "
        )
        profits = {h: found.profits[:, at] for at, h in enumerate(found.horizons)}
        caption = (
            "Height: number of paths, each horizon for itself; red: beyond the value at risk. "
            "Below each: VaR (yellow) and ES (red) at 97.5%, with 95% bootstrap intervals."
        )
        made = {"losses": stress.losses_figure(profits, found.risk, base, drawn + caption)}
        if len(found.funding):
            caption = (
                "Left: ready money with which nothing is sold by force up to the day: half of the "
                "paths need no more than the line, 95% no more than the dark band, 99% than the "
                "light one. Right: paths with a margin call on the day, and with a forced sale up "
                "to it."
            )
            made["funding"] = stress.funding_figure(found.funding, drawn + caption)
        caption = (
            f"After {self.last} trading days. Parts add up to the profit on every path. "
            "The worst paths are those of the expected shortfall at 97.5%."
        )
        labels = words("en").group("stress.parts")
        made["sources"] = stress.parts_figure(found.split, self.last, labels, base, drawn + caption)
        made["worst"] = self._worst_figure(drawn)
        if found.reverse is not None:
            made["reverse"] = self._reverse_figure(found.reverse, drawn)
        return made

    def _reverse_figure(self, answer: Reverse, drawn: str) -> Figure:
        from abm.figures.reverse import Enough, reverse_figure

        enough = Enough(
            answer.surprises, answer.smallest_surprise, answer.surprise_interval,
            answer.own_surprise_bp, answer.farthest_bp,
        )  # fmt: skip
        caption = (
            "Lines: medians; bands: 5 to 95% of the paths. Red: paths reweighted, as little as can "
            f"be, until they lose {100.0 * answer.loss:.4g}% of it on average. Right: share of "
            f"{len(answer.surprises)} paths that lose it with a surprise of this size and no other "
            "change; yellow: the surprise for half of them, with its 95% interval."
        )
        return reverse_figure(answer.days, enough, answer.loss, drawn + caption)

    def _worst_figure(self, drawn: str) -> Figure:
        from abm.figures.stress import worst_figure

        found, market = self.found, self.found.market
        replicate = int(found.worst["replicate"].iloc[0])
        path = int(np.flatnonzero(market.replicates == replicate)[0])
        carried, run = found.carried, self.run(1)
        called = {
            market.currencies[c]: x[path]
            for c, x in sorted(carried.called.items())
            if x[path].any()
        }
        eve = run.scenario.shock_day - 1
        announced = [
            (day - eve, pictures.literal(label))
            for day, label in marks(run.scenario, run.events)
            if 0 < day - eve <= market.n_days
        ]
        caption = f"Replicate {replicate}. Day 0: the eve of the shock."
        if not called:
            caption += " Nothing is called on this path."
        return worst_figure(
            carried.value[path],
            called,
            carried.is_forced[path],
            announced,
            found.currency,
            drawn + caption,
        )  # fmt: skip

    def page(self, folder: str) -> str:
        """The page, self-contained, with every word of the user's escaped."""
        return page("stress.html", self.content(folder), self.language)

    def content(self, folder: str) -> dict[str, Any]:
        """The values of stress.html."""
        found, say = self.found, self.say
        entries = self.told_of_worst()
        told: list[Line] = list(chronicle_lines(entries[:MOST_ENTRIES], None, say))
        return {
            "title": say("stress.page.title", portfolio=self._portfolio, scenario=self._scenario),
            "lead": self.lead(),
            "facts": say(
                "stress.page.facts",
                scenario=found.scenario.name, seed=found.market.seed,
                paths=stress_words.sizes(found, say)["paths"],
            ),
            "n_failed": found.market.n_failed,
            "contents": self._contents,
            "pictures": {
                name: picture(image, say(f"stress.figure.{name}"), say(f"stress.figure.{name}"))
                for name, image in self.images.items()
            },
            "losses": stress_words.losses(found, self.language),
            "risk": self._risk(),
            "needs": self._needs(),
            "option_margin": stress_words.option_margin(found, self.language),
            "parts_rows": self._parts(),
            "worst": self._worst(),
            "chronicle_head": say("stress.page.chronicle", when=self._first_day),
            "entries": told,
            "n_more_entries": len(entries) - len(told),
            "lines": self._lines(),
            "n_more_lines": max(0, len(found.portfolio.names) - MOST_LINES),
            "variants": stress_words.variants(found, self.language),
            "sharpe": self._sharpe(),
            "breakeven": stress_words.breakeven(found, self.language),
            "drivers": stress_words.drivers(found, self.language),
            "remarks": stress_words.remarks(found, self.language),
            "reverse": reverse_words.sentences(found, self.language),
            "reverse_tables": self._reverse_tables(),
            "commands": self._commands(folder),
            "manifest": flat({k: v for k, v in found.manifest.items() if k not in _OF_THE_MOMENT}),
            **parameters(found.scenario),
        }  # fmt: skip

    @property
    def _contents(self) -> tuple[str, ...]:
        """Sections in their order; a reverse stress test where one was asked for."""
        at = CONTENTS.index("lines")
        more = ("reverse",) if self.found.reverse is not None else ()
        return (*CONTENTS[:at], *more, *CONTENTS[at:])

    def _reverse_tables(self) -> list[list[Row]]:
        """Drivers of the reweighted paths, and the most plausible shocks."""
        answer = self.found.reverse
        if answer is None:
            return []
        both = (reverse_words.drivers(answer, self.language),
                reverse_words.shocks(answer, self.language))  # fmt: skip
        return [rows for rows in both if rows]

    @property
    def _portfolio(self) -> str:
        return one_line(Path(self.found.portfolio.source).stem)

    @property
    def _scenario(self) -> str:
        """The scenario's title, which its file has in English."""
        scenario, key = self.found.scenario, f"scenarios.{self.found.scenario.name}"
        if self.language != "en" and self.say.has(key):
            return self.say(key)
        return scenario.title or scenario.name

    @property
    def _first_day(self) -> str:
        """The day of the shock, as the chronicle calls it."""
        return day_name(self.found.scenario, self.found.scenario.shock_day, self.language)

    def lead(self) -> list[tuple[str, list[str]]]:
        """Four answers for a reader who knows no model: heading and sentences of each."""
        say = self.say
        answers = {
            "asked": self._asked(),
            "lost": [self._lost()],
            "paid": self._paid(),
            "unknown": [say("stress.page.unknown")],
        }
        return [(say(f"stress.page.heading.{name}"), told) for name, told in answers.items()]

    def _asked(self) -> list[str]:
        found, cause = self.found, trigger(self.found.scenario, self.language)
        first_day = [self.say("stress.page.first_day", trigger=cause)] if cause else []
        asked = self.say(
            "stress.page.asked_linear" if found.portfolio.sensitivities else "stress.page.asked",
            own=self._amount(found.own_money), title=self._scenario, days=self.last,
            **stress_words.sizes(found, self.say),
        )  # fmt: skip
        return [asked, *first_day]

    def _lost(self) -> str:
        found = self.found
        at_last = found.distribution.iloc[-1]
        risk = found.risk[(found.risk["level"] == LEVEL) & (found.risk["horizon"] == self.last)]
        tail = -risk["es"].item()
        own = found.own_money
        share = self.say("stress.page.share", share=f"{-tail / own:.0%}") if own > 0 > tail else ""
        return self.say(
            "stress.page.lost",
            days=self.last, p_loss=f"{at_last['p_loss']:.0%}", mean=self._result(at_last["mean"]),
            tail=self._result(tail) + share, worst=self._result(at_last["worst"]),
        )  # fmt: skip

    def _paid(self) -> list[str]:
        """Of each currency: calls, the money needed and by when, forced sales; written options."""
        found, say = self.found, self.say
        told = []
        for row in found.accounts.to_dict("records"):
            at = found.market.currencies.index(row["currency"])
            table = found.funding[found.funding["currency"] == row["currency"]]
            need = float(table["need_q95"].iloc[-1])
            half = table.loc[table["need_q95"] >= 0.5 * need, "day"].iloc[0]
            told.append(
                say(
                    "stress.page.paid" if need > 0.0 else "stress.page.paid_little",
                    currency=row["currency"], called=f"{row['p_called']:.0%}",
                    need=f"{money(need)} {row['currency']}",
                    base=self._amount(need * float(found.market.fx[at][0, 0])),
                    half=int(half), days=self.last,
                    sold=f"{row['p_sold']:.0%}",
                    when=stress_words.first_sale(row["first_sale_day"], self.language),
                )
            )  # fmt: skip
        told += stress_words.option_margin(found, self.language)
        return told or [say("stress.page.paid_nothing")]

    def _amount(self, amount: float) -> str:
        return f"{money(amount)} {self.found.currency}"

    def _result(self, profit: float) -> str:
        key = "stress.page.gain" if profit >= 0.0 else "stress.page.loss"
        return self.say(key, amount=self._amount(abs(profit)))

    def _risk(self) -> list[Row]:
        """Value at risk and expected shortfall of every horizon and level, with intervals."""
        say = self.say
        rows: list[Row] = [(say("stress.days"), say("stress.page.level"), "VaR", "ES")]
        for row in self.found.risk.to_dict("records"):
            both = [
                f"{money(row[name])} ({money(row[f'{name}_low'])} – {money(row[f'{name}_high'])})"
                for name in ("var", "es")
            ]
            rows.append((f"{row['horizon']}", f"{row['level']:.1%}", *both))
        return rows

    def _needs(self) -> list[Row]:
        """Calls and the money needed, at each horizon."""
        table = self.found.funding
        if not len(table):
            return []
        names = ("days", "page.currency", "page.need_median", "page.need_q95", "page.need_q99",
                 "p_sold")  # fmt: skip
        rows: list[Row] = [tuple(self.say(f"stress.{name}") for name in names)]
        for row in table[table["day"].isin(self.found.horizons)].to_dict("records"):
            needs = (money(row[f"need_{q}"]) for q in ("median", "q95", "q99"))
            rows.append((f"{row['day']}", row["currency"], *needs, f"{row['p_sold']:.0%}"))
        return rows

    def _parts(self) -> list[Row]:
        """Profit by source, and its sum."""
        table = self.found.split[self.found.split["horizon"] == self.last]
        sums = (money(table[name].sum()) for name in ("mean", "tail"))
        total = (self.say("stress.page.profit"), *sums)
        return [*stress_words.parts(self.found, self.language), total]

    def _worst(self) -> list[Row]:
        """The worst paths, one beside the other, with their sources."""
        table, say = self.found.worst, self.say
        parts = [name for name in table.columns[3:] if table[name].any()]
        rows: list[Row] = [(say("stress.page.path"), *map(str, table["replicate"]))]
        for name in ("profit", *parts):
            label = say("stress.page.profit" if name == "profit" else f"stress.parts.{name}")
            rows.append((label, *map(money, table[name])))
        return rows

    def _lines(self) -> list[Row]:
        """Lines by their part of the expected shortfall, the largest first."""
        names = ("page.line", "page.value", "mean", "page.component_es")
        rows: list[Row] = [tuple(self.say(f"stress.{name}") for name in names)]
        table = self.found.lines
        at_last = table[table["horizon"] == self.last].nlargest(MOST_LINES, "component_es")
        for row in at_last.to_dict("records"):
            cells = (money(row[name]) for name in ("value", "mean", "component_es"))
            rows.append((guarded(row["name"]), *cells))
        return rows

    def _sharpe(self) -> str:
        table = self.found.variants_table
        at_last = table[table["horizon"] == self.last].set_index("variant")["sharpe"]
        constant, shocked = float(at_last[CONSTANT]), float(at_last[AS_IS])
        if math.isnan(shocked):
            return ""
        return self.say(
            "stress.page.sharpe", days=self.last, constant=ratio(constant), shocked=ratio(shocked)
        )

    def _commands(self, folder: str) -> Sequence[tuple[str, str]]:
        """Commands that can be pasted, and what each is for."""
        found = self.found
        scenario, seed = f"{folder}/scenario.toml", str(found.market.seed)
        again = ["unwind", "stress", one_line(Path(found.portfolio.source).name)]
        again += ["--scenario", scenario, "--seed", seed, "--base", found.currency]
        betas = found.portfolio.betas
        again += ["--betas", one_line(Path(betas).name)] if betas else []
        again += ["--runs", str(found.market.n + found.market.n_failed)]
        again += ["--horizon", ",".join(map(str, found.horizons))]
        answer = found.reverse
        again += [] if answer is None else ["--reverse", f"{100.0 * answer.loss:.10g}%"]
        again += ["--out", f"{folder}-again"]
        worst = ["unwind", "run", scenario, "--seed", seed]
        worst += ["--replicate", str(found.worst["replicate"].iloc[0]), "--out", f"{folder}-worst"]
        told: dict[str, list[str]] = {"again": again, "worst": worst}
        if answer is not None and answer.likeliest is not None:
            told["reverse"] = ["unwind", "run", f"{folder}/{REVERSE}", "--seed", seed]
            told["reverse"] += ["--replicate", str(answer.likeliest.replicate)]
            told["reverse"] += ["--out", f"{folder}-reverse"]
        return [(shlex.join(typed), self.say(f"stress.command.{k}")) for k, typed in told.items()]
