"""An experiment file is read whole, and everything wrong with it is said before anything runs."""

import pickle

import pytest

from abm.errors import ScenarioFaults, UnreadableFile
from abm.runs import run
from abm.scenario import load_scenario
from abm.sweep.designs import design_points
from abm.sweep.experiment import Experiment, base_scenario, load_experiment
from abm.sweep.question import scenario_at, series_names

HEAD = 'scenario = "hike"\nreplicates = 2\nseed = 1\n'
GRID = HEAD + '[design]\nkind = "grid"\n[design.factors]\n'
CHANGED = GRID.replace("[design]", "[changes]\nfunds.leverage_cap = 6\n[design]", 1)
LIST = HEAD + '[design]\nkind = "list"\nfile = "points.csv"\n'


@pytest.fixture
def load(tmp_path):
    """An experiment from the text of its file, with a CSV file of points beside it."""

    def call(text, points=None, **options):
        (tmp_path / "asked.toml").write_text(text, encoding="utf-8")
        if points is not None:
            (tmp_path / "points.csv").write_text(points, encoding="utf-8")
        return load_experiment(tmp_path / "asked.toml", **options)

    return call


@pytest.fixture
def refused(load):
    """Faults told of a bad file: (line, key, given, allowed and hint) of each."""

    def call(*texts, **options):
        with pytest.raises(ScenarioFaults) as faults:
            load(*texts, **options)
        return [
            (f.line, f.key.removeprefix("design.factors."), f.given, f"{f.allowed}; {f.hint}")
            for f in faults.value.faults
        ]

    return call


def test_a_ten_line_file_is_an_experiment(load):
    experiment = load(GRID + '"shock.surprise_bp" = [5, 15]\n"funds.leverage_cap" = [2, 4, 7]\n')
    assert (experiment.name, experiment.replicates, experiment.seed) == ("asked", 2, 1)
    assert experiment.outputs.measure == "cascade"
    assert len(design_points(experiment)) == 6


def test_a_scenario_lies_beside_the_experiment_that_names_it(load, tmp_path):
    (tmp_path / "mine.toml").write_text('base = "hike"\n[funds]\nleverage_cap = 3.5\n')
    for named in ("mine.toml", "mine"):
        experiment = load(GRID.replace("hike", named) + '"shock.surprise_bp" = [5]\n')
        assert base_scenario(experiment).funds.leverage_cap == 3.5


CONDITIONAL = (
    '"margin.kind" = ["volatility", "none"]\n'
    '"margin.buffer" = { values = [0.8, 0.9], when = { "margin.kind" = "volatility" } }\n'
)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        (CHANGED + CONDITIONAL, None),
        (HEAD + '[design]\nkind = "morris"\nn_trajectories = 3\n[design.factors]\n'
         '"funds.n" = { low = 10, high = 1000, scale = "log", whole = true }\n', None),
        (LIST, "funds.n,margin.kind\n20,none\n30,volatility\n"),
    ],
)  # fmt: skip
def test_what_was_written_out_loads_to_the_same_experiment(load, tmp_path, text, points):
    first = load(text, points)
    (tmp_path / "again.toml").write_text(first.to_toml())
    again = load_experiment(tmp_path / "again.toml", is_checked=True)
    assert again == first
    assert pickle.loads(pickle.dumps(again)) == first
    assert design_points(again).equals(design_points(first))


def test_changes_hold_at_every_point_and_a_point_sets_its_own(load):
    experiment = load(CHANGED + '"shock.surprise_bp" = [5, 50]\n')
    there = scenario_at(experiment, {"shock.surprise_bp": 50, "funds.band": float("nan")})
    wanted = {"funds.leverage_cap": 6, "shock.surprise_bp": 50}
    assert there == load_scenario("hike").with_changes(wanted)


def test_linked_keys_take_the_value_or_keep_their_ratio(load):
    linked = 'also = ["insurers.n"] }\n'
    experiment = load(GRID + '"funds.n" = { values = [20, 40], ' + linked)
    there = scenario_at(experiment, {"funds.n": 40})
    assert (there.funds.n, there.insurers.n) == (40, 40)
    depth = 'also = ["instruments.*.value_depth_usd_bn"], in_proportion = true }'
    experiment = load(GRID + f'"instruments.JPY.value_depth_usd_bn" = {{ values = [500], {depth}')
    base = base_scenario(experiment).instruments
    there = scenario_at(experiment, {"instruments.JPY.value_depth_usd_bn": 500}).instruments
    halved = 500 / base["JPY"].value_depth_usd_bn
    assert all(
        there[k].value_depth_usd_bn == pytest.approx(halved * base[k].value_depth_usd_bn)
        for k in base
    )


def test_dotted_keys_may_stand_with_or_without_quotes(load):
    quoted = load(GRID + '"shock.surprise_bp" = [5]\n"funds.n" = { values = [20] }\n')
    assert load(GRID + "shock.surprise_bp = [5]\nfunds.n = { values = [20] }\n") == quoted


def test_a_copy_of_an_experiment_reads_the_scenario_that_it_names(load):
    experiment = load(GRID + '"shock.surprise_bp" = [5]\n')
    assert base_scenario(experiment).name == "hike"
    assert base_scenario(experiment.model_copy(update={"scenario": "calm"})).name == "calm"


def test_series_are_the_columns_of_the_days_table():
    scenario = load_scenario("hike").with_changes({"calendar.days": 2, "population.scale": 0.1})
    columns = run(scenario).days.columns.drop(["day", "date"])
    depth = [f"depth_{name}_usd_bn" for name in scenario.instrument_names]  # of sweeps alone
    assert sorted(series_names(scenario)) == sorted([*columns, *depth])


def test_all_faults_of_a_file_are_said_at_once_and_where(refused):
    found = refused(
        'scenario = "hike"\nreplicates = 0\nsede = 1\n[changes]\nfunds.n = 0.5\n[design]\n'
        'kind = "grid"\n[design.factors]\n"funds.leverage_capp" = [2]\n"funds.band" = [7]\n'
        '"funds.overlap" = []\n[outputs]\nseries = ["log_JPP"]\n[stop]\nmax_failed = 2\n'
    )
    assert [line for line, *_ in found] == [2, 3, 5, 9, 10, 11, 13, 15]
    said = " ".join(words for *_, words in found)
    assert "did you mean seed?" in said
    assert "did you mean leverage_cap?" in said
    assert "did you mean log_JPY?" in said


WRONG = {"values": '"funds.leverage_capp" = [2]', "ends": '"funds.leverage_capp" = {low=1, high=2}'}


@pytest.mark.parametrize(
    ("design", "other"),
    [
        ('kind = "grid"\nn_point = 3', "design.n_point"),
        ('kind = "gird"', "design.kind"),
        ('kind = "sobol"', "design.n_points"),
        ('kind = "sobol"\nn_points = 100', "design.n_points"),
        ('kind = "morris"\nn_trajectories = 0', "design.n_trajectories"),
        ('kind = "latin-hypercube"\nn_points = 900_000', "design"),
    ],
)
def test_wrong_keys_are_told_together_with_faults_of_the_design(refused, design, other):
    wrong = WRONG["values" if "gr" in design or "gird" in design else "ends"]
    found = refused(f"{HEAD}[design]\n{design}\n[design.factors]\n{wrong}\n")
    assert [key for _, key, *_ in found] == [other, "funds.leverage_capp"]
    assert "did you mean leverage_cap?" in found[-1][-1]


def test_without_a_wrong_key_of_the_design_its_points_are_looked_at(refused):
    text = GRID.replace('"grid"', '"grid"\nn_point = 3')
    found = refused(text + '"funds.n" = [20, 30]\n"funds.band" = [0.1, 7]\n')
    assert [key for _, key, *_ in found] == ["design.n_point", "funds.band"]
    assert "at 2 of 4 points" in found[1][-1]


@pytest.mark.parametrize(
    ("factors", "other"),
    [
        ('"funds.n" = [20]\n"funds.band" = { values = [0.1], also = ["funds.n"] }', "funds.band"),
        ('"funds.n" = { values = [20], when = { "margin.kindd" = "none" } }', "funds.n.when"),
        ('"fnds.*.n" = [20]', "fnds.*.n"),
        ('"title" = ["one", "two"]', "title"),
    ],
)
def test_wrong_keys_are_told_together_with_faults_between_factors(refused, factors, other):
    found = refused(f"{GRID}{factors}\n{WRONG['values']}\n")
    assert [key for _, key, *_ in found] == [other, "funds.leverage_capp"]
    assert found[-1][-1] == "unknown key; did you mean leverage_cap?"


def test_a_wrong_key_of_a_link_is_told_together_with_a_key_set_twice(refused):
    linked = '"funds.leverage_cap" = [2]\n"funds.n" = { values = [20], also = ["fnds.n"] }\n'
    found = refused(CHANGED + linked)
    assert [key for _, key, *_ in found] == ["changes.funds.leverage_cap", "funds.n"]
    assert found[1][-1] == "fnds.n unknown key; did you mean funds.n?"


def test_a_key_that_waits_for_another_is_not_unknown_because_something_else_is_wrong(refused):
    waits = '"margin.rate" = { values = [0.1], when = { "margin.kind" = "fixed" } }\n'
    kinds = '"margin.kind" = ["none", "fixed"]\n"funds.leverage_cap" = [2]\n'
    ((_, key, *_),) = refused(CHANGED + waits + kinds)
    assert key == "changes.funds.leverage_cap"


def test_a_wrong_column_is_told_together_with_a_cell_that_is_missing(refused):
    found = refused(LIST, "funds.n,funds.bandd\n20,0.1\n30,\n")
    assert sorted((line, key, words) for line, key, _, words in found) == [
        (2, "funds.bandd", "unknown key; did you mean band?"),
        (3, "funds.bandd", "is empty: every point has a value in every column; "),
    ]


def test_a_factor_is_not_blamed_for_the_one_that_it_waits_for(refused):
    waits = '"margin.rate" = { values = [0.1], when = { "margin.kind" = "fixed" } }\n'
    found = refused(GRID + '"funds.n" = [20]\n"margin.kind" = ["fixed", 3]\n' + waits)
    assert [key for _, key, *_ in found] == ["margin.kind.values"]


def test_a_value_out_of_range_at_any_point_is_one_fault_with_its_count(refused):
    ((line, key, given, words),) = refused(
        GRID + '"funds.leverage_cap" = [2, 4, 7, 10]\n"shock.surprise_bp" = [5, 3000, 4000]\n'
    )
    assert (line, key, given) == (8, "shock.surprise_bp", [3000, 4000])
    assert words.startswith("must be from -2000 to 2000 (bp), at 8 of 12 points")


def test_a_thousand_bad_points_make_a_short_message(refused):
    text = HEAD + '[design]\nkind = "sobol"\nn_points = 1024\n[design.factors]\n'
    found = refused(text + '"funds.n" = { low = 20, high = 40 }\n"funds.overlap" = [-1, -2]\n')
    assert [key for _, key, *_ in found] == ["funds.n", "funds.overlap"]
    assert "200 or more of 1,024 points; add whole = true" in found[0][3]


def test_a_fault_between_factors_names_the_first_point_that_has_it(refused):
    ((_, key, _, words),) = refused(
        GRID + '"margin.kind" = ["volatility", "fixed"]\n"funds.n" = [20, 40]\n'
    )
    assert key == "margin.rate"
    assert 'at 2 of 4 points, first where margin.kind = "fixed", funds.n = 20' in words


def test_one_fault_with_other_numbers_at_every_point_is_said_once(refused):
    weights = '"insurers.weights.UST" = [0.7, 0.8, 0.9]\n"insurers.weights.SPX" = [0.7, 0.8]\n'
    ((_, key, _, words),) = refused(GRID + weights)
    assert key == "insurers.weights"
    assert "they sum to 1.4, at 6 of 6 points" in words


@pytest.mark.parametrize(
    ("factors", "key", "words"),
    [
        ('"funds.n" = [20, 20]', "funds.n.values", "20 comes again"),
        ('"funds.n" = [20, "many"]', "funds.n.values", "all numbers"),
        ('"funds.n" = [20, nan]', "funds.n.values", "finite"),
        ('"funds.n" = 20', "funds.n", "must be a list of values"),
        ('"funds.n" = { low = 10, high = 20 }', "funds.n", "must be a list of values"),
        ('"funds.n" = { values = [10], lo = 2 }', "funds.n.lo", "did you mean low?"),
        ('"funds.n" = { lo = 2 }', "funds.n.lo", "did you mean low?"),
        ("", "design.factors", "is empty"),
        ('"funds.n" = [20]\nfunds.n = [30]', "design.factors", "more than once"),
        ('"funds.n" = [20]\n"funds.band" = { values = [0.1], also = ["funds.n"] }', "funds.band",
         "funds.n is set here and by design.factors.funds.n"),
        ('"correlations.JPY-AUD" = [0.1]\n"correlations.AUD-JPY" = [0.2]', "correlations.AUD-JPY",
         "once is enough"),
        ('"funds.n" = { values = [20], when = { "margin.kindd" = "none" } }\n'
         '"margin.kind" = ["none"]', "funds.n.when", "did you mean margin.kind?"),
        ('"funds.n" = { values = [20], when = { "margin.kind" = "fixed" } }\n'
         '"margin.kind" = ["none"]', "funds.n.when", "takes only none"),
        ('"funds.n" = { values = [20], when = { "insurers.n" = 4 } }\n'
         '"insurers.n" = { values = [4], when = { "funds.n" = 20 } }', "funds.n.when",
         "waits for a factor that waits for it"),
        ('"funds.n" = { values = [20], also = ["*.nothing"] }', "funds.n.also", "fits no other"),
        ('"funds.n" = { values = [20], in_proportion = true }', "funds.n", "name some"),
        ('"funds.n" = { values = [20], in_proportion = true, also = ["margin.*"] }',
         "funds.n.also", "is not a number of the scenario"),
        ('"funds.n" = [99999999999999999999]', "funds.n.values", "must be at most"),
        ('"title" = ["one", "two"]', "title", "changes no run"),
    ],
)  # fmt: skip
def test_a_factor_that_cannot_be_is_refused(refused, factors, key, words):
    found = refused(GRID + factors + "\n")
    assert any(key == there and words in said for _, there, _, said in found), found


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ('kind = "gird"', "did you mean grid?"),
        ('kind = "sobol"\nn_points = 1000', "a power of two, so that the points are balanced: 512"),
        ('kind = "saltelli"\nn_base_points = 12', "8 or 16"),
        ('kind = "morris"\nn_trajectories = 4\nn_levels = 5', "4 or 6"),
        ('kind = "latin-hypercube"', "n_points"),
        ('kind = "grid"\nn_points = 4', 'it belongs to kind "latin-hypercube"'),
    ],
)
def test_a_design_that_cannot_be_is_refused(refused, kind, words):
    text = HEAD + f'[design]\n{kind}\n[design.factors]\n"shock.surprise_bp" = '
    found = refused(text + ("[5]\n" if "gri" in kind else "{ low = 5, high = 50 }\n"))
    assert any(words in f"{key} {said}" for _, key, _, said in found), found


def test_a_key_that_is_varied_cannot_be_fixed_as_well(refused):
    ((line, key, *_),) = refused(CHANGED + '"funds.leverage_cap" = [2, 4]\n')
    assert (line, key) == (5, "changes.funds.leverage_cap")


@pytest.mark.parametrize(
    ("points", "line", "key", "words"),
    [
        ("funds.n,funds.band\n20,0.1\n30\n", 3, "point", "has 1 cell, the header has 2"),
        ("funds.n,funds.band\n20,0.1\n30,\n", 3, "funds.band", "is empty"),
        ("funds.n,funds.n\n20,30\n", 1, "funds.n", "this name again"),
        ("funds.n,\n20,30\n", 1, "header", "has no name"),
        ("funds.n;funds.band\n20;0.1\n", 1, "header", "separated by commas"),
        ("funds.n,funds.bant\n20,0.1\n", 2, "funds.bant", "did you mean band?"),
        ("funds.n,funds.band\n20,0.1\n30,7\n", 3, "funds.band", "at 1 of 2 points"),
        ("funds.n\n20\nmany\n", 2, "funds.n", "all numbers"),
        ("funds.n\n", None, "file", "at least one point"),
    ],
)
def test_a_bad_file_of_points_is_answered_with_its_line(refused, points, line, key, words):
    (found,) = refused(LIST, points)
    assert found[:2] == (line, key)
    assert words in found[3]


def test_a_cell_is_empty_exactly_where_its_factor_does_not_apply(load, refused):
    text = (
        LIST + '[design.factors]\n"margin.buffer" = { when = { "margin.kind" = "volatility" } }\n'
    )
    sound = "margin.kind,margin.buffer\nvolatility,0.8\nnone,\n"
    assert list(design_points(load(text, sound))["margin.buffer"].isna()) == [False, True]
    turned = refused(text, "margin.kind,margin.buffer\nvolatility,\nnone,0.8\n")
    assert [(line, words) for line, _, _, words in turned] == [
        (2, "is missing at this point; "),
        (3, "does not apply at this point (when): leave it out; "),
    ]


def test_a_file_of_nothing_but_bad_lines_makes_a_short_message(refused):
    found = refused(LIST, "funds.n,funds.band\n" + "20\n" * 5000)
    assert len(found) == 11
    assert "4,990 more" in found[-1][3]


def test_a_file_of_too_many_points_is_refused(refused, monkeypatch):
    monkeypatch.setattr("abm.sweep.points_file.MOST_POINTS", 2)
    assert "must have at most 2 points" in refused(LIST, "funds.n\n20\n40\n60\n")[0][3]


def test_a_file_of_points_that_is_not_there_is_a_fault_of_the_experiment(refused):
    ((line, key, given, _),) = refused(LIST)
    assert (line, key, given) == (6, "design.file", "points.csv")


def test_more_runs_than_allowed_are_refused_without_making_the_design(load, refused):
    keys = ["shock.surprise_bp", "funds.n", "insurers.n", "trend.n", "banks.n_periphery"]
    many = "\n".join(f'"{key}" = {list(range(1, 100))}' for key in keys)
    ((_, key, _, words),) = refused(GRID + many)
    assert key == "design"
    assert f"{99**5:,} points × 2 replicates = {2 * 99**5:,} runs" in words
    five = GRID + '"shock.surprise_bp" = [1, 2, 3, 4, 5]\n'
    assert "more than the 9 allowed" in refused(five, max_runs=9)[0][3]
    assert load(five, max_runs=10).replicates == 2


def test_what_was_checked_before_is_read_without_checking_its_points_again(load, refused):
    text = HEAD + "[stop]\nmax_runs = 1\n" + GRID.removeprefix(HEAD) + '"funds.band" = [7]\n'
    assert load(text, is_checked=True).factor_keys == ("funds.band",)
    assert refused(text)


def test_an_unknown_scenario_and_a_broken_file_are_one_clear_line(load, refused):
    (found,) = refused(GRID.replace("hike", "hikee") + '"funds.n" = [20]\n')
    assert found[0] == 1
    assert "did you mean hike?" in found[3]
    with pytest.raises(UnreadableFile, match="is not valid TOML"):
        load("[design")
    with pytest.raises(UnreadableFile, match="no such file"):
        load_experiment("nowhere.toml")


def test_an_experiment_made_in_python_is_checked_like_a_file():
    raw = {"scenario": "hike", "replicates": 1, "design": {"kind": "grid"}}
    raw["design"]["factors"] = {"shock.surprise_bp": [5, 15]}
    assert Experiment.from_dict(raw).factor_keys == ("shock.surprise_bp",)
    raw["design"]["factors"] = {"shock.surprise_bp": [5, 9999]}
    with pytest.raises(ScenarioFaults, match=r"experiment: 1 fault\n.* at 1 of 2 points"):
        Experiment.from_dict(raw)


def test_a_scenario_is_told_from_an_experiment(tmp_path):
    (tmp_path / "mine.toml").write_text('base = "hike"\n[shock]\nsurprise_bp = 40\n')
    with pytest.raises(
        UnreadableFile, match="is a scenario, not an experiment: unwind run runs it"
    ):
        load_experiment(tmp_path / "mine.toml")
