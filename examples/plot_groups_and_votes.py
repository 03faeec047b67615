"""
Groups and votes in a search
============================

Songs of one artist sound alike, and votes belong to songs. Metadata routing brings both wherever
they are needed: to the folds of a search, and through a pipeline to the student.
"""

# %%
# What goes wrong without groups
# ------------------------------
# An artist has a voice, a studio and favourite emotions. With songs of one artist on both sides of
# a split, a model can score by knowing the artist. How much is that worth? Here is a cheat that
# hears nothing: it is told the artist, and guesses that artist's usual emotion. Four emotions make
# one in four right by chance.
import os

import matplotlib.pyplot as plt
import pandas as pd
import sklearn
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sklearn_skd import SKDStudentClassifier, SongFeatures, TeacherClassifier, make_songs

n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "120"))
bunch = make_songs(n_songs, random_state=0)
songs, emotion, artist = bunch.data, bunch.target, bunch.groups
folds = {
    "StratifiedKFold": StratifiedKFold(3, shuffle=True, random_state=0).split(songs, emotion),
    "StratifiedGroupKFold": StratifiedGroupKFold(3).split(songs, emotion, artist),
}
folds = {name: list(splits) for name, splits in folds.items()}
cheat = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
for name, splits in folds.items():
    accuracy = cross_val_score(cheat, artist.reshape(-1, 1), emotion, cv=splits).mean()
    print(f"{name}: {accuracy:.0%} right by knowing the artist")

# %%
# A dot is an artist's songs in a test fold, and its size their number. On the left most artists are
# in several folds: tested in one, they were heard in the others. On the right each is in one.
figure, panels = plt.subplots(1, 2, figsize=(8.4, 4.4), sharey=True, layout="constrained")
for panel, (name, splits) in zip(panels, folds.items(), strict=True):
    for fold, (_, test) in enumerate(splits):
        count = pd.Series(artist[test]).value_counts()
        panel.scatter([f"fold {fold + 1}"] * len(count), count.index, s=18 * count, c="#0072B2")
    panel.set_title(name, loc="left", fontsize="medium")
    panel.spines[["top", "right"]].set_visible(False)
    panel.margins(x=0.25)
panels[0].set_ylabel("Artist")

# %%
# Ask for what you need
# ---------------------
# By default `GridSearchCV.fit(..., groups=...)` gives the groups to the splitter alone, and a
# pipeline takes no votes. With metadata routing each step says what it wants, and the search hands
# it over, cut to the songs of the fold. The student keeps artists together inside of `fit` too, in
# the folds of its teachers and in its hold-out. The splitter asks for groups by itself.
sklearn.set_config(enable_metadata_routing=True)
student = SKDStudentClassifier(
    teacher=TeacherClassifier(max_epochs=8), teacher_cv=2, max_epochs=12, random_state=0
)
student.set_fit_request(annotation_votes=True, annotation_reliability=True, groups=True)
metadata = {
    "annotation_votes": bunch.annotation_votes,
    "annotation_reliability": bunch.annotation_reliability,
    "groups": artist,
}
search = GridSearchCV(
    make_pipeline(SongFeatures(lyrics=None), student),
    {"skdstudentclassifier__mean_weight": [0.3, 0.6]},
    scoring="neg_log_loss",
    cv=StratifiedGroupKFold(2),
)
search.fit(songs, emotion, **metadata)
print(search.best_params_, f"log-loss {-search.best_score_:.3f}")

# %%
# Did they arrive? The student keeps what it knew about each training song:
credibility = search.best_estimator_[-1].credibility_
print(f"reliability known for {credibility['annotation_reliability'].notna().sum()} songs")

# %%
# :func:`~sklearn.model_selection.cross_validate` takes them as `params`:
scores = cross_validate(
    search.best_estimator_,
    songs,
    emotion,
    cv=StratifiedGroupKFold(2),
    scoring=["neg_log_loss", "accuracy"],
    params=metadata,
)
pd.DataFrame(scores)[["test_neg_log_loss", "test_accuracy"]].round(3)

# %%
# If you forget to ask
# --------------------
# Nothing is dropped in silence. A student that never said what it wants is an error, and so is a
# misspelt name. To leave something out on purpose, say `groups=False`.
try:
    make_pipeline(SongFeatures(), SKDStudentClassifier()).fit(songs, emotion, groups=artist)
except UnsetMetadataPassedError as error:
    print(error)

plt.show()
