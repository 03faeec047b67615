"""Songs for the tests of bad and unusual input, and what every refusal and every result must be.

The cases of this folder are counted at the end of a test run, see ``tests/conftest.py``.
"""

import re

import hypothesis
import numpy as np
import pytest
import soundfile

from sklearn_skd.features import LogMelSpectrogram

hypothesis.settings.register_profile(
    "hard ground",
    derandomize=True,
    deadline=None,
    max_examples=25,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("hard ground")

SR = 22050
SHAPE = (32, 22)  # half a second

# how the fix that an error proposes begins
FIX = re.compile(
    r"\b(Change|Check|Convert|Divide|Download|Fill|Give|Remove|Repair|Replace|Swap|Take|Transpose"
    r"|Use|passed inside a list|repair the link|leave the song out|drop the row)\b"
)


def make_music(*, seconds, rate=SR, seed=0):
    """Two tones that beat, under soft noise: float32 in [-1, 1], alike at every rate."""
    time = np.arange(round(seconds * rate)) / rate
    tones = 0.3 * np.sin(2 * np.pi * 330 * time) + 0.2 * np.sin(2 * np.pi * 1210.5 * time)
    noise = 0.003 * np.random.default_rng(seed).normal(size=len(time))
    return (tones + noise).astype(np.float32)


@pytest.fixture(scope="session")
def music():
    return make_music


@pytest.fixture
def write(tmp_path):
    """Write samples (n,) or (n, channels) to a file and return its path."""

    def write(name, samples, rate=SR, **options):
        path = tmp_path / name
        soundfile.write(path, samples, rate, **options)
        return path

    return write


@pytest.fixture(scope="session")
def intact(tmp_path_factory):
    """The bytes of three seconds of music in each format."""
    folder = tmp_path_factory.mktemp("intact")
    contents = {}
    for suffix in ("wav", "flac", "ogg", "mp3"):
        path = folder / f"song.{suffix}"
        soundfile.write(path, make_music(seconds=3.0), SR)
        contents[suffix] = path.read_bytes()
    return contents


@pytest.fixture(scope="session")
def log_mel():
    """Spectrogram of one song that must be an ordinary one."""

    def log_mel(song, **parameters):
        transformer = LogMelSpectrogram(**{"duration": 0.5, "n_mels": 32} | parameters)
        X = transformer.transform([song])
        assert X.shape[:2] == (1, transformer.n_mels)
        assert X.dtype == np.float32
        assert np.isfinite(X).all()
        return X[0]

    return log_mel


@pytest.fixture(scope="session")
def refused():
    """Check that a song is refused as the documentation says, and return the message.

    Under "raise" the error names the row, the file and a fix; under "warn" the song alone is
    missing, for the same reason.
    """
    good = make_music(seconds=0.6)
    alone = LogMelSpectrogram(duration=0.5, n_mels=32).transform([good])[0]

    def refused(song, reason, *, names="", **parameters):
        transformer = LogMelSpectrogram(**{"duration": 0.5, "n_mels": 32} | parameters)
        with pytest.raises(ValueError, match=reason) as caught:
            transformer.transform([good, song])
        message = str(caught.value)
        assert message.startswith("Row 1: ")
        assert str(names) in message
        assert FIX.search(message)
        transformer.set_params(on_error="warn")
        with pytest.warns(UserWarning, match="1 of 2 songs could not be read") as warned:
            X = transformer.transform([good, song])
        told = message.removeprefix("Row 1: ").removesuffix(message[message.rindex(" (on_error") :])
        assert f"row 1: {told.removesuffix('.')}" in str(warned[-1].message)
        assert np.isnan(X[1]).all()
        if not parameters:
            np.testing.assert_array_equal(X[0], alone)
        return message

    return refused
