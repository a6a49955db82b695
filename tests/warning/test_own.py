"""A user's own file: every fault at once, and where its values lie."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from abm.errors import ScenarioFaults, UnreadableFile
from abm.measures.indicators import realised_volatility
from abm.warning.columns import CONSTANT, PUBLIC
from abm.warning.own import beside, percentile_of, read_own, score_own
from abm.warning.running import Study

GRID = np.linspace(0.0, 1.0, 101)


@pytest.fixture
def file(tmp_path):
    """A file with this text."""

    def write(text: str, encoding: str = "utf-8") -> Path:
        path = tmp_path / "mine.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def said(path: Path, **more) -> str:
    with pytest.raises((ScenarioFaults, UnreadableFile)) as refused:
        read_own(path, **more)
    return " ".join(str(refused.value).split())


def a_study() -> Study:
    """Two indicators: net short at its percentile, followed by an unwind twice as often."""
    names = ("net_short_share", "carry_to_risk", CONSTANT)
    scores = pd.DataFrame(
        [
            {"indicator": name, "label": name.upper(), "auroc": 0.6, "auroc_low": 0.55,
             "auroc_high": 0.65, "threshold_usefulness": 0.5, "threshold_usefulness_wary": 0.8,
             "threshold_rare": 0.9} for name in names
        ]
    )  # fmt: skip
    parts = [
        pd.DataFrame(
            {"indicator": name, "percentile": np.arange(101), "value": GRID,
             "event_share": 2 * GRID / 10, "event_share_low": GRID / 10,
             "event_share_high": 3 * GRID / 10}
        ) for name in names[:2]
    ]  # fmt: skip
    models = [(PUBLIC, "constant", 0.0, 1.0, -3.0), (PUBLIC, "leverage", 2.0, 1.0, 1.0)]
    coefficients = pd.DataFrame(models, columns=["indicator", "column", "mean", "spread",
                                                 "coefficient"])  # fmt: skip
    return Study(Path(), scores, pd.concat(parts), coefficients, pd.DataFrame(), {})


def test_values_of_today_lie_where_they_lie(file):
    own = read_own(file("\ufeffcarry_to_risk, net_short_share\n0.255, 0.527\n"))
    found = beside(a_study(), own).set_index("indicator")
    row = found.loc["net_short_share"]
    assert row["percentile"] == pytest.approx(52.7) and row["event_share"] == pytest.approx(0.106)
    assert (row["event_share_low"], row["event_share_high"]) == pytest.approx((0.053, 0.159))
    assert found["is_beyond"].tolist() == [False, False] and list(found["auroc"]) == [0.6, 0.6]
    beyond = beside(a_study(), read_own(file("net_short_share\n1.4\n"))).iloc[0]
    assert beyond["is_beyond"] and beyond["percentile"] == 100.0


def test_percentile_of_equals_is_their_middle():
    grid = np.array([0.0, 0.0, 0.0, 1.0, 2.0])
    assert [percentile_of(v, grid) for v in (-1, 0, 0.5, 1, 2, 3)] == [0, 1, 2.5, 3, 4, 4]


def days(n: int) -> pd.DataFrame:
    random = np.random.default_rng(2)
    dates = pd.bdate_range("2024-01-01", periods=n)
    yen = np.cumsum(random.normal(0, 0.005, n))
    return pd.DataFrame(
        {
            "date": dates,
            "price_USDJPY": 150.0 * np.exp(-yen),
            "price_AUDUSD": 0.66 * np.exp(np.cumsum(random.normal(0, 0.004, n))),
        }
    )


def test_prices_and_rates_give_what_they_can_and_positions_come_three_days_late(file):
    table = days(80).assign(net_short_share=np.arange(80) / 100, usd_rate_per_year=0.05,
                            funding_rate_per_year=0.001)  # fmt: skip
    own = read_own(file(table.to_csv(index=False)))
    found = own.indicators()
    assert set(found) == {"net_short_share", "carry_to_risk", "realised_volatility_per_year",
                          "risk_reversal_per_year", "funding_rate_rise_per_year"}  # fmt: skip
    assert found["net_short_share"][-1] == 0.76
    yen = np.diff(np.log(1 / table["price_USDJPY"]))[-60:]
    assert found["realised_volatility_per_year"][-1] == pytest.approx(realised_volatility(yen))
    assert found["carry_to_risk"][-1] == pytest.approx(0.049 / realised_volatility(yen))
    assert found["funding_rate_rise_per_year"][-1] == 0.0
    y, cross = own.log_prices()
    assert cross == pytest.approx(np.log(table["price_AUDUSD"] * table["price_USDJPY"]))
    assert y == pytest.approx(-np.log(table["price_USDJPY"]))


def test_a_record_is_scored_on_what_its_prices_did_next(file):
    table = days(600)
    table.loc[400:, "price_USDJPY"] /= 1.2  # the yen jumps by a fifth
    table["net_short_share"] = 0.1
    table.loc[370:399, "net_short_share"] = 0.95  # and the short was large for a month before
    record = score_own(a_study(), read_own(file(table.to_csv(index=False)), for_scores=True))
    assert [day.isoformat() for day in record.crossing_dates] == [
        table["date"][400].date().isoformat()
    ]
    scores = record.scores.set_index("indicator")
    row = scores.loc["net_short_share"]
    # Twenty event days, of which all have .95; so have days 373 to 379, published three days on.
    assert row["auroc"] == pytest.approx(1 - 0.5 * 7 / (row["n_days"] - 20))
    assert row["n_events_told"] == 1 and row["lead_days"] == 20.0
    assert row["false_alarms_per_calm_year"] == pytest.approx(1 / row["calm_years"])
    assert scores.loc[CONSTANT, "auroc"] == 0.5


FAULTS = {
    "header\nof\ttabs\n": "is no column that is known",
    "date;net_short_share\n2024-07-01;0,5\n": "must be separated by commas",
    "net_short\n0.5\n": "is no column that is known; did you mean net_short_share?",
    "date\n2024-07-01\n": "has no column of an indicator",
    "net_short_share,net_short_share\n0.5,0.5\n": "stands there 2 times",
    "net_short_share\n": "there is none below the header",
    "net_short_share\nhigh\n": 'line 2 net_short_share = "high" must be a number',
    'net_short_share\n"0,5"\n': "must be a number, with a point for decimals",
    "leverage\n\"1,234.5\"\n": "must be a number, with a point for decimals",
    "net_short_share\n52.7\n": "must be from -1 to 1.5 (share, not per cent)",
    "net_short_share\nnan\n": "must be from -1 to 1.5",
    "net_short_share,leverage\n0.5,\n": "leverage is empty: fill the gap",
    "net_short_share,leverage\n0.5\n": "1 cells, must be 2 as in the header",
    "net_short_share\n0.5\n0.6\n": "2 rows need a column date",
    "date,leverage\n2024-07-01,3\n2024-07-01,3\n": "line 3 date = \"2024-07-01\" is there twice",
    "date,leverage\n2024-07-02,3\n2024-07-01,3\n": "goes back from 2024-07-02",
    "date,leverage\n2024-07-01,3\n2024-07-22,3\n": "leaves a gap of 21 days from 2024-07-01",
    "date,leverage\n1 July,3\n": "must be a date as 2024-07-31",
    "price_USDJPY\n0\n": "must be above 0",
    "funding_rate_per_year\n5\n": "must be from -0.5 to 0.5",
    "": "is empty",
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), FAULTS.items())
def test_a_bad_file_is_refused_in_words(file, text, words):
    assert words in said(file(text))


def test_all_faults_are_told_at_once(file):
    text = "date,leverage,short,net_short_share\n2024-07-01,high,?,0.5\nsoon,3,?,52\n2024-07-03,3\n"
    told = said(file(text))
    assert "5 faults" in told  # the column that is not known is one, whatever is in it
    assert all(f"line {n}" in told for n in (1, 2, 3, 4))


def test_what_is_no_text_and_what_is_not_there(file, tmp_path):
    assert "is not UTF-8" in said(file("carry_to_risk\n½\n", "latin-1"))
    assert "there is no such file" in said(tmp_path / "none.csv")
    assert "cannot be read" in said(tmp_path)


def test_a_file_to_be_scored_needs_dates_prices_and_length(file):
    told = said(file("net_short_share\n0.5\n"), for_scores=True)
    assert "scores need a column of dates" in told and "price_USDJPY" in told
    assert "1 days, must be at least 250" in told
