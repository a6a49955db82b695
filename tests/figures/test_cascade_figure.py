"""The cascade figure shows what the tables say, in a picture that can be read."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from abm.figures import style
from abm.figures.cascade import cascade_figure
from abm.figures.finding import finding

N_DAYS = 45
TYPES = ("hedge_fund", "risk_parity", "volatility_target", "trend", "retail_fx", "bank")


def days(dated=True, forced=1.0):
    day = np.arange(N_DAYS)
    dates = pd.bdate_range("2024-07-01", periods=N_DAYS).strftime("%Y-%m-%d")
    table = pd.DataFrame({"day": day, "date": dates if dated else "", "log_JPY": 0.002 * day})
    table["leverage"], table["margin_rate"] = 5.0 - 0.02 * day, 0.05 + 0.001 * day
    for i, kind in enumerate(TYPES):
        table[f"forced_{kind}_usd_bn"] = forced * (i + 1.0) * ((day > 22) & (day < 27))
    table["n_margin_calls"] = (forced * 5 * ((day > 22) & (day < 27))).astype(int)
    table["n_loss_cuts"] = (forced * 3 * ((day > 9) & (day < 12))).astype(int)
    table["n_failures"] = (forced * 2 * (day == 25)).astype(int)
    table["n_bank_failures"] = (forced * (day == 28)).astype(int)
    return table


def events(*rows):
    return pd.DataFrame(
        [{"day": d, "kind": kind, "institution": who} for d, kind, who in rows],
        columns=["day", "kind", "institution"],
    )


POLICY = events(
    (8, "policy", "MoF buys yen"),
    (9, "policy", "MoF buys yen again"),
    (9, "margin_call", "hedge-fund-3"),
    (22, "policy", "BoJ hikes"),
    (24, "news", "weak US payrolls"),
    (27, "policy", "Uchida speaks"),
)


def real_path():
    index = pd.bdate_range("2024-06-20", "2024-07-20")
    return pd.Series(np.linspace(158.0, 162.0, len(index)), index=index)


def boxes(figure, texts):
    renderer = figure.canvas.get_renderer()
    # The text alone: an Annotation's own extent would include its stem.
    return [Text.get_window_extent(t, renderer) for t in texts if t.get_text()]


def test_the_picture_is_1200_pixels_wide_with_aligned_panels():
    figure = cascade_figure(days(), POLICY, "t", real_path(), {"no shock": days()})
    assert figure.get_figwidth() * figure.dpi == 1200
    assert len(figure.axes) == 5
    assert len({axes.get_xlim() for axes in figure.axes}) == 1
    assert len({axes.get_position().x0 for axes in figure.axes}) == 1


def test_usdjpy_is_the_opening_quote_times_the_inverse_of_the_yen():
    figure = cascade_figure(days(), POLICY, "t", opening_quote=161.5)
    simulated = figure.axes[0].lines[0].get_ydata()
    assert simulated[0] == pytest.approx(161.5)
    assert simulated[-1] == pytest.approx(161.5 * math.exp(-0.002 * (N_DAYS - 1)))


def test_real_quotes_stand_on_their_own_dates():
    path = real_path()
    figure = cascade_figure(days(), POLICY, "t", path)
    (real,) = [line for line in figure.axes[0].lines if line.get_color() == style.REAL]
    x, y = real.get_data()
    table = days()
    assert len(x) == 15  # 1 to 19 July: what lies before the run is left out
    assert [table["date"][int(i)] for i in x] == [str(d)[:10] for d in path.index[-15:]]
    assert list(y) == list(path.iloc[-15:])


def test_without_dates_no_real_path_is_drawn():
    figure = cascade_figure(days(dated=False), POLICY, "t", real_path())
    assert not [line for line in figure.axes[0].lines if line.get_color() == style.REAL]
    assert figure.axes[-1].get_xlabel() == "trading day"


def test_bars_add_up_to_the_forced_sales_of_the_table():
    table = days()
    forced = [c for c in table.columns if c.startswith("forced_")]
    heights = [bar.get_height() for bar in cascade_figure(table, POLICY, "t").axes[3].patches]
    assert sum(heights) == pytest.approx(float(table[forced].to_numpy().sum()))


def test_the_title_says_the_same_forced_sales_as_the_panel():
    # without twins those of the run; beside its twin the title has their difference
    table, fewer = days(), days(forced=0.25)
    forced = [c for c in table.columns if c.startswith("forced_")]
    total = float(table[forced].to_numpy().sum())
    assert "USD 84bn of forced sales" in finding({"forced_sales_usd_bn": total})
    alone, beside, none = (
        cascade_figure(table, POLICY, "t", counterfactuals=twins).axes[3].get_title(loc="left")
        for twins in (None, {"no shock": fewer}, {"no shock": days(forced=0.0)})
    )
    assert alone.endswith("in the run, USD bn a day: 84bn in all")
    assert beside.endswith(": 84bn in all, 21bn without the shock")
    assert none.endswith(": 84bn in all, none without the shock")
    little = cascade_figure(days(forced=0.0005), POLICY, "t").axes[3].get_title(loc="left")
    assert little.endswith(": less than 0.05bn in all")
    net = {"class": "leak", "peak_yen_appreciation": 0.1, "forced_sales_net_usd_bn": 84.0 - 21.0}
    assert "forced sales +USD 63bn" in finding(net, "It")


def test_every_failure_has_a_cross_that_of_a_bank_too():
    axes = cascade_figure(days(), POLICY, "t").axes[4]
    (crosses,) = axes.collections
    assert [x for x, _ in crosses.get_offsets()] == [25.0, 28.0]
    assert "3 failures" in {t.get_text() for t in axes.texts}


def test_stop_outs_stand_beside_margin_calls():
    axes = cascade_figure(days(), POLICY, "t").axes[4]
    calls, cuts = axes.containers
    assert sum(bar.get_height() for bar in calls) == days()["n_margin_calls"].sum()
    assert [round(bar.get_x() + bar.get_width() / 2) for bar in cuts] == [10, 11]
    assert {"20 margin calls", "6 stop-outs"} <= {t.get_text() for t in axes.texts}


def test_stop_outs_alone_keep_the_panel_and_say_that_there_were_no_calls():
    table = days().assign(n_margin_calls=0, n_failures=0, n_bank_failures=0)
    axes = cascade_figure(table, POLICY, "t").axes[4]
    said = {t.get_text() for t in axes.texts}
    assert {"no margin calls", "6 stop-outs", "no failures"} <= said


def test_liquidations_stand_on_the_stop_outs_of_their_day_and_are_counted():
    rows = [(11, "liquidation", f"auto-borrower-{n}") for n in range(4)]
    rows.append((38, "liquidation", "auto-borrower-1"))
    axes = cascade_figure(days(), events(*rows), "t").axes[4]
    *_, bars = axes.containers
    drawn = [(round(bar.get_x() + bar.get_width() / 2), bar.get_y(), bar.get_height())
             for bar in bars]  # fmt: skip
    assert drawn == [(11, 3, 4), (38, 0, 1)]
    assert "5 liquidations" in {t.get_text() for t in axes.texts}
    assert ", liquidations a day" in axes.get_title(loc="left")
    assert "liquidation" not in cascade_figure(days(), POLICY, "t").axes[4].get_title(loc="left")


def test_a_title_keeps_to_one_line_or_breaks_after_a_colon_or_comma():
    start, rest = "The shock of 31 Jul 2024 broke the dam:", "yen +6.8%, USD 30bn sold, 2 failures"
    assert style._title_lines(f"{start} {rest}") == [f"{start} {rest}"]
    longer = f"{rest} and a swap line in the end"
    assert style._title_lines(f"{start} {longer}") == [start, longer]
    assert max(map(len, style._title_lines("word " * 60))) <= style._TITLE_LETTERS


@pytest.mark.parametrize(
    "name",
    [
        "dam break",
        "leak",
        "absorbed",
        "broken before the shock",
        "undetermined",
        "de-risking",
        "build-up",
    ],
)
@pytest.mark.parametrize(
    "forced",
    [{}, {"forced_share_of_unwind": 0.0}, {"n_margin_calls": 0, "n_margin_calls_before": 0}],
)
def test_the_longest_titles_of_august_2024_fit_on_two_lines(name, forced):
    summary = {
        "class": name, "peak_yen_appreciation": 0.3061, "forced_sales_net_usd_bn": 192.2,
        "n_failed_net": 12, "n_banks_failed_net": 0, "eve_leverage": 1.04,
        "eve_share_unlevered": 1.0, "eve_yen_short_units": -20.0, **forced,
    }  # fmt: skip
    title = finding(summary, "The shock of 31 Jul 2024")
    figure = cascade_figure(days(), POLICY, title)
    (box,) = boxes(figure, figure.texts[:1])
    first, *more = figure.texts[0].get_text().split("\n")
    assert len(more) == 1 and first.endswith((":", "eve):"))
    assert 0.5 * 1200 < box.x1 < 1190


def test_no_label_covers_another():
    twins = {"no shock": days(), "frozen": days()}  # three lines that end at one place
    figure = cascade_figure(days(), POLICY, "A title", real_path(), twins, "A caption")
    figure.canvas.draw()
    for axes in figure.axes:
        for a, b in itertools.combinations(boxes(figure, axes.texts), 2):
            assert not a.overlaps(b), (a, b)


def test_policy_and_news_are_named_above_the_price_and_calls_are_not():
    names = {t.get_text() for t in cascade_figure(days(), POLICY, "t").axes[0].texts}
    assert {"MoF buys yen", "weak US payrolls", "Uchida speaks"} <= names
    assert "hedge-fund-3" not in names


def test_all_text_lies_inside_the_picture():
    late = events((N_DAYS - 2, "policy", "a speech that was not expected at all, in the evening"))
    figure = cascade_figure(
        days(), late, "A title of many words " * 6, real_path(), {}, "A long caption " * 30
    )
    figure.canvas.draw()
    texts = [*figure.texts, *(t for axes in figure.axes for t in axes.texts)]
    texts += figure.axes[3].get_legend().get_texts()
    width, height = figure.canvas.get_width_height()
    for box in boxes(figure, texts):
        assert box.x0 >= 0
        assert box.x1 <= width
        assert box.y0 >= 0
        assert box.y1 <= height


def test_a_calm_run_is_drawn_too():
    figure = cascade_figure(days(dated=False, forced=0.0), events(), "Nothing happened")
    sales, triggers = figure.axes[3:]
    assert sales.get_title(loc="left").endswith("none")
    said = triggers.get_title(loc="left")
    assert said == "No margin calls, no retail stop-outs, no failures in the run"
    assert not triggers.texts
    for strip in (sales, triggers):
        assert strip.get_position().height * figure.get_figheight() < 0.2  # inches
        assert not strip.get_yticks().size


def test_the_same_tables_give_the_same_picture(tmp_path):
    for name in ("a.png", "b.png"):
        cascade_figure(days(), POLICY, "t", real_path()).savefig(tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_every_type_of_the_tables_has_a_colour_of_its_own():
    kinds = [k for k in style.ACTOR_COLOURS if k != "bank_desk"]  # desks belong to their bank
    assert len({style.ACTOR_COLOURS[k] for k in kinds}) == len(kinds)
    assert set(TYPES) | {"retail_equity", "insurer", "custom"} <= set(style.ACTOR_COLOURS)
    assert set(style.ACTOR_NAMES) == set(style.ACTOR_COLOURS)


def test_labels_pushed_apart_keep_their_order_and_their_distance():
    places = style.spread_apart([0.50, 0.52, 0.10, 0.51], 0.1, 0.0, 1.0)
    assert sorted(range(4), key=places.__getitem__) == [2, 0, 3, 1]
    assert min(np.diff(sorted(places))) >= 0.1 - 1e-12
    assert places[2] == 0.10
    assert style.spread_apart([0.0, 0.01], 0.1, 0.0, 1.0) == [0.0, 0.1]
    assert style.spread_apart([0.99, 1.0], 0.1, 0.0, 1.0) == [0.9, 1.0]


def test_failures_of_days_side_by_side_are_one_number_that_can_be_read():
    # 4 and 7 on two days running read as 47
    table = days()
    table["n_failures"] = 4 * (table["day"] == 25) + 7 * (table["day"] == 26)
    table["n_bank_failures"] = 2 * (table["day"] == 40)
    axes = cascade_figure(table, POLICY, "t").axes[4]
    assert [t.get_text() for t in axes.texts if t.get_text().isdigit()] == ["11", "2"]
    assert [x for x, _ in axes.collections[0].get_offsets()] == [25.0, 26.0, 40.0]
