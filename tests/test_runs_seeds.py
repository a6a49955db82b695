"""Seeds at every door: the same rule, and a manifest from which the run can be made again."""

import json

import numpy as np
import pytest

import abm
from abm import CarryUnwindModel
from abm.errors import InvalidInput
from abm.runs.manifest import hashes_of
from tests.sweep.small import TINY


@pytest.fixture(scope="module")
def tiny():
    return abm.load_scenario("hike").with_changes(TINY)


def model_of(scenario, rng, replicate=0):
    model = CarryUnwindModel(scenario, rng=rng, replicate=replicate)
    model.run()
    return model.result()


DOORS = [abm.run, model_of, lambda scenario, rng, replicate=0: abm.cascade(scenario, rng).run]
GIVEN = {
    "sequence": lambda: np.random.SeedSequence(7),
    "spawned": lambda: np.random.SeedSequence(7).spawn(2)[1],
    "generator": lambda: np.random.default_rng(7),
}


@pytest.mark.parametrize("door", DOORS, ids=["run", "model", "cascade"])
@pytest.mark.parametrize("given", GIVEN)
def test_the_manifest_has_the_number_that_gives_the_run_again(tiny, tmp_path, door, given):
    made = door(tiny, GIVEN[given]())
    kept = json.loads((made.save(tmp_path / "kept") / "manifest.json").read_text())
    assert type(kept["seed"]) is int and kept["seed"] == made.seed
    assert hashes_of(abm.run(tiny, rng=kept["seed"])) == kept["sha256"]
    assert hashes_of(door(tiny, GIVEN[given]())) == kept["sha256"]


def test_the_plain_sequence_of_a_number_gives_the_run_of_that_number(tiny):
    plain, spawned = (hashes_of(abm.run(tiny, GIVEN[name]())) for name in ("sequence", "spawned"))
    assert plain == hashes_of(abm.run(tiny, rng=7)) != spawned


def test_seeds_of_the_system_are_kept_whole_and_load_again(tiny, tmp_path):
    sequence = np.random.SeedSequence()
    folder = abm.run(tiny, sequence).save(tmp_path / "kept")
    again = abm.load_result(folder)
    assert again.seed == sequence.entropy
    assert hashes_of(abm.run(tiny, rng=again.seed)) == hashes_of(again)


@pytest.mark.parametrize("door", [abm.run, abm.cascade, CarryUnwindModel])
def test_every_door_draws_from_a_generator_once(tiny, door):
    given, same = np.random.default_rng(5), np.random.default_rng(5)
    door(tiny, rng=given)
    same.integers(2**49)
    assert given.bit_generator.state == same.bit_generator.state


def test_a_refused_replicate_leaves_a_generator_where_it_stood(tiny):
    given, same = np.random.default_rng(5), np.random.default_rng(5)
    with pytest.raises(InvalidInput, match="replicate"):
        abm.run(tiny, given, replicate=-1)
    assert given.bit_generator.state == same.bit_generator.state


def test_a_future_takes_what_a_model_takes(tiny, tmp_path):
    model = CarryUnwindModel(tiny, rng=3)
    model.step()
    path = model.save_state(tmp_path / "day.state")
    drawn = int(np.random.default_rng(9).integers(2**49))
    for given, seed in ((np.random.SeedSequence(11), 11), (np.random.default_rng(9), drawn)):
        branch = CarryUnwindModel.load_state(path, rng=given)
        assert branch.origin.branches[-1].rng == seed
    assert CarryUnwindModel.load_state(path, rng="").origin is None


def test_a_model_takes_the_digits_of_a_page_and_draws_a_seed_where_none_is_given(tiny):
    assert CarryUnwindModel(tiny, rng="12", replicate="3").seed == 12
    assert CarryUnwindModel(tiny).seed != CarryUnwindModel(tiny, rng="").seed
    with pytest.raises(InvalidInput, match="rng"):
        CarryUnwindModel(tiny, rng="9" * 5000)
