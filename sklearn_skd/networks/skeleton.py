"""Modules without memory for their parameters, to be filled with those of another."""

import contextlib

import torch
from torch.overrides import TorchFunctionMode

__all__ = ["skeleton"]


class _LeaveUninitialised(TorchFunctionMode):
    """Skip `torch.nn.init`: there is nothing to fill.

    On the meta device these functions would also import torch's compiler, which takes seconds and
    some 70 MB.
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if getattr(func, "__module__", None) == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


@contextlib.contextmanager
def skeleton():
    """Build modules inside whose parameters have shapes and types, but no values.

    It takes no memory and no random numbers, which another thread may be using.

    Examples
    --------
    >>> from torch import nn
    >>> from sklearn_skd.networks.skeleton import skeleton
    >>> with skeleton():
    ...     layer = nn.Linear(10**6, 10**6)
    >>> layer.weight.shape
    torch.Size([1000000, 1000000])
    """
    with torch.device("meta"), _LeaveUninitialised():
        yield
