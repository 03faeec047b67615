"""
Sets of emotions instead of one
===============================

A song may be sad and calm. A conformal set names as many emotions as it takes to hold the right one
for nine songs of ten, whatever the model. With MAPIE, around a fitted student.
"""

# %%
# MAPIE is a package of its own
# -----------------------------
# ``pip install "sklearn-skd[conformal]"``. It takes any classifier of scikit-learn's form, hence
# also a fitted pipeline with a student at its end.
import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_skd import SKDStudentClassifier, SongFeatures, TeacherClassifier, make_songs

try:
    from mapie.classification import SplitConformalClassifier
except ImportError as error:
    raise ImportError('This example needs MAPIE: pip install "sklearn-skd[conformal]"') from error

n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "120"))
songs, emotion = make_songs(n_songs, return_X_y=True, random_state=0)
emotion = np.asarray(emotion, dtype=str)
songs_train, songs_rest, y_train, y_rest = train_test_split(
    songs, emotion, test_size=1 / 2, stratify=emotion, random_state=0
)
songs_held_out, songs_test, y_held_out, y_test = train_test_split(
    songs_rest, y_rest, test_size=1 / 2, stratify=y_rest, random_state=0
)
student = SKDStudentClassifier(
    teacher=TeacherClassifier(max_epochs=15), teacher_cv=2, max_epochs=30, random_state=0
)
model = make_pipeline(SongFeatures(), student)
model.fit(songs_train, y_train)

# %%
# Conformalise
# ------------
# On held-out songs, MAPIE finds how small a probability an emotion may have and still be named, so
# that 90 % of the sets hold the right emotion (`"lac"`, the smallest sets on average). The promise
# holds for songs drawn like the held-out ones, on average over draws of both.
conformal = SplitConformalClassifier(model, confidence_level=0.9, conformity_score="lac")
conformal.conformalize(songs_held_out, y_held_out)
_, sets = conformal.predict_set(songs_test)
sets = sets[:, :, 0]
for names, truth in zip(sets[:4], y_test, strict=False):
    print(" or ".join(model.classes_[names]) or "none of them", "- listeners:", truth)

# %%
# Coverage and size, overall and for each emotion
# -----------------------------------------------
# 90 % overall may hide an emotion whose songs are covered far more rarely. Always look at the
# counts: of ten songs, nine or seven covered is the same thing.
table = pd.DataFrame(
    {
        "emotion": y_test,
        "covered": sets[np.arange(len(y_test)), np.searchsorted(model.classes_, y_test)],
        "size": sets.sum(axis=1),
    }
)
by_emotion = table.groupby("emotion").agg(
    songs=("covered", "size"), coverage=("covered", "mean"), size=("size", "mean")
)
overall = [len(table), table["covered"].mean(), table["size"].mean()]
by_emotion.loc["all songs"] = overall
by_emotion["songs"] = by_emotion["songs"].astype(int)
print(by_emotion.round(2))

# %%
# The line is the promise. The bars are 95 % Wilson intervals of the coverage: those that hold the
# line say nothing against it.
share, place = by_emotion["coverage"], np.arange(len(by_emotion))
low, high = zip(
    *(
        binomtest(round(row.coverage * row.songs), row.songs).proportion_ci(method="wilson")
        for row in by_emotion.itertuples()
    ),
    strict=True,
)
figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3), sharey=True, layout="constrained")
left.hlines(place, low, high, color="#333333", lw=1.5)
left.plot(share, place, "o", color="#0072B2", ms=8)
left.axvline(0.9, color="#333333", ls="--", lw=1)
left.set(xlim=(0, 1.02), xlabel="Coverage (promised: 0.9)")
names = [f"{name} ({count})" for name, count in by_emotion["songs"].items()]
left.set_yticks(place, names)
left.invert_yaxis()
right.barh(place, by_emotion["size"], height=0.5, color="#0072B2")
right.set(xlim=(0, len(model.classes_)), xlabel="Emotions in a set, mean")
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(axis="y", length=0)

# %%
# Act on it
# ---------
# A set of one is an answer; a large one says to ask somebody. In contrast to
# :doc:`plot_abstention`, it still says which emotions are left.
counts = table["size"].value_counts().sort_index()
print("songs by size of their set:", counts.to_dict())
plt.show()
