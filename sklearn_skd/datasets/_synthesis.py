"""A small synthesizer: notes and drum hits in, a waveform out.

Instruments are one-cycle wavetables (a bright and a dark one, crossfaded while the note rings),
drums are shaped noise, the room is an exponentially decaying noise response. Each distinct note
is rendered once a song.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.signal import butter, oaconvolve, sosfilt

_TABLE = 4096  # samples, a power of two
_FADE = 0.8  # seconds, end of a song


@dataclass(frozen=True)
class Instrument:
    """Amplitudes of the partials, attack and ring in seconds, vibrato in semitones."""

    partials: tuple
    attack: float
    ring: float
    vibrato: float = 0.0
    breath: float = 0.0


def _rolloff(n, power, even=1.0):
    return tuple((even if k % 2 == 0 else 1.0) / k**power for k in range(1, n + 1))


INSTRUMENTS = {
    "piano": Instrument(_rolloff(14, 1.3), 0.004, 0.7),
    "guitar": Instrument(_rolloff(18, 1.1, 0.8), 0.003, 0.45),
    "harp": Instrument(_rolloff(10, 1.7), 0.005, 0.8),
    "zither": Instrument(_rolloff(20, 0.9, 0.5), 0.003, 0.5),
    "bell": Instrument((1, 0, 0.3, 0.6, 0, 0.4, 0, 0, 0.3), 0.002, 0.6),
    "flute": Instrument(_rolloff(6, 2.2, 0.4), 0.06, np.inf, 0.12, 0.05),
    "fiddle": Instrument(_rolloff(20, 1.0), 0.05, np.inf, 0.18, 0.01),
    "strings": Instrument(_rolloff(16, 1.2), 0.12, np.inf, 0.1, 0.01),
    "brass": Instrument(_rolloff(16, 0.8), 0.04, np.inf, 0.06),
    "organ": Instrument((1, 0.7, 0.3, 0.5, 0, 0.3, 0, 0.3), 0.02, np.inf),
    "synth": Instrument(_rolloff(24, 1.0), 0.01, np.inf),
    # partials shaped by the formants of an open vowel
    "voice": Instrument(
        (0.6, 0.9, 1.0, 0.7, 0.5, 0.25, 0.15, 0.1, 0.2, 0.2), 0.05, np.inf, 0.25, 0.03
    ),
    "electric bass": Instrument(_rolloff(10, 1.4), 0.006, 0.5),
    "double bass": Instrument(_rolloff(8, 1.8), 0.01, 0.4),
    "synth bass": Instrument(_rolloff(16, 1.0, 0.3), 0.005, np.inf),
}


@dataclass(frozen=True)
class Timbre:
    """How an instrument is played.

    brightness : tilt of the spectrum, 0 = as built; tremolo : depth in [0, 1]; tremolo_rate in
    Hz; glide : semitones by which the pitch moves over the note; softness : factor of the attack.
    """

    instrument: str
    brightness: float = 0.0
    tremolo: float = 0.0
    tremolo_rate: float = 5.0
    glide: float = 0.0
    softness: float = 1.0


@dataclass(frozen=True)
class Note:
    """One note: onset and duration in seconds, pitch in MIDI numbers, pan in [-1, 1]."""

    onset: float
    duration: float
    pitch: float
    velocity: float
    timbre: Timbre
    pan: float = 0.0


@dataclass(frozen=True)
class Hit:
    """One stroke on a drum: ``kick``, ``snare``, ``hat`` or ``clap``."""

    onset: float
    drum: str
    velocity: float
    pan: float = 0.0


@dataclass(frozen=True)
class Score:
    """All that is heard: `level` is the peak in dB below full scale, `room` in [0, 1]."""

    notes: tuple
    hits: tuple
    seconds: float
    room: float
    level: float


def render(score, *, rate, channels, seed):
    """Waveform of a score.

    Parameters
    ----------
    score : Score
    rate : int
        Samples a second.
    channels : {1, 2}
    seed : int
        Seed of the noises (breath, drums, room).

    Returns
    -------
    ndarray of float32, shape (round(seconds * rate), channels)
        Peak amplitude ``10 ** (-level / 20)``, below 1.
    """
    rng = np.random.default_rng(seed)
    mix = np.zeros((channels, round(score.seconds * rate)), dtype=np.float32)
    sounds = {}
    for note in score.notes:
        key = (note.timbre, round(note.pitch, 2), round(note.duration, 3))
        if key not in sounds:
            sounds[key] = _render_note(*key, rate, rng)
        _add(mix, sounds[key], note, rate)
    for hit in score.hits:
        if hit.drum not in sounds:
            sounds[hit.drum] = _DRUMS[hit.drum](rate, rng)
        _add(mix, sounds[hit.drum], hit, rate)
    mix = _reverberate(mix, score.room, rate, rng)
    fade = min(round(_FADE * rate), mix.shape[1])
    mix[:, mix.shape[1] - fade :] *= np.linspace(1, 0, fade) ** 2
    peak = np.abs(mix).max()
    mix *= 10 ** (-score.level / 20) / max(peak, 1e-9)
    return mix.T.astype(np.float32)


def _add(mix, sound, event, rate):
    """Lay a sound into the mix in place, with constant power over two channels."""
    start = round(event.onset * rate)
    sound = sound[: mix.shape[1] - start]
    angle = (event.pan + 1) * np.pi / 4
    gains = (1.0,) if len(mix) == 1 else (np.cos(angle), np.sin(angle))
    for channel, gain in zip(mix, gains, strict=True):
        channel[start : start + len(sound)] += (gain * event.velocity) * sound


def _render_note(timbre, pitch, duration, rate, rng):
    instrument = INSTRUMENTS[timbre.instrument]
    release = 0.08
    time = np.arange(round((duration + release) * rate)) / rate
    progress = np.minimum(time / duration, 1.0)
    bend = timbre.glide * progress**2
    if instrument.vibrato:
        bend = bend + instrument.vibrato * progress * np.sin(2 * np.pi * 5.4 * time)
    frequency = 440.0 * 2 ** ((pitch + bend - 69) / 12)
    index = (np.cumsum(frequency) * (_TABLE / rate)).astype(np.intp) & (_TABLE - 1)
    n_partials = max(1, int(0.45 * rate / frequency.max()))
    bright, dark = (
        _wavetable(instrument.partials[:n_partials], round(timbre.brightness + tilt, 2))[index]
        for tilt in (0.0, -1.0)
    )
    share = np.exp(-time / 0.35)
    sound = dark + share * (bright - dark)
    if instrument.breath:
        sound += instrument.breath * rng.standard_normal(len(time))
    if timbre.tremolo:
        sound *= 1 - timbre.tremolo * (0.5 + 0.5 * np.sin(2 * np.pi * timbre.tremolo_rate * time))
    return sound * _envelope(time, duration, instrument, timbre.softness, release)


@lru_cache(maxsize=2048)
def _wavetable(partials, brightness):
    """One cycle of unit RMS; `brightness` tilts the partials by a power of their number."""
    number = np.arange(1, len(partials) + 1)
    spectrum = np.zeros(_TABLE // 2 + 1, dtype=complex)
    # phases spread quadratically: a low crest factor, hence no clicks
    spectrum[number] = np.array(partials) * number**brightness * np.exp(1j * np.pi * number**2 / 9)
    cycle = np.fft.irfft(spectrum, _TABLE)
    return cycle / np.sqrt(np.mean(cycle**2))


def _envelope(time, duration, instrument, softness, release):
    attack = np.minimum(time / min(instrument.attack * softness, duration), 1.0)
    ring = np.exp(-time / instrument.ring)  # 1 throughout where the ring is infinite
    tail = np.clip((duration + release - time) / release, 0.0, 1.0)
    return attack * ring * tail


def _reverberate(mix, room, rate, rng):
    """Add an exponentially decaying, low-passed noise response to each channel."""
    seconds = 0.4 + 1.6 * room
    time = np.arange(round(seconds * rate)) / rate
    response = rng.standard_normal((len(mix), len(time))) * np.exp(-5 * time / seconds)
    response = sosfilt(butter(1, 3500, fs=rate, output="sos"), response)
    response /= np.sqrt((response**2).sum(axis=1, keepdims=True))
    wet = oaconvolve(mix, response.astype(np.float32), axes=1)[:, : mix.shape[1]]
    return mix + room * wet


def _kick(rate, rng):
    time = np.arange(round(0.25 * rate)) / rate
    sweep = 45 * time + 120 * 0.04 * (1 - np.exp(-time / 0.04))
    return 2.2 * np.sin(2 * np.pi * sweep) * np.exp(-time / 0.09)


def _noise(low, high, ring, gain):
    """A drum of band-passed noise, frequencies in Hz, ring in seconds."""

    def drum(rate, rng):
        time = np.arange(round(6 * ring * rate)) / rate
        band = butter(2, (low, high), "bandpass", fs=rate, output="sos")
        sound = sosfilt(band, rng.standard_normal(len(time)) * np.exp(-time / ring))
        return gain * sound / np.abs(sound).max()

    return drum


_DRUMS = {
    "kick": _kick,
    "snare": _noise(300, 5000, 0.06, 1.6),
    "hat": _noise(5500, 10500, 0.025, 0.6),
    "clap": _noise(900, 3500, 0.03, 1.2),
}
