"""Cleaning of a song table, each step on its own and with a report (paper section 4.1)."""

import re
from functools import partial
from numbers import Integral, Real

import pandas as pd
from joblib import Parallel, delayed

from sklearn_skd._sklearn import Interval, validate_params
from sklearn_skd.annotations import aggregate_annotations
from sklearn_skd.datasets._numbers import as_numbers
from sklearn_skd.datasets._removal import check_once, check_song_table, column_of, set_apart
from sklearn_skd.datasets._sound_prints import FRAMES_PER_SECOND, find_copies, sound_print
from sklearn_skd.datasets._sound_quality import measure_sound
from sklearn_skd.datasets.groups import song_groups
from sklearn_skd.features._clean import clean_lyrics
from sklearn_skd.features._lyrics_base import check_lyrics
from sklearn_skd.features._missing import is_missing
from sklearn_skd.features._song import SongError, check_song

__all__ = [
    "remove_conflicts",
    "remove_missing_lyrics",
    "remove_near_copies",
    "remove_poor_audio",
    "remove_versions",
]

_SHARE = [Interval(Real, 0, 1, closed="both")]
_SECONDS = [Interval(Real, 0, None, closed="left")]
_SOUND = {
    "songs": "no_validation",
    "sr": [Interval(Integral, 1, None, closed="left")],
    "n_jobs": [Integral, None],
}
# A letter of scripts that write no blanks between words counts as a word.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")


def remove_versions(songs):
    """Keep the first of all tracks with the same artist and title, in all sets.

    Parameters
    ----------
    songs : DataFrame
        Song table with the columns ``artist`` and ``title``. Several sets become one table with
        ``pd.concat({"merge": merge.data, "emma": emma.data})``; of duplicates, the song of the
        set that is named first stays.

    Returns
    -------
    kept : DataFrame
        The other rows of `songs`, in their order.
    report : DataFrame
        One row a removed song, by its index in `songs`: ``step`` (name of this function),
        ``reason`` (in words), ``twin`` (the song that was kept instead, None where there is none)
        and ``value`` (the number that decided, NaN where there is none). ``attrs`` holds
        ``"n_songs"``, ``"n_removed"`` and ``"n_unjudged"``: songs that were kept because nothing
        is known about them, here artist or title.

    Raises
    ------
    ValueError
        If a column is missing or the index has a song twice.

    See Also
    --------
    song_groups : How names are compared.
    remove_near_copies : The same by the sound.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_skd.datasets import remove_versions
    >>> songs = pd.DataFrame({
    ...     "artist": ["The Bees", "Bees", "Ann"],
    ...     "title": ["Honey", "Honey - Live", "Honey"],
    ... })
    >>> kept, report = remove_versions(songs)
    >>> kept.index.tolist()
    [0, 2]
    >>> report[["reason", "twin"]]
                                     reason twin
    1  same artist and title: 'bees: honey'    0
    """
    check_song_table(songs)
    names = song_groups(songs, by="version")
    first, removed = {}, {}
    for row, name in enumerate(names):
        if name is not None and first.setdefault(name, row) != row:
            reason = f"same artist and title: {name!r}"
            removed[row] = (reason, songs.index[first[name]], float("nan"))
    return set_apart(
        songs, removed, step="remove_versions", n_unjudged=sum(name is None for name in names)
    )


@validate_params(
    {
        **_SOUND,
        "max_error": [Interval(Real, 0, 0.5, closed="left")],
        "min_overlap": [Interval(Real, 0, None, closed="neither")],
        "duration": [Interval(Real, 0, None, closed="neither")],
    },
    prefer_skip_nested_validation=True,
)
def remove_near_copies(
    songs, *, max_error=0.35, min_overlap=5.0, duration=300.0, sr=22050, n_jobs=None
):
    """Keep the first of all songs that are the same recording, by a fingerprint of the sound.

    It finds a recording again in another format, at another volume, or cut from another place of
    the song, as long as the two overlap. Covers, live versions and changes of speed or pitch are
    other recordings: see :func:`remove_versions`.

    Parameters
    ----------
    songs : DataFrame
        Song table with the column ``audio``.
    max_error : float in [0, 0.5), default=0.35
        Share of the bits of two fingerprints that may differ; 0.35 is the threshold of [1]_.
        Copies of real songs differed in 0.00 to 0.08 (MP3, cut, another rate) and up to 0.32
        (clipped, or noise at -10 dB), different songs in more than 0.499
        (``benchmarks/near_copies.py``, 8 copies of each kind, 40 songs).
    min_overlap : float, default=5.0
        Length of what has to be the same, in seconds without silence.
    duration : float, default=300.0
        Seconds from the start of each song that are compared.
    sr : int, default=22050
        Rate of bare waveforms, in Hz, as in :class:`~sklearn_skd.LogMelSpectrogram`.
    n_jobs : int or None, default=None
        Number of songs decoded at the same time, in threads.

    Returns
    -------
    kept, report : DataFrame
        As of :func:`remove_versions`. ``value`` is the share of bits that differ; unjudged are
        songs without readable audio.

    References
    ----------
    .. [1] J. Haitsma, T. Kalker (2002), A highly robust audio fingerprinting system. ISMIR.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_skd.datasets import remove_near_copies
    >>> noise = np.random.default_rng(0).normal(scale=0.1, size=(2, 8 * 22050))
    >>> songs = pd.DataFrame({"audio": [noise[0], noise[1], noise[0, 22050:] / 4]})
    >>> kept, report = remove_near_copies(songs)
    >>> report[["reason", "twin"]]
                   reason twin
    2  the same recording    0
    """
    prints = dict(_of_sounds(songs, partial(sound_print, duration=duration), sr=sr, n_jobs=n_jobs))
    judged = [row for row, result in prints.items() if not isinstance(result, SongError)]
    pairs = find_copies(
        [prints[row] for row in judged],
        max_error=max_error,
        min_frames=round(min_overlap * FRAMES_PER_SECOND),
    )
    removed = {}
    for first, second, error in sorted(pairs):
        if judged[first] not in removed:
            twin = songs.index[judged[first]]
            removed.setdefault(judged[second], ("the same recording", twin, error))
    return set_apart(songs, removed, step="remove_near_copies", n_unjudged=len(songs) - len(judged))


@validate_params(
    {**_SOUND, "min_duration": _SECONDS, "max_silence": _SHARE, "max_clipping": _SHARE},
    prefer_skip_nested_validation=True,
)
def remove_poor_audio(
    songs, *, min_duration=10.0, max_silence=0.5, max_clipping=0.005, sr=22050, n_jobs=None
):
    """Keep songs whose audio can be read, is long enough, sounds, and is not clipped.

    Parameters
    ----------
    songs : DataFrame
        Song table with the column ``audio``.
    min_duration : float, default=10.0
        Shortest length, in seconds.
    max_silence : float in [0, 1], default=0.5
        Largest share of the time below -60 dB of full scale.
    max_clipping : float in [0, 1], default=0.005
        Largest share of the samples of the mono mix at the highest level. It was 0.00001 at most
        in eight real songs, and 0.014 to 0.19 after a sixfold gain
        (``benchmarks/near_copies.py``). A square wave or a steady tone, which lies there for
        long, counts as clipped.
    sr : int, default=22050
        Rate of bare waveforms, in Hz.
    n_jobs : int or None, default=None
        Number of songs decoded at the same time, in threads.

    Returns
    -------
    kept, report : DataFrame
        As of :func:`remove_versions`. ``value`` is the length or the share that decided; songs
        without audio are unjudged: to the classifiers it is a missing source.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn_skd.datasets import remove_poor_audio
    >>> song = np.random.default_rng(0).normal(scale=0.1, size=12 * 22050)
    >>> sounds = [song, song[:9999], song * 0, np.clip(5 * song, -0.3, 0.3)]
    >>> kept, report = remove_poor_audio(pd.DataFrame({"audio": sounds}))
    >>> kept.index.tolist()
    [0]
    >>> report["reason"].tolist()[:2]
    ['too short: 0.453 s', '100% silence']
    >>> report["value"].round(1).tolist()
    [0.5, 1.0, 0.5]
    """
    removed, found = {}, _of_sounds(songs, measure_sound, sr=sr, n_jobs=n_jobs)
    for row, quality in found:
        if isinstance(quality, SongError):
            removed[row] = (f"not readable: {quality}", None, float("nan"))
        elif quality.seconds < min_duration:
            removed[row] = (f"too short: {quality.seconds:.3g} s", None, quality.seconds)
        elif quality.silent > max_silence:
            removed[row] = (f"{quality.silent:.0%} silence", None, quality.silent)
        elif quality.clipped > max_clipping:
            reason = f"{quality.clipped:.1%} of the samples clipped"
            removed[row] = (reason, None, quality.clipped)
    return set_apart(songs, removed, step="remove_poor_audio", n_unjudged=len(songs) - len(found))


@validate_params(
    {
        "songs": "no_validation",
        "min_words": [Interval(Integral, 1, None, closed="left")],
        "keep_instrumentals": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def remove_missing_lyrics(songs, *, min_words=10, keep_instrumentals=False):
    """Keep songs with enough lyrics to tell an emotion.

    Parameters
    ----------
    songs : DataFrame
        Song table with the column ``lyrics``.
    min_words : int, default=10
        Fewest words that :func:`~sklearn_skd.clean_lyrics` leaves. In scripts that write no
        blanks between words a letter counts as a word.
    keep_instrumentals : bool, default=False
        Keep songs without any lyrics: the classifiers know what to do without, and a fragment may
        be worse than nothing.

    Returns
    -------
    kept, report : DataFrame
        As of :func:`remove_versions`. ``value`` is the number of words; unjudged are the
        instrumentals that were kept.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_skd.datasets import remove_missing_lyrics
    >>> songs = pd.DataFrame({"lyrics": ["One day I will be gone", "[Instrumental]", None]})
    >>> kept, report = remove_missing_lyrics(songs, min_words=5)
    >>> report["reason"].tolist()
    ['no lyrics', 'no lyrics']
    """
    check_song_table(songs)
    removed, unjudged = {}, 0
    for row, text in enumerate(check_lyrics(column_of(songs, "lyrics"))):
        words = 0 if text is None else len(_WORD.findall(clean_lyrics(text)))
        if not words and keep_instrumentals:
            unjudged += 1
        elif words < min_words:
            reason = f"only {words} words of lyrics" if words else "no lyrics"
            removed[row] = (reason, None, float(words))
    return set_apart(songs, removed, step="remove_missing_lyrics", n_unjudged=unjudged)


@validate_params(
    {
        "songs": "no_validation",
        "annotations": [pd.DataFrame, pd.Series],
        "min_agreement": _SHARE,
    },
    prefer_skip_nested_validation=True,
)
def remove_conflicts(songs, annotations, *, min_agreement=0.25):
    """Keep songs whose annotators agree well enough.

    Parameters
    ----------
    songs : DataFrame
        Song table.
    annotations : DataFrame or Series
        Tidy votes with the columns ``song``, ``emotion`` and, if known, ``annotator``, as
        :func:`~sklearn_skd.aggregate_annotations` takes them; or the reliability of each song in
        [0, 1], by song.
    min_agreement : float in [0, 1], default=0.25
        Lowest annotation reliability: the share of pairs of annotators who agree. By default what
        four emotions drawn by lot would reach.

    Returns
    -------
    kept, report : DataFrame
        As of :func:`remove_versions`. ``value`` is the reliability; unjudged are songs with fewer
        than two votes.

    Raises
    ------
    ValueError
        If no song is in `annotations`, or one has its reliability there twice.

    Notes
    -----
    Votes that disagree are knowledge, too: as `annotation_votes` they are worth more to the
    student than a table without these songs. This step is there to do as the paper did.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_skd.datasets import remove_conflicts
    >>> votes = pd.DataFrame({"song": list("aabb"), "emotion": ["calm", "calm", "calm", "tension"]})
    >>> kept, report = remove_conflicts(pd.DataFrame(index=["a", "b"]), votes)
    >>> report["reason"].tolist()
    ['annotators agree in 0% of the pairs']
    """
    check_song_table(songs)
    if isinstance(annotations, pd.DataFrame):
        table = aggregate_annotations(annotations, songs=songs.index)
        annotations = table["annotation_reliability"]
    reliability = as_numbers(annotations.to_frame("reliability"), "annotations")["reliability"]
    _check_ids(songs, annotations)
    reliability = reliability.reindex(songs.index).to_numpy()
    removed = {
        row: (f"annotators agree in {value:.0%} of the pairs", None, value)
        for row, value in enumerate(reliability.tolist())
        if value < min_agreement
    }
    unjudged = int(pd.isna(reliability).sum())
    return set_apart(songs, removed, step="remove_conflicts", n_unjudged=unjudged)


def _check_ids(songs, annotations):
    """Raise unless each song is there once at most, and one at least."""
    check_once(annotations, "annotations")
    if len(songs) and set(songs.index).isdisjoint(annotations.index):
        raise ValueError(
            f"None of the {len(songs)} songs has a row in annotations: songs starts with "
            f"{list(songs.index[:3])!r}, annotations with {list(annotations.index[:3])!r}. Are "
            "both ids of the same kind?"
        )


def _of_sounds(songs, measure, *, sr, n_jobs):
    """(row, result or SongError) of all songs that have audio."""
    check_song_table(songs)
    sounds = [
        (row, song) for row, song in enumerate(column_of(songs, "audio")) if not is_missing(song)
    ]
    jobs = (delayed(_of_sound)(song, measure, sr) for _, song in sounds)
    results = Parallel(n_jobs=n_jobs, prefer="threads")(jobs)
    return [(row, result) for (row, _), result in zip(sounds, results, strict=True)]


def _of_sound(song, measure, sr):
    try:
        return measure(check_song(song, sr=sr))
    except SongError as error:
        return error
