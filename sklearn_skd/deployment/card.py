"""A page about a fitted model: what it is, what it can do, and for whom it does worse."""

import html
from pathlib import Path

from sklearn_skd._random import own_random_state
from sklearn_skd.classifiers._steps import transform
from sklearn_skd.deployment._card_facts import (
    changed_parameters,
    describe_model,
    describe_sources,
    describe_speed,
)
from sklearn_skd.deployment._card_groups import culture_columns, culture_fields
from sklearn_skd.deployment._card_page import page
from sklearn_skd.deployment._card_scores import Predictions
from sklearn_skd.deployment._card_verdicts import judge
from sklearn_skd.deployment._card_words import limits, warnings_of
from sklearn_skd.deployment._wrapped import layers, take_apart

__all__ = ["ModelCard", "model_card"]


class ModelCard:
    """What `model_card` found out, as tables and as a page; notebooks show the page.

    Made by :func:`model_card`. All parameters but the page are stored as attributes.

    Parameters
    ----------
    name : str
        Of the model.

    warnings : list of str
        What is worse than can be chance, a sentence for all songs, each culture group and each
        emotion that is concerned. Empty if nothing is.

    metrics : DataFrame
        Index accuracy, macro-F1, NLL, ECE, over-confidence (mean confidence minus accuracy) and
        AURC; columns ``value``, ``low``, ``high`` (95 % interval), ``null_low``, ``null_high``
        (95 % band of the ECE of a calibrated model) and ``p``.

    classes : DataFrame
        One row an emotion: ``songs``, ``predicted``, and with intervals (``_low``, ``_high``)
        ``precision``, ``recall``, ``F1`` and ``promised``, the mean probability minus the share of
        songs; ``p_promised``, ``finding``.

    groups : DataFrame
        One row a culture group, index (field, group): ``songs``, the scores of `metrics` with
        intervals, ``null_low`` and ``null_high``, ``others`` (accuracy of the other songs),
        ``p_confidence``, ``p_calibration``, ``p_accuracy`` (NaN where not tested), ``finding``.

    sources : DataFrame
        What the model is given: ``source``, ``kind``, ``missing`` (songs that lack it).

    parameters : DataFrame
        Those that differ from their defaults: ``part``, ``parameter``, ``value``.

    facts : dict of str to str
        About the model.

    limits : list of str
        What the card cannot tell.

    page : str
        What :meth:`to_html` returns.

    Notes
    -----
    All p are corrected after Holm over the whole card: compare them with 0.05.
    """

    def __init__(
        self, *, name, warnings, metrics, classes, groups, sources, parameters, facts, limits, page
    ):
        self.name = name
        self.warnings = warnings
        self.metrics = metrics
        self.classes = classes
        self.groups = groups
        self.sources = sources
        self.parameters = parameters
        self.facts = facts
        self.limits = limits
        self._page = page

    def to_html(self):
        """The page.

        Returns
        -------
        html : str
            A whole document that needs no other file and runs no script.
        """
        return self._page

    def save(self, path):
        """Write the page to a file.

        Parameters
        ----------
        path : str or path-like
            Such as ``"card.html"``; an existing file is replaced.

        Returns
        -------
        path : Path
        """
        path = Path(path)
        path.write_text(self._page, encoding="utf8")
        return path

    def __repr__(self):
        n = len(self.warnings)
        told = "no warnings" if not n else "1 warning" if n == 1 else f"{n} warnings"
        return f"<ModelCard of {self.name}: {told}>"

    def _repr_html_(self):
        """The page in a frame of its own, so that its style stays inside."""
        return (
            f'<iframe srcdoc="{html.escape(self._page)}" sandbox loading="lazy" '
            f'title="{html.escape(f"Model card: {self.name}")}" '
            'style="width: 100%; height: 42rem; border: 1px solid #d5dae0"></iframe>'
        )


def model_card(
    estimator,
    X,
    y,
    path=None,
    *,
    culture=None,
    name=None,
    description=None,
    date=None,
    measure_speed=True,
    n_resamples=1000,
    random_state=0,
):
    """Evaluate a fitted model on held-out songs and write a page about it.

    The page opens with what is worse than can be chance. A model can be calibrated on average and
    wrong for one culture: therefore each group of songs is tested, for confidence that is too
    high or too low, for a calibration error above that of a calibrated model with the same
    probabilities, and for an accuracy below that of the other songs. Holm's correction over all
    tests keeps the chance of any false warning on a page below 5 %.

    Parameters
    ----------
    estimator : estimator instance
        Fitted classifier with ``predict_proba`` and ``classes_``, or a Pipeline or search that
        ends in one. Of a :class:`~sklearn_skd.SKDStudentClassifier`, also inside a calibrator or
        rejector of this package, more is known than of others; what is not known is left out.

    X : DataFrame, array-like or mapping of n_songs songs
        Songs that the estimator was not fitted on.

    y : array-like of shape (n_songs,)
        Their labels. Songs without a label (None, NaN) raise.

    path : str, path-like or None, default=None
        Where to write the page; None: nowhere, see :meth:`ModelCard.save`.

    culture : DataFrame, Series, mapping of str to array-like, or None, default=None
        Culture labels, one row a song; each column divides the songs into groups, and those with
        an empty cell are a group as well. None takes the culture columns of a song table: those
        that :class:`~sklearn_skd.SongFeatures` reads, and ``genre``, ``language``, ``region``,
        ``singing_form``, ``era`` and ``scene``.

    name : str, default=None
        Title of the page; None: the classifier's class.

    description : str, default=None
        What the model is for, under the title.

    date : str, default=None
        Printed if given. There is none otherwise, so that the same model gives the same page.

    measure_speed : bool, default=True
        Whether to measure the milliseconds a song, the one number that differs from run to run.

    n_resamples : int, default=1000
        Bootstrap resamples, and draws for null bands.

    random_state : int, RandomState instance or None, default=0
        Seed of both.

    Returns
    -------
    card : ModelCard
        The tables, the warnings and the page.

    Raises
    ------
    ValueError
        If the estimator is no fitted classifier with probabilities, a label is missing or unknown
        to it, or `culture` has another number of rows than there are songs.

    References
    ----------
    Mitchell et al. (2019), Model cards for model reporting, FAT*. Holm (1979), A simple
    sequentially rejective multiple test procedure, Scandinavian Journal of Statistics.

    Examples
    --------
    A model that is right about all songs of one language and guesses in the other:

    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_skd.deployment import model_card
    >>> rng = np.random.default_rng(0)
    >>> X, language = rng.normal(size=(400, 2)), np.repeat(["English", "Turkish"], 200)
    >>> y = np.where(language == "English", X[:, 0] > 0, rng.random(400) > 0.5)
    >>> model = LogisticRegression().fit(X[::2], y[::2])
    >>> card = model_card(model, X[1::2], y[1::2], culture={"language": language[1::2]})
    >>> card.groups["finding"].tolist()
    ['under-confident', 'over-confident, less accurate']
    """
    if not (hasattr(estimator, "predict_proba") and hasattr(estimator, "classes_")):
        raise ValueError(
            f"{type(estimator).__name__} is no fitted classifier with predict_proba and classes_: "
            "fit it first, or wrap it, for example in sklearn.calibration.CalibratedClassifierCV."
        )
    transformers, classifier = take_apart(estimator)
    steps = [step for pipeline in transformers for _, step in pipeline.steps]
    features = transform(transformers, X)
    songs = Predictions.checked(y, classifier.predict_proba(features), estimator.classes_)
    culture = culture_columns(X, steps) if culture is None else culture
    fields = culture_fields(culture, len(songs))
    seed = own_random_state(random_state).randint(2**31)
    draws = {"n_resamples": n_resamples, "random_state": seed}
    verdicts = judge(songs, fields, **draws)
    known = {
        "name": type(classifier).__name__ if name is None else name,
        "warnings": warnings_of(verdicts),
        "sources": describe_sources(classifier, X, features),
        "parameters": changed_parameters(steps, classifier),
        "facts": describe_model(steps, classifier),
        "limits": limits(verdicts, fields, len(songs)),
    }
    content = {
        **known,
        "description": description,
        "date": date,
        "class_counts": dict(verdicts.classes["songs"]),
        "n_parameters": getattr(layers(classifier)[-1], "n_parameters_", None),
        "speed": describe_speed(classifier, features, len(songs)) if measure_speed else None,
    }
    card = ModelCard(
        **known,
        metrics=verdicts.metrics,
        classes=verdicts.classes,
        groups=verdicts.groups,
        page=page(content, songs, verdicts, draws),
    )
    if path is not None:
        card.save(path)
    return card
