"""Nets of a fitted classifier <-> what its sources are, and named arrays."""

import numpy as np

from sklearn_skd.deployment._codec import check

__all__ = ["pack_net", "pack_sources", "unpack_net", "unpack_sources"]

# far above what anybody trains, far below what building nets of nothing would take long for
MAX_SOURCES, MAX_SIZE, MAX_CODE = 256, 2**31, 2**31


def pack_sources(sources):
    """Describe sources by a tuple of dicts, the statistics as arrays.

    Parameters
    ----------
    sources : tuple of Source

    Returns
    -------
    described : list of dict
    """
    described = []
    for source in sources:
        one = {"name": source.name, "kind": source.kind, "size": source.size}
        if source.kind == "categories":
            one["n_codes"] = list(source.n_codes)
        else:
            one["mean"] = np.array(source.mean, dtype=np.float64)
            one["scale"] = np.array(source.scale, dtype=np.float64)
            one["flagged"] = source.flagged
        described.append(one)
    return described


def unpack_sources(described):
    """Invert :func:`pack_sources`; ValueError if that is not possible.

    Parameters
    ----------
    described : object
        As decoded from a file.

    Returns
    -------
    sources : tuple of Source
    """
    if not 0 < len(check(described, list)) <= MAX_SOURCES:
        raise ValueError(f"it has {len(described)} sources; 1 to {MAX_SOURCES} are possible.")
    sources = tuple(_unpack_source(one) for one in described)
    if len({source.name for source in sources}) < len(sources):
        raise ValueError("two of its sources have one name.")
    return sources


def _unpack_source(one):
    from sklearn_skd.networks import Source

    name, kind, size = (check(one, dict).get(key) for key in ("name", "kind", "size"))
    if not isinstance(name, str) or name in ("", "self"):
        raise ValueError(f"{str(name)[:40]!r} is no name of a source.")
    if type(size) is not int or not 0 < size < MAX_SIZE:
        raise ValueError(f"the source {name[:40]!r} has the size {str(size)[:40]}.")
    if kind == "categories":
        n_codes = check(one.get("n_codes"), list)
        if len(n_codes) != size or any(type(n) is not int or not 0 < n < MAX_CODE for n in n_codes):
            raise ValueError(f"the codes of the source {name[:40]!r} are no numbers of codes.")
        return Source(name, kind, size, n_codes=tuple(n_codes))
    if kind not in ("series", "vector"):
        raise ValueError(f"the source {name[:40]!r} is of the kind {str(kind)[:40]!r}.")
    mean, scale = (_statistics(one.get(key), size, name) for key in ("mean", "scale"))
    if min(scale) <= 0:
        raise ValueError(f"the source {name[:40]!r} has a scale that is not above 0.")
    flagged = check(one.get("flagged"), bool)
    return Source(name, kind, size, mean=mean, scale=scale, flagged=flagged)


def _statistics(values, size, name):
    values = check(values, np.ndarray)
    if values.shape != (size,) or values.dtype != np.float64 or not np.isfinite(values).all():
        raise ValueError(f"the statistics of the source {name[:40]!r} do not fit its size {size}.")
    return tuple(values)


def pack_net(net):
    """Arrays of an ensemble by the names of torch.

    Parameters
    ----------
    net : Ensemble

    Returns
    -------
    arrays : dict of str to ndarray
    """
    return {name: tensor.numpy() for name, tensor in net.state_dict().items()}


def unpack_net(make_member, arrays):
    """Rebuild an ensemble around the arrays.

    The nets are built without memory and random numbers, compared, and only then filled.

    Parameters
    ----------
    make_member : callable
        Returns a fresh module.

    arrays : dict of str to ndarray
        Of :func:`pack_net`; they become the parameters.

    Returns
    -------
    net : Ensemble

    Raises
    ------
    ValueError
        If the arrays are not exactly those of the net.
    """
    import torch

    from sklearn_skd.classifiers._net import exact_inference
    from sklearn_skd.networks.skeleton import skeleton

    with skeleton():
        members = [make_member() for _ in range(_count_members(arrays))]
    net = exact_inference(members)
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    expected = net.state_dict()
    if expected.keys() != tensors.keys():
        name = min(expected.keys() ^ tensors.keys())
        raise ValueError(f"the array {name[:80]!r} of a net is missing or not known.")
    for name, tensor in expected.items():
        if (tensor.shape, tensor.dtype) != (tensors[name].shape, tensors[name].dtype):
            raise ValueError(
                f"the array {name!r} of a net has shape {tuple(tensors[name].shape)} and type "
                f"{tensors[name].dtype}, not {tuple(tensor.shape)} and {tensor.dtype}."
            )
    net.load_state_dict(tensors, assign=True)
    _check_embeddings(net)
    return net


def _count_members(arrays):
    names = [name.split(".") for name in arrays]
    numbers = {parts[1] for parts in names if len(parts) > 2 and parts[0] == "members"}
    if not numbers or numbers != {str(i) for i in range(len(numbers))}:
        raise ValueError("its nets are not numbered from 0.")
    return len(numbers)


def _check_embeddings(net):
    """Codes of categories that point out of their table would be found in prediction only."""
    import torch

    from sklearn_skd.networks.blocks import CategoryEmbedding

    for module in net.modules():
        if isinstance(module, CategoryEmbedding):
            ends = torch.cumsum(module.n_codes, 0)
            if (
                module.n_codes.min() < 1
                or module.offsets.min() < 0
                or (module.offsets != ends - module.n_codes).any()
                or ends[-1] != len(module.table.weight)
            ):
                raise ValueError("the codes of categories do not fit their embedding.")
