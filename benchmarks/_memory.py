"""Peak memory of a feature extraction, in a process of its own (Linux).

    python benchmarks/_memory.py FOLDER SONG [SONG ...]

prints the peak of the process in MB, imports included, after the log-mel of the songs was written
to a memmap in the folder. `peak_memory` runs this and returns the number.
"""

import subprocess
import sys
from pathlib import Path

__all__ = ["peak_memory"]


def peak_memory(folder, songs):
    """Peak resident memory in MB of the log-mel of `songs`, written to a memmap in `folder`."""
    command = [sys.executable, __file__, str(folder), *map(str, songs)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _own_peak():
    # not `resource.getrusage`, whose peak a child takes over from its parent
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main():
    from sklearn_skd.features import LogMelSpectrogram

    folder, *songs = sys.argv[1:]
    LogMelSpectrogram(memmap=folder).transform(songs)
    print(f"{_own_peak():.1f}")


if __name__ == "__main__":
    main()
