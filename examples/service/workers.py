"""Work that may take too long or crash, in processes that can be ended.

Decoders are written in C, and a clip from a stranger may keep one busy or bring it down. So each
request is answered in a process of its own pool; one that exceeds its time is killed and replaced,
and the service stays up. A thread cannot be killed, and `ProcessPoolExecutor` gives up as a whole
when one of its processes dies.
"""

import asyncio
import logging
import multiprocessing
import signal
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

from uploads import Refused

log = logging.getLogger(__name__)

# "fork" would copy locks that other threads hold at that moment
_CONTEXT = multiprocessing.get_context("spawn")
_SECONDS_TO_START = 120.0


class Busy(Refused):
    """All workers are taken and enough requests wait."""

    def __init__(self):
        super().__init__(503, "The service is busy: try again in a few seconds.")

    def __reduce__(self):
        return type(self), ()


class Workers:
    """A few processes, each with the model, that answer one request at a time.

    Parameters
    ----------
    target : str
        ``"module:function"``. In each process it is called once, with `args`; what it returns is
        called with the job of each request.
    args : tuple
        Its arguments.
    n_workers : int
        Number of processes.
    seconds : float
        From `run` to its answer, waiting included.
    waiting : int
        Jobs that wait while all processes are busy.
    """

    def __init__(self, target, args=(), *, n_workers, seconds, waiting):
        self._target, self._args, self._seconds = target, args, seconds
        self._most = n_workers + waiting
        self._pending, self._lock = 0, threading.Lock()
        # each thread of the executor owns one process, so that no process is ever shared
        self._threads = ThreadPoolExecutor(n_workers, thread_name_prefix="worker")
        self._own = threading.local()
        self._processes = set()
        self._n_workers = n_workers

    def start(self):
        """Start the processes; an error in one of them (no model, say) is raised here."""
        together = threading.Barrier(self._n_workers)

        def start_one():
            together.wait(_SECONDS_TO_START)  # or one thread would take two of these jobs
            self._process().wait_until_ready()

        for future in [self._threads.submit(start_one) for _ in range(self._n_workers)]:
            future.result()

    def stop(self):
        """End the processes, also those at work."""
        with self._lock:
            self._most = 0
            processes = list(self._processes)
        for process in processes:
            process.kill()
        self._threads.shutdown(cancel_futures=True)

    async def run(self, job):
        """The answer to a job.

        Raises
        ------
        Refused
            What the worker raised; 503 (`Busy`) if too many wait; 504 if the time is over; 422 if
            the job brought its process down.
        RuntimeError
            For any other error in the worker, which is logged.
        """
        with self._lock:
            if self._pending >= self._most:
                raise Busy
            self._pending += 1
        try:
            future = self._threads.submit(self._answer, job, time.monotonic() + self._seconds)
        except BaseException:
            self._leave(None)
            raise
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _future):
        with self._lock:
            self._pending -= 1

    def _answer(self, job, deadline):
        """Run a job in the process of this thread."""
        process = self._process()
        process.wait_until_ready()
        if time.monotonic() > deadline:
            raise Busy  # it waited so long that nobody may be listening any more
        kind, answer = process.ask(job, deadline)
        if not process.is_alive():
            self._process()  # the next one gets ready meanwhile
        if kind == "answer":
            return answer
        if kind == "refused":
            raise answer
        log.error("A worker failed:\n%s", answer)
        raise RuntimeError("a worker failed")

    def _process(self):
        """The process of this thread, a new one where it is gone."""
        process = getattr(self._own, "process", None)
        if process is None or not process.is_alive():
            with self._lock:
                if not self._most:
                    raise Busy  # the service is being stopped
                self._processes.discard(process)
                process = self._own.process = _Process(self._target, self._args)
                self._processes.add(process)
        return process


class _Process:
    """One process and the pipe to it."""

    def __init__(self, target, args):
        self._pipe, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_serve, args=(theirs, target, args), daemon=True)
        self._process.start()
        theirs.close()  # so that its death is the end of the pipe
        self._is_ready = False

    def wait_until_ready(self):
        if self._is_ready:
            return
        kind, told = self._receive(time.monotonic() + _SECONDS_TO_START)
        if kind != "ready":
            self.kill()
            raise RuntimeError(f"A worker did not start:\n{told}")
        self._is_ready = True

    def is_alive(self):
        return self._process.is_alive()

    def ask(self, job, deadline):
        try:
            self._pipe.send(job)
        except (BrokenPipeError, ConnectionResetError):
            return self._died()
        return self._receive(deadline)

    def _receive(self, deadline):
        try:
            if self._pipe.poll(max(0.0, deadline - time.monotonic())):
                return self._pipe.recv()
        except (EOFError, ConnectionResetError):
            return self._died()
        self.kill()
        return "refused", Refused(504, "The clip took too long to analyse.")

    def _died(self):
        self.kill()
        log.error("A worker died with exit code %s.", self._process.exitcode)
        return "refused", Refused(422, "The clip could not be analysed: the decoder gave up.")

    def kill(self):
        self._process.kill()
        self._process.join()


def _serve(pipe, target, args):
    """What runs in a process: prepare, say so, then one job after the other."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which ends this one
    try:
        module, _, name = target.partition(":")
        answer = getattr(import_module(module), name)(*args)
        pipe.send(("ready", None))
    except Exception:
        pipe.send(("failed", traceback.format_exc()))
        return
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return  # the service has ended
        try:
            reply = "answer", answer(job)
        except Refused as refusal:
            reply = "refused", refusal
        except Exception:
            reply = "failed", traceback.format_exc()
        pipe.send(reply)
