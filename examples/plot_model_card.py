"""
A model card
============

A page for those who will use a model: what it is, what it can do, and for whom it does worse.
"""

# %%
# One line after the evaluation
# -----------------------------
# A student is fitted as always, and asked about songs that it never heard. From the song table
# :func:`~sklearn_skd.deployment.model_card` takes the culture of the songs, and judges every genre,
# language, region ... for itself.
import os
import tempfile

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_skd import SKDStudentClassifier, SongFeatures, TeacherClassifier, make_songs
from sklearn_skd.deployment import model_card

n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "120"))
songs, emotion = make_songs(n_songs, return_X_y=True, random_state=0)
songs_train, songs_test, y_train, y_test = train_test_split(
    songs, emotion, test_size=1 / 3, stratify=emotion, random_state=0
)
student = SKDStudentClassifier(
    teacher=TeacherClassifier(max_epochs=8), teacher_cv=2, max_epochs=12, random_state=0
)
model = make_pipeline(SongFeatures(lyrics=None), student).fit(songs_train, y_train)
card = model_card(
    model, songs_test, y_test, name="Emotions of embedded songs", description="An example."
)
print(card)

# %%
# A notebook shows the page, and so does this one. ``card.save("card.html")`` writes it: one file
# that needs no other, runs no script, and can be sent to anybody.
card

# %%
# Few songs say little
# --------------------
# The numbers are there as tables too. Most groups of so few test songs are too small to be judged,
# and the card says so instead of staying silent.
card.groups.loc["language", ["songs", "accuracy", "ECE", "null_high", "finding"]].round(2)

# %%
# Right on average, wrong for one culture
# ---------------------------------------
# Here are 1,200 invented songs in which a slow tempo goes with sadness. In most of them a minor key
# does so too, but in one song of four, those in Turkish, it is the other way round: the dances are
# in minor. A model that is not told the language learns what holds for most songs.
rng = np.random.default_rng(0)
turkish = rng.random(1200) < 0.25
minor, slow = rng.normal(size=(2, 1200))
sadness = slow + np.where(turkish, -1.5, 2.0) * minor
y = np.where(rng.random(1200) < 1 / (1 + np.exp(-sadness)), "sadness", "pleasure")
X = pd.DataFrame({"minor": minor, "slow": slow})
culture = pd.DataFrame(
    {
        "language": np.where(turkish, "Turkish", "English"),
        "genre": rng.choice(["dance", "folk", "pop"], size=1200),
    }
)
naive = LogisticRegression().fit(X[:600], y[:600])
card = model_card(naive, X[600:], y[600:], culture=culture[600:], measure_speed=False)
print(f"ECE of all songs {card.metrics.loc['ECE', 'value']:.3f}")
for warning in card.warnings:
    print("-", warning)

# %%
# What the groups have to say
# ---------------------------
# Mean confidence minus accuracy, with 95 % intervals: to the right of the line the model promises
# too much. Filled squares are what the card warns of. An interval misses the line by chance now and
# then; the card takes into account how many there are.
groups = card.groups[::-1]
names = [f"{field}: {name} ({n})" for (field, name), n in groups["songs"].items()]
figure, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
for row, values in enumerate(groups.to_dict("records")):
    warned = "confident" in values["finding"]
    ends = [values["over-confidence_low"], values["over-confidence_high"]]
    ax.plot(ends, [row, row], color="#0072B2")
    style = {"marker": "s" if warned else "o", "markerfacecolor": "#0072B2" if warned else "white"}
    ax.plot(values["over-confidence"], row, color="#0072B2", markersize=8, **style)
ax.axvline(0, color="#333333", linewidth=1, linestyle=":")
ax.set_yticks(range(len(names)), names)
ax.set_xlabel("Over-confidence (mean confidence minus accuracy)")
ax.spines[["top", "right"]].set_visible(False)

# %%
# Keep it with the model
# ----------------------
# The same predictions give the same page, byte for byte, if the speed is not measured: a card can
# lie beside the model under version control, and a changed line is a changed model.
with tempfile.TemporaryDirectory() as folder:
    path = card.save(os.path.join(folder, "card.html"))
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")

plt.show()
