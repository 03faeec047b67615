"""All sources of a song table at once (paper section 3.1, Table 2)."""

from collections.abc import Mapping
from importlib import import_module
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from sklearn_skd._sklearn import HasMethods, StrOptions, _fit_context
from sklearn_skd.features._kinds import as_source
from sklearn_skd.features._table import (
    as_list,
    check_columns,
    check_table,
    is_source,
    naming,
    warn_of_lookalikes,
    well_formed,
)
from sklearn_skd.features.culture import CULTURE_FIELDS

_DEFAULTS = {
    "audio": ("sklearn_skd.features.audio", "LogMelSpectrogram"),
    "lyrics": ("sklearn_skd.features.lyrics", "LyricsEncoder"),
    "culture": ("sklearn_skd.features.culture", "CultureEncoder"),
}


class SongFeatures(TransformerMixin, BaseEstimator):
    """Turn a song table into one array per source.

    The output is a `skorch.helper.SliceDict`: a dict of arrays that scikit-learn's splitters,
    searches and calibrators slice by songs. An estimator reads a source by its kind:

    ========================================  =====================================
    array                                     read as
    ========================================  =====================================
    float32 of shape (n, channels, frames)    time series, for example log-mel bands
    float32 of shape (n, d)                   vector, for example of the lyrics
    int64 of shape (n, fields)                codes of categories, to be embedded
    ========================================  =====================================

    Parameters
    ----------
    audio : transformer, None or "auto", default="auto"
        Applied to the column ``audio``. None leaves the source out; "auto" means
        :class:`LogMelSpectrogram` if the table has the column.
    lyrics : transformer, None or "auto", default="auto"
        Applied to the column ``lyrics``; "auto" means :class:`LyricsEncoder`.
    culture : transformer, None or "auto", default="auto"
        Applied to those of the columns ``genre``, ``language``, ``region``, ``singing_form``,
        ``era`` and ``scene`` that the table has; "auto" means :class:`CultureEncoder`.
    extra : sequence of (name, transformer, columns), default=()
        Further sources, as in scikit-learn's `ColumnTransformer`: `columns` is the name of a
        column, which reaches the transformer as a Series, or a list of names, which reach it as
        a DataFrame. For example ``[("statistics", AudioStatistics(), "audio")]``.
    columns : dict or None, default=None
        Other columns than those above, by source: ``{"audio": "path", "lyrics": "text",
        "culture": ["style", "decade"]}``. A source not named keeps its columns. Columns named
        here must be in the table.
    n_jobs : int or None, default=None
        Given to every transformer whose own `n_jobs` is None.

    Attributes
    ----------
    transformers_ : dict of str to transformer
        The fitted transformers by source, in the order of the output's keys.
    columns_ : dict of str to (str or list of str)
        The columns that each source reads.
    feature_names_in_ : ndarray of str
        All columns that are read; others may be there or not.
    n_features_in_ : int
        Their number.

    See Also
    --------
    sklearn.compose.ColumnTransformer : The same idea for columns of one table.

    Notes
    -----
    Parameters of the transformers are set by their source's name, in searches too:
    ``SongFeatures().set_params(audio__n_mels=32)``. Where a source is "auto", this puts its
    default transformer in the place of "auto", which then requires the column.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_skd import SongFeatures
    >>> songs = pd.DataFrame({"lyrics": ["Dance with me", None], "genre": ["pop", "folk"],
    ...                       "title": ["Night", "Air"]})
    >>> X = SongFeatures().fit_transform(songs)
    >>> {source: array.shape for source, array in X.items()}
    {'lyrics': (2, 385), 'culture': (2, 1)}
    >>> X[1:]["culture"]
    array([[1]])
    """

    _parameter_constraints = {
        "audio": [StrOptions({"auto"}), HasMethods(["fit", "transform"]), None],
        "lyrics": [StrOptions({"auto"}), HasMethods(["fit", "transform"]), None],
        "culture": [StrOptions({"auto"}), HasMethods(["fit", "transform"]), None],
        "extra": [list, tuple],
        "columns": [Mapping, None],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self, audio="auto", lyrics="auto", culture="auto", *, extra=(), columns=None, n_jobs=None
    ):
        self.audio = audio
        self.lyrics = lyrics
        self.culture = culture
        self.extra = extra
        self.columns = columns
        self.n_jobs = n_jobs

    def get_params(self, deep=True):
        """Get the parameters.

        Parameters
        ----------
        deep : bool, default=True
            Include the transformers in `extra`, under their names, and all nested parameters.

        Returns
        -------
        dict of str to value
        """
        params = super().get_params(deep=deep)
        if deep:
            for name, transformer, _ in well_formed(self.extra):
                params[name] = transformer
                nested = transformer.get_params(deep=True)
                params.update({f"{name}__{key}": value for key, value in nested.items()})
        return params

    def set_params(self, **params):
        """Set parameters, nested ones too (``audio__n_mels``).

        Parameters
        ----------
        **params : dict
            By name. A nested parameter of a source that is "auto" puts the source's default
            transformer in its place; the name of a source in `extra` replaces its transformer.

        Returns
        -------
        self : SongFeatures

        Raises
        ------
        ValueError
            If a name is unknown, or nested in a source that is None.
        """
        if "extra" in params:
            self.extra = params.pop("extra")
        if any(name in params for name, _, _ in well_formed(self.extra)):
            self.extra = [
                (item[0], params.pop(item[0], item[1]), item[2]) if is_source(item) else item
                for item in self.extra
            ]
        for source in _DEFAULTS:
            nested = next((name for name in params if name.startswith(f"{source}__")), None)
            value = params.get(source, getattr(self, source))
            if nested and value is None:
                raise ValueError(
                    f"{nested!r} cannot be set: {source}=None leaves this source out. "
                    f'Set {source}="auto" or a transformer.'
                )
            if nested and isinstance(value, str):
                params[source] = _default(source)
        return super().set_params(**params)

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Fit the transformer of each source.

        Parameters
        ----------
        X : DataFrame of shape (n_songs, n_columns)
            The song table.
        y : array-like of shape (n_songs,), default=None
            Handed to the transformers.

        Returns
        -------
        self : SongFeatures

        Raises
        ------
        TypeError
            If `X` is no DataFrame.
        ValueError
            If a column or every source is missing, or names of sources clash.
        """
        for source, transformer in self._start(X).items():
            with naming(source, self.columns_[source]):
                transformer.fit(self._select(X, source), y)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def fit_transform(self, X, y=None):
        """Fit the transformers and return the arrays of the same songs.

        Parameters
        ----------
        X : DataFrame of shape (n_songs, n_columns)
            The song table.
        y : array-like of shape (n_songs,), default=None
            Handed to the transformers.

        Returns
        -------
        skorch.helper.SliceDict of str to ndarray
            One array a source.

        Raises
        ------
        TypeError, ValueError
            As in `fit` and `transform`.
        """
        arrays = {}
        for source, transformer in self._start(X).items():
            column = self._select(X, source)
            with naming(source, self.columns_[source]):
                if hasattr(transformer, "fit_transform"):
                    arrays[source] = transformer.fit_transform(column, y)
                else:
                    arrays[source] = transformer.fit(column, y).transform(column)
        return _slice_dict(arrays, len(X))

    def transform(self, X):
        """Compute the arrays of songs.

        Parameters
        ----------
        X : DataFrame of shape (n_songs, n_columns)
            A song table with the columns in `feature_names_in_`; their order does not matter.

        Returns
        -------
        skorch.helper.SliceDict of str to ndarray
            One array a source.

        Raises
        ------
        TypeError
            If `X` is no DataFrame.
        ValueError
            If a column is missing, or a transformer's output is of no kind listed above.
        """
        check_is_fitted(self)
        check_table(X)
        arrays = {}
        for source, transformer in self.transformers_.items():
            with naming(source, self.columns_[source]):
                arrays[source] = transformer.transform(self._select(X, source))
        return _slice_dict(arrays, len(X))

    def _start(self, X):
        """Decide on sources and columns; return the transformers to fit."""
        check_table(X)
        self._check_names()
        sources = self._named_sources(X)
        sources.update((name, (transformer, cols)) for name, transformer, cols in self.extra)
        columns = [columns for _, columns in sources.values()]
        read = dict.fromkeys(name for names in columns for name in as_list(names))
        warn_of_lookalikes(X, self._default_columns(), read)
        if not sources:
            raise ValueError(
                f"SongFeatures finds no source in the columns {list(X.columns)}. It reads "
                f"'audio', 'lyrics' and {list(CULTURE_FIELDS)}: say which of yours they are with "
                "columns={'audio': ..., 'lyrics': ..., 'culture': [...]}, or add sources with "
                "extra=[(name, transformer, column)]."
            )
        self.columns_ = {source: columns for source, (_, columns) in sources.items()}
        self.transformers_ = {source: self._clone(sources[source][0]) for source in sources}
        self.feature_names_in_ = np.array(list(read), dtype=object)
        self.n_features_in_ = len(read)
        return self.transformers_

    def _default_columns(self):
        """Names of columns that are read where they exist."""
        named = self.columns or {}
        used = [s for s in _DEFAULTS if getattr(self, s) is not None and s not in named]
        names = {"audio": ["audio"], "lyrics": ["lyrics"], "culture": CULTURE_FIELDS}
        return [name for source in used for name in names[source]]

    def _named_sources(self, X):
        """Transformer and columns of audio, lyrics and culture, those that are used."""
        sources = {}
        for source in _DEFAULTS:
            transformer, columns = getattr(self, source), self._columns(source, X)
            if transformer is None or (columns is None and isinstance(transformer, str)):
                continue
            if columns is None:
                wanted = f"one of {list(CULTURE_FIELDS)}" if source == "culture" else repr(source)
                raise ValueError(
                    f"The source {source!r} needs the column {wanted}; the table has "
                    f"{list(X.columns)}. Name yours with columns={{{source!r}: ...}} or leave the "
                    f"source out with {source}=None."
                )
            sources[source] = (
                _default(source) if isinstance(transformer, str) else transformer,
                columns,
            )
        return sources

    def _columns(self, source, X):
        """The columns of audio, lyrics or culture, None if the table has none."""
        if self.columns is not None and source in self.columns:
            columns = self.columns[source]
            return as_list(columns) if source == "culture" else columns
        if source == "culture":
            return [field for field in CULTURE_FIELDS if field in X.columns] or None
        return source if source in X.columns else None

    def _check_names(self):
        """Check `columns` and `extra`."""
        columns = dict(self.columns or {})
        if not set(columns) <= set(_DEFAULTS):
            raise ValueError(
                f"The keys of columns are sources, among {list(_DEFAULTS)}; got "
                f"{list(columns)}. A source in extra names its own columns."
            )
        taken = {"self", *super().get_params(deep=False)}
        for item in self.extra:
            if not is_source(item):
                raise ValueError(
                    "extra holds (name, transformer, columns), the transformer with get_params, "
                    f"fit and transform; got {item!r}."
                )
            name = item[0]
            if name in taken or "__" in name or not name:
                raise ValueError(
                    f"The name {name!r} in extra is taken, empty or holds '__': choose another. "
                    f"Taken are {sorted(taken)}."
                )
            taken.add(name)
            columns[name] = item[2]
        for source, names in columns.items():
            check_columns(source, names)

    def _clone(self, transformer):
        transformer = clone(transformer)
        if self.n_jobs is not None and hasattr(transformer, "get_params"):
            params = transformer.get_params(deep=False)
            if "n_jobs" in params and params["n_jobs"] is None:
                transformer.set_params(n_jobs=self.n_jobs)
        return transformer

    def _select(self, X, source):
        """The columns of `source`: a Series, or a DataFrame for a list of names."""
        columns = self.columns_[source]
        for column in as_list(columns):
            if column not in X.columns:
                raise ValueError(
                    f"The source {source!r} needs the column {column!r}; the table has "
                    f"{list(X.columns)}. Add it, name another {_how_to_name(source)}, or leave "
                    "the source out when fitting; if only the teacher reads it, predict with "
                    "student_pipeline(model)."
                )
            if not X.columns.is_unique and (X.columns == column).sum() > 1:
                raise ValueError(f"The table has several columns {column!r}: keep one.")
        return X[columns if isinstance(columns, str) else list(columns)]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = True
        return tags


def _default(source):
    module, name = _DEFAULTS[source]
    return getattr(import_module(module), name)()


def _how_to_name(source):
    if source in _DEFAULTS:
        return f"with columns={{{source!r}: ...}}"
    return "in extra"


def _slice_dict(outputs, n_songs):
    from skorch.helper import SliceDict

    return SliceDict(**{name: as_source(name, out, n_songs) for name, out in outputs.items()})
