"""
Listening to the listeners
==========================

A deployed student stays as it is, but listeners answer back. Their feedback moves its calibration:
that of all, and, near it, one for each listener. How many answers does it take?
"""

# %%
# A student, and songs it has not heard
# -------------------------------------
# A third of the songs teaches the student, which is frozen from here on. Each of the twelve
# simulated annotators is a listener who answers by his or her own taste.
import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupShuffleSplit

from sklearn_skd import FeedbackCalibrator, SKDStudentClassifier, SongFeatures, make_songs

n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "120"))
bunch = make_songs(n_songs, n_annotators=12, random_state=0)
X = SongFeatures(lyrics=None).fit_transform(bunch.data)
split = GroupShuffleSplit(1, test_size=2 / 3, random_state=0).split(
    bunch.target, groups=bunch.groups
)
train, rest = next(split)
student = SKDStudentClassifier(strategy="student-only", max_epochs=20, random_state=0)
student.fit(X[train], bunch.target[train])

# %%
# Feedback, one vote a row
# ------------------------
# Half of the songs that are left get feedback, in random order. The votes on the other half are
# kept to judge by.
rng = np.random.default_rng(0)
rng.shuffle(rest)
heard, kept = rest[: len(rest) // 2], rest[len(rest) // 2 :]
votes = bunch.annotations.sample(frac=1, random_state=0)
feedback = votes[votes["song"].isin(heard)]
test = votes[votes["song"].isin(kept)]
print(f"{len(feedback)} feedbacks, {len(test)} votes to judge by")
feedback.head(4)

# %%
# Learning as it arrives
# ----------------------
# `partial_fit` takes any number of votes. Given the names of the listeners as `groups`, it learns
# one calibration for all and one for each; without, the first alone. `class_bias` lets it learn
# which emotions somebody tends to hear, not only how sure to be. One feedback moves it by no more
# than `max_step`, so that a wrong one does little.
numbers = np.unique(np.linspace(0, len(heard), 7).astype(int))
turn = feedback.groupby("annotator").cumcount()
rows = []
for arm in ("all together", "each listener"):
    calibrated = FeedbackCalibrator(student, class_bias=True).fit(X[heard], bunch.target[heard])
    for since, now in zip([0, *numbers], numbers, strict=False):
        new = feedback[(turn >= since) & (turn < now)]
        if len(new):
            names = new["annotator"] if arm == "each listener" else None
            calibrated.partial_fit(X[new["song"]], new["emotion"], groups=names)
        proba = calibrated.predict_proba(X[test["song"]], groups=test["annotator"])
        rows.append((arm, now, log_loss(test["emotion"], proba, labels=calibrated.classes_)))
loss = pd.DataFrame(rows, columns=["arm", "feedbacks", "loss"])
loss = loss.pivot(index="feedbacks", columns="arm", values="loss")
print(loss.round(3))

# %%
# How much it takes
# -----------------
# The dotted line is the student without any feedback: calibrated on majority labels, it is too sure
# of what one person will say. That is soon learned from all together. Where the lines part, names
# pay, and here that is little. On so few songs this is one draw; ``benchmarks/feedback.py`` repeats
# it, on real votes too.
figure, ax = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
for (arm, values), color, marker in zip(loss.items(), ("#0072B2", "#D55E00"), "os", strict=True):
    ax.plot(values, color=color, marker=marker, label=arm)
ax.axhline(loss.iloc[0, 0], color="#6E6E6E", linestyle=":", label="no feedback")
ax.set(xlabel="Feedbacks of each listener", ylabel="Log-loss of votes on other songs")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)

# %%
# What it knows of each listener
# ------------------------------
# A temperature above 1: this listener answers more freely than the student expected. A bias above
# 0: somebody who hears this emotion more often than it says.
calibrated.groups_.round(2).head(4)
plt.show()
