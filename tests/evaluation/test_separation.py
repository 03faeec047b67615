"""Separation of the emotions in the teacher's hidden space, for subsets of the sources."""

import re

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import silhouette_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_skd import TeacherClassifier
from sklearn_skd.evaluation import separation, source_separation, summarize
from sklearn_skd.evaluation.separation import class_separation

PAPER = ["audio", "audio + lyrics", "audio + culture", "audio + lyrics + culture"]


def make_teacher(**params):
    return TeacherClassifier(**{"max_epochs": 2, "random_state": 0, **params})


@pytest.fixture(scope="module")
def sources():
    """Lyrics betray the emotion, audio and culture do not."""
    rng = np.random.RandomState(0)
    codes = np.arange(60) % 3
    return {
        "audio": rng.normal(size=(60, 5)).astype(np.float32),
        "lyrics": (rng.normal(size=(60, 6)) + 3 * np.eye(3, 6)[codes]).astype(np.float32),
        "culture": rng.randint(1, 4, size=(60, 2)),
    }


@pytest.fixture(scope="module")
def y():
    return np.array(["calm", "happy", "sad"])[np.arange(60) % 3]


@pytest.fixture(scope="module")
def table(sources, y):
    return source_separation(make_teacher(max_epochs=8, batch_size=8), sources, y, cv=2)


def means(table):
    return table.groupby(["metric", "sources"])["value"].mean()


# ---- what is measured ---------------------------------------------------------------------------


def test_the_distances_are_means_over_emotions_in_units_of_two_random_songs():
    hidden = np.array([[0.0], [2.0], [10.0], [13.0], [13.0], [40.0]])
    codes = np.array([0, 0, 2, 2, 2, 5])  # the last emotion has a single song
    pairs = [abs(a - b) for i, (a,) in enumerate(hidden) for (b,) in hidden[:i]]
    between = [(10 + 13 + 13 + 8 + 11 + 11) / 6, (40 + 38) / 2, (30 + 27 + 27) / 3]
    values = class_separation(hidden, codes)
    assert values["intra-class distance"] == pytest.approx(np.mean([2, 2]) / np.mean(pairs))
    assert values["inter-class distance"] == pytest.approx(np.mean(between) / np.mean(pairs))
    assert values["silhouette"] == pytest.approx(silhouette_score(hidden, codes))


def test_no_value_depends_on_the_scale_or_place_of_the_hidden_space():
    rng = np.random.RandomState(0)
    hidden, codes = rng.normal(size=(30, 4)), np.arange(30) % 3
    first, second = class_separation(hidden, codes), class_separation(1e4 * hidden - 7, codes)
    assert first == pytest.approx(second)


def test_labels_that_mean_nothing_give_distances_of_one_and_the_silhouette_of_the_null():
    rng = np.random.RandomState(1)
    values = class_separation(rng.normal(size=(200, 8)), rng.randint(4, size=200))
    assert values["intra-class distance"] == pytest.approx(1, abs=0.03)
    assert values["inter-class distance"] == pytest.approx(1, abs=0.03)
    assert values["silhouette (shuffled labels)"] < -0.005
    assert values["silhouette"] == pytest.approx(values["silhouette (shuffled labels)"], abs=0.01)


@pytest.mark.parametrize(
    ("hidden", "codes"),
    [
        (np.empty((0, 3)), np.empty(0, int)),
        (np.ones((1, 3)), np.zeros(1, int)),
        (np.ones((4, 3)), np.array([0, 0, 1, 1])),
    ],
    ids=["no song", "one song", "all in one place"],
)
def test_songs_without_distances_have_no_separation(hidden, codes):
    assert np.isnan(list(class_separation(hidden, codes).values())).all()


def test_one_emotion_alone_has_an_intra_class_distance_only():
    values = class_separation(np.arange(4.0)[:, None], np.ones(4, int))
    assert values.pop("intra-class distance") == pytest.approx(1)
    assert np.isnan(list(values.values())).all()


# ---- subsets and folds --------------------------------------------------------------------------


def test_the_default_subsets_are_those_of_the_paper(table):
    assert table["sources"].unique().tolist() == PAPER
    assert table.columns.tolist() == [
        "repeat", "fold", "sources", "metric", "value", "n_train", "n_test"
    ]  # fmt: skip
    assert len(table) == 2 * 4 * 4
    assert not table["value"].isna().any()


def test_other_names_give_the_first_source_its_pairs_and_all():
    rng = np.random.RandomState(0)
    y = np.arange(20) % 2
    X = {name: rng.normal(size=(20, 2)) for name in ("timbre", "eeg")}
    pair = source_separation(make_teacher(max_epochs=1), X, y, cv=2)
    assert pair["sources"].unique().tolist() == ["timbre", "timbre + eeg"]
    alone = source_separation(make_teacher(max_epochs=1), X["eeg"], y, cv=2)
    assert alone["sources"].unique().tolist() == ["features"]


def test_a_source_that_betrays_the_emotion_separates_held_out_songs(table):
    mean = means(table)
    silhouette, null = mean["silhouette"], mean["silhouette (shuffled labels)"]
    assert silhouette["audio + lyrics"] > silhouette["audio"] + 0.2
    assert silhouette["audio"] == pytest.approx(null["audio"], abs=0.1)
    inter, intra = mean["inter-class distance"], mean["intra-class distance"]
    assert inter["audio + lyrics"] > 1.1 > 0.9 > intra["audio + lyrics"]


def test_songs_that_the_teacher_was_trained_on_look_separated_though_their_labels_mean_nothing():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(60, 20)), rng.randint(3, size=60)
    teacher, every = make_teacher(max_epochs=30, batch_size=16, dropout=0.0), np.arange(60)
    trained = means(source_separation(teacher, X, y, cv=[(every, every)])).xs("features", level=1)
    held_out = means(source_separation(teacher, X, y, cv=2)).xs("features", level=1)
    assert trained["silhouette"] > trained["silhouette (shuffled labels)"] + 0.3
    assert held_out["silhouette"] < held_out["silhouette (shuffled labels)"] + 0.1


def test_subsets_of_ones_own_are_asked_in_their_order(sources, y):
    subsets = ["lyrics", ("culture", "lyrics")]
    table = source_separation(make_teacher(), sources, y, subsets=subsets, cv=2)
    assert table["sources"].unique().tolist() == ["lyrics", "culture + lyrics"]


def test_the_summary_pairs_subsets_with_a_reference(table):
    named = table.rename(columns={"sources": "strategy"}).assign(calibration="-")
    gain = summarize(named, reference="audio").loc[("silhouette", "audio + lyrics", "-")]
    mean = means(table)["silhouette"]
    assert gain["difference"] == pytest.approx(mean["audio + lyrics"] - mean["audio"])
    assert gain["n"] == 2


# ---- songs of every kind ------------------------------------------------------------------------


def test_the_compared_songs_have_a_source_of_every_subset(sources, y):
    X = {name: values.copy() for name, values in sources.items()}
    X["lyrics"][:6] = np.nan
    X["culture"][3:9] = 0
    subsets = ["lyrics", "culture", ("lyrics", "culture")]
    table = source_separation(make_teacher(), X, y, subsets=subsets, cv=2)
    first = table.groupby("fold").first()
    assert first["n_test"].sum() == 60 - 9
    assert (table.groupby("fold")["n_test"].nunique() == 1).all()
    assert not table["value"].isna().any()
    assert first["n_train"].tolist() == [30, 30]


def test_unlabelled_songs_change_nothing(sources, y):
    more = {name: np.concatenate([values, values[:9]]) for name, values in sources.items()}
    labels = np.array([*y, *[None] * 9], dtype=object)
    subsets = ["audio", ("audio", "lyrics")]
    known = source_separation(make_teacher(), sources, y, subsets=subsets, cv=2)
    with_gaps = source_separation(make_teacher(), more, labels, subsets=subsets, cv=2)
    pd.testing.assert_frame_equal(known, with_gaps)


def test_songs_of_one_group_are_in_one_fold(sources, y):
    groups = np.repeat(["long album", "short album"], [39, 21])
    table = source_separation(make_teacher(), sources, y, subsets=["audio"], groups=groups, cv=2)
    assert sorted(table["n_test"].unique()) == [21, 39]


def test_the_teacher_hears_the_votes(sources, y):
    votes = np.tile([5.0, 1.0, 0.0], (60, 1))
    plain, voted = (
        source_separation(make_teacher(), sources, y, subsets=["lyrics"], cv=2, annotation_votes=v)
        for v in (None, votes)
    )
    assert (plain["value"] != voted["value"]).any()


def test_a_pipeline_makes_the_sources_of_a_song_table(sources, y):
    songs = pd.DataFrame(sources["audio"], columns=list("abcde")).assign(genre=y)

    def features(table):
        values = table[list("abcde")].to_numpy(np.float32)
        return {"audio": values, "culture": 1 + (table[["genre"]] == "sad").to_numpy(int)}

    direct = source_separation(make_teacher(), features(songs), y, cv=2)
    model = make_pipeline(FunctionTransformer(features), make_teacher())
    pd.testing.assert_frame_equal(source_separation(model, songs, y, cv=2), direct)


def test_a_pipeline_of_the_teacher_alone_is_the_teacher(sources, y):
    call = {"subsets": ["audio", "lyrics"], "cv": 2}
    direct = source_separation(make_teacher(), sources, y, **call)
    alone = source_separation(make_pipeline(make_teacher()), sources, y, **call)
    pd.testing.assert_frame_equal(alone, direct)


# ---- long runs ----------------------------------------------------------------------------------


def test_an_interrupted_call_goes_on_where_it_stopped(sources, y, tmp_path, monkeypatch):
    fits, plain = [], separation.fit_arm

    def counted(*args):
        fits.append(args)
        if len(fits) == 3:
            raise KeyboardInterrupt
        return plain(*args)

    monkeypatch.setattr(separation, "fit_arm", counted)
    call = {"subsets": ["audio", "lyrics"], "cv": 2, "memory": str(tmp_path)}
    with pytest.raises(KeyboardInterrupt):
        source_separation(make_teacher(), sources, y, **call)
    resumed = source_separation(make_teacher(), sources, y, **call)
    assert len(fits) == 3 + 2
    wider = source_separation(
        make_teacher(), sources, y, **{**call, "subsets": ["audio", "culture", "lyrics"]}
    )
    assert len(fits) == 5 + 2  # those of the new subset alone
    pd.testing.assert_frame_equal(
        wider[wider["sources"] != "culture"].reset_index(drop=True), resumed
    )
    source_separation(make_teacher(dropout=0.1), sources, y, **call)
    assert len(fits) == 7 + 4  # another teacher


def test_parallel_folds_give_the_same_table(sources, y):
    call = {"subsets": ["audio", "lyrics"], "cv": 2}
    alone = source_separation(make_teacher(), sources, y, **call)
    with joblib.parallel_config("threading"):
        beside = source_separation(make_teacher(), sources, y, **call, n_jobs=2)
    pd.testing.assert_frame_equal(alone, beside)


def test_progress_and_the_table_so_far_are_shown(sources, y, capsys):
    source_separation(make_teacher(), sources, y, subsets=["audio"], cv=2, verbose=2)
    told = capsys.readouterr()
    assert "2/2" in told.err
    assert len(re.findall("inter-class distance", told.out)) == 2


# ---- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subsets", "message"),
    [
        ("audio", "a sequence of tuples of names; got 'audio'"),
        ([], "subsets is empty"),
        ([()], "is empty or occurs twice"),
        ([("audio", "audio")], "is empty or occurs twice"),
        ([("audio", "lyrics"), ("lyrics", "audio")], "is empty or occurs twice"),
        (["audio", ("audio", "lyric")], r"needs the sources \['lyric'\], but X has"),
    ],
)
def test_subsets_that_make_no_sense_are_refused(sources, y, subsets, message, monkeypatch):
    monkeypatch.setattr(separation, "fit_arm", None)  # before any fit
    with pytest.raises(ValueError, match=message):
        source_separation(make_teacher(), sources, y, subsets=subsets, cv=2)


def test_a_plain_array_has_no_subsets(sources, y):
    with pytest.raises(ValueError, match="cannot be told apart in a ndarray"):
        source_separation(make_teacher(), sources["audio"], y, subsets=["audio"], cv=2)


def test_a_classifier_without_hidden_states_is_refused(sources, y):
    for model in (LogisticRegression(), make_pipeline("passthrough", LogisticRegression())):
        with pytest.raises(TypeError, match="LogisticRegression has no hidden states"):
            source_separation(model, sources, y)
    with pytest.raises(TypeError, match="pass the estimator itself"):
        source_separation(FrozenEstimator(make_teacher()), sources, y)
