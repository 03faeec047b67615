"""Settings shared by all tests."""

import os
from pathlib import Path

import pytest

# Small nets on few cores: one thread each is several times faster than many that wait.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"

import torch

torch.set_num_threads(1)


# ---- the count of the cases in tests/hard_ground ----------------------------------------------
# Here and not there, because with pytest-xdist the process that reports collects no tests.

HARD_GROUND = Path(__file__).parent / "hard_ground"
FEWEST_CASES = 300


def pytest_terminal_summary(terminalreporter):
    cases = hard_cases(terminalreporter)
    if cases:
        unhandled = sum(not handled for handled in cases.values())
        told = f"{unhandled} NOT handled" if unhandled else "all handled"
        terminalreporter.line(
            f"hard ground: {len(cases)} distinct cases of bad or unusual input, {told}"
        )


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session, exitstatus):
    """Fail a run of the whole folder that has fewer cases than promised."""
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if reporter is None or exitstatus != pytest.ExitCode.OK:
        return
    cases = hard_cases(reporter)
    if len(cases) < FEWEST_CASES and ran_whole_folder(session.config, cases):
        reporter.line(f"\n{len(cases)} hard cases are fewer than {FEWEST_CASES}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def hard_cases(reporter):
    """Of each case that was run, whether it passed; skipped ones do not count."""
    reports = [report for kind in reporter.stats.values() for report in kind]
    cases = {}
    for report in reports:
        if not isinstance(report, pytest.TestReport) or f"{HARD_GROUND.name}/" not in report.nodeid:
            continue
        if report.failed or (report.passed and report.when == "call"):
            cases[report.nodeid] = cases.get(report.nodeid, True) and report.passed
    return cases


def ran_whole_folder(config, cases):
    """Whether each file of the folder was run, and no test was picked or left out."""
    option = config.option
    picked = (
        option.keyword or option.markexpr or option.maxfail or any("::" in a for a in config.args)
    )
    files = {case.partition("::")[0].rpartition("/")[2] for case in cases}
    return not picked and files == {path.name for path in HARD_GROUND.glob("test_*.py")}
