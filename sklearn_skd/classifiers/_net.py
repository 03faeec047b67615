"""Training and running nets: the one file that trains through skorch."""

import contextlib
from dataclasses import dataclass, field

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, LRScheduler

from sklearn_skd._random import TORCH_GENERATORS
from sklearn_skd.networks import Ensemble

__all__ = ["Curve", "TrainingPlan", "run_net", "train_net"]

WARM_UP = 0.15  # share of the one-cycle schedule in which the learning rate rises
LOOK_EVERY = 5  # epochs between looks at validation songs that no epoch is chosen by


@dataclass
class Curve:
    """What a training run went through.

    Attributes
    ----------
    train_loss : list of float
        One value an epoch.

    valid_epochs : list of int
        Epochs, counted from 1, after which the validation songs were looked at; the last one
        always is. Empty without validation songs.

    valid_loss : list of float
        One value for each of them.

    valid_logits : list of ndarray of shape (n_valid, n_classes)
        The validation songs' logits, likewise.

    ended : bool
        Whether the run was ended early, by patience or by a callback.
    """

    train_loss: list = field(default_factory=list)
    valid_epochs: list = field(default_factory=list)
    valid_loss: list = field(default_factory=list)
    valid_logits: list = field(default_factory=list)
    ended: bool = False

    @property
    def best_epoch(self):
        """Number of epochs with the lowest validation loss; all without validation."""
        if not self.valid_loss:
            return len(self.train_loss)
        return self.valid_epochs[int(np.argmin(self.valid_loss))]

    def end(self):
        """End the run in good order: skorch's way is the exception it also takes from Ctrl-C."""
        self.ended = True
        raise KeyboardInterrupt


@dataclass(frozen=True)
class TrainingPlan:
    """How to train; the learning rate follows one cycle over `max_epochs`.

    Attributes
    ----------
    max_epochs : int
        Length of the schedule.

    batch_size : int
        Songs a step, at most.

    learning_rate, weight_decay : float
        Of AdamW; the peak of the cycle.

    device : str
        For torch.

    seed : int
        Of the initial weights, the batches and dropout.

    patience : int or None
        Epochs without a better validation loss before a run ends.
    """

    max_epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    device: str = "cpu"
    seed: int = 0
    patience: int | None = None


class _SongDataset(torch.utils.data.Dataset):
    """Named arrays and named targets; a batch at a time is cut out of them."""

    def __init__(self, sources, targets):
        self.sources, self.targets = sources, targets

    def __len__(self):
        return len(next(iter(self.targets.values())))

    def batch(self, rows):
        return _tensors(self.sources, rows), _tensors(self.targets, rows)


def _tensors(arrays, rows=slice(None)):
    # a copy where need be, so that read-only arrays and memmaps become ordinary tensors
    parts = {name: np.require(values[rows], requirements="CWE") for name, values in arrays.items()}
    return {name: torch.from_numpy(part) for name, part in parts.items()}


class _BatchIterator:
    """Shuffled batches of nearly equal size: none so small that batch norm fails."""

    def __init__(self, dataset, batch_size):
        self.dataset, self.batch_size = dataset, batch_size

    def __len__(self):
        return -(-len(self.dataset) // self.batch_size)

    def __iter__(self):
        order = torch.randperm(len(self.dataset)).numpy()
        for rows in np.array_split(order, len(self)):
            yield self.dataset.batch(rows)


class _Criterion(torch.nn.Module):
    """Give skorch a loss of (outputs, targets), both dicts; the targets tell the epoch too."""

    def __init__(self, loss):
        super().__init__()
        self.loss = loss
        self.epoch = 0

    def forward(self, outputs, targets):
        return self.loss(outputs, {**targets, "epoch": self.epoch})


class _CountEpochs(Callback):
    """Tell the loss which epoch it is, counted from 1."""

    def on_epoch_begin(self, net, **kwargs):
        net.criterion_.epoch += 1


class _Validation(Callback):
    """Every few epochs and after the last: logits and loss of the validation songs."""

    def __init__(self, valid, curve, every):
        self.valid, self.curve, self.every = valid, curve, every

    def on_epoch_end(self, net, **kwargs):
        self.curve.train_loss.append(float(net.history[-1, "train_loss"]))
        if len(self.curve.train_loss) % self.every == 0:
            self._look(net)

    def on_train_end(self, net, **kwargs):
        n_epochs = len(self.curve.train_loss)
        if n_epochs and n_epochs not in self.curve.valid_epochs[-1:]:
            self._look(net)

    def _look(self, net):
        if self.valid is None:
            return
        sources, target, weight = self.valid
        net.module_.eval()
        logits = run_net(net.module_, sources, device=net.device)["logits"]
        log_proba = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        self.curve.valid_epochs.append(len(self.curve.train_loss))
        losses = -(target * log_proba).sum(axis=1)
        self.curve.valid_loss.append(float((weight * losses).sum() / max(weight.sum(), 1e-12)))
        self.curve.valid_logits.append(logits)


class _Progress(Callback):
    """Report each epoch to scikit-learn's callbacks, which may ask to stop."""

    def __init__(self, estimator, context, curve):
        self.estimator, self.context, self.curve = estimator, context, curve

    def on_epoch_begin(self, net, **kwargs):
        self.epoch_ = self.context.subcontext(task_name="epoch")
        self.epoch_.call_on_fit_task_begin(estimator=self.estimator)

    def on_epoch_end(self, net, **kwargs):
        if self.epoch_.call_on_fit_task_end(estimator=self.estimator):
            self.curve.end()


class _Patience(Callback):
    """End the run when the validation loss has not fallen for so many epochs."""

    def __init__(self, curve, patience):
        self.curve, self.patience = curve, patience

    def on_epoch_end(self, net, **kwargs):
        if len(self.curve.train_loss) - self.curve.best_epoch >= self.patience:
            self.curve.end()


def train_net(make_net, loss, sources, targets, plan, *, valid=None, progress=None):
    """Train one net.

    Parameters
    ----------
    make_net : callable
        Returns a fresh module; called with torch seeded.

    loss : callable
        Maps (outputs, targets), dicts of tensors, to a scalar.

    sources : dict of ndarray
        Inputs of the module.

    targets : dict of ndarray
        Handed to `loss` batch by batch, with the number of the epoch as ``epoch``.

    plan : TrainingPlan
        How to train.

    valid : tuple of (dict of ndarray, ndarray (n_valid, n_classes), ndarray (n_valid,)), or None
        Sources, target distributions and weights of songs to follow the training on.

    progress : tuple of (estimator, callback context), or None
        Where to report epochs.

    Returns
    -------
    net : torch.nn.Module
        In evaluation mode, on the CPU, ready for :func:`run_net`.

    curve : Curve
    """
    curve = Curve()
    dataset = _SongDataset(sources, targets)
    steps = plan.max_epochs * len(_BatchIterator(dataset, plan.batch_size))
    schedule = LRScheduler(
        torch.optim.lr_scheduler.OneCycleLR,
        step_every="batch",
        max_lr=plan.learning_rate,
        total_steps=max(steps, 2) + 1,
        pct_start=WARM_UP,
    )
    every = LOOK_EVERY if plan.patience is None else 1
    validation = _Validation(valid, curve, every)
    callbacks = [("count", _CountEpochs()), ("schedule", schedule), ("validation", validation)]
    if progress is not None:  # after the epoch is recorded: both of these may end the run
        callbacks.append(("progress", _Progress(*progress, curve)))
    if plan.patience is not None:
        callbacks.append(("patience", _Patience(curve, plan.patience)))
    with _seeded(plan):
        net = NeuralNet(
            make_net(),
            criterion=_Criterion,
            criterion__loss=loss,
            optimizer=torch.optim.AdamW,
            lr=plan.learning_rate,
            optimizer__weight_decay=plan.weight_decay,
            optimizer__fused=True,
            max_epochs=plan.max_epochs,
            batch_size=plan.batch_size,
            iterator_train=_BatchIterator,
            train_split=None,
            callbacks=callbacks,
            device=plan.device,
            verbose=0,
        ).fit(dataset, y=None)
    if len(curve.train_loss) < plan.max_epochs and not curve.ended:
        raise KeyboardInterrupt  # the user's own: a half-trained net is not a result
    return net.module_.to("cpu").eval(), curve


@contextlib.contextmanager
def _seeded(plan):
    """Seed torch inside, on one thread; leave its generators and settings as they were.

    The nets are so small that threads of one net mostly wait for each other; many nets train in
    parallel instead (`n_jobs`). One thread also makes sums the same whatever `n_jobs` is.
    """
    on_cuda = torch.device(plan.device).type == "cuda"
    devices = range(torch.cuda.device_count()) if on_cuda else []
    with TORCH_GENERATORS, torch.random.fork_rng(devices=devices):
        n_threads = torch.get_num_threads()
        torch.set_num_threads(1)
        torch.manual_seed(plan.seed)
        try:
            yield
        finally:
            torch.set_num_threads(n_threads)


def run_net(net, sources, *, device="cpu", batch_size=64, method="__call__"):
    """Outputs of a net in evaluation mode, as arrays.

    Parameters
    ----------
    net : torch.nn.Module
        In evaluation mode.

    sources : dict of ndarray
        Its inputs.

    device : str, default="cpu"
        Where `net` lies.

    batch_size : int, default=64
        Songs at a time.

    method : str, default="__call__"
        The net's method to call.

    Returns
    -------
    outputs : ndarray, or dict of ndarray if the method gives a dict
    """
    n_songs = len(next(iter(sources.values())))
    call = getattr(net, method)
    parts = []
    with torch.inference_mode():
        for start in range(0, n_songs, batch_size):
            batch = _tensors(sources, slice(start, start + batch_size))
            batch = {name: values.to(device) for name, values in batch.items()}
            parts.append(call(**batch))
    if not isinstance(parts[0], dict):
        return torch.cat(parts).cpu().numpy()
    return {key: torch.cat([part[key] for part in parts]).cpu().numpy() for key in parts[0]}


def exact_inference(net):
    """Prepare for predictions that do not depend on the batch they are made in.

    All but the temporal encoders goes to float64: in float32 the order of summation, which
    varies with the size of the batch, shows in the seventh digit.

    Parameters
    ----------
    net : torch.nn.Module or sequence of torch.nn.Module
        One net, or the members of an ensemble.

    Returns
    -------
    ensemble : Ensemble
    """
    from sklearn_skd.networks.temporal import TemporalEncoder

    ensemble = Ensemble(net if isinstance(net, list | tuple) else [net]).double().eval()
    for module in ensemble.modules():
        if isinstance(module, TemporalEncoder):
            module.float()
    return ensemble
