"""Tests of the embedded songs as a whole."""

import random
import subprocess
import sys
from collections import Counter

import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_skd import aggregate_annotations, make_songs
from sklearn_skd.datasets import _make_songs, _population
from sklearn_skd.datasets._culture import FIELDS

N_SONGS = 20


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("songs")


@pytest.fixture(scope="module")
def songs(home):
    return make_songs(N_SONGS, conflict=0.25, random_state=0, data_home=home)


@pytest.fixture
def silent(monkeypatch):
    """Songs without sound: for properties of many songs that need none."""
    monkeypatch.setattr(
        _make_songs,
        "_ensure_sounds",
        lambda folder, seed, artists, plans: [f"{i}.{p.extension}" for i, p in enumerate(plans)],
    )


def test_the_table_has_sound_lyrics_and_the_six_culture_fields(songs):
    assert list(songs.data) == ["audio", "lyrics", *FIELDS]
    assert songs.data.index.equals(pd.RangeIndex(N_SONGS))


def test_every_song_is_a_sound_file_of_8_to_60_seconds_at_one_of_two_rates(songs):
    infos = [soundfile.info(path) for path in songs.data["audio"]]
    assert all(8 <= info.duration <= 60 for info in infos)
    assert {info.samplerate for info in infos} == {22050, 44100}
    assert {info.channels for info in infos} == {1, 2}


def test_half_of_the_songs_are_flac_and_half_are_ogg(songs):
    formats = Counter(soundfile.info(path).format for path in songs.data["audio"])
    assert formats == {"FLAC": N_SONGS // 2, "OGG": N_SONGS // 2}


def test_no_song_is_silent_or_clipped(songs):
    for path in songs.data["audio"]:
        peak = np.abs(soundfile.read(path)[0]).max()
        assert 0.05 < peak < 0.99


def test_instrumentals_have_no_lyrics_and_are_as_many_as_asked(songs):
    assert songs.data["lyrics"].isna().sum() == round(0.2 * N_SONGS)
    instrumental = songs.data["lyrics"].isna()
    assert set(songs.data.loc[instrumental, "singing_form"].dropna()) <= {"instrumental"}
    assert "instrumental" not in set(songs.data.loc[~instrumental, "singing_form"])


def test_conflicts_are_planted_in_the_asked_share_of_songs_with_lyrics(songs):
    assert songs.conflict.dtype == bool
    assert songs.conflict.sum() == round(0.25 * songs.data["lyrics"].notna().sum())
    assert songs.data["lyrics"][songs.conflict].notna().all()


def test_votes_labels_and_reliability_agree_with_each_other(songs):
    table = aggregate_annotations(songs.annotations, songs=songs.data.index)
    votes = songs.annotation_votes
    assert list(votes) == ["calm", "pleasure", "sadness", "tension"]
    assert votes.index.equals(songs.data.index)
    assert (votes.sum(axis=1) == 7).all()
    voted = table.attrs["emotions"]
    np.testing.assert_array_equal(votes[voted], table[voted])
    np.testing.assert_array_equal(songs.annotation_reliability, table["annotation_reliability"])
    clear = ~table["tied"]
    assert (songs.target[clear] == table["emotion"][clear]).all()


def test_the_label_of_a_tied_song_is_among_the_most_voted(songs):
    votes = songs.annotation_votes
    chosen = np.array([votes.loc[i, emotion] for i, emotion in enumerate(songs.target)])
    np.testing.assert_array_equal(chosen, votes.max(axis=1))


def test_labels_can_be_made_missing(songs):
    target = songs.target.copy()
    target[0] = None
    assert target[0] is None  # an array of strings would hold the text "None"


def test_return_x_y_gives_the_same_table_and_labels(songs, home):
    data, target = make_songs(
        N_SONGS, conflict=0.25, random_state=0, data_home=home, return_X_y=True
    )
    pd.testing.assert_frame_equal(data, songs.data)
    np.testing.assert_array_equal(target, songs.target)


def test_the_same_seed_gives_the_same_bytes_in_another_folder(songs, tmp_path):
    again = make_songs(N_SONGS, conflict=0.25, random_state=0, data_home=tmp_path)
    pairs = list(zip(songs.data["audio"], again.data["audio"], strict=True))
    assert all(ours != theirs for ours, theirs in pairs)
    for ours, theirs in pairs:
        with open(ours, "rb") as first, open(theirs, "rb") as second:
            assert first.read() == second.read()
    pd.testing.assert_frame_equal(
        songs.data.drop(columns="audio"), again.data.drop(columns="audio")
    )
    pd.testing.assert_frame_equal(songs.annotations, again.annotations)


def test_two_processes_render_the_same_bytes_as_one(tmp_path, monkeypatch):
    one = make_songs(4, random_state=3, data_home=tmp_path / "one")
    monkeypatch.setattr(_make_songs, "_SONGS_WORTH_A_PROCESS", 1)
    two = make_songs(4, random_state=3, data_home=tmp_path / "two")
    for ours, theirs in zip(one.data["audio"], two.data["audio"], strict=True):
        with open(ours, "rb") as first, open(theirs, "rb") as second:
            assert first.read() == second.read()


@pytest.mark.usefixtures("silent")
def test_another_seed_and_no_seed_give_other_songs():
    first, second, third = (
        make_songs(40, random_state=seed).data["lyrics"].fillna("") for seed in (0, 1, None)
    )
    assert (first != second).any()
    assert (first != third).any()


@pytest.mark.usefixtures("silent")
def test_a_random_state_instance_moves_on_with_each_call():
    state = np.random.RandomState(0)
    first, second = (make_songs(40, random_state=state).data["lyrics"] for _ in range(2))
    assert (first.fillna("") != second.fillna("")).any()


def test_the_global_generators_are_left_alone(tmp_path):
    np.random.seed(0)  # noqa: NPY002
    random.seed(0)
    before = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    make_songs(4, data_home=tmp_path)
    np.testing.assert_array_equal(np.random.get_state()[1], before[0])  # noqa: NPY002
    assert random.getstate() == before[1]


def test_songs_already_there_are_not_rendered_again(songs, home, monkeypatch):
    monkeypatch.setattr(_make_songs, "_render_song", lambda *_: pytest.fail("rendered again"))
    make_songs(N_SONGS, conflict=0.25, random_state=0, data_home=home)
    # who listens does not change what is heard
    make_songs(N_SONGS, conflict=0.25, n_annotators=3, random_state=0, data_home=home)


def test_damaged_and_deleted_files_are_rendered_again(tmp_path):
    paths = make_songs(4, random_state=0, data_home=tmp_path).data["audio"]
    with open(paths[0], "rb") as file:
        content = file.read()
    with open(paths[0], "wb") as file:
        file.write(content[: len(content) // 2])
    (tmp_path / paths[1]).unlink()
    make_songs(4, random_state=0, data_home=tmp_path)
    with open(paths[0], "rb") as file:
        assert file.read() == content
    assert soundfile.info(paths[1]).frames


def test_an_interrupted_rendering_is_not_trusted(tmp_path, monkeypatch):
    render_song = _make_songs._render_song

    def interrupted(path, seed, number, plan, artist):
        if number == 2:
            raise KeyboardInterrupt
        path.write_bytes(b"half a file")

    monkeypatch.setattr(_make_songs, "_render_song", interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_songs(4, random_state=0, data_home=tmp_path)
    monkeypatch.setattr(_make_songs, "_render_song", render_song)
    for path in make_songs(4, random_state=0, data_home=tmp_path).data["audio"]:
        assert soundfile.info(path).frames


def test_data_home_comes_from_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SKLEARN_SKD_DATA", str(tmp_path))
    audio = make_songs(4, random_state=0).data["audio"]
    assert all(path.startswith(str(tmp_path.resolve())) for path in audio)


def test_nothing_is_printed(tmp_path, capfd):
    make_songs(4, random_state=0, data_home=tmp_path)
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("silent")
@pytest.mark.parametrize(
    ("n_classes", "expected"),
    [
        (2, ["pleasure", "sadness"]),
        (3, ["pleasure", "sadness", "tension"]),
        (4, ["calm", "pleasure", "sadness", "tension"]),
    ],
)
def test_the_number_of_classes_is_as_asked(n_classes, expected):
    songs = make_songs(60, n_classes=n_classes, random_state=0)
    assert sorted(set(songs.target)) == expected
    assert list(songs.annotation_votes) == expected


@pytest.mark.usefixtures("silent")
def test_classes_are_nearly_balanced():
    target = make_songs(240, random_state=0).target
    assert min(Counter(target).values()) >= 45


@pytest.mark.usefixtures("silent")
def test_about_8_percent_of_each_culture_field_is_missing():
    missing = make_songs(2000, random_state=0).data[list(FIELDS)].isna().mean()
    assert missing.between(0.06, 0.10).all()


@pytest.mark.usefixtures("silent")
def test_artists_have_several_songs_of_one_region():
    songs = make_songs(200, random_state=0)
    regions = songs.data["region"].groupby(songs.groups)
    assert (regions.size() >= 4).all()
    assert (regions.nunique() == 1).all()


@pytest.mark.usefixtures("silent")
def test_annotators_disagree_more_on_planted_conflicts():
    for seed in range(3):
        songs = make_songs(240, random_state=seed)
        agreement = songs.annotation_reliability
        assert agreement[songs.conflict].mean() < agreement[~songs.conflict].mean() - 0.2


@pytest.mark.usefixtures("silent")
def test_shares_of_0_and_1_are_possible():
    none = make_songs(20, conflict=0, instrumental=0, random_state=0)
    assert not none.conflict.any()
    assert none.data["lyrics"].notna().all()
    assert make_songs(20, conflict=1, instrumental=0, random_state=0).conflict.all()
    instrumental = make_songs(20, instrumental=1, random_state=0)
    assert instrumental.data["lyrics"].isna().all()
    assert not instrumental.conflict.any()


@pytest.mark.usefixtures("silent")
def test_the_reliability_of_one_annotator_is_unknown():
    songs = make_songs(20, n_annotators=1, random_state=0)
    assert np.isnan(songs.annotation_reliability).all()
    np.testing.assert_array_equal(songs.target, songs.annotations["emotion"])


@pytest.mark.usefixtures("silent")
def test_the_description_tells_the_actual_numbers():
    songs = make_songs(50, n_annotators=5, random_state=0)
    assert "50 songs by 10 artists" in songs.DESCR
    assert f"the {songs.conflict.sum()} songs of `conflict`" in songs.DESCR


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_songs", 3),
        ("n_songs", 10.5),
        ("n_classes", 1),
        ("n_classes", 5),
        ("n_annotators", 0),
        ("conflict", 1.2),
        ("conflict", -0.1),
        ("instrumental", 2.0),
        ("random_state", "zero"),
        ("data_home", 5),
        ("return_X_y", "yes"),
    ],
)
def test_a_parameter_out_of_range_is_named_in_the_error(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of make_songs must be"):
        make_songs(**{name: value})


def test_models_of_sound_and_of_lyrics_disagree_more_on_planted_conflicts(tmp_path, monkeypatch):
    monkeypatch.setattr(_population, "LONGEST", 8.5)
    songs = make_songs(
        120, n_classes=2, instrumental=0, conflict=0.3, random_state=0, data_home=tmp_path
    )
    sound = np.array([_modulation(path) for path in songs.data["audio"]])
    of_sound = make_pipeline(StandardScaler(), LogisticRegression(C=0.01))
    of_lyrics = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10))
    disagree = cross_val_predict(of_sound, sound, songs.target, cv=5) != cross_val_predict(
        of_lyrics, songs.data["lyrics"], songs.target, cv=5
    )
    assert disagree[songs.conflict].mean() > disagree[~songs.conflict].mean() + 0.25


def _modulation(path):
    """Spread and change over time of 32 bands of a log spectrogram: shape (64,)."""
    sound, rate = soundfile.read(path, always_2d=True)
    mono = sound.mean(axis=1)[:: rate // 22050]
    frames = np.lib.stride_tricks.sliding_window_view(mono, 1024)[::512] * np.hanning(1024)
    power = np.abs(np.fft.rfft(frames, axis=1)[:, 1:257]) ** 2
    bands = np.log(power.reshape(len(power), 32, 8).mean(axis=2) + 1e-4)
    return np.concatenate([bands.std(axis=0), np.diff(bands, axis=0).std(axis=0)])


def test_importing_datasets_loads_no_heavy_library():
    code = (
        "import sys, sklearn_skd.datasets; "
        "print([m for m in ('torch', 'librosa', 'soundfile', 'pandas') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


def test_datasets_lists_its_names_and_refuses_others():
    import sklearn_skd.datasets as datasets

    assert "make_songs" in dir(datasets)
    with pytest.raises(AttributeError, match="make_tunes"):
        datasets.make_tunes  # noqa: B018
