"""The service of examples/service is imported as its own scripts import each other."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SERVICE = HERE.parents[2] / "examples" / "service"
sys.path[:0] = [str(SERVICE), str(HERE)]


@pytest.fixture(scope="session")
def bombs():
    from service_clips import hour_of_silence

    honest, hidden = hour_of_silence()
    assert len(honest) < 100_000, "so small that no limit on bytes would stop it"
    return {"honest": honest, "hidden": hidden}
