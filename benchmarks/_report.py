"""What the benchmarks share: tables for people."""

__all__ = ["markdown"]


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
