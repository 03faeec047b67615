"""Culture fields as codes (paper section 3.1)."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime, time
from decimal import Decimal
from math import isfinite
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from sklearn_skd._sklearn import Interval, _fit_context
from sklearn_skd.features._missing import is_missing, unmasked

#: The culture fields of a song table, in the order of the codes.
CULTURE_FIELDS = ("genre", "language", "region", "singing_form", "era", "scene")


class CultureEncoder(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Encode culture fields as whole numbers; 0 stands for unknown.

    Each field gets the codes 1, 2, ... for its categories in sorted order. Missing values (None,
    NaN, ``pandas.NA``, blank text), categories rarer than `min_frequency` and categories that
    were not there in `fit` get 0. The codes are meant for embeddings; the classifiers of this
    package embed them in 32 dimensions.

    Values are compared as text (NFC) without surrounding blanks, so that the numbers 1990 and
    1990.0 and the text ``"1990"`` are one era, and a date and its midnight are one, however a
    column with gaps happens to be stored. Case matters: "Rock" and "rock" are two genres.

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
            Text, numbers, booleans, dates or missing values, one a cell.
        y : None
            Ignored.

        Returns
        -------
        self : CultureEncoder

        Raises
        ------
        TypeError
            If a cell holds several values, bytes or another object without a text of its own;
            the message names the row and the field.
        ValueError
            If `min_frequency` is out of range, or `X` has no songs or no fields.
        """
        least = self.min_frequency
        table = pd.DataFrame(self._as_text(X, reset=True), dtype=object)
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
        codes = []
        for texts, categories in zip(
            self._as_text(X, reset=False).values(), self.categories_, strict=True
        ):
            code_of = {category: code for code, category in enumerate(categories, start=1)}
            codes.append([code_of.get(text, 0) for text in texts])
        return np.array(codes, dtype=np.int64).T.copy()

    def _as_text(self, X, *, reset):
        """Cells as lists of text or None, in columns numbered from 0."""
        rows = X.index if isinstance(X, pd.DataFrame) else None
        if not reset and self._is_as_fitted(X):  # nothing to find for the costly checks
            cells = X.to_numpy(dtype=object)
        else:
            cells = validate_data(
                self, _as_objects(X), dtype=object, ensure_all_finite=False, reset=reset
            )
        names = getattr(self, "feature_names_in_", range(cells.shape[1]))
        text = {}
        for j, name in enumerate(names):
            column = [_as_text(value) for value in cells[:, j]]
            if _NOT_TEXT in column:
                row = column.index(_NOT_TEXT)
                label = row if rows is None else rows[row]
                raise _complaint(cells[row, j], name, row, label)
            text[j] = column
        return text

    def _is_as_fitted(self, X):
        """Whether `X` is a table of plain columns with the names of `fit`."""
        names = getattr(self, "feature_names_in_", None)
        if names is None or not isinstance(X, pd.DataFrame) or not len(X):
            return False
        return X.columns.tolist() == names.tolist()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        return tags


_NOT_TEXT = object()
# What `str.strip` takes for blank, control characters, and characters without width.
_BLANK = r"[\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2060\ufeff]"
_SURROUNDING = re.compile(rf"\A{_BLANK}+|(?<!{_BLANK}){_BLANK}+\Z")


def _as_objects(X):
    """`X` with a place for gaps and dates, which arrays of other types lose on conversion."""
    if isinstance(X, pd.DataFrame) and X.shape[1] == 0:
        raise ValueError(
            f"Found array with 0 feature(s) (shape={X.shape}) while a minimum of 1 is required by "
            "CultureEncoder: select the culture fields, for example X[['genre', 'era']]."
        )
    if isinstance(X, np.ma.MaskedArray):
        return unmasked(X)
    if isinstance(X, np.ndarray) and X.dtype.kind in "mM" and X.ndim == 2:
        return pd.DataFrame(X).to_numpy(dtype=object)
    return X


def _as_text(value):
    """The text by which `value` is compared, None if missing, `_NOT_TEXT` if it has none."""
    if isinstance(value, str):
        return _SURROUNDING.sub("", unicodedata.normalize("NFC", value)) or None
    if is_missing(value):
        return None
    if isinstance(value, bytes | complex) or not pd.api.types.is_scalar(value):
        return _NOT_TEXT
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, datetime):  # a column of dates is stored as their midnights
        value = value.date() if value.time() == time() and value.tzinfo is None else value
    elif isinstance(value, Real | Decimal) and not isinstance(value, Integral | bool):
        # a column of years with gaps is stored as floats, one from a database as decimals
        value = int(value) if isfinite(value) and value % 1 == 0 else value
    return str(value)


def _complaint(value, field, row, label):
    """The error about a cell that has no text."""
    where = f"The culture field {field!r} of row {row} (label {label!r}) holds "
    if isinstance(value, complex):
        return ValueError(f"{where}{value}. Complex data not supported: convert it to text.")
    if isinstance(value, bytes | bytearray):
        what, fix = "bytes", 'decode the column, for example with .str.decode("utf-8")'
    elif isinstance(value, Iterable):
        what = f"several values ({type(value).__name__})"
        fix = (
            f"keep one, for example X[{field!r}].str[0], or join them to one text, "
            f'X[{field!r}].str.join("|")'
        )
    else:
        what, fix = f"a {type(value).__name__}", "convert the column to text"
    return TypeError(
        f"{where}{what}: {value!r:.60}. The argument must be a string or a number a cell: {fix}."
    )
