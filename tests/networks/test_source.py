"""Which songs have a source, and which frames are sound."""

import pytest
import torch

from sklearn_skd.networks.source import Source, frames_with_sound, nan_frames, source_present

NAN = float("nan")


def test_a_vector_is_present_unless_all_of_it_is_nan():
    source = Source("lyrics", "vector", 2)
    values = torch.tensor([[0.0, 0.0], [NAN, NAN], [1.0, 0.0]])
    assert source_present(source, values).tolist() == [True, False, True]


def test_a_flagged_vector_is_present_if_its_flag_is_set():
    source = Source("lyrics", "vector", 3, flagged=True)
    values = torch.tensor([[5.0, 5.0, 1.0], [5.0, 5.0, 0.0], [NAN, NAN, NAN]])
    assert source_present(source, values).tolist() == [True, False, False]


def test_categories_are_present_if_any_code_is_known():
    source = Source("culture", "categories", 2, n_codes=(4, 4))
    codes = torch.tensor([[0, 0], [0, 3], [4, 99], [99, 3]])  # there were none above 3 in training
    assert source_present(source, codes).tolist() == [False, True, False, True]


def test_a_time_series_is_present_unless_all_frames_are_nan():
    values = torch.zeros(3, 2, 4)
    values[1] = NAN
    values[2, :, 1:] = NAN
    assert source_present(Source("audio", "series", 2), values).tolist() == [True, False, True]
    assert nan_frames(values)[2].tolist() == [False, True, True, True]


@pytest.mark.parametrize("padding", [NAN, -13.8, 0.0])
def test_frames_equal_in_all_channels_at_the_end_are_padding(padding):
    values = torch.randn(1, 3, 6)
    values[:, :, 1] = padding  # a pause inside the song is part of it
    values[:, :, 4:] = padding
    assert frames_with_sound(values)[0].tolist() == [True] * 4 + [False] * 2


def test_a_song_of_nothing_but_silence_counts_as_sound():
    values = torch.full((2, 3, 4), NAN)
    values[1] = -13.8
    assert frames_with_sound(values).all()


def test_with_one_channel_only_nan_is_padding():
    values = torch.tensor([[[1.0, 1.0, 0.0, NAN]]])
    assert frames_with_sound(values)[0].tolist() == [True, True, True, False]
