"""Random numbers that leave the global generators alone."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_skd._random import own_random_state


def test_none_draws_fresh_numbers_without_moving_the_global_generator():
    before = np.random.get_state()  # noqa: NPY002 - the legacy generator is what is protected
    first, second = own_random_state(None), own_random_state(None)
    draws = [rng.randint(2**31 - 1, size=8) for rng in (first, second)]
    after = np.random.get_state()  # noqa: NPY002
    assert_array_equal(after[1], before[1])
    assert after[2:] == before[2:]
    assert (draws[0] != draws[1]).any()


def test_none_does_not_repeat_after_the_global_generator_is_seeded():
    state = np.random.get_state()  # noqa: NPY002
    try:
        draws = []
        for _ in range(2):
            np.random.seed(0)  # noqa: NPY002
            draws.append(own_random_state(None).randint(2**31 - 1, size=8))
    finally:
        np.random.set_state(state)  # noqa: NPY002
    assert (draws[0] != draws[1]).any()


def test_an_integer_seeds_a_generator():
    expected = np.random.RandomState(7).uniform(size=5)
    assert_array_equal(own_random_state(7).uniform(size=5), expected)


def test_a_generator_is_passed_through():
    rng = np.random.RandomState(7)
    assert own_random_state(rng) is rng


def test_anything_else_is_refused_as_in_scikit_learn():
    with pytest.raises(ValueError, match="cannot be used to seed"):
        own_random_state("seed")
