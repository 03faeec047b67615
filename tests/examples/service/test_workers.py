"""Processes of the example service that can be ended."""

import asyncio
import contextlib
import os

import pytest
from uploads import Refused
from workers import Workers

LONG = 60.0


@contextlib.contextmanager
def started(n_workers=1, *, seconds=LONG, waiting=16, prefix="got"):
    workers = Workers(
        "service_jobs:prepare", (prefix,), n_workers=n_workers, seconds=seconds, waiting=waiting
    )
    try:
        workers.start()
        yield workers
    finally:
        workers.stop()


@pytest.fixture(scope="module")
def pair():
    with started(2) as workers:
        yield workers


def together(workers, *jobs):
    """The outcomes of jobs that are given at once."""

    async def run_all():
        return await asyncio.gather(*map(workers.run, jobs), return_exceptions=True)

    return asyncio.run(run_all())


def refusals(outcomes):
    return [outcome.status for outcome in outcomes if isinstance(outcome, Refused)]


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_every_job_gets_its_own_answer(pair):
    outcomes = together(pair, *(("say", number) for number in range(16)))
    assert [text for text, _ in outcomes] == [f"got {number}" for number in range(16)]


def test_jobs_run_in_several_processes_at_once(pair):
    processes = {pid for _, pid in together(pair, ("sleep", 0.5), ("sleep", 0.5))}
    assert len(processes) == 2
    assert os.getpid() not in processes


def test_a_refusal_in_the_worker_reaches_the_caller(pair):
    (refusal,) = together(pair, ("refuse", "not this"))
    assert isinstance(refusal, Refused)
    assert (refusal.status, refusal.message) == (422, "not this")


def test_an_error_in_the_worker_is_logged_and_tells_the_caller_nothing(pair, caplog):
    (error,) = together(pair, ("fail", "secret"))
    assert isinstance(error, RuntimeError)
    assert "secret" not in str(error)
    assert "KeyError: 'secret'" in caplog.text
    assert together(pair, ("say", 1))[0][0] == "got 1"


def test_a_worker_that_dies_is_replaced_and_disturbs_no_other(pair):
    outcomes = together(pair, ("die", 0), *(("say", number) for number in range(6)))
    assert refusals(outcomes) == [422]
    assert [text for text, _ in outcomes[1:]] == [f"got {number}" for number in range(6)]
    assert len(together(pair, ("say", 0), ("say", 1), ("say", 2))) == 3


def test_work_that_takes_too_long_is_cut_off_and_its_process_ended():
    with started(seconds=3.0) as workers:
        ((_, before),) = together(workers, ("say", 0))
        outcomes = together(workers, ("sleep", LONG))
        assert refusals(outcomes) == [504]
        assert not is_running(before)
        for _ in range(20):  # the new process is starting: until then, "busy"
            (outcome,) = together(workers, ("say", 1))
            if not isinstance(outcome, Refused):
                break
            assert outcome.status == 503
        assert outcome[0] == "got 1"
        assert outcome[1] != before


def test_of_too_many_jobs_the_last_are_sent_away_at_once():
    with started(waiting=2) as workers:
        outcomes = together(workers, *[("sleep", 0.2)] * 6)
        assert refusals(outcomes) == [503] * 3
        assert [isinstance(outcome, Refused) for outcome in outcomes] == [False] * 3 + [True] * 3
        assert refusals(together(workers, ("say", 0))) == []  # and the count is right again


def test_a_job_whose_time_passed_in_the_queue_is_not_begun():
    with started(seconds=2.0) as workers:
        began = together(workers, ("sleep", LONG), ("say", 0))
        assert refusals(began) == [504, 503]


def test_a_caller_who_leaves_takes_no_place_for_ever():
    async def leave(workers):
        jobs = [asyncio.ensure_future(workers.run(("sleep", 0.2))) for _ in range(3)]
        await asyncio.sleep(0.05)
        for job in jobs:
            job.cancel()
        await asyncio.wait(jobs)

    with started(waiting=2) as workers:
        asyncio.run(leave(workers))
        assert refusals(together(workers, ("say", 0))) == []
        outcomes = together(workers, *[("say", 0)] * 3)
        assert refusals(outcomes) == []


def test_a_worker_that_cannot_start_says_why():
    with pytest.raises(RuntimeError, match="no model here"), started(prefix="broken"):
        pass


def test_stop_ends_processes_at_work():
    async def stop_while_working(workers):
        job = asyncio.ensure_future(workers.run(("sleep", LONG)))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(workers.stop)
        return await asyncio.gather(job, return_exceptions=True)

    with started() as workers:
        ((_, pid),) = together(workers, ("say", 0))
        outcomes = asyncio.run(stop_while_working(workers))
        assert refusals(outcomes)
        assert not is_running(pid)
