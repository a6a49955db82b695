"""Shares of the classes: the same runs counted in tables, figures and on the page."""

import numpy as np
import pandas as pd
import pytest

from abm.classroom.phase import study
from abm.figures.phase import LEVERAGE_CAP, SURPRISE
from abm.figures.phase import class_shares as drawn_shares
from abm.measures.classes import class_counts, class_shares, is_counted
from abm.report.study import read_study
from abm.sweep import analysis
from abm.sweep.outcomes import panel


def ten_runs(**more):
    """Of ten: 4 dam breaks, 2 leaks, 1 absorbed, 1 broken before, 1 cut short, 1 without."""
    words = ["dam break"] * 4 + ["leak"] * 2 + ["absorbed", "broken before the shock"]
    return pd.DataFrame(
        {SURPRISE: 5.0, "class": [*words, "undetermined", "undetermined"],
         "unwound_5d": [0.5] * 4 + [0.1] * 3 + [np.nan, 0.1, np.nan], **more}
    )  # fmt: skip


def test_a_run_counts_if_it_is_known_whether_the_dam_broke():
    assert is_counted(ten_runs()).tolist() == [True] * 9 + [False]
    line = class_counts(ten_runs(), [SURPRISE]).loc[5.0]
    assert line.to_dict() == {
        "absorbed": 1, "leak": 2, "dam break": 4, "broken before the shock": 1, "undetermined": 1,
        "n_runs": 9, "n_left_out": 1,
    }  # fmt: skip


def test_failed_runs_are_neither_counted_nor_left_out():
    table = ten_runs(status=["failed"] * 2 + ["done"] * 8)
    assert class_counts(table, [SURPRISE]).loc[5.0, ["n_runs", "n_left_out"]].tolist() == [7, 1]


def test_a_level_where_no_run_has_a_class_has_no_share():
    table = ten_runs().assign(**{SURPRISE: [5.0] * 9 + [15.0]})
    assert class_counts(table, [SURPRISE]).loc[15.0, ["n_runs", "n_left_out"]].tolist() == [0, 1]
    assert class_shares(table, [SURPRISE]).loc[15.0].isna().all()


def test_where_no_run_has_a_class_runs_are_whole_numbers_still():
    counts = class_counts(ten_runs().iloc[[9]], [SURPRISE])
    assert counts.to_csv(index=False).split() == ["n_runs,n_left_out", "0,1"]


def test_tables_figures_and_analyses_have_one_share():
    table = ten_runs(row=range(10), point=0, replicate=range(10), seed=1, status="done")
    table = table[["row", "point", "replicate", "seed", SURPRISE, "status", "class", "unwound_5d"]]
    table.insert(6, "seconds", 0.1)
    shares = class_shares(table, [SURPRISE]).loc[5.0]
    assert shares.sum() == pytest.approx(1.0) and shares["dam break"] == pytest.approx(4 / 9)
    pd.testing.assert_series_equal(drawn_shares(table).loc[5.0], shares)
    in_sweep = analysis.class_shares(table, [SURPRISE]).set_index(SURPRISE).loc[5.0]
    pd.testing.assert_series_equal(in_sweep, shares)
    for name, share in shares.items():
        points = analysis.point_means(panel(table, f"class={name}"))
        assert points["mean"].tolist() == pytest.approx([share]), name
        assert points["n_left_out"].tolist() == [1]


def test_the_page_and_the_figures_say_the_same_of_every_cell():
    # At 100bp and a cap of 7, 380 dam breaks were of 400 on the figure, of 396 on the page.
    page = study.cells(()).set_index([SURPRISE, LEVERAGE_CAP])
    table = read_study(study.study_folder()).table
    drawn = analysis.class_shares(table, [SURPRISE, LEVERAGE_CAP])
    drawn = drawn.set_index([SURPRISE, LEVERAGE_CAP])
    assert drawn["dam break"].to_numpy() == pytest.approx(page["share"].to_numpy(), abs=1e-12)
    for name in ("leak", "absorbed"):
        assert drawn[name].to_numpy() == pytest.approx((page[name] / page["n_runs"]).to_numpy())
