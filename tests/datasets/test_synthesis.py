"""Tests of the synthesizer."""

import numpy as np
import pytest

from sklearn_skd.datasets._synthesis import INSTRUMENTS, Hit, Note, Score, Timbre, render

RATE = 22050


def play(*events, seconds=2.0, room=0.0, level=6.0, channels=1, rate=RATE):
    notes = tuple(event for event in events if isinstance(event, Note))
    hits = tuple(event for event in events if isinstance(event, Hit))
    score = Score(notes, hits, seconds, room, level)
    return render(score, rate=rate, channels=channels, seed=0)


def note(instrument="organ", *, onset=0.1, duration=1.0, pitch=69.0, pan=0.0, **timbre):
    return Note(onset, duration, pitch, 0.5, Timbre(instrument, **timbre), pan)


def power(sound):
    """Power of the first channel at each Hz, for a sound of one second."""
    return np.abs(np.fft.rfft(sound[:RATE, 0] * np.hanning(RATE))) ** 2


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_every_instrument_plays_the_pitch_it_is_given(instrument):
    spectrum = power(play(note(instrument, pitch=57.0, onset=0.0)))
    near = [spectrum[k * 220 - 8 : k * 220 + 9].sum() for k in range(1, 40)]
    assert sum(near) > 0.8 * spectrum.sum()
    assert max(near[:4]) == max(near)


@pytest.mark.parametrize("rate", [22050, 44100])
def test_high_notes_do_not_alias(rate):
    sound = play(note("zither", pitch=105.0, onset=0.0), rate=rate)  # 3520 Hz
    spectrum = np.abs(np.fft.rfft(sound[:rate, 0] * np.hanning(rate))) ** 2
    harmonic = sum(spectrum[k * 3520 - 20 : k * 3520 + 21].sum() for k in range(1, 7))
    assert harmonic > 0.98 * spectrum.sum()


@pytest.mark.parametrize("channels", [1, 2])
def test_the_peak_is_at_the_level_and_the_length_as_asked(channels):
    sound = play(note(), Hit(0.5, "kick", 1.0), seconds=1.7, level=6.0, channels=channels, room=0.3)
    assert sound.shape == (round(1.7 * RATE), channels)
    assert sound.dtype == np.float32
    assert np.abs(sound).max() == pytest.approx(10 ** (-6 / 20), rel=1e-5)


def test_pan_moves_a_note_to_one_side():
    left, right = (np.abs(play(note(pan=-0.9), channels=2)) ** 2).sum(axis=0)
    assert left > 20 * right


def test_a_brighter_note_has_more_power_above():
    dull, bright = (power(play(note("brass", brightness=b, onset=0.0))) for b in (-0.5, 0.5))
    assert bright[2000:].sum() / bright.sum() > 3 * dull[2000:].sum() / dull.sum()


def test_tremolo_modulates_the_loudness():
    def spread(depth):
        sound = play(note(tremolo=depth, onset=0.0, duration=1.9))[4000:24000, 0]
        return np.abs(sound).reshape(-1, 400).max(axis=1).std()

    assert spread(0.5) > 3 * spread(0.0)


def test_a_glide_ends_on_another_pitch():
    sound = play(note(glide=-2.0, duration=1.5, onset=0.0))[:, 0]
    start, end = (
        np.argmax(np.abs(np.fft.rfft(part * np.hanning(4000), 4 * RATE))[: 4 * 500]) / 4
        for part in (sound[1000:5000], sound[-(RATE // 2) - 4500 : -(RATE // 2) - 500])
    )
    assert start == pytest.approx(440, abs=5)
    assert 385 < end < 420


def test_a_softer_attack_starts_later():
    hard, soft = (np.abs(play(note("strings", softness=s)))[: RATE // 5].sum() for s in (0.5, 3.0))
    assert hard > 1.5 * soft


def test_the_room_rings_on_after_the_note():
    dry, wet = (play(note("piano", duration=0.2), room=r)[RATE // 2 : RATE] for r in (0.0, 0.4))
    assert (wet**2).sum() > 10 * (dry**2).sum()


@pytest.mark.parametrize(
    ("drum", "low", "high"),
    [("kick", 30, 300), ("snare", 200, 6000), ("hat", 5000, 11000), ("clap", 700, 4500)],
)
def test_drums_sound_in_their_band(drum, low, high):
    spectrum = power(play(Hit(0.1, drum, 1.0)))
    assert spectrum[low:high].sum() > 0.9 * spectrum.sum()


def test_events_that_run_over_the_end_are_cut_and_the_song_fades_out():
    sound = play(note(onset=0.5, duration=5.0), Hit(1.99, "snare", 1.0))
    assert np.abs(sound[-20:]).max() < 0.01


def test_a_score_without_notes_is_silence():
    assert not play().any()


def test_the_seed_decides_on_the_noise():
    score = Score((), (Hit(0.0, "snare", 1.0),), 1.0, 0.1, 6.0)
    first, again, other = (render(score, rate=RATE, channels=1, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
