"""What the benchmarks share: paired differences with honest errors, and tables."""

import numpy as np
import pandas as pd

__all__ = ["corrected_error", "markdown", "paired_differences"]


def corrected_error(differences, *, n_train, n_test):
    """Standard error of a mean over repeated K-fold, after Nadeau and Bengio (2003).

    The folds' training sets overlap, so the naive error of the mean is too small:
    ``sd * sqrt(1 / n_folds + n_test / n_train)``.
    """
    differences = np.asarray(differences, dtype=float)
    return differences.std(ddof=1) * np.sqrt(1 / len(differences) + n_test / n_train)


def paired_differences(scores, reference, *, n_train, n_test):
    """Mean difference of each arm to the reference, fold by fold, with its corrected error.

    Parameters
    ----------
    scores : DataFrame of shape (n_folds, n_arms)
        One metric.

    reference : str
        The arm to compare with.

    Returns
    -------
    table : DataFrame
        Columns ``mean``, ``difference``, ``error``.
    """
    difference = scores.sub(scores[reference], axis=0)
    error = [corrected_error(difference[arm], n_train=n_train, n_test=n_test) for arm in scores]
    return pd.DataFrame(
        {"mean": scores.mean(), "difference": difference.mean(), "error": error},
        index=scores.columns,
    )


def markdown(table):
    """A DataFrame of strings as a Markdown table, the index as first column."""
    header = [table.index.name or "", *map(str, table.columns)]
    rows = [
        [str(index), *map(str, row)]
        for index, row in zip(table.index, table.to_numpy(), strict=True)
    ]
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    lines = [
        [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        for row in [header, *rows]
    ]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
