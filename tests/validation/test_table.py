"""The table of a validation, on tiny runs: misses and failures are told, nothing is run twice."""

from concurrent.futures import Executor, Future
from functools import partial

import pandas as pd
import pytest

from abm.errors import FailedRun, InvalidInput, OutputRefused
from abm.report import validation_page
from abm.sweep import studies
from abm.validation import running
from abm.validation.claims import (
    HIKE,
    HOLDS,
    MISSES,
    UNKNOWN,
    Claim,
    Group,
    Sample,
    at_least,
    at_most,
)  # fmt: skip
from abm.validation.estimates import exact, mean
from abm.validation.groups import GROUPS, find_groups
from abm.validation.sampling import Sampler
from abm.validation.worlds import world_of


class Here(Executor):
    """Work done at once, in this process."""

    def submit(self, fn, /, *args, **named):
        future = Future()
        future.set_result(fn(*args, **named))
        return future


CALLS = []


def measured(scenario, seed, replicate):
    CALLS.append(replicate)
    return {"bp": scenario.shock.surprise_bp, "x": float(replicate)}


def failing(scenario, seed, replicate):
    if replicate == 1:
        raise FailedRun("no price on day 3")
    return {"x": 0.0}


def of(column, runs):
    return mean(runs.table[column])


def toy(measure, changes=None, name="toy", **more):
    return Sample(name, HIKE, measure, changes or {}, **more)


def table(tmp_path, *claims, seeds=4, quick=False, progress=None):
    group = Group("toy", "Toy", "Model analysis", claims)
    sampler = Sampler(world_of(), 1, seeds, tmp_path, Here(), 1)
    return running._rows((group,), sampler, quick, progress)


@pytest.fixture(autouse=True)
def fresh():
    CALLS.clear()


def test_a_planted_miss_is_told_as_a_miss(tmp_path):
    sample = toy(measured)
    rows = table(
        tmp_path,
        Claim("x small", at_most(0.0), (sample,), lambda runs: exact(runs.table["x"].max())),
        Claim("x large", at_least(0.0), (sample,), lambda runs: exact(runs.table["x"].max())),
        Claim("x near", at_most(2.0), (sample,), partial(of, "x")),
    )
    assert rows["verdict"].tolist() == [MISSES, HOLDS, UNKNOWN]
    assert rows["figure"].tolist() == [3.0, 3.0, 1.5]
    assert rows["n_runs"].tolist() == [4, 4, 4]
    assert "off the bar by 3" in rows["reason"][0]


def test_a_planted_failure_is_told_and_its_row_stays(tmp_path):
    rows = table(tmp_path, Claim("calm", at_most(1.0), (toy(failing),), partial(of, "x")))
    assert rows["verdict"].tolist() == [UNKNOWN]
    assert rows["n_failed"].tolist() == [1] and rows["n_runs"].tolist() == [4]
    assert "no price on day 3" in rows["reason"][0]


def test_a_parameter_that_the_world_lacks_is_told(tmp_path):
    sample = toy(measured, {"funds.no_such_key": 1.0})
    rows = table(tmp_path, Claim("none", at_most(1.0), (sample,), partial(of, "x")))
    assert rows["verdict"].tolist() == [UNKNOWN] and "no_such_key" in rows["reason"][0]


def test_runs_are_kept_and_only_those_that_are_missing_are_made(tmp_path):
    claim = Claim(
        "x", at_most(9.0), (toy(measured, {"shock.surprise_bp": 7.0}),), partial(of, "bp")
    )
    few = table(tmp_path, claim, seeds=3)
    more = table(tmp_path, claim, seeds=5)
    assert CALLS == [0, 1, 2, 3, 4]
    assert few["figure"].tolist() == more["figure"].tolist() == [7.0]
    kept = pd.read_csv(tmp_path / "rows.csv")
    assert kept["n_runs"].tolist() == [5]


def test_quick_is_said_in_every_row_and_progress_reaches_its_end(tmp_path):
    told = []
    claims = [Claim(str(n), at_most(9.0), (toy(measured, name=f"s{n}"),), partial(of, "x"))
              for n in range(2)]  # fmt: skip
    rows = table(tmp_path, *claims, quick=True, progress=told.append)
    assert all(seeds.startswith("quick: ") for seeds in rows["seeds"])
    assert (told[-1].n_done, told[-1].n_planned) == (8, 8)


def test_the_page_has_every_row_and_loads_nothing(tmp_path):
    rows = table(tmp_path, Claim("a <claim>", at_most(0.0), (toy(measured),), partial(of, "x")))
    group = Group("toy", "Toy", "Model analysis", ())
    manifest = {"scenarios": {"hike": "hike"}, "seeds": 4, "seed": 1, "quick": True}
    found = running.Validation(tmp_path, rows, (group,), manifest)
    text = validation_page.validation_report(found)
    assert "a &lt;claim&gt;" in text and "Model output corroboration" in text
    assert "http://" not in text and "https://" not in text and "Quick" in text
    assert found.counts == {HOLDS: 0, MISSES: 0, UNKNOWN: 1}


def test_every_group_has_rows_and_every_sample_a_name_of_its_own():
    samples = {sample for group in GROUPS for sample in group.samples}
    assert len({sample.name for sample in samples}) == len(samples)
    assert all(group.claims for group in GROUPS)
    world = world_of()
    for sample in samples:
        sample.scenario_of(world[sample.role])  # no change that the shipped worlds do not know


@pytest.mark.parametrize(
    ("named", "words"),
    [
        ({"only": ["sings"]}, "signs"),
        ({"seeds": 1}, "seeds = 1"),
        ({"seeds": 5, "quick": True}, "quick"),
        ({"workers": 0}, "workers = 0"),
        ({"seed": -1}, "seed = -1"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(tmp_path, named, words):
    with pytest.raises(InvalidInput, match=words):
        running.validate(out=tmp_path / "new", **named)
    assert not (tmp_path / "new").exists()


def test_a_folder_of_another_validation_is_refused_and_kept(tmp_path):
    one, other = ({"hash": text, "seed": n} for n, text in enumerate("ab"))

    def opened(identity, force=False):
        return studies.open_folder(tmp_path, identity, force, "validation", ("rows.csv",))

    opened(one)
    (tmp_path / "rows.csv").write_text("kept")
    assert opened(one) == tmp_path
    with pytest.raises(OutputRefused, match=r"another validation \(different: seed\)"):
        opened(other)
    assert (tmp_path / "rows.csv").read_text() == "kept"
    opened(other, force=True)
    assert not (tmp_path / "rows.csv").exists()


def test_groups_come_in_the_order_of_the_table():
    assert [g.name for g in find_groups(["statics", "signs"])] == ["signs", "statics"]
    assert find_groups([]) == GROUPS


def test_a_world_is_put_under_every_script():
    world = world_of("auto-liquidation", {"funds.leverage_cap": 5.0})
    assert world["calm"].shock.kind == "none" and not world["hike"].news
    assert world["hike"].shock.kind == "surprise" and world["august-2024"].news
    assert {one.funds.leverage_cap for one in world.values()} == {5.0}
    assert {one.auto_borrowers.n for one in world.values()} == {20}
