"""The benchmark of near copies damages songs as it says."""

import numpy as np
import pytest
import soundfile

RATE = 22050


@pytest.fixture(scope="module")
def near_copies(load_benchmark):
    return load_benchmark("near_copies")


@pytest.fixture
def songs(tmp_path):
    rng, paths = np.random.default_rng(0), []
    for number in range(3):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, 0.1 * rng.normal(size=20 * RATE), RATE)
        paths.append(str(path))
    return paths


def test_copies_cut_elsewhere_are_found_and_faster_ones_are_not(near_copies, songs, tmp_path):
    cut, others = near_copies.measure(songs, 2, "from 9.3 s on", tmp_path / "cut")
    faster, _ = near_copies.measure(songs, 2, "3 % faster", tmp_path / "faster")
    assert cut["found"] == "2 of 2"
    assert faster["found"] == "0 of 2"
    assert (others > near_copies.FOUND).all()


def test_a_sixfold_gain_clips(near_copies, songs, tmp_path):
    row, _ = near_copies.measure(songs, 2, "sixfold gain, clipped", tmp_path / "clipped")
    assert row["called clipped"] == "2 of 2"


def test_noise_is_as_loud_as_it_says(near_copies, songs, tmp_path):
    (tmp_path / "noise").mkdir()
    (copy,) = near_copies.make_copies(songs[:1], "noise at -10 dB", tmp_path / "noise")
    before, after = soundfile.read(songs[0])[0], soundfile.read(copy)[0]
    ratio = np.mean((after - before) ** 2) / np.mean(before**2)
    assert ratio == pytest.approx(0.1, rel=0.05)
