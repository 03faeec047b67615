"""Who sings what: artists, and the latent plan of every embedded song."""

from dataclasses import dataclass

import numpy as np

from sklearn_skd.datasets._culture import CULTURES, draw
from sklearn_skd.datasets._emotions import COORDINATES, neighbour_weights, opposite_weights

SONGS_PER_ARTIST = 5
SHORTEST, LONGEST = 8.0, 60.0  # seconds


@dataclass(frozen=True)
class Artist:
    """An artist: a culture, a leaning towards some emotions, and a signature of timbre.

    `brightness`, `register` (semitones), `tempo` (log2), `room` (share of reverberation) and
    `tuning` (semitones) shift every song of the artist.
    """

    culture: str
    leaning: tuple
    brightness: float
    register: float
    tempo: float
    room: float
    tuning: float
    lead: str
    chords: str


@dataclass(frozen=True)
class SongPlan:
    """What is fixed about a song before a note is written.

    `emotion` is what listeners feel on the whole; `sound` and `words` what each source
    expresses. They differ in songs with a planted conflict only. `ambiguity` in [0, 0.5] is the
    share of the neighbouring emotion in both. `valence` and `arousal` place the sound.
    """

    artist: int
    emotion: str
    sound: str
    words: str
    neighbour: str
    ambiguity: float
    conflict: bool
    instrumental: bool
    language: str
    valence: float
    arousal: float
    seconds: float
    rate: int
    channels: int
    extension: str


def draw_artists(rng, n_songs, classes):
    """One artist for every `SONGS_PER_ARTIST` songs, two at least."""
    n_artists = max(2, round(n_songs / SONGS_PER_ARTIST))
    return [_draw_artist(rng, classes) for _ in range(n_artists)]


def _draw_artist(rng, classes):
    name = draw(rng, {name: culture.weight for name, culture in CULTURES.items()})
    culture = CULTURES[name]
    tilt = np.array([culture.tilt.get(emotion, 1.0) for emotion in classes])
    return Artist(
        culture=name,
        leaning=tuple(tilt * rng.gamma(4.0, size=len(classes))),
        brightness=float(rng.normal(0, 0.35)),
        register=float(rng.normal(0, 3.0)),
        tempo=float(rng.normal(0, 0.12)),
        room=float(rng.uniform(0.05, 0.35)),
        tuning=float(rng.normal(0, 0.15)),
        lead=str(rng.choice(culture.lead)),
        chords=str(rng.choice(culture.chords)),
    )


def draw_plans(rng, artists, n_songs, classes, *, conflict, instrumental):
    """Plans of `n_songs` songs: balanced emotions, exact numbers of instrumentals and conflicts."""
    artist_of = rng.permutation(np.arange(n_songs) % len(artists))
    emotions = _draw_emotions(rng, [artists[a].leaning for a in artist_of], classes)
    is_instrumental = _exact_share(rng, np.arange(n_songs), instrumental, n_songs)
    is_conflict = _exact_share(rng, np.flatnonzero(~is_instrumental), conflict, n_songs)
    extensions = rng.permutation(np.arange(n_songs) % 2)
    return [
        _draw_plan(
            rng,
            artist=int(artist_of[i]),
            culture=CULTURES[artists[artist_of[i]].culture],
            sound=emotions[i],
            classes=classes,
            conflict=bool(is_conflict[i]),
            instrumental=bool(is_instrumental[i]),
            extension=("flac", "ogg")[extensions[i]],
        )
        for i in range(n_songs)
    ]


def _draw_emotions(rng, leanings, classes):
    """The emotion of each song's sound: artists lean, yet the classes stay balanced."""
    left = rng.permutation(np.bincount(np.arange(len(leanings)) % len(classes), None, len(classes)))
    emotions = [None] * len(leanings)
    for i in rng.permutation(len(leanings)):
        share = np.array(leanings[i]) * left
        k = rng.choice(len(classes), p=share / share.sum())
        left[k] -= 1
        emotions[i] = classes[k]
    return emotions


def _exact_share(rng, candidates, share, n_songs):
    """Mask (n_songs,) with ``round(share * len(candidates))`` of the candidates."""
    mask = np.zeros(n_songs, dtype=bool)
    mask[rng.choice(candidates, round(share * len(candidates)), replace=False)] = True
    return mask


def _draw_plan(rng, *, artist, culture, sound, classes, conflict, instrumental, extension):
    words = str(rng.choice(classes, p=opposite_weights(sound, classes))) if conflict else sound
    # listeners follow the sound, but not always
    emotion = words if conflict and rng.random() < 0.35 else sound
    neighbour = str(rng.choice(classes, p=neighbour_weights(sound, classes)))
    ambiguity = 0.5 * rng.beta(1.0, 2.8)
    valence, arousal = (
        (1 - ambiguity) * np.array(COORDINATES[sound])
        + ambiguity * np.array(COORDINATES[neighbour])
        + rng.normal(0, 0.2, size=2)
    )
    return SongPlan(
        artist=artist,
        emotion=emotion,
        sound=sound,
        words=words,
        neighbour=neighbour,
        ambiguity=float(ambiguity),
        conflict=conflict,
        instrumental=instrumental,
        language=draw(rng, culture.languages),
        valence=float(valence),
        arousal=float(arousal),
        seconds=float(SHORTEST + (LONGEST - SHORTEST) * rng.beta(1.3, 2.4)),
        rate=int(rng.choice([22050, 44100], p=[0.8, 0.2])),
        channels=int(rng.choice([1, 2])),
        extension=extension,
    )
