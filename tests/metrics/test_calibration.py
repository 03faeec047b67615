"""Expected calibration error and its null floor."""

import numpy as np
import pandas as pd
import pytest

from sklearn_skd.metrics import calibration_null_floor, expected_calibration_error

# netcal 1.4.0, ECE(15) and MCE(15) on the predictions of `random_predictions(seed, n, k)`:
#
#     from netcal.metrics import ECE, MCE
#     y, proba = random_predictions(seed, n, k)
#     ECE(15).measure(proba, y), MCE(15).measure(proba, y)
#
# (of two classes netcal bins the probability of the second one, not that of the top label)
NETCAL = {
    (0, 500, 4): (0.27384481345439005, 0.6914132887117099),
    (1, 60, 9): (0.20589979581456686, 0.5409391902457121),
    (2, 3000, 3): (0.26454586898502264, 0.5976864443373964),
}


def random_predictions(seed, n_samples, n_classes):
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet(np.ones(n_classes), size=n_samples)
    return rng.integers(n_classes, size=n_samples), proba


def calibrated_predictions(seed, n_samples, n_classes=4):
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet(np.ones(n_classes), size=n_samples)
    drawn = rng.random((n_samples, 1)) > np.cumsum(proba, axis=1)
    return drawn.sum(axis=1).clip(max=n_classes - 1), proba


def two_columns(confidence):
    confidence = np.asarray(confidence)
    return np.column_stack([confidence, 1 - confidence])


@pytest.mark.parametrize("case", NETCAL)
def test_the_error_equals_netcals(case):
    y, proba = random_predictions(*case)
    labels = range(case[2])
    l1 = expected_calibration_error(y, proba, labels=labels)
    largest = expected_calibration_error(y, proba, labels=labels, norm="max")
    np.testing.assert_allclose([l1, largest], NETCAL[case], rtol=1e-12)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@pytest.mark.parametrize("n_bins", [1, 10, 15])
@pytest.mark.parametrize(("seed", "n_samples", "n_classes"), [(0, 500, 4), (1, 40, 9), (2, 90, 2)])
def test_the_error_equals_torchmetrics(norm, n_bins, seed, n_samples, n_classes):
    torch = pytest.importorskip("torch")
    classification = pytest.importorskip("torchmetrics.functional.classification")
    y, proba = random_predictions(seed, n_samples, n_classes)
    theirs = classification.multiclass_calibration_error(
        torch.tensor(proba), torch.tensor(y), num_classes=n_classes, n_bins=n_bins, norm=norm
    )
    ours = expected_calibration_error(y, proba, n_bins=n_bins, norm=norm, labels=range(n_classes))
    assert ours == pytest.approx(float(theirs), abs=1e-6)  # it sums in float32


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_one_bin_is_the_gap_between_accuracy_and_mean_confidence(norm):
    # all in (.5, 1]: accuracy 2 / 4, mean confidence (.6 + .7 + .8 + .9) / 4 = .75
    proba = two_columns([0.6, 0.7, 0.8, 0.9])
    error = expected_calibration_error([0, 1, 0, 1], proba, n_bins=2, norm=norm)
    assert error == pytest.approx(0.25)


def test_norms_on_two_bins_worked_by_hand():
    # three songs at .6, two right: gap .0667; one song at .9, wrong: gap .9
    proba = two_columns([0.6, 0.6, 0.6, 0.9])
    y = [0, 0, 1, 1]
    gaps = np.array([2 / 3 - 0.6, 0.9])
    shares = np.array([0.75, 0.25])
    for norm, expected in {
        "l1": shares @ gaps,
        "l2": np.sqrt(shares @ gaps**2),
        "max": 0.9,
    }.items():
        error = expected_calibration_error(y, proba, n_bins=4, norm=norm)
        assert error == pytest.approx(expected), norm


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_confidence_on_an_edge_belongs_to_the_bin_below(dtype):
    # edges 0, .2, .4, .6, .8, 1: .6 shares the bin (.4, .6] with .5, and not with .7
    proba = two_columns([0.5, 0.6, 0.7]).astype(dtype)
    y = [1, 0, 0]
    apart = (abs(1 - (0.5 + 0.6)) + abs(1 - 0.7)) / 3
    assert expected_calibration_error(y, proba, n_bins=5) == pytest.approx(apart, abs=1e-6)


def test_confidence_of_exactly_one_has_a_place_in_the_last_bin():
    proba = two_columns([1.0, 1.0, 0.99, 0.0])
    assert expected_calibration_error([0, 0, 0, 1], proba) == pytest.approx(0.01 / 4)
    assert expected_calibration_error([1, 1, 1, 0], proba) == pytest.approx((3 + 0.99) / 4)


def test_a_confidence_of_zero_has_a_place_in_the_first_bin():
    from sklearn_skd.metrics._binning import make_bins

    bins = make_bins(np.array([0.0, 0.05, 1.0]), np.ones(3), n_bins=15, strategy="uniform")
    assert bins.index.tolist() == [0, 0, 14]


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_a_constant_predictor_is_off_by_its_confidence_minus_its_accuracy(strategy, norm):
    y = [0] * 7 + [1, 2, 3]
    proba = np.tile([0.85, 0.05, 0.05, 0.05], (10, 1))
    error = expected_calibration_error(y, proba, strategy=strategy, norm=norm)
    assert error == pytest.approx(0.15)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_fewer_songs_than_bins_leave_bins_empty(strategy):
    proba = two_columns([0.7, 0.9])
    error = expected_calibration_error([0, 1], proba, strategy=strategy)
    assert error == pytest.approx((0.3 + 0.9) / 2)
    single = expected_calibration_error([0], [[0.7, 0.3]], labels=[0, 1], strategy=strategy)
    assert single == pytest.approx(0.3)


def test_equal_mass_bins_hold_equally_many_songs():
    from sklearn_skd.metrics._binning import make_bins

    confidence = np.random.default_rng(0).random(60) ** 3
    bins = make_bins(confidence, np.ones(60), n_bins=15, strategy="quantile")
    assert bins.member.sum(axis=0).tolist() == [4] * 15
    assert (bins.edges[bins.index] <= confidence).all()
    assert (confidence <= bins.edges[bins.index + 1]).all()


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_a_weight_of_two_is_the_same_as_two_songs(strategy, norm):
    y, proba = random_predictions(3, 80, 3)
    weight = np.random.default_rng(0).integers(0, 4, size=80)
    options = {"strategy": strategy, "norm": norm, "labels": range(3)}
    weighted = expected_calibration_error(y, proba, sample_weight=weight, **options)
    repeated = expected_calibration_error(y.repeat(weight), proba.repeat(weight, axis=0), **options)
    assert weighted == pytest.approx(repeated, rel=1e-12)


def test_a_binary_vector_equals_its_two_columns():
    y, proba = random_predictions(4, 200, 2)
    both = expected_calibration_error(y, proba)
    assert expected_calibration_error(y, proba[:, 1]) == pytest.approx(both, rel=1e-12)
    named = np.array(["sad", "happy"])[y]
    vector = expected_calibration_error(named, proba[:, 1], labels=["sad", "happy"])
    assert vector == pytest.approx(both, rel=1e-12)


def as_column(labels):
    return np.asarray(labels)[:, None]


@pytest.mark.parametrize("container", [list, np.asarray, pd.Series, pd.Categorical, as_column])
def test_labels_may_come_in_any_container_and_name_the_columns(container):
    proba = [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]
    names = container(["tense", "calm", "calm"])
    in_order = expected_calibration_error(names, proba, labels=["tense", "calm"])
    assert in_order == pytest.approx((0.1 + 0.2 + 0.7) / 3)
    # sorted: the first column would be calm
    assert expected_calibration_error(names, proba) == pytest.approx((0.9 + 0.8 + 0.3) / 3)


def test_labels_let_songs_lack_a_class():
    proba = [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]]
    assert expected_calibration_error(["a", "b"], proba, labels=list("abc")) == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"2 different labels but y_proba 3 columns: pass labels="):
        expected_calibration_error(["a", "b"], proba)


@pytest.mark.parametrize(
    ("y", "proba", "message"),
    [
        ([0, 1], [[0.5, 0.5], [0.9, 0.3]], r"y_proba\[1\] sums to 1.2, not 1"),
        ([0, 1], [[0.5, 0.5], [-0.2, 1.2]], r"y_proba\[1\] .* not in \[0, 1\]: pass probab"),
        ([0, 1], [[np.nan, 0.5], [0.2, 0.8]], r"y_proba\[0\] .* missing values"),
        ([0, 1], [[0.4], [0.6]], r"y_proba\[0\] sums to 0.4.*both columns"),
        ([0, 1, 0], [[0.5, 0.5], [0.2, 0.8]], "y_true has 3 songs, y_proba 2"),
        ([], np.empty((0, 2)), "at least one song"),
        ([[0, 1]], [[0.5, 0.5]], "one label a song"),
        ([0, 1], np.full((2, 2, 2), 0.5), "must have shape"),
        (["a", None], [[0.5, 0.5], [0.2, 0.8]], r"y_true\[1\] is missing.*unlabelled songs"),
        ([0, np.nan], [[0.5, 0.5], [0.2, 0.8]], r"y_true\[1\] is missing.*out of the test folds"),
    ],
)
def test_wrong_input_is_refused_with_the_row_and_the_remedy(y, proba, message):
    with pytest.raises(ValueError, match=message):
        expected_calibration_error(y, proba)


def test_labels_of_mixed_kinds_have_no_order_unless_given():
    y, proba = np.array(["a", 1], dtype=object), [[1.0, 0.0], [0.0, 1.0]]
    with pytest.raises(TypeError, match="mixes strings and numbers: pass labels="):
        expected_calibration_error(y, proba)
    assert expected_calibration_error(y, proba, labels=np.array(["a", 1], dtype=object)) == 0


def test_text_instead_of_probabilities_is_a_type_error():
    with pytest.raises(TypeError, match="must be numeric"):
        expected_calibration_error([0, 1], [["a", "b"], ["c", "d"]])


@pytest.mark.parametrize(
    ("y", "labels", "message"),
    [
        (["a", "x"], ["a", "b"], r"y_true\[1\] = 'x' is not among the labels \['a', 'b'\]$"),
        ([0, -1], [0, 1], r"y_true\[1\] = -1 .* marks an unlabelled song"),
        ([0, 1], [0, 1, 2], "labels has 3 classes but y_proba 2 columns"),
        ([0, 1], [1, 1], "must differ"),
    ],
)
def test_labels_that_do_not_fit_are_refused(y, labels, message):
    with pytest.raises(ValueError, match=message):
        expected_calibration_error(y, [[0.5, 0.5], [0.2, 0.8]], labels=labels)


def test_minus_one_is_a_label_like_any_other_where_it_is_a_class():
    assert expected_calibration_error([-1, 1], [[1.0, 0.0], [0.0, 1.0]]) == 0


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("n_bins", 0), ("n_bins", 2.5), ("n_bins", True), ("strategy", "mass"), ("norm", "l3")],
)
def test_unknown_options_are_refused(parameter, value):
    with pytest.raises(ValueError, match=f"{parameter} must be"):
        expected_calibration_error([0, 1], [[0.5, 0.5], [0.2, 0.8]], **{parameter: value})


@pytest.mark.parametrize("weight", [[1, -1], [0, 0], [1, 1, 1]])
def test_unusable_weights_are_refused(weight):
    with pytest.raises(ValueError, match=r"(?i)weight"):
        expected_calibration_error([0, 1], [[0.5, 0.5], [0.2, 0.8]], sample_weight=weight)


def test_rounded_and_single_precision_probabilities_pass():
    _, proba = random_predictions(0, 50, 4)
    y = proba.argmax(axis=1)
    exact = expected_calibration_error(y, proba, labels=range(4))
    for coarse in (proba.round(3), proba.astype(np.float32), proba.astype(np.float16)):
        error = expected_calibration_error(y, coarse, labels=range(4))
        assert error == pytest.approx(exact, abs=2e-3)


# ---- null floor


def test_the_floor_is_the_mean_error_of_labels_drawn_from_the_probabilities():
    _, proba = random_predictions(0, 150, 4)
    rng = np.random.default_rng(1)
    errors = []
    for _ in range(400):
        drawn = (rng.random((150, 1)) > np.cumsum(proba, axis=1)).sum(axis=1).clip(max=3)
        errors.append(expected_calibration_error(drawn, proba, labels=range(4)))
    floor = calibration_null_floor(proba)
    assert floor.mean == pytest.approx(np.mean(errors), abs=0.004)
    np.testing.assert_allclose(floor[1:], np.quantile(errors, [0.025, 0.975]), atol=0.01)


def test_the_floor_falls_with_the_root_of_the_number_of_songs():
    floors = [calibration_null_floor(random_predictions(0, n, 4)[1]).mean for n in (200, 3200)]
    assert floors[0] / floors[1] == pytest.approx(4, rel=0.15)


def test_the_band_covers_calibrated_models_95_times_in_100():
    inside = 0
    for seed in range(200):
        y, proba = calibrated_predictions(seed, 120)
        floor = calibration_null_floor(proba, n_draws=300)
        inside += floor.low <= expected_calibration_error(y, proba, labels=range(4)) <= floor.high
    assert 182 <= inside <= 198


def test_a_model_that_is_sure_and_calibrated_has_no_floor():
    assert calibration_null_floor(np.eye(4)) == (0, 0, 0)


def test_the_floor_is_a_tuple_with_names_and_the_same_at_every_call():
    _, proba = random_predictions(0, 100, 4)
    floor = calibration_null_floor(proba)
    mean, low, high = floor
    assert (mean, low, high) == (floor.mean, floor.low, floor.high) == calibration_null_floor(proba)
    assert floor != calibration_null_floor(proba, random_state=1)
    state = np.random.RandomState(3)
    assert calibration_null_floor(proba, random_state=state) != calibration_null_floor(
        proba, random_state=state
    )


def test_the_floor_leaves_the_global_generator_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    calibration_null_floor(random_predictions(0, 20, 3)[1])
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_draws_in_blocks_follow_the_same_distribution(monkeypatch):
    from sklearn_skd.metrics import _binning

    _, proba = random_predictions(0, 100, 4)
    at_once = calibration_null_floor(proba, n_draws=500)
    monkeypatch.setattr(_binning, "BLOCK_SIZE", 700)
    # the generator fills row after row, so that the block size does not even change the numbers
    assert calibration_null_floor(proba, n_draws=500) == pytest.approx(at_once, rel=1e-12)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_the_floor_takes_the_options_of_the_error(norm, strategy):
    y, proba = calibrated_predictions(7, 300, 2)
    floor = calibration_null_floor(proba[:, 1], norm=norm, strategy=strategy, n_bins=8)
    assert floor == pytest.approx(
        calibration_null_floor(proba, norm=norm, strategy=strategy, n_bins=8), rel=1e-9
    )
    error = expected_calibration_error(y, proba, norm=norm, strategy=strategy, n_bins=8)
    assert 0.5 * floor.low < error < 2 * floor.high


def test_songs_without_weight_do_not_count_for_the_floor():
    _, proba = random_predictions(0, 100, 4)
    weight = np.r_[np.ones(50), np.zeros(50)]
    half = calibration_null_floor(proba[:50])
    assert calibration_null_floor(proba, sample_weight=weight).mean == pytest.approx(
        half.mean, rel=0.1
    )


@pytest.mark.parametrize("n_draws", [0, 1.5])
def test_the_number_of_draws_must_be_a_positive_integer(n_draws):
    with pytest.raises(ValueError, match="n_draws must be an integer"):
        calibration_null_floor([[0.5, 0.5]], n_draws=n_draws)


def test_columns_named_by_the_labels_are_aligned_by_name():
    rng = np.random.default_rng(0)
    proba = pd.DataFrame(rng.dirichlet(np.ones(3), size=60), columns=["calm", "joy", "sad"])
    y = [rng.choice(list(proba), p=row) for row in proba.to_numpy()]
    turned = proba[["sad", "calm", "joy"]]
    assert expected_calibration_error(y, turned) == expected_calibration_error(y, proba)
    said = expected_calibration_error(y, turned, labels=["sad", "calm", "joy"])
    assert said == pytest.approx(expected_calibration_error(y, proba))
    other = turned.set_axis(["p1", "p2", "p3"], axis=1)  # names that say nothing
    assert expected_calibration_error(y, other) != expected_calibration_error(y, proba)
