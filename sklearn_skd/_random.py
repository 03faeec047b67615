"""Random numbers that leave the global generators alone."""

import threading

import numpy as np
from sklearn.utils import check_random_state

__all__ = ["TORCH_GENERATORS", "own_random_state"]

# torch's generators belong to the process: threads that use them at once would share their numbers
TORCH_GENERATORS = threading.RLock()


def own_random_state(random_state):
    """As scikit-learn's `check_random_state`, but None draws fresh entropy.

    scikit-learn's None is NumPy's global generator, which would be moved by every fit.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        The parameter of an estimator.

    Returns
    -------
    random_state : numpy.random.RandomState
    """
    if random_state is None:
        return np.random.RandomState(np.random.MT19937(np.random.SeedSequence()))
    return check_random_state(random_state)
