"""Steps of cleaning: what goes, what stays, and what the report says."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from sklearn_skd.datasets import (
    remove_conflicts,
    remove_missing_lyrics,
    remove_near_copies,
    remove_poor_audio,
    remove_versions,
)
from sklearn_skd.datasets._sound_prints import find_copies

RATE = 11025


def melody(seed, *, seconds=14.0):
    """Chords of four tones a second, which decay: real enough for a fingerprint."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(0.25 * RATE)) / RATE
    chords = 220 * 2 ** (rng.integers(0, 36, size=(int(4 * seconds), 3)) / 12)
    notes = [np.exp(-4 * time) * np.sin(2 * np.pi * f[:, None] * time).sum(axis=0) for f in chords]
    return (0.1 * np.concatenate(notes) + 1e-4 * rng.normal(size=len(notes) * len(time))).astype(
        "f"
    )


def table(*sounds):
    return pd.DataFrame({"audio": [s if s is None else (s, RATE) for s in sounds]})


# ---- names --------------------------------------------------------------------------------------


def test_of_versions_across_sets_the_first_stays():
    one = pd.DataFrame({"artist": ["Ann", "Bob"], "title": ["Honey", None]}, index=["x", "y"])
    other = pd.DataFrame({"artist": ["ANN", "Bob"], "title": ["Honey (Live)", None]}, ["x", "y"])
    kept, report = remove_versions(pd.concat({"A": one, "B": other}))
    assert kept.index.tolist() == [("A", "x"), ("A", "y"), ("B", "y")]
    assert report.index.tolist() == [("B", "x")]
    assert report.loc[("B", "x"), "twin"] == ("A", "x")
    assert report.loc[("B", "x"), "reason"] == "same artist and title: 'ann: honey'"
    assert report.attrs == {"n_songs": 4, "n_removed": 1, "n_unjudged": 2}


def test_where_nothing_goes_the_report_has_its_columns_all_the_same():
    songs = pd.DataFrame({"artist": ["Ann", "Bob"], "title": ["Honey", "Honey"]})
    kept, report = remove_versions(songs)
    pd.testing.assert_frame_equal(kept, songs)
    assert list(report) == ["step", "reason", "twin", "value"]
    assert report.empty


# ---- copies -------------------------------------------------------------------------------------


def test_a_recording_is_known_again_however_it_was_handed_on(tmp_path):
    song, rng = melody(0), np.random.default_rng(1)
    soundfile.write(tmp_path / "copy.ogg", song, RATE)
    copies = [
        0.1 * song,
        song[int(3.217 * RATE) :],  # cut from another place
        song + (0.03 * song.std() * rng.normal(size=len(song))).astype("f"),
        np.stack([song, song / 2]),
    ]
    songs = table(song, melody(1), *copies, melody(2))
    songs.loc[len(songs), "audio"] = str(tmp_path / "copy.ogg")
    kept, report = remove_near_copies(songs)
    assert kept.index.tolist() == [0, 1, 6]
    assert set(report["twin"]) == {0}
    assert report["value"].max() < 0.25
    assert report.attrs["n_unjudged"] == 0


def test_a_recording_is_known_again_however_often_it_is_there():
    hit = melody(0, seconds=8)
    songs = table(melody(1, seconds=8), *[hit] * 45, melody(2, seconds=8))
    kept, report = remove_near_copies(songs)
    assert kept.index.tolist() == [0, 1, 46]
    assert set(report["twin"]) == {1}


def test_a_recording_that_is_there_often_is_compared_with_its_first_alone():
    words = np.random.default_rng(0).integers(1, 2**32, size=300, dtype=np.uint32)
    pairs = find_copies([words] * 200, max_error=0.35, min_frames=200)
    assert pairs == [(0, copy, 0.0) for copy in range(1, 200)]


def test_recordings_that_share_too_little_are_different():
    song = melody(0)
    longer = np.concatenate([melody(3), song[: 3 * RATE]])
    kept, _ = remove_near_copies(table(song, longer))
    assert len(kept) == 2
    _, report = remove_near_copies(table(song, longer), min_overlap=1.5, max_error=0.4)
    assert report.index.tolist() in ([], [1])  # no error either way


def test_silence_and_a_standing_tone_are_no_copies_of_each_other():
    silence = np.zeros(10 * RATE, "f")
    kept, _ = remove_near_copies(table(silence, silence, melody(0)))
    assert len(kept) == 3


def test_what_cannot_be_heard_is_kept_and_counted(tmp_path):
    songs = table(melody(0), None)
    songs.loc[2, "audio"] = str(tmp_path / "gone.wav")
    kept, report = remove_near_copies(songs)
    assert len(kept) == 3
    assert report.attrs["n_unjudged"] == 2


# ---- quality ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (melody(0, seconds=5), "too short: 5 s"),
        (np.pad(melody(0), (0, 15 * RATE)), "52% silence"),
        (np.clip(8 * melody(0), -0.3, 0.3), "of the samples clipped"),
        (np.full(12 * RATE, np.nan, "f"), "not readable"),
    ],
)
def test_poor_audio_goes_with_its_reason(sound, reason):
    kept, report = remove_poor_audio(table(melody(0), sound, None))
    assert kept.index.tolist() == [0, 2]
    assert reason in report.loc[1, "reason"]
    assert report.attrs["n_unjudged"] == 1


def test_a_file_that_is_gone_is_poor_audio(tmp_path):
    songs = pd.DataFrame({"audio": [str(tmp_path / "gone.wav")]})
    _, report = remove_poor_audio(songs)
    assert "no such file" in report["reason"].iloc[0]


def test_loud_and_quiet_are_no_faults():
    song = melody(0)
    kept, _ = remove_poor_audio(table(song / np.abs(song).max(), song / 20))
    assert len(kept) == 2


# ---- lyrics and annotators ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lyrics", "stays"),
    [
        ("One two three four five", True),
        ("One two", False),
        ("La la la la la la la", False),
        ("我爱你很久了", True),
        (None, False),
        (np.nan, False),
        ("[Instrumental]", False),
    ],
)
def test_words_are_counted_after_cleaning(lyrics, stays):
    kept, _ = remove_missing_lyrics(pd.DataFrame({"lyrics": [lyrics]}), min_words=5)
    assert bool(len(kept)) == stays


def test_instrumentals_may_stay_where_fragments_go():
    songs = pd.DataFrame({"lyrics": [None, "only two", "la la la"]})
    kept, report = remove_missing_lyrics(songs, keep_instrumentals=True)
    assert kept.index.tolist() == [0, 2]
    assert report["reason"].tolist() == ["only 2 words of lyrics"]
    assert report.attrs["n_unjudged"] == 2


def test_songs_whose_annotators_disagree_go_and_those_with_one_vote_stay():
    votes = pd.DataFrame(
        {"song": list("aaabbbc"), "emotion": ["calm"] * 3 + ["calm", "sad", "tense"] + ["calm"]}
    )
    songs = pd.DataFrame({"title": ["A", "B", "C", "D"]}, index=list("abcd"))
    kept, report = remove_conflicts(songs, votes)
    assert kept.index.tolist() == ["a", "c", "d"]
    assert report.loc["b", "value"] == 0
    assert report.attrs["n_unjudged"] == 2


def test_the_reliability_may_be_given_as_it_is():
    songs = pd.DataFrame(index=list("abc"))
    kept, _ = remove_conflicts(songs, pd.Series({"b": 0.4, "a": 0.6}), min_agreement=0.5)
    assert kept.index.tolist() == ["a", "c"]


def test_conflicts_of_several_sets_in_one_table_are_found_by_their_labels():
    sets = {name: pd.DataFrame({"x": [1, 2]}, index=["a", "b"]) for name in ("merge", "emma")}
    songs = pd.concat(sets)
    votes = pd.DataFrame(
        {
            "song": [("merge", "a"), ("merge", "a"), ("emma", "a"), ("emma", "a")],
            "emotion": ["calm", "tension", "calm", "calm"],
        }
    )
    kept, report = remove_conflicts(songs, votes)
    assert report.index.tolist() == [("merge", "a")]
    assert kept.index.tolist() == [("merge", "b"), ("emma", "a"), ("emma", "b")]
    assert report.attrs["n_unjudged"] == 2


def test_an_unknown_reliability_may_be_marked_in_any_way_and_text_is_named():
    songs = pd.DataFrame(index=["a", "b", "c"])
    known = pd.Series([0.1, pd.NA, None], index=songs.index, dtype=object)
    kept, report = remove_conflicts(songs, known)
    assert (kept.index.tolist(), report.attrs["n_unjudged"]) == (["b", "c"], 2)
    with pytest.raises(
        ValueError, match="annotations holds 'high' in column 'reliability', row 'b'"
    ):
        remove_conflicts(songs, known.replace({pd.NA: "high"}))


@pytest.mark.parametrize("ids", [["a", "b"], [("merge", "a"), ("merge", "b")]])
def test_a_reliability_of_other_songs_is_refused(ids):
    songs = pd.DataFrame({"title": ["A", "B"]})
    with pytest.raises(ValueError, match=r"None of the 2 songs .* starts with \[0, 1\]"):
        remove_conflicts(songs, pd.Series([0.1, 0.9], index=pd.Index(ids)))


def test_two_reliabilities_of_a_song_are_refused_by_its_name():
    with pytest.raises(ValueError, match="annotations has the song 'a' twice"):
        remove_conflicts(pd.DataFrame(index=["a"]), pd.Series([0.1, 0.9], index=["a", "a"]))


def test_lyrics_that_are_no_text_are_named_with_their_row():
    songs = pd.DataFrame({"lyrics": ["la", 7]}, index=["a", "b"])
    with pytest.raises(TypeError, match=r"lyrics of row 1 .*'b'.* int"):
        remove_missing_lyrics(songs)


# ---- errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "column"),
    [
        (remove_near_copies, "audio"),
        (remove_poor_audio, "audio"),
        (remove_missing_lyrics, "lyrics"),
    ],
)
def test_a_missing_column_is_named(step, column):
    with pytest.raises(ValueError, match=f"no column '{column}'"):
        step(pd.DataFrame({"artist": ["Ann"]}))


def test_an_index_that_has_a_song_twice_is_an_error():
    songs = pd.DataFrame({"lyrics": ["a", "b"]}, index=["x", "x"])
    with pytest.raises(ValueError, match=r"'x' twice.*pd\.concat"):
        remove_missing_lyrics(songs)
    with pytest.raises(TypeError, match="got dict"):
        remove_versions({"artist": ["Ann"]})
