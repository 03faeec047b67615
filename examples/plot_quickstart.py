"""
Quickstart
==========

From a table of songs to calibrated emotion probabilities, with a search over one parameter.
"""

# %%
# Songs
# -----
# The songs are rendered on the spot: a DataFrame with one row a song. Your own table works the same
# way. It needs a column `audio` with paths, and may have `lyrics` and culture columns.
import os

from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sklearn_skd import SKDStudentClassifier, SongFeatures, TeacherClassifier, make_songs
from sklearn_skd.metrics import ece_scorer

n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "60"))
songs, emotion = make_songs(n_songs, return_X_y=True, random_state=0)
print(songs.head())

# %%
# Model and search
# ----------------
# Small settings keep this example under a minute. Leave `max_epochs` and `teacher_cv` at their
# defaults for real work.
student = SKDStudentClassifier(
    teacher=TeacherClassifier(max_epochs=6), teacher_cv=2, max_epochs=8, random_state=0
)
model = make_pipeline(SongFeatures(), student)
search = GridSearchCV(
    model,
    {"skdstudentclassifier__temperature": [1, 2]},
    scoring={"nll": "neg_log_loss", "ece": ece_scorer},
    refit="nll",
    cv=2,
)
search.fit(songs, emotion)

# %%
# Both scores are "higher is better": the log-loss and the calibration error come negated.
for params, nll, ece in zip(
    search.cv_results_["params"],
    search.cv_results_["mean_test_nll"],
    search.cv_results_["mean_test_ece"],
    strict=True,
):
    print(params, f"nll {nll:.3f}  ece {ece:.3f}")

# %%
# Calibrated probabilities
# ------------------------
print(search.classes_)
print(search.predict_proba(songs[:3]).round(3))

# %%
# How far the teacher was believed, song by song, and why.
print(search.best_estimator_[-1].credibility_.head().round(2))
