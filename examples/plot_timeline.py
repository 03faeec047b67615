"""
Reading the timeline
====================

A song is rarely one emotion from end to end. Which moments did the student listen to, in seconds,
and what did it hear there?
"""

# %%
# A student that hears
# --------------------
# `segment="start"` analyses the first 30 seconds, so that times below are times in the file. The
# default takes the loudest 30 seconds, and times count from the beginning of that window.
import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit

from sklearn_skd import LogMelSpectrogram, SKDStudentClassifier, SongFeatures, make_songs
from sklearn_skd.display import EmotionTimelineDisplay

n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "120"))
bunch = make_songs(n_songs, random_state=0)
emotion = bunch.target
features = SongFeatures(audio=LogMelSpectrogram(segment="start"), lyrics=None, culture=None)
X = features.fit_transform(bunch.data)
split = GroupShuffleSplit(1, test_size=1 / 3, random_state=0).split(emotion, groups=bunch.groups)
train, test = next(split)
student = SKDStudentClassifier(strategy="student-only", random_state=0).fit(
    X[train], emotion[train]
)

# %%
# A song, moment by moment
# ------------------------
# Of the songs by artists whom the student has not heard, the one it is surest of. Above: the
# emotion of each moment, as if the whole song sounded like it, and to the right the probabilities
# of the whole. Below: how much each moment counts for the whole (rho of eq. 8). Bars above the
# dotted line count more than in a plain mean. A high line over a low bar hardly matters.
unheard = X[test]
surest = int(student.predict_proba(unheard).max(axis=1).argmax())
display = EmotionTimelineDisplay.from_estimator(student, unheard, song=surest)
display.figure_.suptitle(f"The listeners heard {emotion[test][surest]}")

# %%
# The same as numbers
# -------------------
# :meth:`~sklearn_skd.SKDStudentClassifier.temporal_attention` and
# :meth:`~sklearn_skd.SKDStudentClassifier.emotion_timeline` give the arrays behind the figure, with
# the time of each step in seconds. These are the five steps that count most.
attention, time = student.temporal_attention(unheard)
proba, _ = student.emotion_timeline(unheard)
moments = pd.DataFrame(proba[surest], columns=student.classes_).round(2)
moments.insert(0, "attention", attention[surest].round(3))
moments.insert(0, "second", time.round(1))
print(moments.nlargest(5, "attention").to_string(index=False))

# %%
# All songs at once
# -----------------
# A row is a song, sorted by length, and darker is more attention. Where a song is over, there is
# none: padding does not count.
length = (attention > 0).sum(axis=1)
relative = attention[np.argsort(length)] * np.sort(length)[:, np.newaxis]
figure, ax = plt.subplots(figsize=(8.4, 4.4), layout="constrained")
image = ax.imshow(
    np.where(relative > 0, relative, np.nan),
    aspect="auto",
    cmap="Blues",
    vmin=0,
    extent=(0, time[-1] + time[1], len(relative), 0),
    interpolation="none",
)
figure.colorbar(image, label="Attention, as a multiple of a plain mean", pad=0.02)
ax.set(xlabel="Time (s)", ylabel="Song")
ax.spines[["top", "right"]].set_visible(False)


# %%
# Does it matter?
# ---------------
# Attention is a weight in a sum, and no proof of a cause. So take away a tenth of the moments,
# those with the most attention or those with the least, and see how far the probabilities move. If
# the first number is not clearly the larger one, do not read much into the bars.
def silenced(steps):
    """The songs with these steps, a row a song, replaced by silence."""
    frames = np.repeat(steps, unheard["audio"].shape[2] // steps.shape[1] + 1, axis=1)
    frames = frames[:, np.newaxis, : unheard["audio"].shape[2]]
    return {"audio": np.where(frames, np.float32(np.log(1e-6)), unheard["audio"])}


rank = np.argsort(np.argsort(-attention, axis=1), axis=1)
tenth = length[:, np.newaxis] / 10
whole = student.predict_proba(unheard)
for name, steps in {
    "most": rank < tenth,
    "least": (rank >= length[:, np.newaxis] - tenth) & (attention > 0),
}.items():
    moved = np.abs(student.predict_proba(silenced(steps)) - whole).sum(axis=1).mean() / 2
    print(f"the tenth with the {name} attention: {moved:.3f} of the probability moves")

plt.show()
