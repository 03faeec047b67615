"""
Annotators who disagree
=======================

Votes are knowledge: a song that half the listeners call sad should not be learned as surely happy.
From a list of votes to labels, reliabilities, and a student that learns from the votes themselves.
"""

# %%
# One row, one vote
# -----------------
# This is how annotations usually come: who heard what in which song.
import os

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GroupShuffleSplit

from sklearn_skd import (
    SKDStudentClassifier,
    SongFeatures,
    TeacherClassifier,
    aggregate_annotations,
    make_songs,
)

n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "120"))
bunch = make_songs(n_songs, random_state=0)
bunch.annotations.head(4)

# %%
# One row, one song
# -----------------
# :func:`~sklearn_skd.aggregate_annotations` counts. `emotion` is what most annotators chose. A tie
# stays unlabelled: about such a song only the teacher will speak. `annotation_reliability` is the
# share of pairs of annotators who agree. Songs below `min_agreement` are marked as `screened`, and
# none is removed; that is up to you.
table = aggregate_annotations(bunch.annotations, songs=bunch.data.index, min_agreement=0.3)
emotions = table.attrs["emotions"]
print(f"{table['tied'].sum()} songs are tied, {table['screened'].sum()} are below 0.3")
table.head(4)

# %%
# Ten of the songs, from unanimous to split. A label alone would make all ten rows look the same:
# one colour, full width.
reliability = table["annotation_reliability"]
spread = reliability.sort_values().index[np.linspace(0, n_songs - 1, 10).astype(int)]
shares = table[emotions].div(table["n_annotators"], axis=0)
figure, ax = plt.subplots(figsize=(8.4, 4.4), layout="constrained")
styles = zip(("#0072B2", "#D55E00", "#009E73", "#CC79A7"), ("", "//", "..", "xx"), strict=True)
left = np.zeros(10)
for emotion, (color, hatch) in zip(emotions, styles, strict=True):
    width = shares.loc[spread, emotion].to_numpy()
    ax.barh(range(10), width, left=left, label=emotion, color=color, hatch=hatch, edgecolor="white")
    left += width
ax.set_yticks(range(10), [f"song {song}: {reliability[song]:.2f}" for song in spread])
ax.set(xlabel="Share of the votes", ylabel="Annotation reliability")
ax.spines[["top", "right", "left"]].set_visible(False)
ax.tick_params(axis="y", length=0)
figure.legend(loc="outside upper center", ncols=4, frameon=False)

# %%
# Learn from the votes
# --------------------
# Given `annotation_votes`, a song's target is half its label and half its vote shares. Columns are
# matched with the classes by name. Two students, one without and one with votes, are asked about
# songs of other artists; the measure is the log-loss against the votes of those songs, the lower
# the better. On so few songs the difference may be of either sign. On three collections of real
# songs, votes in the target were the largest single gain that we measured.
X = SongFeatures(lyrics=None).fit_transform(bunch.data)
split = GroupShuffleSplit(1, test_size=1 / 3, random_state=0).split(
    bunch.target, groups=bunch.groups
)
train, test = next(split)
student = SKDStudentClassifier(
    teacher=TeacherClassifier(max_epochs=15), teacher_cv=2, max_epochs=30, random_state=0
)
for name, votes in {"labels only": None, "labels and votes": shares.iloc[train]}.items():
    student.fit(
        X[train],
        table["emotion"].iloc[train],
        annotation_votes=votes,
        annotation_reliability=reliability.iloc[train],
        groups=bunch.groups[train],
    )
    loss = -(shares.iloc[test] * np.log(student.predict_proba(X[test]))).sum(axis=1).mean()
    print(f"{name}: {loss:.3f}")

# %%
# Disagreement makes a lesson less credible
# -----------------------------------------
# The reliability is one of three terms of a song's credibility (eq. 4): on the whole, points
# further to the right lie higher. How certain the teacher is, and how far its sources agree, moves
# a song up or down at the same reliability.
credibility = student.credibility_
figure, ax = plt.subplots(figsize=(6.4, 4.4), layout="constrained")
for correct, color, marker in ((1, "#0072B2", "o"), (0, "#D55E00", "s")):
    some = credibility[credibility["teacher_correct"] == correct]
    label = f"teacher {'right' if correct else 'wrong'}"
    ax.scatter(
        some["annotation_reliability"],
        some["credibility"],
        facecolor="none",
        edgecolor=color,
        marker=marker,
        label=label,
    )
ax.set(xlabel="Annotation reliability", ylabel="Credibility of the lesson")
ax.spines[["top", "right"]].set_visible(False)
ax.legend(frameon=False)
plt.show()
