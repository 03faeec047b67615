"""What the encoders of lyrics share: how a column is read, cleaned, and given its flag."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_skd.features._clean import clean_lyrics
from sklearn_skd.features._missing import is_missing, unmasked

#: What is encoded for a song without lyrics.
NO_LYRICS = "[no lyrics]"


class BaseLyricsEncoder(TransformerMixin, BaseEstimator):
    """Reads lyrics for its heirs, which have `clean`, `embedding_dim_` and `_encode(texts)`."""

    def _read(self, X):
        """The lyrics of `fit`, checked; the name of their column is noted."""
        column = as_column(X, type(self).__name__)
        lyrics = check_lyrics(column)
        self.n_features_in_ = 1
        if isinstance(column.name, str):
            self.feature_names_in_ = np.array([column.name], dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        return lyrics

    def transform(self, X):
        """Encode lyrics.

        Parameters
        ----------
        X : Series, list, array or one-column DataFrame of shape (n_songs,) or (n_songs, 1)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_songs, d + 1), float32
            The vectors, in [-1, 1] and of unit length, and in the last column 1 for songs with
            lyrics, 0 for songs without.

        Raises
        ------
        TypeError, ValueError, OSError
            As in `fit`.
        """
        check_is_fitted(self)
        texts, has_lyrics = self._texts(X)
        return np.hstack([self._encode(texts), has_lyrics.astype(np.float32)])

    def get_feature_names_out(self, input_features=None):
        """Names of the output columns.

        Parameters
        ----------
        input_features : None
            Ignored: the names do not depend on the input's.

        Returns
        -------
        ndarray of shape (d + 1,)
            ``lyrics_0`` to ``lyrics_{d-1}`` and ``has_lyrics``.
        """
        check_is_fitted(self)
        names = [f"lyrics_{i}" for i in range(self.embedding_dim_)]
        return np.array([*names, "has_lyrics"], dtype=object)

    def _texts(self, X):
        """What is encoded for each song, and (n_songs, 1) whether these are its lyrics."""
        texts = self._prepare(check_lyrics(as_column(X, type(self).__name__)))
        has_lyrics = np.array([[text is not None] for text in texts])
        return [NO_LYRICS if text is None else text for text in texts], has_lyrics

    def _prepare(self, lyrics):
        """Cleaned text of each song, None for a song without lyrics."""
        prepared = {None: None}
        for text in lyrics:
            if text not in prepared:
                plain = clean_lyrics(text) if self.clean else without_surrogates(text)
                prepared[text] = plain if any(char.isalnum() for char in plain) else None
        return [prepared[text] for text in lyrics]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        return tags


def without_surrogates(text):
    """`text` without halves of characters, which are left of broken encodings."""
    return text.encode("utf-8", errors="ignore").decode("utf-8")


def as_column(X, reader):
    """`X` as a Series of objects that keeps its row labels; `reader` is named in errors."""
    if isinstance(X, str | bytes):
        raise ValueError(
            f"{reader} expects one text a song, got a single {type(X).__name__}: "
            "pass [text] for one song."
        )
    if isinstance(X, pd.Series):
        column = X.astype(object)
    else:
        table = X if isinstance(X, pd.DataFrame) else pd.DataFrame(_as_object_array(X, reader))
        if table.shape[1] != 1:
            raise ValueError(
                f"{reader} expects one column of lyrics, got {table.shape[1]} columns: "
                "select one, for example X['lyrics']."
            )
        column = table.iloc[:, 0].astype(object)
    if len(column) == 0:
        raise ValueError(f"{reader} got 0 songs, while a minimum of 1 is required.")
    return column


def _as_object_array(X, reader):
    if isinstance(X, np.ma.MaskedArray):
        X = unmasked(X)
    array = np.asarray(X, dtype=object)
    if array.ndim == 0:
        raise ValueError(
            f"{reader} expects one text a song, got a {type(X).__name__}: pass a list, an "
            "array or a column of a table, for example songs['lyrics']."
        )
    if array.ndim > 2:
        raise ValueError(f"{reader} expects lyrics in one dimension, got {array.ndim} dimensions.")
    return array.reshape(-1, 1) if array.ndim == 1 else array


def check_lyrics(column):
    """Lyrics as a list of str or None."""
    lyrics = []
    for row, (label, value) in enumerate(column.items()):
        if is_missing(value):
            value = None
        elif not isinstance(value, str):
            fix = (
                'decode them, for example .str.decode("utf-8", errors="replace")'
                if isinstance(value, bytes | bytearray)
                else "convert the column to text, or set the cell to None if there are no lyrics"
            )
            raise TypeError(
                f"The lyrics of row {row} (label {label!r}) are {type(value).__name__}, not str: "
                f"{value!r:.40}; {fix}."
            )
        lyrics.append(value)
    return lyrics
