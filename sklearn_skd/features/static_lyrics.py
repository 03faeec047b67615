"""Lyrics at the student's speed (paper section 4.4: the student's cost)."""

from numbers import Integral

import numpy as np

from sklearn_skd._sklearn import HasMethods, Interval, _fit_context
from sklearn_skd.features._lyrics_base import BaseLyricsEncoder
from sklearn_skd.features._sentence_model import load_sentence_model
from sklearn_skd.features._static_model import adapt, mean_vectors, static_table

__all__ = ["StaticLyricsEncoder"]

# More songs would make `fit` slow: the encoder reads each of them. They turn a map of 384 x 384.
_MOST_SONGS = 2_000


class StaticLyricsEncoder(BaseLyricsEncoder):
    r"""Encode lyrics with one vector a token, distilled from a sentence encoder.

    A sentence encoder takes many times longer than the whole student. Here each token of its
    vocabulary goes through it once, in `fit`, and is weighted by how rare it is. The training
    songs turn these vectors towards what the encoder says of whole lyrics (a ridge regression),
    and help to choose the axes that are kept (those that tell songs and tokens apart). From then
    on a song is the sum of its tokens' vectors at unit length: what a word means in its sentence
    is lost, and a song costs a look into a table. The table is part of the fitted transformer and
    travels with it; neither torch nor the sentence encoder is needed any more.

    As with :class:`LyricsEncoder`, a last column says whether a song has lyrics; songs without
    (None, NaN, ``""``, or nothing but markers, vocables and punctuation) get the vector of the
    tag "[no lyrics]".

    Parameters
    ----------
    model : str, default="sentence-transformers/all-MiniLM-L6-v2"
        The sentence encoder to distil, looked for as in :class:`LyricsEncoder`. An encoder that
        is static already (a sentence-transformers model with a ``StaticEmbedding``) gives its own
        table.
    n_components : int or None, default=64
        Most dimensions of the vectors. The table has that many parameters for each of the
        tokens: 1.9 million for the default model and value. None keeps all of the encoder's.
    clean : bool, default=True
        Apply :func:`clean_lyrics` first.
    revision : str or None, default=None
        Commit, tag or branch of `model` on the hub; with it only the hub is asked.
    memory : str, joblib.Memory or None, default=None
        Folder that keeps the distilled tables of whole encoders, found again by the encoders'
        weights. A process distils an encoder once, whatever the clones, folds and
        `n_components`; with a folder, so do all processes together, now and later.
    verbose : int, default=0
        Above 0, progress bars for loading and distilling.

    Attributes
    ----------
    table_ : ndarray of shape (n_tokens, d), float32
        The vectors of the tokens, each times its weight.
    tokenizer_ : str
        JSON of the `tokenizers.Tokenizer` that cuts a text into the rows of `table_`.
    embedding_dim_ : int
        Length d of the vectors.
    n_parameters_ : int
        Number of values in `table_`.
    model_source_ : {"folder", "offline", "hub"}
        Where the sentence encoder was found.
    revision_ : str or None
        Its commit on the hub, where known.
    n_features_in_ : int
        Always 1.
    feature_names_in_ : ndarray of shape (1,)
        Name of the column, if `X` had one.

    See Also
    --------
    LyricsEncoder : The sentence encoder itself, for the teacher.
    student_pipeline : Leaves the teacher's encoder behind.

    Notes
    -----
    Distilling needs model2vec (``pip install "sklearn-skd[static]"``) and takes about a minute on
    a CPU for the 29,525 tokens of the default model; and `fit` encodes the training songs, which
    costs nothing where a :class:`LyricsEncoder` did so before, in the same process. No labels are
    used.

    With s the static vectors of songs and f the encoder's, :math:`B = I + D`, where D minimises
    :math:`\sum_i \|f_i - s_i - s_i D\|^2 + \lambda \|D\|^2` and :math:`\lambda` is
    chosen by leave-one-out; few songs leave the vectors as they are. The axes are the principal
    ones of :math:`s_i B` and of the tokens' own vectors, which count as much as 200 songs.

    Examples
    --------
    Teacher and student read the lyrics in different ways, from one table of songs:

    >>> from sklearn_skd import SKDStudentClassifier, SongFeatures, StaticLyricsEncoder
    >>> features = SongFeatures(extra=[("light", StaticLyricsEncoder(), "lyrics")])
    >>> student = SKDStudentClassifier(sources=("audio", "light", "culture"))
    """

    _parameter_constraints = {
        "model": [str],
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "clean": ["boolean"],
        "revision": [str, None],
        "memory": [str, HasMethods(["cache"]), None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        model="sentence-transformers/all-MiniLM-L6-v2",
        *,
        n_components=64,
        clean=True,
        revision=None,
        memory=None,
        verbose=0,
    ):
        self.model = model
        self.n_components = n_components
        self.clean = clean
        self.revision = revision
        self.memory = memory
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Distil the sentence encoder, for lyrics like these.

        Parameters
        ----------
        X : Series, list, array or one-column DataFrame of shape (n_songs,) or (n_songs, 1)
            Lyrics; None, NaN, NaT, ``pandas.NA``, ``""`` and masked cells mean that a song has
            none. Of more than 2,000 different lyrics, evenly spaced ones are read.
        y : None
            Ignored.

        Returns
        -------
        self : StaticLyricsEncoder

        Raises
        ------
        TypeError
            If a song's lyrics are neither a string nor missing; the message names the row.
        ValueError
            If `X` is no column of texts: one text alone, no rows, several columns. If the encoder
            is neither a transformer nor static.
        OSError
            If the sentence encoder cannot be found or read.
        ImportError
            If model2vec is missing.
        """
        texts = self._texts_to_learn_from(self._read(X))
        encoder = load_sentence_model(self.model, revision=self.revision, verbose=self.verbose)
        table, self.tokenizer_ = static_table(encoder, memory=self.memory, verbose=self.verbose)
        vectors = encoder.encode(texts, verbose=self.verbose) if texts else np.empty((0, 0))
        self.table_ = adapt(table, self.tokenizer_, texts, vectors, self.n_components)
        self.embedding_dim_ = self.table_.shape[1]
        self.n_parameters_ = self.table_.size
        self.model_source_ = encoder.source
        self.revision_ = encoder.revision
        return self

    def _texts_to_learn_from(self, lyrics):
        """Distinct lyrics, evenly spaced among the songs if there are very many."""
        texts = [text for text in dict.fromkeys(self._prepare(lyrics)) if text is not None]
        return texts[:: -(-len(texts) // _MOST_SONGS) or 1]

    def _encode(self, texts):
        return mean_vectors(self.table_, self.tokenizer_, texts)
