"""The benchmark of augmentations augments as it says."""

import numpy as np
import pandas as pd
import pytest
import torch

from sklearn_skd.classifiers import _net
from sklearn_skd.networks import temporal


@pytest.fixture(scope="module")
def augmentation(load_benchmark):
    return load_benchmark("augmentation")


def test_spec_augment_hides_one_stretch_of_bands_and_one_of_frames(augmentation):
    torch.manual_seed(0)
    x = torch.randn(40, 20, 800)
    with augmentation.spec_augment():
        hidden, sound = temporal._random_crop(x, torch.ones(40, 800, dtype=torch.bool))
    assert hidden.shape == (40, 20, 200)
    assert sound.all()
    # what is hidden says the band's mean: it stands still
    still = hidden[:, :, 1:] == hidden[:, :, :-1]
    bands = still.all(dim=2).float().mean(dim=1)
    frames = still.all(dim=1).float().mean(dim=1)
    for share in (bands, frames):
        assert share.max() <= augmentation.LARGEST_MASK
        assert share.mean() > 0.05


def test_without_patch_nothing_is_hidden(augmentation):
    x = torch.randn(4, 20, 800)
    with augmentation.spec_augment():
        pass
    cut, _ = temporal._random_crop(x, torch.ones(4, 800, dtype=torch.bool))
    assert not (cut[:, :, 1:] == cut[:, :, :-1]).any()


def test_mixup_mixes_songs_and_targets_by_the_same_share(augmentation):
    torch.manual_seed(0)
    rows = np.arange(30)
    number = rows.astype(np.float32)
    sources = {"vector": number[:, None], "codes": rows[:, None]}
    with augmentation.AUGMENTATIONS["mixup"]():
        songs, targets = _net._SongDataset(sources, {"target": number}).batch(rows)
    assert torch.equal(songs["vector"][:, 0], targets["target"])
    assert torch.equal(songs["codes"][:, 0], torch.arange(30))
    moved = (targets["target"] - torch.arange(30)).abs()
    assert (moved > 0.01).any()
    assert (moved <= 0.5 * 29).all()  # the larger share stays the song's own


def test_mixup_keeps_a_song_whose_partner_knows_nothing(augmentation):
    values = torch.tensor([[1.0], [float("nan")]])
    mixed = augmentation.mix(values, torch.tensor([0.8, 0.8]), torch.tensor([1, 0]))
    assert mixed[0] == 1.0
    assert mixed[1].isnan()


def test_no_crop_shows_all_frames(augmentation):
    x = torch.randn(2, 3, 400)
    with augmentation.AUGMENTATIONS["no crop"]():
        whole, _ = temporal._random_crop(x, torch.ones(2, 400, dtype=torch.bool))
    assert torch.equal(whole, x)


def test_the_report_compares_with_what_is_shipped_on_the_same_folds(augmentation):
    losses = {"shipped": [1.0, 1.2], "mixup": [0.9, 1.0]}
    rows = [
        {"repeat": 100, "fold": fold, "strategy": "SKD", "calibration": "temperature"}
        | {"metric": metric, "value": value, "n_train": 160, "n_test": 40, "augmentation": kind}
        for kind, values in losses.items()
        for fold, value in enumerate(values)
        for metric in ("NLL", "macro-F1", "AUROC")
    ]
    table = augmentation.report(pd.DataFrame(rows))
    assert table.loc["SKD, mixup", "NLL + T"] == "0.950"
    assert table.loc["SKD, mixup", "Δ NLL to shipped"].startswith("-0.150 ± ")
    assert table.loc["SKD, shipped", "Δ NLL to shipped"].startswith("+0.000")
