"""A run as a moving picture: the books at the close of every day of its cascade, frame by frame."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from abm.figures.animation import HEIGHT_PIXELS, WIDTH_PIXELS, Film, Shot, frames
from abm.kernels.events import CALLS, EVENT_KINDS
from abm.population.branching import replays
from abm.population.exposures import exposure_graph
from abm.population.origin import Origin
from abm.report import pictures
from abm.report.parameters import run_name
from abm.report.phrases import in_english
from abm.report.quotes import real_quotes, usd_quotes
from abm.report.script import acts, day_name

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd
    from PIL.Image import Image

    from abm.runs import RunResult

MOST_FRAMES = 60
DAYS_A_SECOND = 4  # quiet ones
SLOWEST, FASTEST = 1, 50  # that a GIF can be
_DAYS_BEFORE, _DAYS_AFTER = 5, 5  # of the cascade
_DAYS_OF_A_SHOCK = 15  # that are shown even if nothing is forced
_OVER = 0.01  # of the worst day's forced sales: less is no cascade any more
_EVENTFUL_TICKS, _LAST_TICKS = 4, 16  # how long days with news and the last one stay
_MOST_COLOURS, _COMMON_COLOURS = 255, 128  # of a GIF; of them those that are kept exactly
_CALLS = tuple(EVENT_KINDS[kind] for kind in CALLS)

Tick = Callable[[int, int], None]


class Books(NamedTuple):
    """Loans at the close of each day, and the run's path, to see that it is the run."""

    graphs: Mapping[int, nx.DiGraph]
    log_funding: np.ndarray  # (n_days up to the last close,)


class Reel(NamedTuple):
    """Frames, and for how many ticks of the clock each is shown."""

    images: list[Image]
    ticks: list[int]


def window(run: RunResult) -> range:
    """The days of the cascade: from a week before the shock or the first forced sale to its end.

    At most MOST_FRAMES of them, the worst day among them.
    """
    days = run.days
    forced = days[[c for c in days.columns if c.startswith("forced_")]].sum(axis=1)
    failures = days["n_failures"] + days.get("n_bank_failures", 0)
    is_busy = ((forced > _OVER * forced.max()) | (failures > 0)).to_numpy()
    shock, n_days = run.scenario.shock_day, len(days)
    busy = np.append(np.flatnonzero(is_busy), shock)
    first = max(0, int(busy.min()) - _DAYS_BEFORE)
    last = max(int(busy.max()) + _DAYS_AFTER, shock + _DAYS_OF_A_SHOCK)
    if last - first >= MOST_FRAMES:
        first = max(first, min(run.worst_day, shock + _DAYS_OF_A_SHOCK) - MOST_FRAMES // 3)
    return range(first, min(last, first + MOST_FRAMES - 1, n_days - 1) + 1)


def books_by_day(run: RunResult, days: range, tick: Tick) -> Books:
    """The run once more, stopped at every close."""
    begun = run.origin or Origin(run.scenario, ())
    stops = (day + 1 for day in days)
    graphs = {}
    for day, again in zip(
        days, replays(begun, run.seed, run.replicate, stops, with_events=False), strict=True
    ):
        graphs[day] = exposure_graph(again.world)
        tick(day - days.start + 1, len(days))
    burn = again.world.burn_in
    written = again.world.record.log_prices[burn : burn + days.stop, 0]
    return Books(graphs, written - again.opening.log_prices[0])


def books_of_the_end(run: RunResult, days: range) -> dict[int, nx.DiGraph]:
    """The last close's loans on every day, without their distance to a call."""
    table = run.institutions
    failed_on = dict(zip(table["name"], table["first_failure_day"], strict=True))
    graphs = {}
    for day in days:
        graphs[day] = run.exposures.copy()
        for name, node in graphs[day].nodes(data=True):
            has_failed = 0 <= failed_on.get(name, -1) <= day
            node.update(margin_slack=float("nan"), failed=has_failed, out=False)
    return graphs


def film_of(run: RunResult, graphs: Mapping[int, nx.DiGraph], note: str = "") -> Film:
    """The frames of a run; `note` is added to their caption."""
    scenario = run.scenario
    shots = [_shot(run, day, graph) for day, graph in graphs.items()]
    name = pictures.literal(run_name(scenario, run.seed, run.replicate))
    real = real_quotes(scenario)
    told = in_english("figures/film_caption", name=name, has_real=real is not None, note=note)
    opening_quote = usd_quotes(scenario, run.days)[0]
    return Film(
        shots, run.days, pictures.title(scenario, run.summary), " ".join(told), opening_quote, real
    )


def _shot(run: RunResult, day: int, graph: nx.DiGraph) -> Shot:
    sold = _sold_usd_bn(run.events, day, run.scenario.funding_currency)
    when, what = day_name(run.scenario, day), _happened(run, day, sold)
    return Shot(day, when, what, graph, sold, _calls(run.events, day))


def filmed(film: Film, tick: Tick) -> Reel:
    """All frames as images, days on which something happened longer than the quiet ones."""
    images = []
    for figure in frames(film):
        images.append(_image(figure))
        tick(len(images), len(film.shots))
    ticks = [_EVENTFUL_TICKS if shot.what else 1 for shot in film.shots]
    return Reel(images, [*ticks[:-1], _LAST_TICKS])


def gif(reel: Reel, days_a_second: int) -> bytes:
    """An endless GIF, all frames in the same colours so that only what moves is kept."""
    palette = _palette(reel.images)
    flat = [_indexed(image, palette) for image in reel.images]
    memory = io.BytesIO()
    flat[0].save(
        memory, format="GIF", save_all=True, append_images=flat[1:], loop=0, optimize=True,
        duration=[round(1000 * n / days_a_second) for n in reel.ticks],
    )  # fmt: skip
    return memory.getvalue()


def mp4(reel: Reel, days_a_second: int) -> bytes:
    """The same as a film; empty where this machine has no ffmpeg.

    Raises OSError or SubprocessError where it has one that cannot encode H.264.
    """
    if shutil.which("ffmpeg") is None:
        return b""
    from matplotlib.animation import FFMpegWriter

    figure, show = _screen()
    writer = FFMpegWriter(fps=days_a_second, codec="h264", extra_args=["-pix_fmt", "yuv420p"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        with writer.saving(figure, str(path), dpi=figure.dpi):
            for image, n in zip(reel.images, reel.ticks, strict=True):
                show(image)
                for _ in range(n):
                    writer.grab_frame()
        return path.read_bytes()


def _image(figure: Any) -> Image:
    from PIL import Image

    figure.canvas.draw()
    return Image.fromarray(np.asarray(figure.canvas.buffer_rgba())[:, :, :3].copy())


def _palette(images: Sequence[Image]) -> np.ndarray:
    """The commonest colours of four frames as they are, and others near to the rest, (n, 3)."""
    from PIL import Image

    chosen = [images[i * (len(images) - 1) // 3] for i in range(4)]
    numbers, counts = np.unique(
        np.concatenate([_numbers(np.asarray(image)) for image in chosen]), return_counts=True
    )
    colours = _colours(numbers[np.argsort(-counts, kind="stable")])
    common, rest = colours[:_COMMON_COLOURS], colours[_COMMON_COLOURS:]
    if not len(rest):
        return common
    near = Image.fromarray(rest[None, :, :].astype(np.uint8)).quantize(
        _MOST_COLOURS - _COMMON_COLOURS, method=Image.Quantize.MAXCOVERAGE
    )
    return np.concatenate([common, np.array(near.getpalette(), np.int32).reshape(-1, 3)])


def _indexed(image: Image, palette: np.ndarray) -> Image:
    """An image in the nearest colours of a palette; Pillow's own search is not exact."""
    from PIL import Image

    numbers, places = np.unique(_numbers(np.asarray(image)), return_inverse=True)
    apart = _colours(numbers)[:, None, :] - palette[None, :, :]
    nearest = (apart**2).sum(axis=2).argmin(axis=1).astype(np.uint8)
    indexed = Image.fromarray(nearest[places].reshape(image.height, image.width))
    indexed.putpalette(palette.ravel().tolist())
    return indexed


def _numbers(pixels: np.ndarray) -> np.ndarray:
    """Colours as one number each, which sort a hundred times faster."""
    return np.asarray(pixels.reshape(-1, 3).astype(np.int32) @ np.array([65536, 256, 1], np.int32))


def _colours(numbers: np.ndarray) -> np.ndarray:
    """Red, green and blue of such numbers, (n, 3)."""
    return np.stack([numbers // 65536, numbers // 256 % 256, numbers % 256], axis=1)


def _screen() -> tuple[Any, Callable[[Image], None]]:
    """A figure that is one image, and how another is put on it."""
    from abm.figures import style

    figure = style.new_figure(style.WIDTH_INCHES * HEIGHT_PIXELS / WIDTH_PIXELS)
    figure.set_dpi(WIDTH_PIXELS / style.WIDTH_INCHES)
    shown = figure.figimage(np.zeros((HEIGHT_PIXELS, WIDTH_PIXELS, 3), np.uint8))
    return figure, lambda image: shown.set_data(np.asarray(image))


def _happened(run: RunResult, day: int, sold_usd_bn: Mapping[str, float]) -> str:
    """Announcements of a day, and under them the forced sales."""
    told = in_english(
        "figures/film_day",
        came=[act.what for act in acts(run.scenario) if act.day == day],
        counts=dict(Counter(run.events["kind"][run.events["day"] == day])),
        n_sellers=len(sold_usd_bn),
        sold_usd_bn=sum(sold_usd_bn.values()),
    )
    return pictures.literal("\n".join(told))


def _sold_usd_bn(events: pd.DataFrame, day: int, funding: str) -> dict[str, float]:
    """Forced sales by institution as the table of days counts them: without yen bought back."""
    is_sale = (events["side"] == "sold") & (events["instrument"] != funding)
    sales = events[is_sale & (events["day"] == day)]
    return {
        str(k): float(v) for k, v in sales.groupby("institution")["amount_usd_bn"].sum().items()
    }


def _calls(events: pd.DataFrame, day: int) -> list[tuple[str, str]]:
    called = events[(events["day"] == day) & events["kind"].isin(_CALLS)]
    return list(zip(called["counterparty"], called["institution"], strict=True))
