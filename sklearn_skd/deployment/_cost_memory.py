"""Peak memory of a model that predicts, in a process of its own.

Run as a program (``python -m sklearn_skd.deployment._cost_memory FILE``), it loads the model and
the songs in the file, predicts, and prints the peak of its resident memory in MB.
"""

import math
import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

from sklearn_skd._warnings import warn_user

__all__ = ["own_peak", "peak_memory"]

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def peak_memory(model, songs, *, name):
    """Peak resident memory in MB of a fresh process that predicts these songs.

    Parameters
    ----------
    model : fitted classifier or Pipeline
        Sent by cloudpickle if it is there, so that classes of a script or notebook travel too.

    songs : songs
        As it takes them.

    name : str
        Of the model, for the warning.

    Returns
    -------
    megabytes : float
        NaN, with a warning, if there can be no such process.
    """
    try:
        import cloudpickle as pickler  # joblib brings it along, or did so inside
    except ImportError:
        pickler = pickle
    environment = os.environ | _ONE_THREAD | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.pkl"
            path.write_bytes(pickler.dumps((model, songs)))
            command = [sys.executable, "-m", __name__, str(path)]
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=True
            )
        return float(done.stdout.split()[-1])
    except Exception as error:  # pickling raises whatever it likes
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines() or [repr(error)]
        warn_user(
            f"The peak memory of {name!r} is not known (NaN): it is measured in a process of its "
            f"own, which failed with {said[-1]!r}."
        )
        return math.nan


def own_peak():
    """Peak resident memory of this process in MB.

    Returns
    -------
    megabytes : float

    Raises
    ------
    OSError
        If the system does not tell.
    """
    try:
        # not `getrusage` where there is a choice: a child may take over the peak of its parent
        status = Path("/proc/self/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
    except (OSError, IndexError):
        pass
    try:
        import resource
    except ImportError:
        raise OSError("this system does not tell the peak memory of a process") from None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024) / 1e6


def main():
    with open(sys.argv[1], "rb") as file:
        model, songs = pickle.load(file)
    model.predict_proba(songs)
    print(own_peak())


if __name__ == "__main__":
    main()
