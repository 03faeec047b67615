"""
Annotators who disagree
=======================

Votes are knowledge: a song that half the listeners call sad should not be learned as surely happy.
Here votes, their reliability and the artists travel through a Pipeline and a GridSearchCV to `fit`.
"""

# %%
# Votes into labels
# -----------------
# One row of `annotations` is one vote. :func:`~sklearn_skd.aggregate_annotations` makes one row a
# song of them. Ties are left unlabelled (missing), or take the first class, as here.
import os

import sklearn
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline

from sklearn_skd import (
    SKDStudentClassifier,
    SongFeatures,
    TeacherClassifier,
    aggregate_annotations,
    make_songs,
)

n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "60"))
bunch = make_songs(n_songs, random_state=0)
table = aggregate_annotations(bunch.annotations, songs=bunch.data.index, ties="first")
emotion = table["emotion"].to_numpy()
votes = table[table.attrs["emotions"]]
reliability = table["annotation_reliability"].to_numpy()
print(table.head())

# %%
# Bring them to `fit`
# -------------------
# Without metadata routing, `GridSearchCV.fit(..., groups=...)` gives the groups to the splitter
# only. With it, each step asks for what it needs, and the search slices it by fold. The columns of
# `votes` are matched with the classes by name.
student = SKDStudentClassifier(
    teacher=TeacherClassifier(max_epochs=6), teacher_cv=2, max_epochs=8, random_state=0
)
with sklearn.config_context(enable_metadata_routing=True):
    student.set_fit_request(annotation_votes=True, annotation_reliability=True, groups=True)
    model = make_pipeline(SongFeatures(lyrics=None), student)
    search = GridSearchCV(
        model,
        {"skdstudentclassifier__mean_weight": [0.3, 0.6]},
        scoring="neg_log_loss",
        cv=StratifiedGroupKFold(2),  # asks for groups by itself
    )
    search.fit(
        bunch.data,
        emotion,
        annotation_votes=votes,
        annotation_reliability=reliability,
        groups=bunch.groups,
    )
print(search.best_params_, f"{search.best_score_:.3f}")

# %%
# What came of it
# ---------------
# Songs on which the annotators agree are more credible, all else equal.
credibility = search.best_estimator_[-1].credibility_
print(credibility[["annotation_reliability", "credibility", "weight"]].describe().round(2))
