"""Culture fields as codes (paper section 3.1)."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_skd._sklearn import Interval, _fit_context
from sklearn_skd.features._missing import is_missing

#: The culture fields of a song table, in the order of the codes.
CULTURE_FIELDS = ("genre", "language", "region", "singing_form", "era", "scene")


class CultureEncoder(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Encode culture fields as whole numbers; 0 stands for unknown.

    Each field gets the codes 1, 2, ... for its categories in sorted order. Missing values (None,
    NaN, ``pandas.NA``, blank text), categories rarer than `min_frequency` and categories that
    were not there in `fit` get 0. The codes are meant for embeddings; the classifiers of this
    package embed them in 32 dimensions.

    Values are compared as text without surrounding blanks, so that the numbers 1990 and 1990.0
    and the text ``"1990"`` are one era, however a column with gaps happens to be stored. Case
    matters: "Rock" and "rock" are two genres.

    Parameters
    ----------
    min_frequency : int or float, default=1
        Categories with fewer songs get code 0: fewer than this number (int, at least 1), or than
        this share of all songs (float, between 0 and 1), as in scikit-learn's `OneHotEncoder`.

    Attributes
    ----------
    categories_ : list of ndarray of str
        The categories of each field; ``categories_[j][c - 1]`` has code c in column j.
    infrequent_categories_ : list of ndarray of str
        The categories of each field that were set to 0 because of `min_frequency`.
    n_features_in_ : int
        Number of fields.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the fields, if `X` had any.

    See Also
    --------
    sklearn.preprocessing.OrdinalEncoder : Codes without a place for the unknown.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_skd import CultureEncoder
    >>> songs = pd.DataFrame({"genre": ["rock", "folk", None], "era": [1990, 1970, 1990]})
    >>> encoder = CultureEncoder().fit(songs)
    >>> encoder.transform(songs)
    array([[2, 2],
           [1, 1],
           [0, 2]])
    >>> encoder.transform(pd.DataFrame({"genre": ["jazz"], "era": ["1970"]}))
    array([[0, 1]])
    """

    _parameter_constraints = {
        "min_frequency": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, *, min_frequency=1):
        self.min_frequency = min_frequency

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the categories.

        Parameters
        ----------
        X : DataFrame or array of shape (n_songs, n_fields)
            Text, numbers or missing values, one a cell.
        y : None
            Ignored.

        Returns
        -------
        self : CultureEncoder

        Raises
        ------
        TypeError
            If a cell holds several values or bytes; the message names the row and the field.
        ValueError
            If `min_frequency` is out of range.
        """
        least = self.min_frequency
        table = self._as_text(X, reset=True)
        if not isinstance(least, Integral):
            if least >= 1:
                raise ValueError(
                    f"min_frequency is a number of songs (int) or a share of them (float between "
                    f"0 and 1), got {least!r}."
                )
            least = least * len(table)
        self.categories_, self.infrequent_categories_ = [], []
        for field in table:
            counts = table[field].value_counts().sort_index()
            names = counts.index.to_numpy(dtype=object)
            frequent = counts.to_numpy() >= least
            self.categories_.append(names[frequent])
            self.infrequent_categories_.append(names[~frequent])
        return self

    def transform(self, X):
        """Encode the fields.

        Parameters
        ----------
        X : DataFrame or array of shape (n_songs, n_fields)
            As in `fit`, with the same fields in the same order.

        Returns
        -------
        ndarray of shape (n_songs, n_fields), int64
            Codes from 0 to the number of the field's categories.

        Raises
        ------
        TypeError
            As in `fit`.
        ValueError
            If the fields are not those of `fit`.
        """
        check_is_fitted(self)
        table = self._as_text(X, reset=False)
        codes = [
            pd.Index(categories, dtype=object).get_indexer(table[field]) + 1
            for field, categories in zip(table, self.categories_, strict=True)
        ]
        return np.column_stack(codes).astype(np.int64, copy=False)

    def _as_text(self, X, *, reset):
        """Cells as text or None, in columns numbered from 0."""
        rows = X.index if isinstance(X, pd.DataFrame) else None
        cells = validate_data(self, X, dtype=object, ensure_all_finite=False, reset=reset)
        if any(isinstance(value, complex) for value in cells.flat):
            raise ValueError("Complex data not supported: culture fields are text or numbers.")
        names = getattr(self, "feature_names_in_", range(cells.shape[1]))
        text = {}
        for j, name in enumerate(names):
            column = [_as_text(value) for value in cells[:, j]]
            if _NOT_TEXT in column:
                row = column.index(_NOT_TEXT)
                label = row if rows is None else rows[row]
                raise TypeError(_complaint(cells[row, j], name, row, label))
            text[j] = column
        return pd.DataFrame(text, dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        return tags


_NOT_TEXT = object()


def _as_text(value):
    """The text by which `value` is compared, None if missing, `_NOT_TEXT` if it has none."""
    if is_missing(value):
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bytes) or np.ndim(value) > 0 or isinstance(value, set | dict | frozenset):
        return _NOT_TEXT
    if isinstance(value, Real) and not isinstance(value, Integral | bool) and value % 1 == 0:
        value = int(value)  # a column of years with gaps is stored as float
    return str(value)


def _complaint(value, field, row, label):
    fix = (
        'decode the column, for example with .str.decode("utf-8")'
        if isinstance(value, bytes)
        else f"keep one, for example X[{field!r}].str[0], or join them to one text, "
        f'X[{field!r}].str.join("|")'
    )
    what = "bytes" if isinstance(value, bytes) else f"several values ({type(value).__name__})"
    return (
        f"The culture field {field!r} of row {row} (label {label!r}) holds {what}: {value!r:.60}. "
        f"The argument must be a string or a number a cell: {fix}."
    )
