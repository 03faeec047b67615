"""
Quickstart
==========

From a table of songs to emotion probabilities: fit, predict songs that were never heard, see
whether the probabilities can be trusted, search for a better setting.
"""

# %%
# Songs are rows of a table
# -------------------------
# :func:`~sklearn_skd.make_songs` renders invented songs on the spot, so that nothing has to be
# downloaded: real sound files, with lyrics, culture and an emotion that listeners heard. A table of
# your own works the same way, see :doc:`plot_your_own_songs`. A third of the songs is kept for the
# end.
import os

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_skd import SKDStudentClassifier, SongFeatures, TeacherClassifier, make_songs
from sklearn_skd.display import ReliabilityDisplay
from sklearn_skd.metrics import ece_scorer

n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "120"))
songs, emotion = make_songs(n_songs, return_X_y=True, random_state=0)
songs_train, songs_test, y_train, y_test = train_test_split(
    songs, emotion, test_size=1 / 3, stratify=emotion, random_state=0
)
songs.drop(columns="audio").head(4)

# %%
# One model
# ---------
# :class:`~sklearn_skd.SongFeatures` turns sound, lyrics and culture into arrays. A large teacher
# learns from them, and :class:`~sklearn_skd.SKDStudentClassifier`, small and fast, learns from
# teacher and listeners. Small settings keep this page quick; leave `max_epochs` and `teacher_cv`
# at their defaults for real work. Click the boxes to see the parameters.
student = SKDStudentClassifier(
    teacher=TeacherClassifier(max_epochs=15), teacher_cv=2, max_epochs=20, random_state=0
)
model = make_pipeline(SongFeatures(), student)
model.fit(songs_train, y_train)

# %%
# A probability for each emotion
# ------------------------------
# The last column is what the listeners heard.
proba = model.predict_proba(songs_test)
pd.DataFrame(proba, columns=model.classes_).round(2).assign(listeners=y_test).head()

# %%
# Can they be trusted?
# --------------------
# Of all songs for which the student says "80 %", 80 % should be right: points on the diagonal. So
# few songs say little, and the figure says so. The grey band is where the points of a perfect model
# would lie, by chance alone; filled markers lie outside of it. The null floor in the legend is the
# calibration error (ECE) that a perfect model would have on this number of songs.
display = ReliabilityDisplay.from_predictions(
    y_test, proba, labels=model.classes_, n_bins=5, name="student"
)
display.figure_.suptitle("Songs that the student never heard")

# %%
# Why the student believed its teacher
# ------------------------------------
# Each training song has a `credibility`, made of the teacher's certainty, the agreement of its
# sources and that of the annotators (unknown here, hence NaN). From it follows the `weight` of the
# teacher's word against the label's. `teacher_correct` says whether a teacher that had not seen
# the song was right about it.
model[-1].credibility_.head().round(2)

# %%
# Search
# ------
# Every part is a scikit-learn estimator, so a search needs no special care. The whole `model` can
# be searched, over `skdstudentclassifier__temperature`. Here only the student changes, so the
# features are computed once. Choose by log-loss, and look at the calibration error. Both come
# negated, since higher is better in a search.
X_train, X_test = (model[:-1].transform(table) for table in (songs_train, songs_test))
search = GridSearchCV(
    student,
    {"temperature": [1, 4]},
    scoring={"nll": "neg_log_loss", "ece": ece_scorer},
    refit="nll",
    cv=2,
)
search.fit(X_train, y_train)
for row in pd.DataFrame(search.cv_results_).itertuples():
    print(row.params, f"nll {row.mean_test_nll:.3f}  ece {row.mean_test_ece:.3f}")
print("on the songs kept for the end:", f"nll {search.score(X_test, y_test):.3f}")

plt.show()
