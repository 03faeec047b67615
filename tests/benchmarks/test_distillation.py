"""The proof: arms are what they claim, nothing is run twice, tables and aims add up."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax
from sklearn.model_selection import StratifiedKFold

from sklearn_skd import SKDStudentClassifier, TeacherClassifier
from sklearn_skd.evaluation._arms import raw_and_calibrated
from sklearn_skd.metrics import calibration_summary

MODULES = ("_arms", "_data", "_proof", "_units", "distillation")


@pytest.fixture(scope="module")
def proof(load_benchmark):
    return SimpleNamespace(**{name: load_benchmark(name) for name in MODULES})


@pytest.fixture(scope="module")
def task(proof):
    """45 songs of three classes with votes, and two sources."""
    rng = np.random.default_rng(0)
    code = np.arange(45) % 3
    X = proof._data.SliceDict(
        audio=rng.normal(code[:, None], 1.0, size=(45, 3)).astype(np.float32),
        culture=rng.integers(1, 4, size=(45, 1)),
    )
    votes = pd.DataFrame(rng.multinomial(4, [0.4, 0.3, 0.3], 45), columns=list("abc"))
    votes += 3 * np.eye(3, dtype=int)[code]
    y = np.array(["a", "b", "c"], dtype=object)[code]
    reliability = votes.max(axis=1).to_numpy() / 7
    return proof._data.Task(X, y, ("audio",), votes=votes, reliability=reliability)


@pytest.fixture(scope="module")
def student():
    return SKDStudentClassifier(TeacherClassifier(max_epochs=2), max_epochs=2, teacher_cv=3)


def small(proof, arms, **setting):
    return proof._arms.Table("small", proof._arms.Setting("small", **setting), arms)


def fitted(proof, task, base, name):
    arm = proof._arms.make_arms(base.set_params(random_state=0))[name]
    votes = {"annotation_votes": task.votes, "annotation_reliability": task.reliability}
    return arm.fit(task.X, task.y, **votes)


# arms


def test_published_arms_follow_their_authors(proof):
    arms = proof._arms.make_arms(SKDStudentClassifier())
    for name in ("KD (published)", "DKD (published)", "CKD (published)"):
        assert (arms[name].temperature, arms[name].teacher_cv) == (4.0, None)
        assert arms[name].strategy == name.split()[0].lower()
    assert arms["KD (published)"].kd_weight == 0.9
    assert (arms["DKD (published)"].dkd_alpha, arms["DKD (published)"].dkd_beta) == (1, 8)


def test_the_paper_arm_is_the_literal_preset(proof):
    arm = proof._arms.make_arms(SKDStudentClassifier(random_state=1))["SKD (paper)"]
    assert arm.get_params() == SKDStudentClassifier.paper(random_state=1).get_params()


def test_skd_is_the_default_of_the_package(proof):
    arms = proof._arms.make_arms(SKDStudentClassifier())
    assert arms["SKD"].get_params() == SKDStudentClassifier().get_params()
    changed = {**arms["SKD"].get_params(), "mean_weight": "search"}
    assert arms["SKD (search)"].get_params() == changed


def test_matched_arms_share_temperature_and_teachers_with_skd(proof):
    arms = proof._arms.make_arms(SKDStudentClassifier())
    matched = [arm for name, arm in arms.items() if name.endswith("(matched)")]
    assert len(matched) == 3
    for arm in matched:
        assert arm.temperature == arms["SKD"].temperature
        assert arm.teacher_cv == arms["SKD"].teacher_cv


def test_matched_arms_have_the_mean_weight_of_skd(proof, task, student):
    for name in ("KD (matched)", "CKD (matched)", "SKD"):
        weight = fitted(proof, task, student, name).credibility_["weight"]
        assert weight.mean() == pytest.approx(SKDStudentClassifier().mean_weight, abs=1e-6)
    beta = proof._arms.make_arms(student)["DKD (matched)"].dkd_beta
    assert beta / (1 + beta) == pytest.approx(SKDStudentClassifier().mean_weight)


def test_matched_ckd_weighs_in_proportion_to_the_top_probability(proof, task, student):
    scaled = fitted(proof, task, student, "CKD (matched)").credibility_["weight"]
    plain = SKDStudentClassifier(**{**student.get_params(deep=False), "strategy": "ckd"})
    votes = {"annotation_votes": task.votes, "annotation_reliability": task.reliability}
    top = plain.fit(task.X, task.y, **votes).credibility_["weight"]
    np.testing.assert_allclose(scaled / top, (scaled / top)[0], rtol=1e-6)
    assert np.ptp(scaled) > 0


def test_matched_ckd_trains_with_the_weights_that_it_reports(proof, task, student):
    """In the loss of CKD they would be looked at by nobody."""
    answers = {}
    for mean_weight in (0.1, 0.6):
        arm = proof._arms.make_arms(student)["CKD (matched)"].set_params(mean_weight=mean_weight)
        answers[mean_weight] = arm.fit(task.X, task.y).decision_function(task.X)
    assert np.abs(answers[0.1] - answers[0.6]).max() > 1e-3


def test_the_teacher_arm_answers_as_the_teacher_of_the_students(proof, task, student):
    arm = fitted(proof, task, student, "teacher")
    kept = fitted(proof, task, student, "SKD").teacher_
    np.testing.assert_allclose(arm.predict_proba(task.X), kept.predict_proba(task.X), rtol=1e-6)
    told = raw_and_calibrated(arm, task.X, kept.classes_)
    np.testing.assert_allclose(told["temperature"], kept.predict_proba(task.X), rtol=1e-6)
    scores = kept.decision_function(task.X) * kept.temperature_
    logits = scores if scores.ndim == 2 else np.stack([np.zeros_like(scores), scores], axis=1)
    np.testing.assert_allclose(told["raw"], softmax(logits, axis=1), rtol=1e-5)


# units of work


def test_arms_that_tables_share_are_run_once_and_the_dearest_last(proof, task):
    tables = [*proof._arms.TABLES["published"], *proof._arms.TABLES["matched"]]
    units = proof._units.make_units(task, tables, repeats=1, folds=1)
    of_votes = [arm for unit in units if unit.votes for arm in unit.arms]
    assert sorted(of_votes) == sorted({arm for table in tables for arm in table.arms})
    assert of_votes[-1] == "SKD (search)"
    assert [unit.votes for unit in units] == [True, True, False, False]


def test_songs_without_votes_have_no_arms_with_votes(proof, task):
    units = proof._units.make_units(
        replace(task, votes=None), proof._arms.TABLES["published"], repeats=2, folds=3
    )
    assert len(units) == 6
    assert not any(unit.votes for unit in units)


def test_groups_stay_together_in_the_folds(proof, task):
    grouped = replace(task, groups=np.arange(45) // 5)
    train, test = proof._units.split(grouped, repeat=1, fold=0, folds=3)
    assert not set(grouped.groups[train]) & set(grouped.groups[test])


def test_repeats_split_the_songs_differently(proof, task):
    first, second = (proof._units.split(task, repeat, 0, 3)[1] for repeat in (0, 1))
    assert set(first) != set(second)


def test_fits_are_counted_with_shared_teachers(proof, task):
    only = replace(task, votes=None)
    table = small(proof, ("student-only", "KD (published)", "KD (matched)", "SKD", "SKD (search)"))
    units = proof._units.make_units(only, [table], repeats=1, folds=1)
    teachers, students = proof._units.count_fits(units)
    assert teachers == 1 + 11  # in-sample; ten pairs and the one to keep
    assert students == 4 * 6 + (7 * 5 + 1)


def test_two_sets_of_teachers_serve_all_arms_of_a_fold(proof, task, student, tmp_path):
    arms = ("DKD (published)", "SKD (paper)", "CKD (matched)", "SKD", "teacher")
    unit = proof._units.make_units(task, [small(proof, arms)], repeats=1, folds=2)[0]
    proof._units.work(task, unit, tmp_path, folds=2, student=student)
    kept = list((tmp_path / "teachers").rglob("output.pkl"))
    assert len(kept) == 2  # in-sample and cross-fitted


@pytest.fixture(scope="module")
def finished(proof, task, student, tmp_path_factory):
    """A small table, run."""
    output = tmp_path_factory.mktemp("proof")
    table = small(proof, ("student-only", "KD (published)", "SKD", "teacher"), label_share=0.6)
    sizes = {"repeats": 1, "folds": 2, "n_jobs": 1, "student": student}
    tables = [table], [table]
    text = proof.distillation.run(task, *tables, output, **sizes)
    return SimpleNamespace(output=output, tables=tables, sizes=sizes, text=text, task=task)


def test_a_run_that_is_finished_does_nothing_more(proof, finished, monkeypatch):
    monkeypatch.setattr(proof._units, "_run", lambda *args: pytest.fail("an arm was run again"))
    text = proof.distillation.run(
        finished.task, *finished.tables, finished.output, **finished.sizes
    )
    assert text == finished.text


def test_an_interrupted_run_goes_on_with_what_is_missing(proof, finished, monkeypatch):
    unit = proof._units.make_units(finished.task, finished.tables[0], repeats=1, folds=2)[1]
    path = unit.path(finished.output / "2-fold", "SKD")
    whole = path.read_bytes()
    path.unlink()
    path.with_name(f"{path.name}.1.part").write_bytes(whole[:100])  # was being written
    asked = []
    run = proof._units._run

    def note(task, unit, arms, fold):
        asked.append((unit.votes, unit.fold, *arms))
        return run(task, unit, arms, fold)

    monkeypatch.setattr(proof._units, "_run", note)
    text = proof.distillation.run(
        finished.task, *finished.tables, finished.output, **finished.sizes
    )
    assert asked == [(True, 1, "SKD")]
    assert text == finished.text


def test_the_report_is_written_as_markdown_and_csv(finished):
    assert (finished.output / "tables.md").read_text(encoding="utf-8") == finished.text
    assert "small, with votes" in finished.text
    assert "small, labels and agreement" in finished.text
    assert "annotators (ICR)" in finished.text
    numbers = pd.read_csv(finished.output / "tables.csv")
    assert set(numbers["strategy"]) == set(finished.tables[0][0].arms)
    assert (numbers["folds"] == 2).all()
    scores = pd.read_csv(finished.output / "scores.csv")
    assert set(scores["metric"]) >= {
        "accuracy",
        "macro-F1",
        "AUROC",
        "kappa",
        "NLL",
        "Brier",
        "ECE",
    }


def test_labels_are_hidden_where_few_are_to_be_known(proof, task, student, tmp_path, monkeypatch):
    asked = {}

    def note(estimator, X, y, **params):
        asked.update(params)
        return pd.DataFrame({"fold": [0, -1]}), pd.DataFrame()

    monkeypatch.setattr(proof._units, "evaluate_low_label", note)
    table = small(proof, ("SKD",), label_share=0.3)
    unit = proof._units.make_units(task, [table], repeats=1, folds=2)[1]
    proof._units.work(task, unit, tmp_path, folds=2, student=student)
    assert asked["label_shares"] == [0.3]
    assert asked["random_state"] == 1  # the same labels for every arm of a fold
    assert proof._units.collect(tmp_path)[0]["fold"].tolist() == [1]  # what is pooled is left out


def test_the_privileged_student_only_listens(proof, task, student, tmp_path, monkeypatch):
    table = small(proof, ("SKD",), is_privileged=True)
    unit = proof._units.make_units(task, [table], repeats=1, folds=2)[0]
    seen = {}

    def note(task, unit, arms, fold):
        seen.update(arms)
        return {}

    monkeypatch.setattr(proof._units, "_run", note)
    proof._units.work(task, unit, tmp_path, folds=2, student=student)
    assert seen["SKD"].sources == ("audio",)


# tables


def made_scores(values, metric="NLL"):
    """{(strategy, calibration): one value a fold} as a tidy table."""
    rows = [
        {"strategy": arm[0], "calibration": arm[1], "fold": fold, "value": value}
        for arm, fold_values in values.items()
        for fold, value in enumerate(fold_values)
    ]
    sizes = {"repeat": 0, "n_train": 80, "n_test": 20}
    return pd.DataFrame(rows).assign(metric=metric, **sizes)


def test_differences_are_paired_with_the_calibrated_skd_on_the_folds_that_it_has(proof):
    scores = made_scores(
        {
            ("SKD", "temperature"): [1.0, 1.2],
            ("KD (matched)", "raw"): [1.1, 1.5, 9.0],  # the third fold of SKD is to come
        }
    )
    paired = proof._proof._paired(scores, ("SKD", "temperature"), "NLL")
    assert paired.loc[("KD (matched)", "raw"), "difference"] == pytest.approx(0.2)
    assert paired.loc[("KD (matched)", "raw"), "n"] == 2
    error = np.std([0.1, 0.3], ddof=1) * np.sqrt(1 / 2 + 20 / 80)
    assert paired.loc[("KD (matched)", "raw"), "error"] == pytest.approx(error)


def made_predictions(n_repeats):
    rng = np.random.default_rng(0)
    parts = []
    for repeat in range(n_repeats):
        first = rng.uniform(size=40)
        part = pd.DataFrame({"proba_a": first, "proba_b": 1 - first})
        part["label"] = np.where(rng.uniform(size=40) < first, "a", "b")
        parts.append(part.assign(repeat=repeat, song=np.arange(40), fold=np.arange(40) % 2))
    return pd.concat(parts)


def test_the_ece_is_pooled_over_folds_and_averaged_over_repeats(proof):
    predictions = made_predictions(2)
    pooled = proof._proof.pool(predictions)
    by_hand = [
        calibration_summary(
            part["label"], part[["proba_a", "proba_b"]].to_numpy(), labels=["a", "b"]
        )
        for _, part in predictions.groupby("repeat")
    ]
    assert pooled["ece"] == pytest.approx(np.mean([one.ece for one in by_hand]))
    assert pooled["floor_high"] == pytest.approx(np.mean([one.floor_high for one in by_hand]))
    assert pooled["n"] == 40
    assert pooled["inside"] == np.mean([one.ece <= one.floor_high for one in by_hand])


def test_probabilities_equal_to_the_shares_of_votes_have_ccc_one(proof):
    predictions = made_predictions(1)
    shares = predictions[["proba_a", "proba_b"]].set_axis(["a", "b"], axis=1)
    assert proof._proof.pool(predictions, shares)["CCC"] == pytest.approx(1.0)
    assert "CCC" not in proof._proof.pool(predictions)


# aims


def made_numbers(**rows):
    columns = {"NLL difference": 0.0, "NLL error": 0.0, "ece": 0.05, "inside": 1.0, "folds": 15}
    columns |= {"floor_low": 0.02, "floor_high": 0.1}
    columns |= {"F1 difference": -0.01, "F1 error": 0.02, "F1 ratio": 0.98}
    index = [(name, "temperature") for name in rows]
    frame = pd.DataFrame([columns | row for row in rows.values()])
    return frame.set_axis(pd.MultiIndex.from_tuples(index), axis=0)


@pytest.mark.parametrize(
    ("arm", "difference", "verdict"),
    [
        ("KD (published)", 0.021, "met"),
        ("KD (published)", 0.019, "missed"),
        ("student-only", 0.019, "missed"),
        ("KD (matched)", -0.009, "met"),
        ("KD (matched)", -0.011, "missed"),
    ],
)
def test_aims_are_judged_by_corrected_errors(proof, arm, difference, verdict):
    numbers = made_numbers(**{arm: {"NLL difference": difference, "NLL error": 0.01}})
    aims = proof._proof.check_aims(numbers, proof._arms.FULL)
    assert aims["verdict"].iloc[0] == verdict
    assert f"{difference:+.3f} ± 0.010" in aims["measured"].iloc[0]


def test_the_matched_difference_is_reported_whatever_it_is(proof):
    numbers = made_numbers(**{"CKD (matched)": {"NLL difference": -0.3, "NLL error": 0.01}})
    aims = proof._proof.check_aims(numbers, proof._arms.FULL)
    assert aims[["measured", "verdict"]].to_numpy().tolist() == [["-0.300 ± 0.010", "reported"]]


@pytest.mark.parametrize(
    ("row", "verdicts"),
    [
        ({}, ["met", "met"]),
        ({"ece": 0.11}, ["missed", "met"]),
        ({"F1 difference": -0.016}, ["met", "missed"]),
    ],
)
def test_calibration_and_distance_to_the_teacher_are_aims(proof, row, verdicts):
    aims = proof._proof.check_aims(made_numbers(SKD=row), proof._arms.FULL)
    assert aims["verdict"].tolist() == verdicts


def test_one_fold_leaves_an_aim_open(proof):
    own = made_numbers(SKD={"folds": 1, "ece": 0.11, "F1 difference": -0.2, "F1 error": np.nan})
    assert proof._proof.check_aims(own, proof._arms.FULL)["verdict"].tolist() == ["open", "open"]
    numbers = made_numbers(**{"KD (published)": {"NLL difference": 1.0, "NLL error": np.nan}})
    aims = proof._proof.check_aims(numbers, proof._arms.FULL)
    assert aims["verdict"].tolist() == ["open"]


def test_a_gain_over_the_student_alone_is_no_aim_of_the_privileged_student(proof):
    numbers = made_numbers(**{"student-only": {"NLL difference": 0.0, "NLL error": 0.01}})
    listens = proof._arms.Setting("audio", is_privileged=True)
    assert proof._proof.check_aims(numbers, listens).empty


def test_tables_of_one_setting_share_their_verdicts_and_those_of_another_stay(proof):
    numbers = made_numbers(SKD={})
    aims = [
        proof._proof.check_aims(numbers, proof._arms.FULL).assign(
            where=where, setting=setting, known="with votes"
        )
        for where, setting in (("published", "full"), ("matched", "full"), ("half", "labels-50"))
    ]
    told = proof._proof.each_once(pd.concat(aims))
    assert told["where"].drop_duplicates().tolist() == ["published", "half"]
    assert list(told) == ["aim", "arm", "measured", "verdict", "where"]


# data and command line


def test_songs_without_timbre_lack_a_source_as_a_whole(proof, tmp_path):
    folder = tmp_path / "moodmsd"
    folder.mkdir()
    songs = pd.DataFrame(
        {
            "artist_group": [0, 0, 1],
            **{name: ["x", "x", "y"] for name in ("genre", "decade", "msd_terms", "msd_location")},
            "mood": ["sad", "happy", "sad"],
            "msd_tempo": [100.0, 90.0, 80.0],
            "en_tmean1": [0.1, np.nan, 0.2],
            "en_tsd1": [1.0, np.nan, 2.0],
        }
    )
    songs.to_csv(folder / "songs.csv", index=False)
    np.savez(folder / "lyrics_minilm.npz", embedding=np.zeros((3, 4), np.float16))
    made = proof._data.LOADERS["moodmsd"](tmp_path, None, 1)
    shapes = {name: values.shape for name, values in made.X.items()}
    assert shapes == {"audio": (3, 1), "timbre": (3, 2), "lyrics": (3, 4), "culture": (3, 4)}
    assert np.isnan(made.X["timbre"]).all(axis=1).tolist() == [False, True, False]
    assert made.votes is None
    assert made.shares.to_numpy().tolist() == [[0, 1], [1, 0], [0, 1]]  # happy, sad


def test_the_estimate_says_how_many_fits_and_hours(proof, task):
    text = proof.distillation.estimate(
        task, proof._arms.TABLES["published"], repeats=1, folds=3, n_jobs=2
    )
    assert "6 units of work: 72 teacher fits" in text  # 3 folds, with and without votes, 12 each
    assert "192 student fits" in text  # 6 * (5 * 6 + 2)
    assert "h with n_jobs=2" in text


def test_real_songs_need_a_folder(proof, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["distillation.py", "--data", "emotify"])
    with pytest.raises(SystemExit):
        proof.distillation.main()
    assert "--data emotify needs --data-root" in capsys.readouterr().err


def test_folds_are_stratified_without_groups(proof, task):
    expected = list(StratifiedKFold(3, shuffle=True, random_state=0).split(task.y, task.y))[1][1]
    assert proof._units.split(task, 0, 1, 3)[1].tolist() == expected.tolist()
