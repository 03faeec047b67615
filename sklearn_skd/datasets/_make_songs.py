"""Embedded songs: real sound, lyrics, culture and annotators, without a download (section 4.1)."""

import os
from numbers import Integral, Real

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.utils import Bunch

from sklearn_skd._random import own_random_state
from sklearn_skd._sklearn import Interval, validate_params
from sklearn_skd.annotations import aggregate_annotations
from sklearn_skd.datasets._annotators import draw_votes, majority, song_affinity
from sklearn_skd.datasets._composition import compose
from sklearn_skd.datasets._culture import CULTURES, FIELDS, draw_fields
from sklearn_skd.datasets._emotions import MAX_CLASSES, emotion_classes
from sklearn_skd.datasets._lyrics import write_lyrics
from sklearn_skd.datasets._population import draw_artists, draw_plans
from sklearn_skd.datasets._storage import invalid_files, song_folder, write_manifest, write_sound
from sklearn_skd.datasets._synthesis import render

# Part of the folder's name: raise it with every change that can be heard.
_VERSION = 1
_MISSING_FIELDS = 0.08
_SONGS_WORTH_A_PROCESS = 24

# Independent streams of random numbers, so that a change in one leaves the others alone.
_POPULATION, _LYRICS, _CULTURE, _SOUND, _ANNOTATORS = range(5)

_DESCR = """Embedded songs
--------------
Invented songs for examples, tests and the demo: nothing is downloaded, nothing was recorded.

**Data.** {n_songs} songs by {n_artists} artists, one row each.

- audio: path of a sound file rendered for this song, 8 to 60 s, 22050 or 44100 Hz, mono or
  stereo, half FLAC and half OGG. Mode, tempo, rhythm, articulation, register, timbre and dynamics
  depend on the emotion, on the culture and on the artist; the chorus tells most.
- lyrics: English, Spanish, German or Chinese; missing for the {n_instrumental} instrumentals.
- genre, language, region, singing_form, era, scene: culture, about 8 % of each missing.

**Target.** {classes}: the choice of most of the {n_annotators}
simulated annotators, ties broken by the emotion the song was made for.

**Annotations.** Annotators differ in care and in taste, and disagree more on ambiguous songs and on
the {n_conflict} songs of `conflict`, whose lyrics speak of an emotion of the opposite valence
(cheerful sound under sad lyrics, say).

**Groups.** Artists. An artist has one culture, one timbre and favourite emotions, so folds that
split artists are slightly too optimistic.
"""


@validate_params(
    {
        "n_songs": [Interval(Integral, 4, None, closed="left")],
        "n_classes": [Interval(Integral, 2, MAX_CLASSES, closed="both")],
        "n_annotators": [Interval(Integral, 1, None, closed="left")],
        "conflict": [Interval(Real, 0, 1, closed="both")],
        "instrumental": [Interval(Real, 0, 1, closed="both")],
        "random_state": ["random_state"],
        "data_home": [str, os.PathLike, None],
        "return_X_y": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def make_songs(
    n_songs=240,
    *,
    n_classes=4,
    n_annotators=7,
    conflict=0.15,
    instrumental=0.2,
    random_state=None,
    data_home=None,
    return_X_y=False,
):
    """Make songs with sound, lyrics, culture fields and annotators' votes.

    The sound is rendered once and kept under `data_home`; the same `random_state` finds it
    again. No single source tells the emotion: sound, lyrics and culture each know a part, and in
    some songs they contradict one another on purpose.

    Parameters
    ----------
    n_songs : int, default=240
        Number of songs, 4 at least.
    n_classes : int in [2, 4], default=4
        Number of emotions: ``pleasure`` and ``sadness``, then ``tension``, then ``calm``.
    n_annotators : int, default=7
        Number of annotators; each votes on every song.
    conflict : float in [0, 1], default=0.15
        Share of the songs with lyrics whose lyrics speak of an emotion of the opposite valence.
    instrumental : float in [0, 1], default=0.2
        Share of the songs without lyrics.
    random_state : int, RandomState instance or None, default=None
        Seed of everything random. None makes new songs, and a new folder, with each call.
    data_home : str, path-like or None, default=None
        Where the sound files are kept. None means the environment variable
        ``SKLEARN_SKD_DATA`` or, without it, ``~/sklearn_skd_data``. 240 songs take about 160 MB.
    return_X_y : bool, default=False
        Return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    songs : :class:`~sklearn.utils.Bunch`
        data : DataFrame of shape (n_songs, 8)
            Columns ``audio`` (absolute path), ``lyrics`` and the culture fields ``genre``,
            ``language``, ``region``, ``singing_form``, ``era``, ``scene``, with missing values;
            the index counts the songs.
        target : ndarray of object, shape (n_songs,)
            The emotion most annotators chose.
        annotations : DataFrame of shape (n_songs * n_annotators, 3)
            Tidy votes: ``song`` (index of `data`), ``annotator``, ``emotion``.
        annotation_votes : DataFrame of int, shape (n_songs, n_classes)
            Votes for each emotion, columns sorted.
        annotation_reliability : ndarray of shape (n_songs,)
            Share of the pairs of annotators that agree, in [0, 1]; NaN with one annotator.
        conflict : ndarray of bool, shape (n_songs,)
            True where lyrics and sound were made to contradict each other.
        groups : ndarray of int, shape (n_songs,)
            Artist of each song, for grouped cross-validation.
        DESCR : str
            Description of these songs.
    (data, target) : tuple if `return_X_y` is True

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    Notes
    -----
    240 songs take under a minute on two cores, the first time. Every file is written whole or
    not at all, and its content is checked before it is used again.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn_skd import make_songs
    >>> with TemporaryDirectory() as folder:
    ...     songs = make_songs(4, random_state=0, data_home=folder)
    >>> songs.data.shape
    (4, 8)
    >>> list(songs.annotation_votes)
    ['calm', 'pleasure', 'sadness', 'tension']
    """
    seed = int(own_random_state(random_state).randint(np.iinfo(np.int32).max))
    classes = emotion_classes(n_classes)
    rng = _stream(seed, _POPULATION)
    artists = draw_artists(rng, n_songs, classes)
    plans = draw_plans(rng, artists, n_songs, classes, conflict=conflict, instrumental=instrumental)
    folder = song_folder(
        data_home,
        version=_VERSION,
        seed=seed,
        n_songs=int(n_songs),
        n_classes=int(n_classes),
        conflict=float(conflict),
        instrumental=float(instrumental),
    )
    data = _table(seed, artists, plans, _ensure_sounds(folder, seed, artists, plans))
    annotated = _annotate(seed, plans, classes, n_annotators)
    if return_X_y:
        return data, annotated["target"]
    groups = np.array([plan.artist for plan in plans])
    planted = np.array([plan.conflict for plan in plans])
    description = _DESCR.format(
        n_songs=n_songs,
        n_artists=len(np.unique(groups)),
        n_instrumental=sum(plan.instrumental for plan in plans),
        n_conflict=planted.sum(),
        n_annotators=n_annotators,
        classes=", ".join(classes),
    )
    return Bunch(data=data, **annotated, conflict=planted, groups=groups, DESCR=description)


def _stream(seed, purpose, song=0):
    return np.random.default_rng([seed, purpose, song])


def _ensure_sounds(folder, seed, artists, plans):
    """Render the songs that are not in `folder` yet; absolute paths of all, in order."""
    names = [f"song_{i:05d}.{plan.extension}" for i, plan in enumerate(plans)]
    folder.mkdir(parents=True, exist_ok=True)
    missing = set(invalid_files(folder, names))
    if missing:
        jobs = [
            delayed(_render_song)(folder / name, seed, i, plans[i], artists[plans[i].artist])
            for i, name in enumerate(names)
            if name in missing
        ]
        n_jobs = effective_n_jobs(2) if len(jobs) >= _SONGS_WORTH_A_PROCESS else 1
        Parallel(n_jobs=n_jobs)(jobs)
        write_manifest(folder, names)
    return [str(folder / name) for name in names]


def _render_song(path, seed, number, plan, artist):
    rng = _stream(seed, _SOUND, number)
    score = compose(rng, plan, artist)
    noise = int(rng.integers(2**31))
    write_sound(path, render(score, rate=plan.rate, channels=plan.channels, seed=noise), plan.rate)


def _table(seed, artists, plans, paths):
    """The song table, culture fields missing at random."""
    rng = _stream(seed, _CULTURE)
    fields = [
        draw_fields(rng, CULTURES[artists[p.artist].culture], p.emotion, p.language, p.instrumental)
        for p in plans
    ]
    culture = pd.DataFrame(fields, columns=list(FIELDS))
    culture = culture.mask(rng.random(culture.shape) < _MISSING_FIELDS)
    lyrics = [_lyrics_of(seed, i, plan) for i, plan in enumerate(plans)]
    head = pd.DataFrame({"audio": paths, "lyrics": pd.Series(lyrics, dtype=culture["genre"].dtype)})
    return pd.concat([head, culture], axis=1)


def _lyrics_of(seed, number, plan):
    if plan.instrumental:
        return None
    rng = _stream(seed, _LYRICS, number)
    return write_lyrics(rng, plan.language, plan.words, plan.neighbour)


def _annotate(seed, plans, classes, n_annotators):
    """Votes and what follows from them: part of the Bunch."""
    n_songs, names = len(plans), np.array(classes, dtype=object)
    votes = draw_votes(_stream(seed, _ANNOTATORS), song_affinity(plans, classes), n_annotators)
    annotations = pd.DataFrame(
        {
            "song": np.repeat(np.arange(n_songs), n_annotators),
            "annotator": np.tile(np.arange(n_annotators), n_songs),
            "emotion": names[votes.ravel()],
        }
    )
    table = aggregate_annotations(annotations, songs=range(n_songs))
    # an emotion that nobody chose has its column all the same
    counts = table.reindex(columns=classes, fill_value=0).reset_index(drop=True)
    latent = np.array([classes.index(plan.emotion) for plan in plans])
    return {
        "target": names[majority(counts.to_numpy(), latent)],
        "annotations": annotations,
        "annotation_votes": counts,
        "annotation_reliability": table["annotation_reliability"].to_numpy(),
    }
