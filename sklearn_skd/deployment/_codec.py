"""Values <-> JSON and numeric arrays, without anything that could name code.

What JSON says itself stays as it is: None, booleans, finite numbers, text, lists. Everything else
is an object with one key that says what it is; see `_FORMS`.
"""

import json
import math
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd

__all__ = ["Decoder", "Encoder"]

LONG = 2000  # characters; longer texts are kept beside the header
MAX_TEXTS = 200_000  # elements of all arrays of texts together

# A text takes up to five times its bytes while it is decoded. With this, and a quarter of the bytes
# of all arrays, as the bound on texts, loading takes no more than twice the size of the file and
# 24 MiB; the header takes as much again.
FREE_TEXT = 6 * 2**20

_SCALARS = (bool, int, float, str)


class Encoder:
    """Values -> what JSON can say, and arrays.

    Parameters
    ----------
    other : callable
        Maps (value, path) of what this class does not know to a dict with one key, or raises.

    Attributes
    ----------
    arrays : dict of str to ndarray
        What is kept beside the JSON, by ASCII names that tell the place.
    """

    def __init__(self, other):
        self.arrays = {}
        self._other = other

    def encode(self, value, path):
        """Encode a value.

        Parameters
        ----------
        value : object
            None, bool, number, str, list, tuple, dict with str keys, slice, range, ndarray,
            DataFrame, or what `other` knows.

        path : str
            Where it was found, for errors and for the names of arrays.

        Returns
        -------
        node : object
            For JSON.
        """
        if isinstance(value, np.generic):
            value = value.item()
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else {"float": str(value)}
        if isinstance(value, str):
            return self._text(str(value), path)
        if isinstance(value, list | tuple):
            items = [self.encode(item, f"{path}.{_label(item, i)}") for i, item in enumerate(value)]
            return items if isinstance(value, list) else {"tuple": items}
        if isinstance(value, Mapping):
            return {"dict": self._mapping(value, path)}
        if isinstance(value, slice):
            return {"slice": [value.start, value.stop, value.step]}
        if isinstance(value, range):
            return {"range": [value.start, value.stop, value.step]}
        if isinstance(value, np.ndarray):
            return self._array(value, path)
        if isinstance(value, pd.DataFrame):
            return {"frame": self._frame(value, path)}
        return self._other(value, path)

    def keep(self, array, path):
        """Keep a numeric array beside the JSON; returns its name."""
        name = _ascii(path)
        while name in self.arrays:
            name += "~"
        self.arrays[name] = np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")
        return name

    def keep_all(self, arrays, path):
        """Keep a dict of numeric arrays under a common prefix; returns the node."""
        for key, array in arrays.items():
            name = _ascii(f"{path}.{key}")
            if name in self.arrays:
                raise ValueError(f"Two things are called {path}.{key}: rename one.")
            self.arrays[name] = np.asarray(array, order="C")
        return {"arrays": _ascii(path)}

    def _mapping(self, value, path):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{path} has the key {key!r}: only text can be stored as a key.")
        return {str(key): self.encode(item, f"{path}.{key}") for key, item in value.items()}

    def _text(self, value, path):
        if len(value) <= LONG:
            return value
        return {"text": self.keep(_bytes(value), path)}

    def _array(self, array, path):
        if array.dtype.kind in "biuf" and array.dtype.itemsize <= 8:
            return {"array": self.keep(array, path)}
        if array.dtype.kind == "U":
            width = array.dtype.itemsize // 4
            codes = np.asarray(array, dtype=f"=U{width}", order="C").reshape(-1).view(np.uint32)
            return {"characters": self.keep(codes.reshape(*array.shape, width), path)}
        if array.dtype == object and array.ndim == 1:
            items = [self._element(item, path) for item in array.tolist()]
            text = json.dumps(items, ensure_ascii=False, separators=(",", ":"))
            return {"objects": self.keep(_bytes(text), path)}
        raise TypeError(
            f"{path} is an array of {array.dtype} with shape {array.shape}, which cannot be "
            "stored: numbers, booleans and texts can."
        )

    def _element(self, item, path):
        item = item.item() if isinstance(item, np.generic) else item
        if isinstance(item, float) and not math.isfinite(item):
            return {"float": str(item)}
        if item is None or type(item) in _SCALARS:
            return item
        raise TypeError(
            f"{path} holds {item!r}, a {type(item).__name__}: only texts, numbers, booleans and "
            "None can be stored in an array of objects."
        )

    def _frame(self, frame, path):
        default = isinstance(frame.index, pd.RangeIndex) and frame.index.equals(
            pd.RangeIndex(len(frame))
        )
        index = len(frame) if default else self._array(frame.index.to_numpy(), f"{path}.index")
        columns = {str(name): frame[name].to_numpy() for name in frame}
        return {"index": index, "columns": self._mapping(columns, path)}


class Decoder:
    """What JSON can say, and arrays -> values. Every array belongs to one value, so that a file
    does not grow in memory.

    Parameters
    ----------
    arrays : dict of str to ndarray
        Of the Encoder; emptied while decoding.

    other : callable
        Maps (key, content) of a node that this class does not know to a value, or raises.
    """

    def __init__(self, arrays, other):
        self.arrays = dict(arrays)
        self._other = other
        self._texts_left = MAX_TEXTS
        self._bytes_left = FREE_TEXT + sum(array.nbytes for array in arrays.values()) // 4

    def decode(self, node):
        """Decode a node; ValueError if it is none."""
        if node is None or isinstance(node, _SCALARS):
            return node
        if isinstance(node, list):
            return [self.decode(item) for item in node]
        if len(node) != 1:
            raise ValueError(f"an object of its header has the keys {str(list(node))[:80]}.")
        (key, content) = next(iter(node.items()))
        form = _FORMS.get(key)
        return self._other(key, content) if form is None else form(self, content)

    def mapping(self, content):
        """Decode the values of a JSON object."""
        check(content, dict)
        return {key: self.decode(item) for key, item in content.items()}

    def take(self, name):
        """The array of this name, which nobody else may take."""
        array = self.arrays.pop(check(name, str), None)
        if array is None:
            raise ValueError(f"the array {name[:80]!r} is missing, or used twice.")
        return array

    def take_all(self, prefix):
        """All arrays under a prefix, by what follows it."""
        prefix = f"{check(prefix, str)}."
        names = [name for name in self.arrays if name.startswith(prefix)]
        return {unquote(name[len(prefix) :]): self.arrays.pop(name) for name in names}

    def finish(self):
        """Raise if arrays are left that belong to nothing."""
        if self.arrays:
            raise ValueError(f"the array {next(iter(self.arrays))[:80]!r} belongs to nothing.")

    def _tuple(self, content):
        return tuple(self.decode(item) for item in check(content, list))

    def _float(self, content):
        if content not in ("nan", "inf", "-inf"):
            raise ValueError(f"{str(content)[:20]!r} is no number.")
        return float(content)

    def _three(self, content):
        if len(check(content, list)) != 3 or any(type(i) not in (int, type(None)) for i in content):
            raise ValueError("a slice or range is not given by three whole numbers.")
        return content

    def _numbers(self, content):
        return self.take(content)

    def _text(self, content):
        array = self.take(content)
        if array.dtype != np.uint8 or array.ndim != 1:
            raise ValueError(f"the array {content[:80]!r} is no text.")
        self._bytes_left -= array.nbytes
        if self._bytes_left < 0:
            raise ValueError("it holds more text than this version reads.")
        return str(array.data, "utf-8", "surrogatepass")

    def _characters(self, content):
        codes = self.take(content)
        if codes.dtype != np.uint32 or codes.ndim < 1 or not codes.shape[-1]:
            raise ValueError(f"the array {content[:80]!r} holds no texts.")
        if codes.max(initial=0) > 0x10FFFF:
            raise ValueError(f"the array {content[:80]!r} holds what is no character.")
        return codes.view(f"=U{codes.shape[-1]}")[..., 0]

    def _objects(self, content):
        text = self._text(content)
        self._texts_left -= text.count(",") + text.count("[") + text.count("{")
        if self._texts_left < 0:
            raise ValueError(f"it holds more than {MAX_TEXTS} texts.")
        items = [self._element(item) for item in check(json.loads(text), list)]
        array = np.empty(len(items), dtype=object)
        array[:] = items
        return array

    def _element(self, item):
        if isinstance(item, dict):
            return self._float(item.get("float"))
        if item is not None and type(item) not in _SCALARS:
            raise ValueError("an array of objects holds other things than texts and numbers.")
        return item

    def _frame(self, content):
        if set(check(content, dict)) != {"index", "columns"}:
            raise ValueError("a table of its header has other parts than index and columns.")
        columns = self.mapping(content["columns"])
        index = self.decode(content["index"])
        index = pd.RangeIndex(index) if type(index) is int else check(index, np.ndarray)
        for name, column in columns.items():
            if check(column, np.ndarray).shape != (len(index),):
                raise ValueError(f"the column {name[:80]!r} of a table is no column.")
        return pd.DataFrame(columns, index=index)


_FORMS = {
    "tuple": Decoder._tuple,
    "dict": Decoder.mapping,
    "float": Decoder._float,
    "slice": lambda self, content: slice(*self._three(content)),
    "range": lambda self, content: range(*self._three(content)),
    "text": Decoder._text,
    "array": Decoder._numbers,
    "characters": Decoder._characters,
    "objects": Decoder._objects,
    "frame": Decoder._frame,
}


def check(value, kind):
    """The value, or a ValueError if it is of another kind."""
    if not isinstance(value, kind):
        raise ValueError(f"its header holds {str(value)[:40]!r} where a {kind.__name__} should be.")
    return value


def _label(item, position):
    """A named item, such as a step of a Pipeline, by its name."""
    named = isinstance(item, tuple) and item and isinstance(item[0], str)
    return item[0] if named else position


def _ascii(name):
    # one to one, so that different places have different names
    return re.sub(r"[~]", "%7E", quote(name, safe=""))


def _bytes(text):
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
