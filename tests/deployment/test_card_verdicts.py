"""Groups for which a model does worse are named; those of a sound model are not."""

import numpy as np
import pandas as pd
import pytest

from sklearn_skd.deployment._card_alarms import LEVEL, holm
from sklearn_skd.deployment._card_groups import NOT_STATED, culture_fields
from sklearn_skd.deployment._card_scores import Predictions
from sklearn_skd.deployment._card_verdicts import _test, judge
from sklearn_skd.deployment._card_words import average_text, limits, warnings_of

DRAWS = {"n_resamples": 50, "random_state": 0}


@pytest.fixture
def decide(classes):
    def decide(proba, y, culture=None):
        fields = culture_fields(culture, len(y))
        verdicts = judge(Predictions.checked(y, proba, classes), fields, **DRAWS)
        return verdicts, fields

    return decide


def test_calibrated_on_average_and_wrong_for_one_culture_shows(decide, draw_biased):
    verdicts, _ = decide(*draw_biased())
    ece = verdicts.metrics.loc["ECE"]
    assert ece["value"] < ece["null_high"]
    assert verdicts.metrics["p"].min() > LEVEL  # on average nothing is wrong
    turkish = verdicts.groups.loc["language", "Turkish"]
    assert turkish["finding"] == "over-confident, less accurate"
    assert turkish["ECE"] > turkish["null_high"]
    assert turkish["over-confidence_low"] > 0
    warnings = warnings_of(verdicts)
    assert any("less accurate for language = Turkish (120 songs)" in text for text in warnings)
    assert "The average hides what follows." in average_text(verdicts, len(warnings))


def test_most_weak_models_are_caught(decide, draw_biased):
    found = [
        decide(*draw_biased(300, seed))[0].groups.loc[("language", "Turkish"), "finding"]
        for seed in range(10)
    ]
    assert sum("over-confident" in text for text in found) >= 8


def test_a_calibrated_model_raises_an_alarm_on_few_pages_only(draw_calibrated, classes):
    alarms = uncorrected = 0
    for seed in range(150):
        proba, y, culture = draw_calibrated(120, seed)
        songs = Predictions.checked(y, proba, classes)
        p = _test(songs, culture_fields(culture, len(y)), random_state=seed)["p"]
        alarms += holm(p).min() <= LEVEL
        uncorrected += p.min() <= LEVEL
    assert alarms <= 15  # 7.5 expected of an exact level, fewer of tests that are not independent
    assert uncorrected >= 40  # what the correction is for


def test_no_alarm_means_no_warning(decide, draw_calibrated):
    verdicts, _ = decide(*draw_calibrated(seed=1))
    assert warnings_of(verdicts) == []
    assert set(verdicts.groups["finding"]) == {"no evidence of a problem"}
    assert "no evidence of miscalibration" in average_text(verdicts, 0)


def test_a_group_that_is_honest_about_knowing_less_is_less_accurate_and_no_more(
    decide, draw_calibrated
):
    proba, y, culture = draw_calibrated(1000)
    turkish = (culture["language"] == "Turkish").to_numpy()
    sure = np.where(turkish, proba.max(axis=1) < 0.5, proba.max(axis=1) > 0.6)
    verdicts, _ = decide(proba[sure], y[sure], culture[sure])
    row = verdicts.groups.loc["language", "Turkish"]
    assert row["finding"] == "less accurate"
    assert row["others"] == verdicts.groups.loc[("language", "English"), "accuracy"]
    (warning,) = warnings_of(verdicts)
    assert warning.startswith("Less accurate for language = Turkish")
    assert "of the other songs" in warning


def test_several_findings_of_a_group_are_one_warning(decide, draw_calibrated):
    proba, y, culture = draw_calibrated(300)
    turkish = (culture["language"] == "Turkish").to_numpy()
    y = np.where(turkish, np.roll(y, 7), y)
    verdicts, _ = decide(proba, y, culture)
    assert verdicts.groups.loc[("language", "Turkish"), "finding"] == (
        "over-confident, less accurate"
    )
    texts = [text for text in warnings_of(verdicts) if "Turkish" in text]
    assert len(texts) == 1
    assert texts[0].startswith("Over-confident and less accurate for language = Turkish")


def test_an_error_without_a_sign_is_called_miscalibrated(decide, classes):
    confidence = np.repeat([0.55, 0.95], 200)
    right = np.concatenate([np.arange(200) < 160, np.arange(200) < 140])
    proba = np.column_stack([confidence, *3 * [(1 - confidence) / 3]])
    y = np.where(right, "calm", classes[1 + np.arange(400) % 3])
    verdicts, _ = decide(proba, y)
    assert warnings_of(verdicts)[0].startswith("Miscalibrated for all songs together: an ECE of")
    assert "the probabilities are off" in average_text(verdicts, 1)


def test_an_emotion_that_is_promised_too_often_is_named(decide, draw_calibrated):
    proba, y, _ = draw_calibrated(400)
    proba = proba * [1, 1, 1, 3]
    verdicts, _ = decide(proba / proba.sum(axis=1, keepdims=True), y)
    assert verdicts.classes.loc["tension", "finding"] == "promised too often"
    texts = warnings_of(verdicts)
    assert any(t.startswith("Emotion tension") and "promised too often" in t for t in texts)


def test_small_groups_are_said_to_be_too_small_and_tiny_ones_are_not_tested(
    decide, draw_calibrated
):
    proba, y, _ = draw_calibrated(100)
    region = np.repeat(["large", "small", "tiny"], [75, 20, 5])
    verdicts, fields = decide(proba, y, {"region": region})
    groups = verdicts.groups.loc["region"]
    assert groups["finding"].tolist()[1:] == ["too few songs to judge"] * 2
    tests = groups[["p_confidence", "p_calibration", "p_accuracy"]]
    assert tests.loc["tiny"].isna().all()
    assert tests.loc[["large", "small"]].notna().all().all()
    assert verdicts.n_tests == 2 + 4 + 2 * 3
    (text,) = [text for text in limits(verdicts, fields, 100) if "Too few" in text]
    assert "region = small (20); region = tiny (5)" in text


def test_a_gross_error_of_a_small_group_is_found_all_the_same(decide, draw_calibrated):
    proba, y, _ = draw_calibrated(200)
    region = np.repeat(["large", "small"], [188, 12])
    proba[188:], y[188:] = [0.94, 0.02, 0.02, 0.02], "sadness"
    verdicts, _ = decide(proba, y, {"region": region})
    assert "over-confident" in verdicts.groups.loc[("region", "small"), "finding"]


def test_a_group_of_all_songs_is_not_tested_twice(decide, draw_calibrated):
    proba, y, _ = draw_calibrated(100)
    verdicts, fields = decide(proba, y, {"language": ["English"] * 100})
    assert verdicts.n_tests == 2 + 4
    assert verdicts.groups["finding"].tolist() == ["holds every song"]
    texts = limits(verdicts, fields, 100)
    assert "Every song has language = English: nothing is known about others." in texts


def test_songs_without_a_label_of_culture_are_a_group(decide, draw_calibrated):
    verdicts, _ = decide(*draw_calibrated())
    assert verdicts.groups.loc["genre"].index.tolist() == ["folk", "pop", "rock", NOT_STATED]
    assert verdicts.groups.loc["genre", "songs"].sum() == 240


def test_without_culture_the_card_says_that_nothing_is_known(decide, draw_calibrated):
    proba, y, _ = draw_calibrated(60)
    verdicts, fields = decide(proba, y)
    assert verdicts.groups.empty
    assert any("No culture labels were given" in text for text in limits(verdicts, fields, 60))


def test_labels_that_are_equal_in_two_fields_are_kept_apart(decide, draw_calibrated):
    proba, y, culture = draw_calibrated()
    other = culture["language"].to_numpy()[::-1]
    table = pd.DataFrame({"language": culture["language"], "region": other})
    verdicts, _ = decide(proba, y, table)
    assert verdicts.groups.loc[("language", "Turkish"), "songs"] == (other == "Turkish").sum()
    assert verdicts.groups.index.is_unique
