"""Statistics of classical audio descriptors: the vector one would compute by hand."""

from functools import lru_cache

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_skd.features._base import AudioTransformer
from sklearn_skd.features.audio import hann, mel_filters, power_frames

_N_MFCC, _N_MELS, _DELTA_WIDTH = 20, 128, 9
_QUANTILES = (0.1, 0.5, 0.9)
_SUMMARIES = ("mean", "std", *(f"q{round(100 * q)}" for q in _QUANTILES))
_ROWS = (
    *(f"mfcc_{i}" for i in range(_N_MFCC)),
    *(f"delta_mfcc_{i}" for i in range(_N_MFCC)),
    *(f"chroma_{note}" for note in ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")),
    *(f"contrast_{i}" for i in range(7)),
    *(f"tonnetz_{i}" for i in range(6)),
    "centroid",
    "bandwidth",
    "rolloff",
    "flatness",
    "zero_crossing_rate",
    "rms",
    "onset_strength",
)


class AudioStatistics(AudioTransformer):
    _prefer = "processes"
    _cache_version = 1

    def __init__(
        self,
        *,
        sr=22050,
        duration=30.0,
        n_fft=2048,
        hop_length=512,
        segment="energy",
        on_error="raise",
        cache=None,
        n_jobs=None,
        verbose=0,
    ):
        self.sr = sr
        self.duration = duration
        self.n_fft = n_fft
        self.hop_length = hop_length
        self.segment = segment
        self.on_error = on_error
        self.cache = cache
        self.n_jobs = n_jobs
        self.verbose = verbose

    def get_feature_names_out(self, input_features=None):
        check_is_fitted(self)
        names = [f"{row}_{summary}" for row in _ROWS for summary in _SUMMARIES]
        return np.array([*names, "tempo"], dtype=object)

    def _shape(self):
        return (len(_ROWS) * len(_SUMMARIES) + 1,)

    def _extract(self, window):
        shortest = _DELTA_WIDTH * self.hop_length
        window = np.pad(window, (0, max(0, shortest - len(window))))
        rows, onset = describe(window, sr=self.sr, n_fft=self.n_fft, hop_length=self.hop_length)
        import librosa
        tempo = librosa.feature.tempo(onset_envelope=onset, sr=self.sr, hop_length=self.hop_length)
        return np.concatenate([summarise(rows).ravel(), tempo]).astype(np.float32)


def summarise(rows):
    quantiles = np.quantile(rows, _QUANTILES, axis=1)
    return np.stack([rows.mean(axis=1), rows.std(axis=1), *quantiles], axis=1)


def describe(samples, *, sr, n_fft, hop_length):
    import librosa
    from librosa import feature
    power = np.concatenate([p for _, p in power_frames(samples, n_fft=n_fft, hop_length=hop_length)])
    mel_db = librosa.power_to_db((power @ mel_filters(sr, n_fft, _N_MELS, 0.0, None)).T)
    power = np.ascontiguousarray(power.T)
    magnitude = np.sqrt(power)
    mfcc = feature.mfcc(S=mel_db, n_mfcc=_N_MFCC)
    chroma = feature.chroma_stft(S=power, sr=sr, tuning=0.0)
    onset = librosa.onset.onset_strength(S=mel_db, sr=sr, hop_length=hop_length)
    rows = [
        mfcc,
        feature.delta(mfcc, width=_DELTA_WIDTH),
        chroma,
        feature.spectral_contrast(S=magnitude, sr=sr),
        feature.tonnetz(chroma=chroma, sr=sr),
        feature.spectral_centroid(S=magnitude, sr=sr),
        feature.spectral_bandwidth(S=magnitude, sr=sr),
        feature.spectral_rolloff(S=magnitude, sr=sr),
        feature.spectral_flatness(S=power, power=1.0),
        feature.zero_crossing_rate(samples, frame_length=n_fft, hop_length=hop_length),
        feature.rms(S=magnitude, frame_length=n_fft),
        onset[np.newaxis],
    ]
    return np.concatenate(rows), onset
