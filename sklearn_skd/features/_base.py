"""What the transformers of audio share: songs in, one array a song out.

Parameter checks, parallel decoding, the cache and the treatment of unusable songs.
"""

import os
import warnings
from numbers import Integral, Real

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_skd._sklearn import Interval, StrOptions, _fit_context
from sklearn_skd._warnings import warn_user
from sklearn_skd.features._cache import FeatureCache
from sklearn_skd.features._decode import load_window
from sklearn_skd.features._remember import library_versions, remember
from sklearn_skd.features._song import SongError, as_songs, check_song

# songs a worker in one go: what waits to be written stays small, and few workers wait for the last
_PORTION = 128

_REMEDY = "(on_error='warn' turns such songs into missing audio.)"


class AudioTransformer(TransformerMixin, BaseEstimator):
    """Base of the transformers that compute one array of fixed shape from each song.

    A subclass stores its parameters, among them `sr`, `duration`, `segment`, `on_error`,
    `cache`, `n_jobs` and `verbose`, and defines `_shape`, `_extract` and `_cache_version`.
    """

    _parameter_constraints: dict = {
        "sr": [Interval(Integral, 1, None, closed="left")],
        "duration": [Interval(Real, 0, None, closed="neither")],
        "n_fft": [Interval(Integral, 2, None, closed="left")],
        "hop_length": [Interval(Integral, 1, None, closed="left")],
        "segment": [StrOptions({"energy", "start", "centre"})],
        "on_error": [StrOptions({"raise", "warn"})],
        "cache": [str, os.PathLike, FeatureCache, None],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    # parameters that change how the features are computed, not what they are
    _not_in_key = frozenset({"on_error", "cache", "memmap", "n_jobs", "verbose"})

    # joblib's hint, where the user names no backend by `joblib.parallel_config`
    _prefer = "processes"

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the parameters; nothing is learned from the songs.

        Parameters
        ----------
        X : sequence of n songs
            Not read.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The transformer itself.
        """
        self._check_parameters()
        return self

    def transform(self, X):
        """Compute the features of each song.

        Parameters
        ----------
        X : sequence of n songs, Series, DataFrame of one column or ndarray
            A song is a path, a tuple (waveform, rate in Hz) or a bare waveform at rate `sr`.
            A waveform is a float array of shape (samples,) or (channels, samples), in [-1, 1].

        Returns
        -------
        features : float32 ndarray of shape (n, ...)
            NaN throughout for songs that could not be read under ``on_error="warn"``.

        Raises
        ------
        ValueError
            If a song is missing, unreadable or empty, is damaged before the window is full, or
            holds samples that are not finite, and ``on_error="raise"``. A file that does not
            exist is a FileNotFoundError as well.

        Warns
        -----
        UserWarning
            Under ``on_error="warn"``, once, with the row and the reason of each song that could
            not be read; and for each file that is damaged behind its window.
        """
        check_is_fitted(self)
        self._validate_params()
        self._check_parameters()
        songs = as_songs(X)
        failures = []
        features = self._gather(self._rows(songs, failures), (len(songs), *self._shape()))
        if failures:
            warn_user(
                f"{len(failures)} of {len(songs)} songs could not be read and are missing audio "
                "(NaN):\n  " + "\n  ".join(failures),
            )
        return features

    def _gather(self, rows, shape):
        """The rows as one array of this shape."""
        features = np.empty(shape, dtype=np.float32)
        for number, row in enumerate(rows):
            features[number] = row
        return features

    def _rows(self, songs, failures):
        """Yield the array of each song, NaN where `failures` gets the reason."""
        for row, result in enumerate(self._results(songs)):
            if not isinstance(result, SongError):
                yield result
            elif self.on_error == "raise":
                raise type(result)(f"Row {row}: {result}. {_REMEDY}")
            else:
                failures.append(f"row {row}: {result}")
                yield np.full(self._shape(), np.nan, dtype=np.float32)

    def _results(self, songs):
        """Yield the array of each song, or the SongError that says why there is none.

        Trouble with the cache is a warning, once for each kind.
        """
        results = self._in_portions(songs)
        if self.verbose:
            from tqdm import tqdm

            results = tqdm(results, total=len(songs), desc=type(self).__name__, unit="song")
        told = {None}
        for result, complaint in results:
            if complaint not in told:
                told.add(complaint)
                warn_user(complaint)
            yield result

    def _in_portions(self, songs):
        """The results; joblib computes on whether they are taken or not, so a portion at a time."""
        size = _PORTION * effective_n_jobs(self.n_jobs)
        cache = self.cache
        if cache is not None and not isinstance(cache, FeatureCache):
            cache = FeatureCache(cache)  # here, as workers may have another working directory
        if size == _PORTION:  # one worker: this one
            yield from (self._result(song, cache) for song in songs)
            return
        with Parallel(n_jobs=self.n_jobs, return_as="generator", prefer=self._prefer) as parallel:
            for start in range(0, len(songs), size):
                portion = songs[start : start + size]
                results = parallel(delayed(self._result)(song, cache) for song in portion)
                try:
                    for result in results:  # noqa: UP028 (or it would warn on closing)
                        yield result
                finally:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")  # of songs given up after an error
                        results.close()

    def _result(self, song, cache):
        """The array of a song or its SongError, and a complaint about the cache or None."""
        try:
            song = check_song(song, sr=self.sr)
            if cache is None:
                return self._compute(song), None
            return remember(cache, song, self._key(), shape=self._shape(), compute=self._compute)
        except SongError as error:
            return error, None

    def _key(self):
        """All that the features depend on besides the song."""
        cls = type(self)
        parameters = self._key_parameters()
        kept = sorted(set(parameters) - self._not_in_key)
        return (
            f"{cls.__module__}.{cls.__qualname__}",
            self._cache_version,
            *((name, _plain(parameters[name])) for name in kept),
            *library_versions(),
        )

    def _key_parameters(self):
        """The parameters, those of one meaning with one value."""
        return self.get_params(deep=False)

    def _compute(self, song):
        window = load_window(song, sr=self.sr, duration=self.duration, segment=self.segment)
        return self._extract(window)

    def _check_parameters(self):
        """Check what depends on several parameters."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.input_tags.allow_nan = self.on_error == "warn"
        tags.requires_fit = False
        return tags


def _plain(value):
    """30, 30.0 and `np.int64(30)` are the same, and so are the two kinds of str."""
    if isinstance(value, Real):
        return float(value)
    return str(value) if isinstance(value, str) else value
