"""What the displays share: colours, line styles and panels beneath an axes.

Colours are those of Okabe and Ito, which colour-blind readers can tell apart; each goes with a
line style, a marker and a hatch, so that a black-and-white print can be read as well.
"""

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9")
LINE_STYLES = ("-", "--", "-.", ":", (0, (6, 1.5)), (0, (4, 1.5, 1, 1.5, 1, 1.5)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

INK = "#333333"
QUIET = "#6E6E6E"
BAND = "#D9D9D9"


def series_style(index):
    """Colour, line style and marker of the ``index``-th series on an axes."""
    # shifted at every round of the colours: 49 series differ before the first pair repeats
    turn = index // len(COLORS)
    return {
        "color": COLORS[index % len(COLORS)],
        "linestyle": LINE_STYLES[(index + turn) % len(LINE_STYLES)],
        "marker": MARKERS[(index + 3 * turn) % len(MARKERS)],
    }


def open_axes(ax, *, figsize):
    """Return ``ax``, or the axes of a new figure whose layout makes room for outer labels."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=figsize, layout="constrained")[1]


def panel_below(ax, *, name, height):
    """Axes beneath ``ax`` that shares its x axis, cut from its room; made once, then reused.

    Parameters
    ----------
    ax : matplotlib Axes
    name : str
        What the panel is for; a second display on the same axes finds the panel by it.
    height : float
        Height as a share of that of ``ax``, above 0.

    Returns
    -------
    panel : matplotlib Axes
    """
    for panel in ax.figure.axes:
        if panel.get_label() == name and ax.get_shared_x_axes().joined(ax, panel):
            return panel
    panel = _split(ax, height)
    panel.set_label(name)
    ax.tick_params(labelbottom=False)
    for axes in (ax, panel):
        house_frame(axes)
    return panel


def house_frame(axes):
    """Two quiet spines, and grids beneath the data."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color(QUIET)
    axes.tick_params(colors=INK)
    axes.set_axisbelow(True)


def _split(ax, height):
    place = ax.get_subplotspec()
    if place is None:  # axes put at a given place of the figure
        from mpl_toolkits.axes_grid1 import make_axes_locatable

        return make_axes_locatable(ax).append_axes(
            "bottom", size=f"{100 * height:g}%", pad=0.12, sharex=ax
        )
    upper, lower = place.subgridspec(2, 1, height_ratios=[1, height], hspace=0.04)
    ax.set_subplotspec(upper)
    return ax.get_figure(root=False).add_subplot(lower, sharex=ax)


def spread_labels(heights, *, gap, low, high):
    """Move label heights apart until none is closer to its neighbour than ``gap``.

    Parameters
    ----------
    heights : sequence of float
        Wanted heights, in any order.
    gap : float
        Least distance. If the room does not suffice, the distance becomes smaller.
    low, high : float
        Limits of the heights.

    Returns
    -------
    heights : list of float
        In the order given.
    """
    n = len(heights)
    gap = min(gap, (high - low) / max(n - 1, 1))
    order = sorted(range(n), key=lambda i: heights[i])
    moved = list(heights)
    floor = low
    for rank, i in enumerate(order):
        moved[i] = min(max(moved[i], floor), high - gap * (n - 1 - rank))
        floor = moved[i] + gap
    return moved
