"""The encoder of time series: steps, padding, crops."""

import pytest
import torch
from torch.testing import assert_close

from sklearn_skd.networks.source import Source
from sklearn_skd.networks.temporal import TemporalEncoder, _random_crop

N_CHANNELS = 4


def make_encoder(mean=0.0, scale=1.0):
    source = Source("audio", "series", N_CHANNELS, (mean,) * N_CHANNELS, (scale,) * N_CHANNELS)
    torch.manual_seed(0)
    encoder = TemporalEncoder(source, 8, 6)
    with torch.no_grad():  # statistics that batch norm would have learnt
        for layer in encoder.layers:
            layer.norm.running_mean.normal_(std=0.3)
            layer.norm.running_var.uniform_(0.5, 2)
    return encoder.eval()


@pytest.fixture(autouse=True)
def _own_generator():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        yield


@pytest.mark.parametrize(("n_frames", "n_steps"), [(16, 1), (64, 4), (65, 5), (1, 1), (1292, 81)])
def test_one_step_is_given_every_sixteen_frames(n_frames, n_steps):
    encoder = make_encoder()
    steps, mask = encoder(torch.randn(2, N_CHANNELS, n_frames))
    assert encoder.stride == 16
    assert steps.shape == (2, n_steps, 6)
    assert mask.shape == (2, n_steps)
    assert mask.all()


def test_frames_are_standardised_first():
    x = torch.randn(2, N_CHANNELS, 64)
    plain, _ = make_encoder()(x)
    moved, _ = make_encoder(mean=3.0, scale=2.0)(2 * x + 3)
    assert_close(moved, plain, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("padding", [float("nan"), -13.8])
def test_padding_is_masked_and_changes_nothing_far_from_the_border(padding):
    encoder, x = make_encoder(), torch.randn(2, N_CHANNELS, 128)
    padded = torch.cat([x, torch.full((2, N_CHANNELS, 64), padding)], dim=2)
    steps, _ = encoder(x)
    with_padding, mask = encoder(padded)
    assert mask[0].tolist() == [True] * 8 + [False] * 4
    assert torch.isfinite(with_padding).all()
    assert_close(with_padding[:, :6], steps[:, :6])  # the last two see beyond the end


def test_what_padding_is_made_of_does_not_matter():
    encoder, x = make_encoder(), torch.randn(2, N_CHANNELS, 128)
    x[:, :, 96:] = float("nan")
    as_nan, nan_mask = encoder(x)
    # frames that say "nothing" are the mean, whatever their value
    as_silence, mask = encoder(x.nan_to_num(nan=-13.8))
    assert_close(as_silence, as_nan)
    assert torch.equal(mask, nan_mask)


def test_nan_frames_inside_the_song_are_taken_as_the_mean():
    encoder, x = make_encoder(mean=2.0), torch.randn(1, N_CHANNELS, 64)
    x[:, :, 20:24] = float("nan")
    steps, mask = encoder(x)
    expected, _ = encoder(x.nan_to_num(nan=2.0))
    assert_close(steps, expected)
    assert mask.all()


# Crops


def test_training_sees_a_quarter_of_a_long_song_and_evaluation_all():
    encoder, x = make_encoder(), torch.randn(3, N_CHANNELS, 256)
    assert encoder(x)[0].shape[1] == 16
    encoder.train()
    assert encoder(x)[0].shape[1] == 4
    assert encoder(x[:, :, :127])[0].shape[1] == 8  # too short to crop


def test_a_crop_is_a_stretch_that_differs_from_song_to_song():
    x = torch.arange(200.0).expand(50, 1, 200)
    crop, sound = _random_crop(x, torch.ones(50, 200, dtype=bool))
    assert crop.shape == (50, 1, 50)
    assert sound.shape == (50, 50)
    assert (crop.diff(dim=2) == 1).all()
    starts = crop[:, 0, 0]
    assert len(starts.unique()) > 20
    assert starts.max() <= 150


def test_a_crop_comes_from_where_there_is_sound():
    x = torch.arange(200.0).expand(50, 1, 200)
    sound = torch.zeros(50, 200, dtype=bool)
    sound[:, :60] = True
    crop, cut = _random_crop(x, sound)
    assert cut.all()
    assert crop.max() < 60


def test_a_song_shorter_than_the_crop_is_cut_from_its_start():
    x = torch.arange(200.0).expand(5, 1, 200)
    sound = torch.zeros(5, 200, dtype=bool)
    sound[:, :20] = True
    crop, cut = _random_crop(x, sound)
    assert (crop[:, 0, 0] == 0).all()
    assert (cut.sum(dim=1) == 20).all()
