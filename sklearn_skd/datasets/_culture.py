"""Invented music cultures: how a song is labelled, and how it sounds."""

from dataclasses import dataclass

import numpy as np

FIELDS = ("genre", "language", "region", "singing_form", "era", "scene")


@dataclass(frozen=True)
class Culture:
    """One culture: the values of the culture fields, and a recipe for its sound.

    Attributes
    ----------
    weight : float
        Share of artists who belong to it, up to a common factor.
    genres, languages, singing_forms, eras : dict of str to float
        Values and their relative frequency.
    tilt : dict of str to float
        How much more often than elsewhere its songs carry an emotion.
    bright, dark : tuple of int
        Scales in semitones, of seven degrees, for high and low valence.
    modal_clarity : float in [0, 1]
        How strictly `bright` goes with high valence; 0.5 would mean that mode says little.
    tempo : float
        Usual tempo in beats a minute.
    lead, chords, bass : tuple of str or str
        Instruments.
    drums : float in [0, 1]
        How often there are drums.
    swing : float in [0, 0.33]
        Delay of the off-beat in beats.
    metre : int
        Beats in a bar.
    """

    region: str
    weight: float
    genres: dict
    languages: dict
    singing_forms: dict
    eras: dict
    tilt: dict
    bright: tuple
    dark: tuple
    modal_clarity: float
    tempo: float
    lead: tuple
    chords: tuple
    bass: str
    drums: float
    swing: float
    metre: int = 4


_MAJOR = (0, 2, 4, 5, 7, 9, 11)
_MINOR = (0, 2, 3, 5, 7, 8, 10)
_DORIAN = (0, 2, 3, 5, 7, 9, 10)
_MIXOLYDIAN = (0, 2, 4, 5, 7, 9, 10)
_PHRYGIAN = (0, 1, 3, 5, 7, 8, 10)
_PHRYGIAN_DOMINANT = (0, 1, 4, 5, 7, 8, 10)

CULTURES = {
    "atlantic": Culture(
        region="north america",
        weight=1.5,
        genres={"pop": 4, "rock": 3, "soul": 2},
        languages={"english": 1},
        singing_forms={"solo": 5, "duet": 2, "group": 2},
        eras={"1970s": 1, "1980s": 2, "1990s": 2, "2000s": 3, "2010s": 3},
        tilt={"pleasure": 1.3, "tension": 1.1},
        bright=_MAJOR,
        dark=_MINOR,
        modal_clarity=0.9,
        tempo=108,
        lead=("piano", "brass", "guitar"),
        chords=("guitar", "piano"),
        bass="electric bass",
        drums=0.8,
        swing=0.0,
    ),
    "isles": Culture(
        region="british isles",
        weight=1.1,
        genres={"folk": 4, "ballad": 3, "rock": 1},
        languages={"english": 1},
        singing_forms={"solo": 4, "group": 2, "choir": 1},
        eras={"1960s": 2, "1970s": 3, "1990s": 1, "2010s": 1},
        tilt={"calm": 1.3, "sadness": 1.2},
        bright=_MIXOLYDIAN,
        dark=_DORIAN,
        modal_clarity=0.78,
        tempo=96,
        lead=("flute", "fiddle"),
        chords=("harp", "guitar"),
        bass="double bass",
        drums=0.25,
        swing=0.12,
        metre=3,
    ),
    "caribbean": Culture(
        region="caribbean",
        weight=1.0,
        genres={"son": 3, "bolero": 2, "pop": 2},
        languages={"spanish": 5, "english": 1},
        singing_forms={"solo": 3, "call and response": 3, "group": 2},
        eras={"1950s": 2, "1970s": 2, "1990s": 2, "2010s": 1},
        tilt={"pleasure": 1.6, "sadness": 0.9},
        bright=_MAJOR,
        dark=_DORIAN,
        modal_clarity=0.68,
        tempo=116,
        lead=("brass", "flute"),
        chords=("guitar", "piano"),
        bass="double bass",
        drums=0.85,
        swing=0.06,
    ),
    "andalusia": Culture(
        region="iberia",
        weight=0.8,
        genres={"flamenco": 4, "ballad": 2, "folk": 1},
        languages={"spanish": 1},
        singing_forms={"solo": 6, "call and response": 1},
        eras={"1960s": 2, "1980s": 2, "2000s": 2},
        tilt={"tension": 1.5, "sadness": 1.1},
        bright=_PHRYGIAN_DOMINANT,
        dark=_PHRYGIAN,
        modal_clarity=0.65,
        tempo=104,
        lead=("guitar",),
        chords=("guitar",),
        bass="double bass",
        drums=0.4,
        swing=0.04,
        metre=3,
    ),
    "alpine": Culture(
        region="central europe",
        weight=0.9,
        genres={"classical": 4, "folk": 2, "ballad": 1},
        languages={"german": 6, "english": 1},
        singing_forms={"choir": 4, "solo": 3, "duet": 1},
        eras={"before 1950": 4, "1950s": 2, "2000s": 1},
        tilt={"calm": 1.3, "tension": 0.9},
        bright=_MAJOR,
        dark=_MINOR,
        modal_clarity=0.9,
        tempo=84,
        lead=("fiddle", "flute", "piano"),
        chords=("strings", "organ"),
        bass="double bass",
        drums=0.05,
        swing=0.0,
    ),
    "club": Culture(
        region="central europe",
        weight=0.8,
        genres={"electronic": 5, "pop": 2},
        languages={"german": 1, "english": 2},
        singing_forms={"solo": 3, "processed": 3},
        eras={"1980s": 2, "2000s": 2, "2010s": 4},
        tilt={"tension": 1.4, "pleasure": 1.1},
        bright=_MAJOR,
        dark=_PHRYGIAN,
        modal_clarity=0.75,
        tempo=122,
        lead=("synth", "bell"),
        chords=("synth", "organ"),
        bass="synth bass",
        drums=0.95,
        swing=0.0,
    ),
    "yangtze": Culture(
        region="east asia",
        weight=0.9,
        genres={"folk": 3, "pop": 3, "classical": 2},
        languages={"chinese": 1},
        singing_forms={"solo": 5, "duet": 1, "choir": 1},
        eras={"before 1950": 1, "1980s": 2, "1990s": 2, "2010s": 2},
        tilt={"calm": 1.5, "sadness": 1.1},
        # pentatonic: two degrees are doubled, so that chords stay within the five tones
        bright=(0, 2, 4, 4, 7, 9, 9),
        dark=(0, 3, 3, 5, 7, 7, 10),
        modal_clarity=0.7,
        tempo=88,
        lead=("zither", "flute", "fiddle"),
        chords=("zither", "harp"),
        bass="double bass",
        drums=0.2,
        swing=0.0,
    ),
}

# Where a song is heard: depends on its emotion a little, on the culture not at all.
SCENES = {
    "pleasure": {"party": 4, "street": 3, "concert": 2, "home": 2, "film": 1, "ritual": 1},
    "tension": {"concert": 3, "film": 3, "party": 2, "street": 2, "ritual": 2, "home": 1},
    "sadness": {"home": 3, "film": 3, "ritual": 3, "concert": 2, "street": 1, "party": 1},
    "calm": {"home": 4, "ritual": 2, "film": 2, "concert": 2, "street": 1, "party": 1},
}


def draw(rng, weights):
    """One key of `weights`, with probability proportional to its value."""
    names = list(weights)
    share = np.array([weights[name] for name in names], dtype=float)
    return names[rng.choice(len(names), p=share / share.sum())]


def draw_fields(rng, culture, emotion, language, instrumental):
    """Culture fields of one song, none missing yet: a dict in the order of `FIELDS`."""
    singing = "instrumental" if instrumental else draw(rng, culture.singing_forms)
    return {
        "genre": draw(rng, culture.genres),
        "language": "none" if instrumental else language,
        "region": culture.region,
        "singing_form": singing,
        "era": draw(rng, culture.eras),
        "scene": draw(rng, SCENES[emotion]),
    }
