"""
Adding a source
===============

Sound, lyrics and culture are where it starts. An embedding of a pretrained model, descriptors you
trust, a transformer from another package: anything that becomes an array becomes a source.
"""

# %%
# Three kinds of arrays
# ---------------------
# An estimator knows a source by its array, whatever its name: floats of shape (songs, channels,
# frames) are time series, floats of shape (songs, features) a vector, and whole numbers of shape
# (songs, fields) are categories. Here are two functions that make such arrays from a column. The
# first stands for any pretrained model whose embeddings you have stored, one vector a song. The
# second is a time series that you compute yourself: the loudness of the first eight seconds.
import os

import matplotlib.pyplot as plt
import numpy as np
import soundfile
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sklearn_skd import (
    AudioStatistics,
    SKDStudentClassifier,
    SongFeatures,
    TeacherClassifier,
    make_songs,
)


def as_matrix(column):
    """One vector a song, stacked."""
    return np.stack(column.to_list())


def loudness(paths):
    """RMS in decibels, ten values a second: shape (songs, 1, 80)."""
    series = np.full((len(paths), 1, 80), -80.0)
    for song, path in enumerate(paths):
        rate = soundfile.info(path).samplerate
        sound = soundfile.read(path, frames=8 * rate, always_2d=True)[0].mean(axis=1)
        blocks = sound[: len(sound) // 80 * 80].reshape(80, -1)
        series[song, 0] = 10 * np.log10((blocks**2).mean(axis=1) + 1e-8)
    return series


def filled(lyrics):
    """Lyrics with empty text where there are none."""
    return lyrics.fillna("")


# %%
# Into the table, into the features
# ---------------------------------
# `extra=` takes a name, a transformer and a column, as scikit-learn's `ColumnTransformer` does.
# :class:`~sklearn_skd.AudioStatistics` comes with the package. The spelling of the lyrics goes
# through two transformers of scikit-learn; any package that has `fit` and `transform` will do.
n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "120"))
bunch = make_songs(n_songs, random_state=0)
rng = np.random.default_rng(0)
songs = bunch.data.assign(embedding=list(rng.normal(size=(n_songs, 16))))  # knows nothing

spelling = make_pipeline(
    FunctionTransformer(filled),
    TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), max_features=500),
    TruncatedSVD(8, random_state=0),
)
features = SongFeatures(
    lyrics=None,
    extra=[
        ("statistics", AudioStatistics(duration=10), "audio"),
        ("loudness", FunctionTransformer(loudness), "audio"),
        ("spelling", spelling, "lyrics"),
        ("embedding", FunctionTransformer(as_matrix), "embedding"),
    ],
)
X = features.fit_transform(songs)
for source, array in X.items():
    print(f"{source:10}  {array.dtype}  {array.shape}")

# %%
# Does it help?
# -------------
# Teacher and student take whatever is there. To see what a source is worth to a fitted model, deal
# it out anew among songs of other artists, and see how far the log-loss rises. The embedding was
# drawn at random, so a model does well not to need it. Bars are one standard deviation over 20
# deals. A source near zero is not needed beside the others, and on so few songs the order of the
# small ones means nothing.
split = GroupShuffleSplit(1, test_size=1 / 3, random_state=0).split(
    bunch.target, groups=bunch.groups
)
train, test = next(split)
teacher = TeacherClassifier(max_epochs=30, random_state=0)
teacher.fit(X[train], bunch.target[train])


def loss(arrays):
    """Log-loss on the test songs."""
    return log_loss(bunch.target[test], teacher.predict_proba(arrays), labels=teacher.classes_)


known = X[test]
base = loss(known)
rise = {
    source: [loss({**known, source: rng.permutation(known[source])}) - base for _ in range(20)]
    for source in known
}
order = sorted(rise, key=lambda source: np.mean(rise[source]))
means, widths = ([statistic(rise[source]) for source in order] for statistic in (np.mean, np.std))
figure, ax = plt.subplots(figsize=(8.4, 3.4), layout="constrained")
ax.errorbar(means, order, xerr=widths, fmt="o", color="#0072B2", ecolor="#8C8C8C", ms=7, lw=2)
ax.axvline(0, color="#333333", lw=1, ls=(0, (1, 2)))
ax.set_xlabel("Rise of the log-loss (nats) when the source is dealt out anew")
ax.spines[["top", "right", "left"]].set_visible(False)
ax.tick_params(axis="y", length=0)

# %%
# A source alone
# --------------
# A plain two-dimensional array is a vector source, so everything works on the features you have
# today, without any sound.
student = SKDStudentClassifier(strategy="student-only", random_state=0)
student.fit(X["statistics"][train], bunch.target[train])
print(f"statistics alone: {student.score(X['statistics'][test], bunch.target[test]):.0%} right")

plt.show()
