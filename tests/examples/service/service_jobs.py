"""What the workers of test_workers.py do: anything but music."""

import os
import signal
import time

from uploads import Refused


def prepare(prefix):
    if prefix == "broken":
        raise ValueError("no model here")
    return lambda job: do(prefix, *job)


def do(prefix, kind, value):
    if kind == "sleep":
        time.sleep(value)
    if kind == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "refuse":
        raise Refused(422, value)
    if kind == "fail":
        raise KeyError(value)
    return f"{prefix} {value}", os.getpid()


def answers(folder, limits):
    """In place of a model, for test_app.py: the lyrics say what happens."""

    def answer(song):
        kind, _, value = song.lyrics.partition(" ")
        text, _ = do("got", kind, float(value) if kind == "sleep" else value)
        return {"emotion": text, "n_bytes": len(song.clip)}

    return answer
