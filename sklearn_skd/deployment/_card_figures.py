"""Figures of a model card as images inside the page: SVG without fonts, scripts or dates."""

from base64 import b64encode
from contextlib import contextmanager
from io import BytesIO

from sklearn_skd.deployment._card_html import Markup, element

__all__ = ["interval_mark", "reliability_image", "risk_coverage_image"]

# a salt makes the names inside the SVG those of the last time
_RC = {"svg.hashsalt": "sklearn-skd", "svg.fonttype": "path", "text.parse_math": False}

_WIDTH, _HEIGHT, _REACH = 132, 16, 60


def reliability_image(songs, *, n_resamples, random_state, alt):
    """Reliability diagram as an ``img`` element.

    Parameters
    ----------
    songs : Predictions
    n_resamples, random_state : int
    alt : str
        What it shows, for those who do not see it.

    Returns
    -------
    image : Markup
    """
    from sklearn_skd.display import ReliabilityDisplay

    draws = {"n_resamples": n_resamples, "random_state": random_state}
    return _drawn(ReliabilityDisplay, songs, draws, figsize=(6.0, 6.2), alt=alt)


def risk_coverage_image(songs, *, n_resamples, random_state, alt):
    """Risk-coverage curve as an ``img`` element; parameters of :func:`reliability_image`."""
    from sklearn_skd.display import RiskCoverageDisplay

    draws = {"n_resamples": n_resamples, "random_state": random_state}
    return _drawn(RiskCoverageDisplay, songs, draws, figsize=(6.0, 4.6), alt=alt)


def _drawn(display, songs, draws, *, figsize, alt):
    with _figure(figsize) as (figure, ax):
        display.from_predictions(songs.labels, songs.proba, labels=songs.classes, ax=ax, **draws)
        return _image(figure, alt)


@contextmanager
def _figure(figsize):
    """A figure of its own in matplotlib's default style, whatever the user has set."""
    from matplotlib import rc_context, rcdefaults
    from matplotlib.figure import Figure

    with rc_context():
        rcdefaults()
        with rc_context(_RC):
            figure = Figure(figsize=figsize, layout="constrained")
            yield figure, figure.subplots()


def _image(figure, alt):
    buffer = BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    data = b64encode(buffer.getvalue()).decode("ascii")
    width, height = (round(96 * inches) for inches in figure.get_size_inches())
    return element(
        "img", src=f"data:image/svg+xml;base64,{data}", alt=alt, width=width, height=height
    )


def interval_mark(value, low, high, *, limit, flagged):
    """A small picture of a value and its interval around zero, for a cell of a table.

    The numbers stand beside it, so it is hidden from screen readers.

    Parameters
    ----------
    value, low, high : float
        Within -limit and limit; what is beyond is cut off.

    limit : float
        Value at the edge.

    flagged : bool
        A filled square instead of an open circle.

    Returns
    -------
    svg : Markup
    """
    middle, y = _WIDTH / 2, _HEIGHT / 2

    def place(number):
        return f"{middle + _REACH * max(-1, min(1, number / limit)):.1f}"

    line = {"stroke": "currentColor"}
    zero = element("line", x1=middle, x2=middle, y1=0, y2=_HEIGHT, class_="zero")
    reach = element("line", x1=place(low), x2=place(high), y1=y, y2=y, stroke_width=2, **line)
    if flagged:
        corner = f"{float(place(value)) - 4.5:.1f}"
        dot = element("rect", x=corner, y=y - 4.5, width=9, height=9, fill="currentColor")
    else:
        dot = element("circle", cx=place(value), cy=y, r=4, fill="#fff", stroke_width=2, **line)
    return element(
        "svg",
        Markup(zero + reach + dot),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        width=_WIDTH,
        height=_HEIGHT,
        aria_hidden="true",
        class_="mark",
    )
