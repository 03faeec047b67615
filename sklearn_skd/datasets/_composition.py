"""From the plan of a song to its notes: mode, rhythm, articulation, dynamics, form.

Each musical means follows valence or arousal with a noise of its own, and means something else in
each culture; only together do they tell the emotion. Intro and outro say little of it, the
chorus says most.
"""

from dataclasses import dataclass

import numpy as np

from sklearn_skd.datasets._culture import CULTURES
from sklearn_skd.datasets._emotions import COORDINATES
from sklearn_skd.datasets._synthesis import Hit, Note, Score, Timbre

# (name, share of the song, how strongly it expresses the emotion)
_FORM = (
    ("intro", 0.14, 0.1),
    ("verse", 0.24, 0.6),
    ("chorus", 0.22, 1.25),
    ("verse", 0.14, 0.6),
    ("chorus", 0.16, 1.25),
    ("outro", 0.10, 0.1),
)

_BRIGHT_CHORDS = ((0, 4, 5, 3), (0, 3, 4, 0), (0, 5, 1, 4), (0, 2, 3, 4))
_DARK_CHORDS = ((0, 5, 2, 6), (0, 3, 4, 0), (0, 6, 5, 4), (0, 3, 6, 2))

# What the accompaniment does, with the emotion it comes most naturally to.
_PATTERNS = {"offbeat": "pleasure", "ostinato": "tension", "sustain": "sadness", "arpeggio": "calm"}
_PATTERN_CLARITY = 0.75

_CUE_NOISE = 0.45


@dataclass(frozen=True)
class Style:
    """The means that stay the same through a song."""

    beat: float  # seconds
    tonic: float  # MIDI number
    scale: tuple
    progression: tuple
    lead: str
    chords: str
    brightness: float
    drums: bool
    # cues, about [-1, 1]: each follows valence or arousal in its own way
    articulation: float
    tremolo: float
    contour: float
    density: float
    roughness: float


def compose(rng, plan, artist):
    """Score of one song.

    Parameters
    ----------
    rng : numpy.random.Generator
    plan : SongPlan
    artist : Artist

    Returns
    -------
    Score
    """
    culture = CULTURES[artist.culture]
    style = draw_style(rng, plan, artist, culture)
    notes, hits = [], []
    for start, end, intensity in _sections(plan.seconds):
        _write_section(rng, plan, style, culture, (start, end), intensity, notes, hits)
    return Score(
        notes=tuple(note for note in notes if note.onset < plan.seconds),
        hits=tuple(hit for hit in hits if hit.onset < plan.seconds),
        seconds=plan.seconds,
        room=artist.room,
        level=float(np.clip(6 - 1.0 * plan.arousal + rng.normal(0, 3), 1, 18)),
    )


def draw_style(rng, plan, artist, culture):
    """The lasting means of a song: its artist's habits, bent by valence and arousal."""

    def cue(value):
        return float(value + rng.normal(0, _CUE_NOISE))

    valence, arousal = plan.valence, plan.arousal
    fidelity = culture.modal_clarity
    is_bright = (cue(valence) > 0) == (rng.random() < fidelity)
    tempo = culture.tempo * 2 ** (artist.tempo + 0.13 * cue(arousal))
    progressions = _BRIGHT_CHORDS if is_bright else _DARK_CHORDS
    return Style(
        beat=60.0 / float(np.clip(tempo, 56, 176)),
        tonic=57 + artist.register + artist.tuning + rng.integers(-4, 5) + 1.2 * cue(arousal),
        scale=culture.bright if is_bright else culture.dark,
        progression=progressions[rng.integers(len(progressions))],
        lead=artist.lead if plan.instrumental else "voice",
        chords=artist.chords,
        brightness=artist.brightness + 0.2 * cue(arousal) + rng.normal(0, 0.2),
        drums=bool(rng.random() < culture.drums),
        articulation=cue(valence),
        tremolo=cue(-valence),
        contour=cue(valence),
        density=cue(arousal),
        roughness=cue((arousal - valence) / 2),
    )


def _sections(seconds):
    """(start, end, intensity) of each section, in seconds."""
    start = 0.0
    for _, share, intensity in _FORM:
        yield start, start + share * seconds, intensity
        start += share * seconds


def _write_section(rng, plan, style, culture, span, intensity, notes, hits):
    pattern = _choose_pattern(rng, intensity * plan.valence, intensity * plan.arousal)
    loudness = 0.55 + 0.3 * min(intensity, 1.0) + 0.1 * intensity * plan.arousal
    drumming = style.drums and intensity * plan.arousal + rng.normal(0, 0.8) > -0.6
    bar = culture.metre * style.beat
    first, last = (int(np.ceil(edge / bar - 1e-9)) for edge in span)
    degree = 0
    for number in range(first, last):
        root = style.progression[number % len(style.progression)]
        place = _Bar(number * bar, style, culture, intensity, loudness, root)
        notes += _accompaniment(rng, place, pattern)
        notes += _bass(place, pattern)
        if intensity > 0.5 or number % 2:
            line, degree = _melody(rng, place, degree)
            notes += line
        if drumming:
            hits += _drums(rng, place, plan)


def _choose_pattern(rng, valence, arousal):
    names = list(_PATTERNS)
    closeness = np.array(
        [np.dot(COORDINATES[_PATTERNS[name]], (valence, arousal)) for name in names]
    )
    share = np.exp(_PATTERN_CLARITY * closeness)
    return names[rng.choice(len(names), p=share / share.sum())]


@dataclass(frozen=True)
class _Bar:
    """One bar: where it starts, and what governs it."""

    start: float
    style: Style
    culture: object
    intensity: float
    loudness: float
    root: int

    def time(self, beat):
        """Seconds of a position in beats; off-beats swing."""
        swing = self.culture.swing if beat % 1 == 0.5 else 0.0
        return self.start + (beat + swing) * self.style.beat

    def pitch(self, degree, octave=0):
        """MIDI number of a scale degree, counted from the tonic."""
        turns, step = divmod(int(degree), 7)
        return self.style.tonic + self.style.scale[step] + 12 * (turns + octave)

    def cue(self, name):
        """A cue of the style as strong as the section makes it, bounded to [-1.5, 1.5]."""
        return float(np.clip(self.intensity * getattr(self.style, name), -1.5, 1.5))

    def length(self, beats):
        """Seconds for which a note of `beats` sounds: short and bouncing, or held."""
        return float(max(0.08, beats * self.style.beat * (0.75 - 0.25 * self.cue("articulation"))))

    def timbre(self, instrument, *, glide=0.0, held=True):
        """How an instrument is played in this bar."""
        depth = np.clip(0.35 * self.cue("tremolo"), 0, 0.6) if held else 0.0
        return Timbre(
            instrument,
            brightness=round(self.style.brightness, 2),
            tremolo=round(float(depth), 2),
            tremolo_rate=round(5.0 + 1.5 * self.cue("density"), 1),
            glide=round(glide, 2),
            softness=round(float(2 ** -self.cue("articulation")), 2),
        )


def _accompaniment(rng, bar, pattern):
    metre = bar.culture.metre
    tones = [bar.pitch(bar.root + third) for third in (0, 2, 4)]
    if rng.random() < 0.22 * bar.cue("roughness") + 0.08:
        tones.append(tones[0] + 1)  # a minor second: it beats
    loud = 0.11 * bar.loudness
    if pattern == "sustain":
        timbre = bar.timbre(bar.style.chords)
        return [Note(bar.time(0), metre * bar.style.beat, p, loud, timbre, 0.4) for p in tones]
    timbre = bar.timbre(bar.style.chords, held=False)
    if pattern == "offbeat":
        beats = [beat + 0.5 for beat in range(metre)]
        return [
            Note(bar.time(b), bar.length(0.5), p, loud, timbre, 0.4) for b in beats for p in tones
        ]
    beats = np.arange(0, metre, 0.5)
    if pattern == "ostinato":
        return [Note(bar.time(b), bar.length(0.4), tones[0], 2 * loud, timbre, 0.3) for b in beats]
    order = [tones[i % len(tones)] + 12 * (i // len(tones) % 2) for i in range(len(beats))]
    return [
        Note(bar.time(b), bar.length(1.2), p, 1.6 * loud, timbre, 0.4)
        for b, p in zip(beats, order, strict=True)
    ]


def _bass(bar, pattern):
    beats = {"offbeat": (0, 2), "ostinato": (0, 1, 2), "sustain": (0,), "arpeggio": (0,)}[pattern]
    timbre = Timbre(bar.culture.bass, brightness=round(bar.style.brightness, 2))
    return [
        Note(
            bar.time(beat),
            0.8 * bar.style.beat * (bar.culture.metre / len(beats)),
            bar.pitch(bar.root, octave=-1 if bar.style.tonic > 50 else 0) - 12 * (beat % 2 == 0),
            0.3 * bar.loudness,
            timbre,
        )
        for beat in beats
    ]


def _melody(rng, bar, degree):
    """A line over one bar that rises or falls on the whole; returns it and its last degree."""
    step = 0.5 if bar.cue("density") + rng.normal(0, 0.7) > 0 else 1.0
    beats = np.arange(0, bar.culture.metre, step)
    sounding = rng.random(len(beats)) < np.clip(0.68 + 0.16 * bar.cue("density"), 0.25, 0.95)
    drift = 0.45 * bar.cue("contour")
    glide = float(np.round(np.clip(0.7 * bar.cue("contour"), -1.2, 1.2) / 0.4) * 0.4)
    timbre = bar.timbre(bar.style.lead, glide=glide)
    line = []
    degree = int(rng.choice([bar.root % 7, degree % 7]))
    for beat in beats[sounding]:
        degree = int(np.clip(degree + np.round(rng.normal(drift, 1.2)), -4, 11))
        accent = 1.0 if beat % 1 == 0 else 0.75
        line.append(
            Note(
                bar.time(beat),
                bar.length(step),
                bar.pitch(degree, octave=1),
                0.26 * bar.loudness * accent,
                timbre,
                -0.3,
            )
        )
    return line, degree


def _drums(rng, bar, plan):
    """A backbeat, with off-beat hats where the sound is cheerful and driving ones where tense."""
    metre = bar.culture.metre
    cheer = bar.intensity * plan.valence + rng.normal(0, 0.7) > 0
    kicks = [b for b in range(metre) if b % 2 == 0]
    if not cheer:
        kicks += [b + 0.5 for b in range(metre) if rng.random() < 0.5]
    hats = [b + 0.5 for b in range(metre)] if cheer else list(np.arange(0, metre, 0.5))
    backbeat = "clap" if cheer and bar.culture.swing else "snare"
    loud = 0.32 * bar.loudness
    return (
        [Hit(bar.time(b), "kick", loud) for b in kicks]
        + [Hit(bar.time(b), backbeat, 0.7 * loud, 0.1) for b in range(1, metre, 2)]
        + [Hit(bar.time(b), "hat", 0.6 * loud, -0.5) for b in hats]
    )
