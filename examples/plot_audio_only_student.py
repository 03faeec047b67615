"""
An audio-only student
=====================

The teacher hears the sound, reads the lyrics and knows the culture. The student will live where
only the sound is known. It learns from all three, and needs one.
"""

# %%
# Features once
# -------------
# All three sources of each song. A third of the artists is kept apart for the end.
import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GroupShuffleSplit

from sklearn_skd import SKDStudentClassifier, SongFeatures, TeacherClassifier, make_songs

n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "120"))
bunch = make_songs(n_songs, random_state=0)
X = SongFeatures().fit_transform(bunch.data)
split = GroupShuffleSplit(1, test_size=1 / 3, random_state=0).split(
    bunch.target, groups=bunch.groups
)
train, test = next(split)
print({source: array.shape for source, array in X.items()})

# %%
# A student that sees less than its teacher
# -----------------------------------------
# `sources` is what the student sees; the teacher sees all that is there. Beside it, a student of
# the same size that learns from the labels alone.
student = SKDStudentClassifier(
    teacher=TeacherClassifier(max_epochs=20),
    sources=("audio",),
    teacher_cv=2,
    max_epochs=30,
    random_state=0,
).fit(X[train], bunch.target[train], groups=bunch.groups[train])
alone = SKDStudentClassifier(
    strategy="student-only", sources=("audio",), max_epochs=30, random_state=0
).fit(X[train], bunch.target[train], groups=bunch.groups[train])

# %%
# The student is the smaller one by far, and it does not look at what it does not need. Whether the
# teacher's lessons pay shows in the log-loss, the lower the better. With so few songs to learn from
# and to be tested on, the order of the three may be chance; judge on your own songs, with
# cross-validation, as in :doc:`plot_groups_and_votes`.
rows = {}
for name, model, needs in (
    ("teacher", student.teacher_, "all"),
    ("student", student, "audio"),
    ("student without teacher", alone, "audio"),
):
    proba = model.predict_proba(X[test])
    rows[name] = {
        "needs": needs,
        "parameters": f"{model.n_parameters_:,}",
        "log-loss": round(log_loss(bunch.target[test], proba, labels=model.classes_), 3),
        "accuracy": round(accuracy_score(bunch.target[test], model.predict(X[test])), 3),
    }
table = pd.DataFrame(rows).T
print(table.to_string())

# %%
# The sound is enough
# -------------------
# Where the student is used there are no lyrics and no culture. Nothing else has to be given:
only_sound = {"audio": X["audio"][test[:5]]}
proba = student.predict_proba(only_sound)
pd.DataFrame(proba, columns=student.classes_).round(2).assign(listeners=bunch.target[test[:5]])

# %%
# What the teacher looked at
# --------------------------
# For each song the teacher divides its attention among its sources (eq. 3). Means over the test
# songs, with lyrics and without. For a song without, the culture vector stands in for the lyrics,
# and what you see is the share of this stand-in. How a teacher divides its attention is no proof of
# what a source is worth; :doc:`plot_adding_a_source` measures that.
attention = student.teacher_.source_attention(X[test])
has_lyrics = bunch.data["lyrics"].iloc[test].notna().to_numpy()
means = attention.groupby(np.where(has_lyrics, "with lyrics", "without lyrics")).mean()
figure, ax = plt.subplots(figsize=(8.4, 2.6), layout="constrained")
left = np.zeros(len(means))
styles = zip(("#0072B2", "#D55E00", "#009E73"), ("", "//", ".."), strict=True)
for source, (color, hatch) in zip(means, styles, strict=True):
    style = {"color": color, "hatch": hatch, "edgecolor": "white"}
    ax.barh(means.index, means[source], left=left, label=source, height=0.6, **style)
    left += means[source].to_numpy()
ax.set(xlabel="Share of the teacher's attention", xlim=(0, 1))
ax.spines[["top", "right", "left"]].set_visible(False)
ax.tick_params(axis="y", length=0)
figure.legend(loc="outside upper center", ncols=3, frameon=False)
plt.show()
