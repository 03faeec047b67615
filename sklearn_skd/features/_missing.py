"""What counts as a missing cell of a song table."""

from numbers import Real


def is_missing(value):
    """Whether `value` is None, NaN, NaT or ``pandas.NA``."""
    if value is None:
        return True
    if isinstance(value, str):
        return False
    if type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, Real) and value != value
