"""Good and bad songs in one table, and what is no table of songs."""

import io
import os
import pickle
import re
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_skd.features import AudioStatistics, LogMelSpectrogram, SongFeatures
from sklearn_skd.features._song import SongError, SongNotFoundError

SR = 22050


@pytest.fixture
def table(tmp_path, intact, music):
    """Ten songs, of which those in `BAD` cannot be used."""
    (tmp_path / "good.flac").write_bytes(intact["flac"])
    (tmp_path / "good.mp3").write_bytes(intact["mp3"])
    (tmp_path / "cut.flac").write_bytes(intact["flac"][:9000])
    (tmp_path / "page.mp3").write_text("<html>404</html>")
    (tmp_path / "empty.ogg").write_bytes(b"")
    broken = music(seconds=1.0)
    broken[7] = np.nan
    return pd.DataFrame(
        {
            "audio": pd.Series(
                [
                    tmp_path / "cut.flac",
                    tmp_path / "good.flac",
                    None,
                    str(tmp_path / "good.mp3"),
                    tmp_path / "page.mp3",
                    (music(seconds=1.0, rate=8000), 8000),
                    tmp_path / "gone.wav",
                    broken,
                    music(seconds=1.0, seed=1),
                    tmp_path / "empty.ogg",
                ],
                dtype=object,
                index=[3] * 10,
            )
        }
    )


BAD = {
    0: r"cut\.flac' is damaged: 0\.\d of 3\.0 s could be decoded \(.*\)\. Replace the file",
    2: r"no audio \(missing value\)\. Give a path",
    4: r"cannot decode '.*page\.mp3' \(.*\)\. Convert it again",
    6: r"no such file: '.*gone\.wav'\. Check the path",
    7: r"the waveform holds NaN or infinite samples\. Repair it",
    9: r"cannot decode '.*empty\.ogg' \(.*\)\. Convert it again",
}
GOOD = [row for row in range(10) if row not in BAD]
TRANSFORMERS = [LogMelSpectrogram(duration=0.5), AudioStatistics(duration=0.5)]


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=lambda t: type(t).__name__)
@pytest.mark.parametrize("backend", ["sequential", "threading"])
@pytest.mark.parametrize("cached", [False, True])
def test_bad_songs_are_reported_together_and_change_no_other(
    tmp_path, table, transformer, backend, cached
):
    alone = transformer.transform(table[["audio"]].iloc[GOOD])
    lenient = clone(transformer).set_params(
        on_error="warn", cache=tmp_path / "c" if cached else None
    )
    for _ in range(1 + cached):  # the second time from the cache
        with (
            joblib.parallel_config(backend=backend, n_jobs=2),
            pytest.warns(UserWarning, match="6 of 10 songs could not be read") as warned,
        ):
            X = lenient.transform(table)
        assert len(warned) == 1
        first, *reasons = str(warned[0].message).splitlines()
        assert "missing audio (NaN)" in first
        assert len(reasons) == len(BAD)
        for (row, reason), line in zip(BAD.items(), reasons, strict=True):
            assert line.startswith(f"  row {row}: ")
            assert re.search(reason, line)
        np.testing.assert_array_equal(X[GOOD], alone)
        assert np.isnan(X[list(BAD)]).all()


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=lambda t: type(t).__name__)
@pytest.mark.parametrize("row", BAD)
def test_the_first_bad_song_is_named_with_its_row_file_and_fix(table, transformer, row):
    songs = [*table["audio"].iloc[GOOD], table["audio"].iloc[row]]
    with pytest.raises(SongError, match=rf"^Row 4: .*{BAD[row]}.*on_error='warn'"):
        transformer.transform(songs)


def test_the_earliest_of_several_bad_songs_is_named_whatever_the_number_of_jobs(table):
    for n_jobs in (None, 2):
        with pytest.raises(SongError, match=r"^Row 0: .*cut\.flac"):
            LogMelSpectrogram(duration=0.5, n_jobs=n_jobs).transform(table)


@pytest.mark.parametrize("error", [SongError("why. Do this"), SongNotFoundError("why. Do this")])
def test_the_reason_comes_back_from_another_process(error):
    returned = pickle.loads(pickle.dumps(error))
    assert type(returned) is type(error)
    assert str(returned) == "why. Do this"


@pytest.mark.parametrize("error", [SongError("why. Do this"), SongNotFoundError("why. Do this")])
def test_the_reason_comes_back_from_a_cluster(error):
    """Which pickles exceptions with tblib, once a part of it is imported anywhere."""
    support = pytest.importorskip("tblib.pickling_support")
    rebuild, parts = support.pickle_exception(error)[:2]
    returned = rebuild(*parts)
    assert type(returned) is type(error)
    assert str(returned) == "why. Do this"


def test_a_table_of_nothing_but_bad_songs_is_all_missing(table):
    with pytest.warns(UserWarning, match="6 of 6 songs could not be read"):
        X = LogMelSpectrogram(duration=0.5, on_error="warn").transform(table.iloc[list(BAD)])
    assert np.isnan(X).all()


def test_a_table_of_good_songs_warns_of_nothing(table):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LogMelSpectrogram(duration=0.5, on_error="warn").transform(table.iloc[GOOD])


def test_song_features_take_bad_songs_as_missing_audio(table):
    features = SongFeatures(audio=LogMelSpectrogram(duration=0.5, on_error="warn"))
    with pytest.warns(UserWarning, match="6 of 10 songs could not be read"):
        X = features.fit_transform(table)
    assert list(np.isnan(X["audio"]).all(axis=(1, 2))) == [row in BAD for row in range(10)]


def test_the_warning_passes_through_a_pipeline_once(table):
    pipeline = make_pipeline(
        LogMelSpectrogram(duration=0.5, on_error="warn"), FunctionTransformer()
    )
    with pytest.warns(UserWarning, match="6 of 10 songs could not be read") as warned:
        pipeline.fit_transform(table)
    assert len(warned) == 1


# ---- the vector of statistics on hard sound ---------------------------------------------------


def noise(seed=0, n=SR):
    return np.random.default_rng(seed).uniform(-1, 1, n)


SOUNDS = {
    "silence": np.zeros(SR),
    "constant offset": np.full(SR, 0.7),
    "clipping": np.clip(50 * noise(), -1, 1),
    "one sample": np.full(1, 0.5),
    "two samples": np.full(2, 0.5),
    "a tenth of a second": noise(n=SR // 10),
    "a click": np.eye(1, SR, 4000)[0],
    "tiny": noise() * 1e-30,
    "denormal": noise() * 1e-310,
    "beyond full scale": noise() * 90,
    "float16": noise().astype(np.float16),
    "long double": noise().astype(np.longdouble),
    "eight channels": np.stack([noise(seed) for seed in range(8)]),
    "opposite channels": np.stack([noise(), -noise()]),
    "4 kHz": (noise(n=4000), 4000),
    "192 kHz": (noise(n=192_000), 192_000),
    "Nyquist": np.tile([1.0, -1.0], SR // 2),
}


@pytest.mark.parametrize("song", SOUNDS.values(), ids=SOUNDS.keys())
def test_statistics_of_hard_sound_are_finite(song):
    X = AudioStatistics(duration=0.5).transform([song])
    assert X.shape == (1, 361)
    assert X.dtype == np.float32
    assert np.isfinite(X).all()


def test_statistics_of_silence_have_no_loudness_and_no_zero_crossings():
    names = list(AudioStatistics().get_feature_names_out())
    silent, loud = AudioStatistics(duration=0.5).transform([np.zeros(SR), noise()])
    for name in ("rms_mean", "onset_strength_mean"):
        assert silent[names.index(name)] == 0
        assert loud[names.index(name)] > 0


# ---- what is no table of songs ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("song.wav", TypeError, r"pass \['song.wav'\]"),
        (b"song.wav", TypeError, "single path"),
        (None, TypeError, "got NoneType"),
        (17, TypeError, "got int"),
        (np.nan, TypeError, "got float"),
        ({"audio": ["song.wav"]}, TypeError, "got dict: pass a list"),
        ({"a.wav", "b.wav"}, TypeError, "got set: pass a list"),
        (io.BytesIO(b"a.wav\nb.wav"), TypeError, "got BytesIO: pass a list"),
        ([], ValueError, "Found 0 songs"),
        ((), ValueError, "Found 0 songs"),
        (np.array([]), ValueError, "Found 0 songs"),
        (np.empty((0, 1), object), ValueError, "Found 0 songs"),
        (pd.Series([], dtype=object), ValueError, "Found 0 songs"),
        (pd.DataFrame({"audio": []}), ValueError, "Found 0 songs"),
        (pd.DataFrame(index=[0, 1]), ValueError, "one column of songs, got 0"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), ValueError, "one column of songs, got 2"),
        (pd.DataFrame([["x", "y"]], columns=["a", "a"]), ValueError, "one column .* got 2"),
        (np.zeros(SR), SongError, "one waveform of 22050 samples.*inside a list"),
        (pd.Series(np.zeros(SR)), SongError, "one waveform of 22050 samples.*inside a list"),
        (np.zeros(SR, np.int16), SongError, "Row 0: .*inside a list"),
        ((np.zeros(SR), SR), SongError, "Row 1: .*inside a list"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_table_of_songs_is_refused_with_the_fix(X, error, message):
    with pytest.raises(error, match=message):
        LogMelSpectrogram(duration=0.5).transform(X)


def test_a_column_of_missing_numbers_is_missing_audio():
    with pytest.warns(UserWarning, match="2 of 2 songs could not be read"):
        X = LogMelSpectrogram(duration=0.5, on_error="warn").transform(np.full(2, np.nan))
    assert np.isnan(X).all()


@pytest.mark.parametrize("form", [list, tuple, iter, np.array, pd.Series, pd.Index])
def test_every_sequence_of_paths_is_a_table(tmp_path, intact, form):
    paths = []
    for suffix in ("wav", "flac"):
        paths.append(os.fspath(tmp_path / f"song.{suffix}"))
        (tmp_path / f"song.{suffix}").write_bytes(intact[suffix])
    X = LogMelSpectrogram(duration=0.5).transform(form(paths))
    assert X.shape == (2, 64, 22)
    assert np.isfinite(X).all()
