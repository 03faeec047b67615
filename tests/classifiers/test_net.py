"""Training and running nets: reproducible, stoppable, and the same in any batch."""

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_skd import TeacherClassifier
from sklearn_skd.classifiers._net import (
    Curve,
    TrainingPlan,
    _seeded,
    exact_inference,
    run_net,
    train_net,
)
from sklearn_skd.distillation import cross_entropy
from sklearn_skd.networks import Ensemble, Source, TeacherNet
from sklearn_skd.networks.temporal import TemporalEncoder

ONES = np.ones(30, dtype=np.float32)


class Linear(torch.nn.Module):
    """The least net that the training takes."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)

    def forward(self, features):
        return {"logits": self.layer(features.to(self.layer.weight.dtype))}

    def shifted(self, features):
        return self.layer(features) + 1


class Dropping(Linear):
    """Differs between training and evaluation."""

    def forward(self, features):
        return super().forward(torch.nn.functional.dropout(features, 0.5, self.training))


def plan(**params):
    defaults = {"max_epochs": 3, "batch_size": 8, "learning_rate": 0.05, "weight_decay": 0.0}
    return TrainingPlan(**{**defaults, **params})


def loss_of(outputs, targets):
    return cross_entropy(outputs["logits"], targets["target"]).mean()


@pytest.fixture
def sources():
    return {"features": np.random.RandomState(0).normal(size=(30, 3)).astype(np.float32)}


@pytest.fixture
def targets(sources):
    codes = (sources["features"][:, 0] > 0).astype(int)
    return {"target": np.eye(2, dtype=np.float32)[codes]}


def weights(net):
    return net.layer.weight.detach().numpy()


# Training


def test_training_is_reproducible_for_a_seed(sources, targets):
    first, again, other = (
        train_net(Linear, loss_of, sources, targets, plan(seed=seed))[0] for seed in (1, 1, 2)
    )
    assert_array_equal(weights(first), weights(again))
    assert not np.allclose(weights(first), weights(other))


def test_training_leaves_torchs_generator_alone(sources, targets):
    before = torch.get_rng_state()
    train_net(Linear, loss_of, sources, targets, plan())
    assert torch.equal(torch.get_rng_state(), before)


def test_torchs_generator_is_restored_after_an_error():
    before = torch.get_rng_state()

    def draw_and_fail():
        with _seeded(plan()):
            torch.rand(3)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        draw_and_fail()
    assert torch.equal(torch.get_rng_state(), before)


def test_training_lowers_the_loss_and_returns_an_evaluating_net(sources, targets):
    net, curve = train_net(Linear, loss_of, sources, targets, plan(max_epochs=15))
    assert len(curve.train_loss) == 15
    assert curve.train_loss[-1] < 0.7 * curve.train_loss[0]
    assert not net.training
    assert not curve.ended


def test_curve_without_validation_has_no_best_epoch_but_the_last(sources, targets):
    _, curve = train_net(Linear, loss_of, sources, targets, plan())
    assert curve.valid_loss == curve.valid_logits == []
    assert curve.best_epoch == 3


def test_validation_follows_the_net_of_each_epoch(sources, targets):
    valid = sources, targets["target"], ONES
    net, curve = train_net(Dropping, loss_of, sources, targets, plan(patience=9), valid=valid)
    assert curve.valid_epochs == [1, 2, 3]
    assert [logits.shape for logits in curve.valid_logits] == 3 * [(30, 2)]
    assert_array_equal(curve.valid_logits[-1], run_net(net, sources)["logits"])
    logits = torch.from_numpy(curve.valid_logits[-1])
    loss = cross_entropy(logits, torch.from_numpy(valid[1])).mean()
    assert curve.valid_loss[-1] == pytest.approx(float(loss), rel=1e-5)


def test_the_validation_loss_counts_songs_by_their_weight(sources, targets):
    weight = np.where(np.arange(30) < 10, 1.0, 0.0)
    valid = sources, targets["target"], weight
    net, curve = train_net(Dropping, loss_of, sources, targets, plan(), valid=valid)
    first = torch.from_numpy(run_net(net, sources)["logits"][:10])
    loss = cross_entropy(first, torch.from_numpy(targets["target"][:10])).mean()
    assert curve.valid_loss[-1] == pytest.approx(float(loss), rel=1e-5)


def test_validation_does_not_change_what_is_learnt(sources, targets):
    alone, _ = train_net(Linear, loss_of, sources, targets, plan())
    followed, _ = train_net(
        Linear, loss_of, sources, targets, plan(), valid=(sources, targets["target"], ONES)
    )
    assert_array_equal(weights(alone), weights(followed))


def test_best_epoch_has_the_lowest_validation_loss():
    curve = Curve(train_loss=[3, 2, 1], valid_epochs=[1, 2, 3], valid_loss=[0.9, 0.5, 0.7])
    assert curve.best_epoch == 2


def test_patience_ends_a_run_that_gets_worse(sources, targets):
    contrary = sources, 1 - targets["target"], ONES
    _, curve = train_net(
        Linear, loss_of, sources, targets, plan(max_epochs=60, patience=4), valid=contrary
    )
    assert curve.ended
    assert len(curve.valid_loss) == curve.best_epoch + 4 < 60


def test_without_patience_a_run_that_gets_worse_goes_on(sources, targets):
    contrary = sources, 1 - targets["target"], ONES
    _, curve = train_net(Linear, loss_of, sources, targets, plan(max_epochs=12), valid=contrary)
    assert len(curve.train_loss) == 12
    assert not curve.ended


def test_where_no_epoch_is_chosen_few_are_looked_at_and_the_last_always(sources, targets):
    valid = sources, targets["target"], ONES
    net, curve = train_net(Linear, loss_of, sources, targets, plan(max_epochs=12), valid=valid)
    assert curve.valid_epochs == [5, 10, 12]
    assert_array_equal(curve.valid_logits[-1], run_net(net, sources)["logits"])
    _, short = train_net(Linear, loss_of, sources, targets, plan(max_epochs=5), valid=valid)
    assert short.valid_epochs == [5]


@pytest.mark.parametrize("step", [1, 4, 12])
def test_the_users_interruption_is_passed_on(sources, targets, step):
    steps = []

    def loss(outputs, targets):
        steps.append(1)
        if len(steps) == step:
            raise KeyboardInterrupt
        return loss_of(outputs, targets)

    with pytest.raises(KeyboardInterrupt):
        train_net(Linear, loss, sources, targets, plan())


class Context:
    """A callback context that asks to stop after some epochs."""

    def __init__(self, stop_after):
        self.stop_after, self.begun, self.ended = stop_after, 0, 0

    def subcontext(self, task_name):
        assert task_name == "epoch"
        return self

    def call_on_fit_task_begin(self, estimator):
        self.begun += 1

    def call_on_fit_task_end(self, estimator):
        self.ended += 1
        return self.ended == self.stop_after


@pytest.mark.parametrize("validated", [False, True])
def test_a_callback_sees_every_epoch_and_may_end_the_run(sources, targets, validated):
    context = Context(stop_after=2)
    valid = (sources, targets["target"], ONES) if validated else None
    many = plan(max_epochs=9)
    _, curve = train_net(
        Linear, loss_of, sources, targets, many, valid=valid, progress=("me", context)
    )
    assert (context.begun, context.ended) == (2, 2)
    assert curve.ended


def test_batches_cover_all_songs_once_an_epoch_in_nearly_equal_parts(sources, targets):
    epochs = []

    def loss(outputs, targets):
        epochs.append(targets["row"].tolist())
        return loss_of(outputs, targets)

    rows = {**targets, "row": np.arange(30)}
    train_net(Linear, loss, sources, rows, plan(max_epochs=2, batch_size=7))
    first, second = epochs[:5], epochs[5:]
    for epoch in (first, second):
        assert sorted(np.concatenate(epoch)) == list(range(30))
        sizes = [len(batch) for batch in epoch]
        assert max(sizes) - min(sizes) <= 1
        assert max(sizes) <= 7
    assert first != second


def test_songs_and_targets_of_a_batch_belong_together(sources, targets):
    seen = []

    class Witness(Linear):
        def forward(self, features):
            seen.append(features[:, 0].numpy().copy())
            return super().forward(features)

    def loss(outputs, targets):
        assert_array_equal(seen[-1], targets["first"].numpy())
        return loss_of(outputs, targets)

    with_first = {**targets, "first": sources["features"][:, 0]}
    train_net(Witness, loss, sources, with_first, plan())
    assert len(seen) == 3 * 4


def test_a_single_song_can_be_trained_on(sources, targets):
    one = {"features": sources["features"][:1]}, {"target": targets["target"][:1]}
    _, curve = train_net(Linear, loss_of, *one, plan(max_epochs=1))
    assert len(curve.train_loss) == 1


# Storage


def test_read_only_arrays_and_memory_maps_are_trained_on_and_run(sources, targets, tmp_path):
    mapped = np.memmap(tmp_path / "x", np.float32, "w+", shape=(30, 3))
    mapped[:] = sources["features"]
    mapped.flush()
    mapped = np.memmap(tmp_path / "x", np.float32, "r", shape=(30, 3))
    frozen = sources["features"].copy()
    frozen.flags.writeable = False
    expected, _ = train_net(Linear, loss_of, sources, targets, plan())
    for values in (mapped, frozen):
        net, _ = train_net(Linear, loss_of, {"features": values}, targets, plan())
        assert_array_equal(weights(net), weights(expected))
        assert_array_equal(
            run_net(net, {"features": values})["logits"], run_net(expected, sources)["logits"]
        )


# Running


@pytest.mark.parametrize("batch_size", [1, 7, 30, 256])
def test_run_net_is_the_forward_pass_whatever_the_batch(sources, batch_size):
    net = Linear().double().eval()
    with torch.no_grad():
        expected = net(torch.from_numpy(sources["features"]))["logits"].numpy()
    outputs = run_net(net, sources, batch_size=batch_size)
    assert list(outputs) == ["logits"]
    assert_allclose(outputs["logits"], expected, rtol=1e-12)


def test_run_net_calls_another_method_whose_result_is_no_dict(sources):
    net = Linear().eval()
    shifted = run_net(net, sources, method="shifted", batch_size=8)
    assert_allclose(shifted, run_net(net, sources)["logits"] + 1, rtol=1e-5)


@pytest.fixture
def teacher_net():
    series = Source("audio", "series", 2, mean=(0.0, 0.0), scale=(1.0, 1.0))
    vector = Source("lyrics", "vector", 3, mean=(0.0,) * 3, scale=(1.0,) * 3)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return TeacherNet((series, vector), 3, 0.5)


def test_exact_inference_doubles_all_but_the_temporal_encoders(teacher_net):
    ensemble = exact_inference(teacher_net)
    assert isinstance(ensemble, Ensemble)
    assert not ensemble.training
    temporal = [
        parameter
        for module in ensemble.modules()
        if isinstance(module, TemporalEncoder)
        for parameter in module.parameters()
    ]
    assert {parameter.dtype for parameter in temporal} == {torch.float32}
    known = {id(parameter) for parameter in temporal}
    others = {p.dtype for p in ensemble.parameters() if id(p) not in known}
    assert others == {torch.float64}


def test_exact_inference_takes_the_members_of_an_ensemble():
    assert len(exact_inference([Linear(), Linear()]).members) == 2
    assert len(exact_inference((Linear(), Linear(), Linear())).members) == 3


def test_exact_predictions_do_not_depend_on_the_batch(teacher_net):
    rng = np.random.RandomState(0)
    songs = {
        "audio": rng.normal(size=(9, 2, 64)).astype(np.float32),
        "lyrics": rng.normal(size=(9, 3)).astype(np.float32),
    }
    net = exact_inference(teacher_net)
    whole = run_net(net, songs)["logits"]
    assert whole.dtype == np.float64
    assert_allclose(run_net(net, songs, batch_size=1)["logits"], whole, rtol=1e-5, atol=1e-7)


def test_threads_that_train_at_once_do_not_share_random_numbers():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)
    params = {"n_members": 3, "max_epochs": 3, "random_state": 0}
    one_by_one = TeacherClassifier(**params).fit(X, y).predict_proba(X)
    before = torch.get_rng_state()
    with joblib.parallel_config("threading"):
        at_once = TeacherClassifier(n_jobs=3, **params).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(at_once, one_by_one)
    assert torch.equal(torch.get_rng_state(), before)


def test_training_leaves_the_number_of_threads_as_it_was():
    rng = np.random.default_rng(0)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        TeacherClassifier(max_epochs=1).fit(rng.normal(size=(10, 3)), np.arange(10) % 2)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
