"""What the displays of one curve a model share: the model, its name, the legend above."""

# width of an axes, in inches, above which the legend has room for two columns
_TWO_COLUMNS = 4.5


def check_classifier(estimator, *, display):
    """Refuse what has no ``predict_proba`` and ``classes_``, and name the way out."""
    if not (hasattr(estimator, "predict_proba") and hasattr(estimator, "classes_")):
        raise ValueError(
            f"{type(estimator).__name__} is no fitted classifier with predict_proba and "
            f"classes_: fit it, or use {display}.from_predictions"
        )


def name_of(estimator):
    """The estimator's class; of a search that of its best one, of a Pipeline of its last step."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    if hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    return type(estimator).__name__


def long_names(curve_kwargs):
    """``{"c": "red"}`` -> ``{"color": "red"}``, so that it overrides a default."""
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    return normalize_kwargs(curve_kwargs, Line2D)


def legend_above(ax, *, first):
    """Legend above the axes, where it hides nothing.

    Parameters
    ----------
    ax : matplotlib Axes
    first : str
        Group id (``set_gid``) of the curves, which stand before bands and references.

    Returns
    -------
    legend : matplotlib Legend
    """
    handles, labels = ax.get_legend_handles_labels()
    curves = [handle for handle in handles if getattr(handle, "get_gid", str)() == first]
    ranked = sorted(zip(handles, labels, strict=True), key=lambda pair: pair[0] not in curves)
    width = ax.get_window_extent().width / ax.figure.dpi
    return ax.legend(
        *zip(*ranked, strict=True),
        loc="lower left",
        bbox_to_anchor=(0, 1.01),
        borderaxespad=0,
        ncols=2 if len(curves) > 1 and width > _TWO_COLUMNS else 1,
        columnspacing=1.5,
        fontsize="small",
        frameon=False,
    )
