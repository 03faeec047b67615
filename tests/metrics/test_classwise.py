"""Class-wise calibration error."""

import numpy as np
import pytest

from sklearn_skd.metrics import classwise_calibration_error, expected_calibration_error

# netcal 1.4.0, ECE(15) of one class against the rest, on `random_predictions(seed, n, k)`:
#
#     from netcal.metrics import ECE
#     y, proba = random_predictions(seed, n, k)
#     [ECE(15).measure(proba[:, c], (y == c).astype(int)) for c in range(k)]
NETCAL = {
    (0, 500, 4): [0.15328284874316092, 0.16971180536436317, 0.14219979686879042,
                  0.17407061508468533],
    (1, 60, 9): [0.0946099791176048, 0.11809942733613805, 0.09830681459529826,
                 0.19010435893862898, 0.18344674670045655, 0.1241260556030732,
                 0.10147466374087949, 0.10310285744435105, 0.08705847589511363],
    (2, 3000, 3): [0.19353155673631117, 0.19310600446487378, 0.182192081493187],
}  # fmt: skip


def random_predictions(seed, n_samples, n_classes):
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet(np.ones(n_classes), size=n_samples)
    return rng.integers(n_classes, size=n_samples), proba


@pytest.mark.parametrize("case", NETCAL)
def test_each_class_equals_netcals_error_of_one_against_the_rest(case):
    y, proba = random_predictions(*case)
    errors = classwise_calibration_error(y, proba, labels=range(case[2]), average=None)
    np.testing.assert_allclose(errors, NETCAL[case], rtol=1e-12)
    mean = classwise_calibration_error(y, proba, labels=range(case[2]))
    assert mean == pytest.approx(np.mean(NETCAL[case]), rel=1e-12)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@pytest.mark.parametrize("n_bins", [1, 10, 15])
def test_each_class_equals_torchmetrics_binary_error(norm, n_bins):
    torch = pytest.importorskip("torch")
    classification = pytest.importorskip("torchmetrics.functional.classification")
    y, proba = random_predictions(3, 200, 4)
    theirs = [
        float(
            classification.binary_calibration_error(
                torch.tensor(proba[:, k]), torch.tensor(y == k), n_bins=n_bins, norm=norm
            )
        )
        for k in range(4)
    ]
    ours = classwise_calibration_error(y, proba, n_bins=n_bins, norm=norm, average=None)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)  # it sums in float32


def test_the_error_sees_what_the_top_label_hides():
    # sad is always the top label and right as often as promised; calm and tense are swapped
    proba = np.tile([0.6, 0.3, 0.1], (10, 1))
    y = np.array([0] * 6 + [1] * 1 + [2] * 3)
    assert expected_calibration_error(y, proba) == pytest.approx(0)
    errors = classwise_calibration_error(y, proba, average=None)
    np.testing.assert_allclose(errors, [0, 0.2, 0.2], atol=1e-12)


def test_a_class_missing_from_the_songs_counts_what_it_was_promised():
    proba = np.tile([0.5, 0.3, 0.2], (4, 1))
    errors = classwise_calibration_error([0, 0, 1, 1], proba, labels=range(3), average=None)
    np.testing.assert_allclose(errors, [0, 0.2, 0.2], atol=1e-12)
    with pytest.raises(ValueError, match="pass labels="):
        classwise_calibration_error([0, 0, 1, 1], proba)


def test_probabilities_of_exactly_zero_and_one_have_their_bins():
    assert classwise_calibration_error([0, 1, 2], np.eye(3)) == 0
    wrong = np.roll(np.eye(3), 1, axis=1)
    # of three songs at 0, one is of the class after all; the one at 1 is not
    np.testing.assert_allclose(
        classwise_calibration_error([0, 1, 2], wrong, average=None), [2 / 3] * 3
    )


def test_fewer_songs_than_bins_and_a_single_song():
    error = classwise_calibration_error(["sad"], [[0.3, 0.7]], labels=["calm", "sad"])
    assert error == pytest.approx(0.3)
    quantile = classwise_calibration_error([0, 1], [[0.8, 0.2], [0.1, 0.9]], strategy="quantile")
    assert quantile == pytest.approx((0.2 + 0.1) / 2)


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_a_weight_of_two_is_the_same_as_two_songs_and_none_is_no_song(strategy):
    y, proba = random_predictions(4, 80, 3)
    weight = np.random.default_rng(0).integers(0, 4, size=80)
    options = {"strategy": strategy, "labels": range(3), "average": None}
    weighted = classwise_calibration_error(y, proba, sample_weight=weight, **options)
    repeated = classwise_calibration_error(
        y.repeat(weight), proba.repeat(weight, axis=0), **options
    )
    np.testing.assert_allclose(weighted, repeated, rtol=1e-12)


def test_a_binary_vector_equals_its_two_columns():
    y, proba = random_predictions(5, 150, 2)
    vector = classwise_calibration_error(y, proba[:, 1], average=None)
    np.testing.assert_allclose(
        vector, classwise_calibration_error(y, proba, average=None), rtol=1e-12
    )
    assert vector[0] == pytest.approx(vector[1])  # each is what the other is not


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("average", "weighted"), ("n_bins", 0), ("strategy", "mass"), ("norm", "l3")],
)
def test_unknown_options_are_refused_by_name(parameter, value):
    with pytest.raises(ValueError, match=parameter):
        classwise_calibration_error([0, 1], [[0.5, 0.5], [0.2, 0.8]], **{parameter: value})
