"""One rule for seeds: what may be given as `rng`, and which whole number is kept of it."""

import numpy as np
import pytest

from abm.errors import InvalidInput
from abm.population.streams import SEED_BITS, replicate_number, root_seed


@pytest.mark.parametrize("given", [7, np.int64(7), np.uint8(7), np.random.SeedSequence(7)])
def test_a_whole_number_and_the_plain_sequence_of_it_are_that_number(given):
    assert root_seed(given) == 7 and type(root_seed(given)) is int


def test_a_sequence_stays_the_same_number_after_it_has_spawned():
    sequence = np.random.SeedSequence(7)
    sequence.spawn(3)
    assert root_seed(sequence) == 7


def test_the_entropy_of_the_system_is_kept_to_its_last_bit():
    sequence = np.random.SeedSequence()
    assert root_seed(sequence) == sequence.entropy > 2**64


def test_sequences_that_are_not_plain_have_numbers_of_their_own_each_time_the_same():
    def others():
        return [
            *np.random.SeedSequence(7).spawn(3),
            np.random.SeedSequence(8).spawn(1)[0],
            np.random.SeedSequence([7, 1]),
            np.random.SeedSequence(7, pool_size=8),
        ]

    seeds = [root_seed(sequence) for sequence in others()]
    assert seeds == [root_seed(sequence) for sequence in others()]
    assert len({7, 8, *seeds}) == len(seeds) + 2
    assert all(0 <= seed < 2**SEED_BITS < 10**15 for seed in seeds)


def test_the_number_of_a_spawned_sequence_is_part_of_every_saved_result():
    """It is compared with the words that NumPy guarantees: their upper 49 bits."""
    child = np.random.SeedSequence(7).spawn(1)[0]
    low, high = child.generate_state(2, np.uint32).tolist()
    assert root_seed(child) == (high << 32 | low) >> 15


def test_a_generator_is_drawn_from_once():
    given, same = np.random.default_rng(3), np.random.default_rng(3)
    first, second = root_seed(given), root_seed(given)
    assert [first, second] == same.integers(2**SEED_BITS, size=2).tolist()
    assert given.bit_generator.state == same.bit_generator.state


@pytest.mark.parametrize(
    "bad",
    [-1, 1.5, 7.0, "7", True, None, float("nan"), [1], -(10**5000), np.random.RandomState(1),
     np.random.PCG64(1), np.array([1, 2]), np.random.SeedSequence],
    ids=lambda bad: type(bad).__name__,
)  # fmt: skip
def test_all_else_is_refused_in_one_short_sentence(bad):
    with pytest.raises(InvalidInput) as refused:
        root_seed(bad)
    said = str(refused.value)
    assert said.startswith("rng = ") and "\n" not in said and len(said) < 200
    assert said.endswith(
        "must be a whole number, at least 0, a numpy.random.SeedSequence or a "
        "numpy.random.Generator"
    )


@pytest.mark.parametrize("bad", [-1, 1.5, "7", True, None, np.random.default_rng(1)])
def test_a_replicate_is_a_whole_number(bad):
    with pytest.raises(InvalidInput, match=r"^replicate = .* must be a whole number, at least 0$"):
        replicate_number(bad)
