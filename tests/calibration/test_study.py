"""All faults of a study are told at once, each by its place in the file."""

import copy
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from abm.calibration.reading import load_study, study_of
from abm.calibration.study import choices_of
from abm.calibration.targets import targets_of
from abm.cli.check import check
from abm.errors import ScenarioFaults, UnreadableFile
from abm.sweep.experiment import load_experiment
from abm.sweep.question import scenario_at
from tests.calibration import toy

ROOT = Path(__file__).parents[2]
AUGUST = ROOT / "experiments/calibrate-august.toml"


def changed(path, value):
    """The tiny study with one entry changed, or taken away by None."""
    raw = copy.deepcopy(toy.raw_study())
    at = raw
    for step in path[:-1]:
        at = at[step]
    if value is None:
        at.pop(path[-1])
    else:
        at[path[-1]] = value
    return raw


USD, NIKKEI = ("moments", "yen by day 4"), ("moments", "Nikkei by day 4")
BAD = [
    (
        ("parameters", "funds.overlapp"),
        {"low": 0, "high": 1},
        "overlapp  unknown key; did you mean overlap?",
    ),
    (("parameters", "funds.*.overlapp"), {"low": 0, "high": 1}, "fits no key of the scenario"),
    (("parameters", "funds.overlap"), {"low": -1, "high": 0.5}, "low = -1.0  must be from 0 to 1"),
    (("parameters", "funds.overlap"), {"low": 0.5}, "needs its values"),
    (("parameters", "funds.overlap"), {"low": 0.5, "high": 0.5}, "low must be below high"),
    (("parameters", "funds.overlap"), [0.1, 0.5], "is searched between low and high"),
    (("parameters", "population.scale"), {"low": 0.1, "high": 0.2}, "is set here and by"),
    (("parameters",), {}, "is empty"),
    (("moments",), {}, "is empty"),
    (("moments", "closed"), None, "closed"),
    ((*USD, "target"), None, "has no target"),
    ((*USD, "se"), None, "has a target without its standard error"),
    ((*USD, "se"), 0.0, "se = 0.0  must be above 0"),
    ((*USD, "source"), None, "needs a source"),
    ((*USD, "end"), None, "change needs end"),
    ((*USD, "end"), 99, "must be a trading day of the run"),
    ((*USD, "end"), 0, "must be after start"),
    ((*USD, "lag"), 3, "change takes no lag"),
    ((*USD, "measure"), "chnge", "did you mean change?"),
    ((*USD, "series"), "USDJPX", "is no instrument and no pair"),
    (
        (*USD, "record"),
        {"file": "x.csv", "column": "x", "block_days": 5},
        "takes target and se, or",
    ),
    ((*NIKKEI, "correlations"), [0.1, 0.2], "are 2, must be 1: one for each moment above"),
    ((*NIKKEI, "correlations"), [1.0], "must lie between -1 and 1"),
    (("seeds", "report"), {"first": 2, "n": 5}, "shares seeds with search: 2 is in both"),
    (("accepted",), {"least": 9, "most_tried": 8}, "wants 9 points of at most 8 that are tried"),
    (("seeds", "choice"), None, "choice  is missing"),
    (("serch",), {}, "did you mean search?"),
    (("scenario",), "hkie", "did you mean hike?"),
    (("scenarios",), {"quiet": {"scenario": "clam"}}, '[scenarios.quiet] scenario = "clam"'),
    (
        ("scenarios",),
        {"quiet": {"scenario": "calm", "changes": {"calendar.dais": 3}}},
        "dais = 3  unknown key; did you mean days?",
    ),
    ((*USD, "scenario"), "quiet", "is none beside the study's own; there are none"),
    ((*USD, "runs_in_record"), 0, "must be from 1 to 100000"),
    (("changes",), {"calendar.dais": 3}, "dais = 3  unknown key; did you mean days?"),
]


@pytest.mark.parametrize(("path", "value", "said"), BAD)
def test_a_bad_entry_is_named_with_what_is_allowed(path, value, said):
    if path == ("moments", "closed"):
        raw = changed(path, None)
        raw["moments"].pop("Nikkei by day 4")
        said = "are 1, fewer than the 2 parameters"
    else:
        raw = changed(path, value)
    with pytest.raises(ScenarioFaults) as refused:
        study_of(raw)
    assert said in str(refused.value)


def test_all_faults_are_said_at_once_with_their_lines(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(
        'scenario = "hike"\n[seeds]\nsearch = { first = 1, n = 5 }\n'
        "choice = { first = 3, n = 5 }\nreport = { first = 20, n = 5 }\n"
        '[parameters]\n"funds.overlap" = { low = -1, high = 1 }\n'
        '[moments.one]\nmeasure = "change"\nseries = "USDJPY"\n'
        '[moments.two]\nmeasure = "chnge"\nseries = "USDJPX"\n'
        "[parameters.funds]\nnonsense = { low = 1, high = 2 }\n"
    )
    with pytest.raises(ScenarioFaults) as refused:
        load_study(path)
    told = str(refused.value)
    for words in (
        "line 4", "shares seeds", "line 7", "must be from 0 to 1", "line 8", "needs end",
        "did you mean change?", "is no instrument and no pair", "[parameters.funds] nonsense",
    ):  # fmt: skip
        assert words in told, told
    with pytest.raises(UnreadableFile, match="no such file"):
        load_study(tmp_path / "none.toml")


def test_other_files_are_told_apart_from_a_study():
    with pytest.raises(UnreadableFile, match="is an experiment, not a study: unwind sweep"):
        load_study(ROOT / "experiments/leak-or-dam.toml")
    with pytest.raises(UnreadableFile, match="is a scenario, not a study"):
        load_study(ROOT / "configs/hike.toml")
    with pytest.raises(UnreadableFile, match="is a study, not an experiment: unwind calibrate"):
        load_experiment(AUGUST)


def test_check_says_what_a_study_asks_for(capsys):
    check(str(AUGUST), None, None)
    said = "ok: calibrate-august, 8 parameters and 20 moments on august-2024 and calm: at most"
    told = capsys.readouterr().out
    assert told.startswith(f"{said} 2,000 points × 120 runs in the search")


def test_stars_and_multiples_set_keys_as_on_the_command_line():
    study = toy.study_of(toy.raw_study())
    at = scenario_at(study.question, {"funds.styles.*.leverage": 1.1})
    for name, style in study.base.funds.styles.items():
        assert at.funds.styles[name].leverage == pytest.approx(1.1 * style.leverage)


def test_days_are_rows_behind_the_close_before_the_first():
    study = study_of(toy.raw_study())
    choices = choices_of(study.moments["yen by day 4"], study.base)
    assert (choices.start, choices.end) == (1, 5)


def test_correlations_are_those_of_the_sampling_errors():
    raw = changed((*NIKKEI, "correlations"), [0.6])
    targets = targets_of(study_of(raw))
    assert targets.covariance[0, 1] == pytest.approx(0.6 * 0.02 * 0.02)
    assert targets.covariance[0, 2] == 0.0
    assert np.corrcoef(targets.draws.T)[0, 1] == pytest.approx(0.6, abs=0.15)  # of 200 draws
    raw["moments"]["closed"]["correlations"] = [0.9, -0.9]  # to two that go together
    with pytest.raises(
        ScenarioFaults, match=r"\[moments.closed\] correlations  are those of no series"
    ):
        study_of(raw)


def test_correlations_and_a_record_do_not_go_together(tmp_path):
    series(tmp_path / "x.csv")
    raw = changed((*NIKKEI, "correlations"), [0.6])
    of = {"file": "x.csv", "column": "X", "block_days": 20}
    raw["moments"]["v"] = {"measure": "volatility", "series": "USDJPY", "record": of}
    with pytest.raises(ScenarioFaults, match="cannot be given where a moment has a record"):
        study_of(raw, tmp_path)


def series(path, n=600, skip=()):
    day, close, lines = date(2020, 1, 1), 100.0, ["date,X"]
    for k in range(n):
        close *= 1.01 if k * k % 7 in (1, 2) else 0.9945
        if k not in skip:
            lines.append(f"{day},{close:.6f}")
        day += timedelta(days=1)
    path.write_text("\n".join(lines) + "\n")


def with_record(tmp_path, **record):
    raw = toy.raw_study()
    of = {"file": "x.csv", "column": "X", "block_days": 20} | record
    for name, measure in (("v", {}), ("a", {"lag": 5})):
        kind = "volatility" if name == "v" else "acf_absolute"
        raw["moments"][name] = {"measure": kind, "series": "USDJPY", "record": of} | measure
    return study_of(raw, tmp_path)


def test_a_target_may_come_from_a_series_with_its_bootstrapped_error(tmp_path):
    series(tmp_path / "x.csv")
    targets = targets_of(with_record(tmp_path))
    names = ["yen by day 4", "Nikkei by day 4", "closed", "v", "a"]
    volatility = targets.values[names.index("v")]
    assert 0.1 < volatility < 0.15
    v, given = names.index("v"), names.index("closed")
    assert 0.0 < targets.covariance[v, v] ** 0.5 < 0.1 * volatility
    assert targets.covariance[given, given] == pytest.approx(0.1**2)
    assert targets.covariance[v, given] == 0.0
    assert targets.covariance[v, names.index("a")] != 0.0  # the same days are resampled
    assert targets.draws.mean(axis=0)[v] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"column": "Y"}, "is no column of the file; it has date, X"),
        ({"file": "none.csv"}, "there is no such file"),
        ({"block_days": 400}, "make fewer than 4 blocks"),
        ({"block_days": 3}, "block_days must be above the lag, 5"),
        ({"first": "2010-01-01"}, "lies outside the series"),
    ],
)
def test_a_record_that_cannot_be_used_is_a_fault(tmp_path, record, said):
    series(tmp_path / "x.csv")
    with pytest.raises(ScenarioFaults) as refused:
        with_record(tmp_path, **record)
    assert said in str(refused.value)


def test_a_series_with_gaps_is_a_fault(tmp_path):
    series(tmp_path / "x.csv", skip=range(300, 310))
    with pytest.raises(ScenarioFaults, match="has a gap: 11 days from 2020-10-26 to 2020-11-06"):
        with_record(tmp_path)
    series(tmp_path / "x.csv")
    text = (tmp_path / "x.csv").read_text().splitlines()
    text[50] = text[50].partition(",")[0] + ","
    (tmp_path / "x.csv").write_text("\n".join(text))
    with pytest.raises(ScenarioFaults, match="has a gap: no close above 0 on 2020-02-19"):
        with_record(tmp_path)


def test_a_single_event_has_no_bootstrap(tmp_path):
    raw = changed((*USD, "record"), {"file": "x.csv", "column": "X", "block_days": 5})
    for name in ("target", "se"):
        raw["moments"]["yen by day 4"].pop(name)
    with pytest.raises(ScenarioFaults, match="one event has no block bootstrap"):
        study_of(raw, tmp_path)


def test_the_shipped_study_is_sound_and_needs_no_series():
    study = load_study(AUGUST)
    assert (len(study.parameters), len(study.moments)) == (8, 20)
    assert all(one.record is None for one in study.moments.values())


def test_the_shipped_study_s_quiet_half_years_are_as_long_as_those_of_the_record():
    """8,657 changes of ordinary days are 72 runs of 120 days."""
    study = load_study(AUGUST)
    quiet = [one for one in study.moments.values() if one.scenario == "quiet"]
    assert {one.runs_in_record for one in quiet} == {72}
    assert {study.base_of(one).calendar.days for one in quiet} == {120}
    assert study.base.calendar.days == 45
