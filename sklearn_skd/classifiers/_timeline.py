"""Which moments of a song speak for its emotion (paper section 3.4, eq. 8)."""

from typing import NamedTuple

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sklearn_skd.calibration import temperature_softmax

__all__ = ["EmotionTimeline", "TemporalAttention", "TimelineMixin"]

LOG_MEL_HOP = 512 / 22050  # seconds a frame, by default


class TemporalAttention(NamedTuple):
    """Weights rho (n_songs, n_steps) of eq. 8, and the steps' times in seconds (n_steps,)."""

    attention: np.ndarray
    time: np.ndarray


class EmotionTimeline(NamedTuple):
    """Probabilities (n_songs, n_steps, n_classes), and the steps' times in seconds (n_steps,)."""

    proba: np.ndarray
    time: np.ndarray


class TimelineMixin:
    """Methods of a student about the steps of its first time series."""

    def temporal_attention(self, X, *, frame_duration=LOG_MEL_HOP):
        """Which moments speak for the song (rho of eq. 8).

        Parameters
        ----------
        X : mapping of str to ndarray
            The songs.

        frame_duration : float, default=512 / 22050
            Seconds from one frame of the time series to the next, hop_length / sr.

        Returns
        -------
        attention : ndarray of shape (n_songs, n_steps)
            Rows sum to 1; 0 in padding.

        time : ndarray of shape (n_steps,)
            Middle of each step, in seconds from the start of the analysed window.
        """
        check_is_fitted(self)
        self._check_has_series()
        attention = self._run(X)["attention"]
        return TemporalAttention(attention, self._step_times(attention.shape[1], frame_duration))

    def emotion_timeline(self, X, *, frame_duration=LOG_MEL_HOP):
        """Calibrated probabilities at each moment, as if the whole song sounded like it.

        Parameters
        ----------
        X : mapping of str to ndarray
            The songs.

        frame_duration : float, default=512 / 22050
            Seconds from one frame of the time series to the next, hop_length / sr.

        Returns
        -------
        proba : ndarray of shape (n_songs, n_steps, n_classes)
            In the order of ``classes_``.

        time : ndarray of shape (n_steps,)
            Middle of each step, in seconds from the start of the analysed window.
        """
        check_is_fitted(self)
        self._check_has_series()
        logits = self._run(X, method="timeline")
        proba = temperature_softmax(logits.reshape(-1, logits.shape[2]), self.temperature_)
        time = self._step_times(logits.shape[1], frame_duration)
        return EmotionTimeline(proba.reshape(logits.shape), time)

    def _check_has_series(self):
        kinds = {source.name: source.kind for source in self.sources_}
        if "series" not in kinds.values():
            raise ValueError(
                f"This student reads no time series, only {kinds}: it has no moments to attend "
                "to. Fit it on a source of shape (n_songs, n_channels, n_frames), such as "
                "LogMelSpectrogram gives."
            )

    def _step_times(self, n_steps, frame_duration):
        encoders = self.net_.members[0].encoders
        stride = next(e.stride for e in encoders if hasattr(e, "stride"))
        return np.arange(n_steps) * stride * frame_duration
