"""Processes to be killed and watched, apart from the one that runs the tests.

A test file is its own arena: run as a program, it does what is dangerous and prints JSON.
"""

import json
import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path

__all__ = ["die", "end_of", "fork", "run_in_arena"]


def run_in_arena(script, *arguments, timeout=300):
    """What a file prints last, as JSON, when it is run as a program; an error if it fails."""
    searched = [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]
    done = subprocess.run(
        [sys.executable, script, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, searched))},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def fork(work):
    """Do `work` in a process of its own; its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def end_of(pid):
    """0, or the number of the signal that killed the process; an error if it failed."""
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code <= 0
    return -code
