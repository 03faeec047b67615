"""
To another data set, untouched
==============================

A model meets songs that nobody collected for it: other artists, other cultures, other annotators.
What is left of what it could do at home?
"""

# %%
# Two sets
# --------
# With downloads of your own these would be ``load_merge(...)`` and ``load_emma(...)``. Here both
# are rendered. The second has other artists, its songs are mostly of the regions that are rare in
# the first, and it has three annotators instead of seven, who meet more conflict.
import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from sklearn_skd import (
    AudioStatistics,
    SKDStudentClassifier,
    SongFeatures,
    TeacherClassifier,
    make_songs,
)
from sklearn_skd.datasets import remove_near_copies, to_quadrant, train_validation_test_split
from sklearn_skd.display import TransferDisplay
from sklearn_skd.evaluation import evaluate_transfer, pooled_calibration

n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "120"))
home = make_songs(n_songs, random_state=0)
away = make_songs(n_songs, n_annotators=3, conflict=0.3, random_state=1)
regions = sorted(home.data["region"].dropna().unique())[::2]
every_third = np.arange(n_songs) % 3 == 0
at_home = np.flatnonzero(home.data["region"].isin(regions) | every_third)
elsewhere = np.flatnonzero(~away.data["region"].isin(regions) | every_third)
print(len(at_home), "songs at home,", len(elsewhere), "elsewhere")

# %%
# One set of emotions, no copies
# ------------------------------
# Labels of all sets become the same four emotions. A recording that is in both sets would be tested
# on what was learned by heart, so copies go, with a report. These two sets have none.
songs = pd.concat({"home": home.data.iloc[at_home], "away": away.data.iloc[elsewhere]})
songs, report = remove_near_copies(songs)
print(len(report), "copies removed")
emotion = {
    "home": to_quadrant(home.target, taxonomy="quadrants")[songs.loc["home"].index],
    "away": to_quadrant(away.target, taxonomy="quadrants")[songs.loc["away"].index],
}

# %%
# A test at home, too
# -------------------
# Without one, nobody could tell what the distance costs. No artist is on both sides.
splits = train_validation_test_split(
    songs.loc["home"],
    sizes=(0.6, 0.15, 0.25),
    target=emotion["home"],
    groups=home.groups[songs.loc["home"].index],
    random_state=0,
)
train = splits["train"].append(splits["validation"])
tests = {"home": splits["test"], "away": songs.loc["away"].index}

# %%
# Train once, test on both
# ------------------------
# Nothing is fitted to a target: no statistics, no calibration. The culture codes are those of the
# training songs, and what is new elsewhere is "unknown".
features = SongFeatures(audio=AudioStatistics(), lyrics=None)
source = {
    "X": features.fit_transform(songs.loc["home"].loc[train]),
    "y": emotion["home"][train],
    "groups": home.groups[train],
    "annotation_votes": home.annotation_votes.loc[train],
}
targets = {
    name: (features.transform(songs.loc[name].loc[rows]), emotion[name][rows])
    for name, rows in tests.items()
}
student = SKDStudentClassifier(
    teacher=TeacherClassifier(max_epochs=12), teacher_cv=2, max_epochs=20, random_state=0
)
table, predictions = evaluate_transfer(
    student,
    source,
    targets,
    strategies=["student-only", "skd"],
    n_repeats=2,
    return_predictions=True,
)
metrics = table[table["calibration"] == "temperature"]
print(metrics.pivot_table("value", ["target", "strategy"], "metric")[["AUROC", "NLL"]].round(2))

# %%
# What it costs
# -------------
# The calibration suffers with the rest: the temperature was fitted at home. With so few songs at
# home, look at the grey bands before you believe a difference. On real sets the same is one line:
# ``python benchmarks/transfer.py --merge PATH --emma PATH``.
display = TransferDisplay.from_table(
    table, metrics=["AUROC", "NLL", "ECE"], pooled=pooled_calibration(predictions)
)

plt.show()
