"""
Comparing strategies, honestly
==============================

Is the teacher worth having? Is choosing when to believe it? The answers are differences, and a
difference on a few hundred songs has an error.
"""

# %%
# What all have in common
# -----------------------
# The student hears the sound alone, its teacher knows the culture too. Features are computed once;
# statistics of the sound are quickly learned from, so that this page stays short. Everything that
# the arms of the comparison share is set on one student.
import os
import tempfile

import matplotlib.pyplot as plt

from sklearn_skd import (
    AudioStatistics,
    SKDStudentClassifier,
    SongFeatures,
    TeacherClassifier,
    make_songs,
)
from sklearn_skd.display import StrategyComparisonDisplay
from sklearn_skd.evaluation import compare_strategies, pooled_calibration, summarize

n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "120"))
bunch = make_songs(n_songs, random_state=0)
X = SongFeatures(audio=AudioStatistics(), lyrics=None).fit_transform(bunch.data)
student = SKDStudentClassifier(
    teacher=TeacherClassifier(max_epochs=12),
    sources=("audio",),
    teacher_cv=3,
    max_epochs=20,
    random_state=0,
)

# %%
# What they differ in
# -------------------
# An arm is a name with parameters of the student, or any other classifier. The usual weight of
# distillation is 0.9, and selective distillation gives 0.3 on average. If the two were compared as
# they are, nobody could tell what selection does and what the weight does. So there is a third,
# with equal weights of 0.3: from it, selection differs in nothing but the selection.
arms = {
    "student alone": {"strategy": "student-only"},
    "KD, 0.9": {"strategy": "kd"},
    "KD, 0.3": {"strategy": "kd", "kd_weight": 0.3},
    "SKD, 0.3": {"strategy": "skd", "mean_weight": 0.3},
}

# %%
# One call
# --------
# Every arm is trained and tested on the same folds, which keep artists together. In the folder
# `memory` the arms share their teachers, and an interrupted call would go on where it stopped; for
# real work choose one that stays, and repeated folds. The table is tidy: one value a row, and
# columns that say whose it is.
with tempfile.TemporaryDirectory() as memory:
    table, predictions = compare_strategies(
        student,
        X,
        bunch.target,
        strategies=arms,
        cv=4,
        groups=bunch.groups,
        annotation_votes=bunch.annotation_votes,
        annotation_reliability=bunch.annotation_reliability,
        memory=memory,
        return_predictions=True,
    )
print(table.head(3).to_string(index=False))

# %%
# Differences, with their errors
# ------------------------------
# Differences are paired, fold by fold. The error allows for the songs that the training sets of the
# folds have in common; the usual one would be too small. The fair baseline is the student alone,
# temperature-scaled. What is less than two errors away from it may be chance.
baseline = ("student alone", "temperature")
summary = summarize(table, reference=baseline)
print(summary.loc["NLL"].round(3).to_string())

# %%
# And the claim of selection itself, on the same weight:
matched = summarize(table, reference=("KD, 0.3", "temperature"))
selection = matched.loc[("NLL", "SKD, 0.3", "temperature")]
print(
    "log-loss with selection minus without:",
    f"{selection['difference']:+.3f} ± {selection['error']:.3f}",
)

# %%
# The same as a figure
# --------------------
# A panel a metric. Bars are one error to each side; the dotted lines are the student alone. The
# calibration error of a fold would mostly be chance, so it is that of all test songs together, and
# the grey band is where a perfectly calibrated model would lie. Songs that are rendered on the spot
# are no evidence about music: look at the form here, and at the numbers on songs of your own.
pooled = pooled_calibration(predictions)
display = StrategyComparisonDisplay.from_table(
    table, metrics=["accuracy", "AUROC", "NLL", "ECE"], pooled=pooled
)

# %%
# What not to do
# --------------
# Choosing the best row and reporting it: the best of many is partly luck. If the comparison is to
# decide on an arm, let a search do it inside of each fold, as in :doc:`plot_groups_and_votes`, or
# let `mean_weight="search"` decide inside of `fit`.

plt.show()
