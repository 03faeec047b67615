"""
What a model costs
==================

A teacher that is right may still be too slow for a phone. What do the parts of a model cost, from a
song to its probabilities, and how much of it does the student save?
"""

# %%
# A teacher and two students
# --------------------------
# The teacher reads log-mel spectrograms, vectors of classical descriptors and culture. The students
# get by without the descriptors: they learn what the teacher knows from them.
#
# :func:`~sklearn_skd.student_pipeline` leaves behind what only the teacher reads. It is this that
# is shipped, and measured.
import os

import matplotlib.pyplot as plt
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_skd import (
    AudioStatistics,
    SKDStudentClassifier,
    SongFeatures,
    TeacherClassifier,
    make_songs,
    student_pipeline,
)
from sklearn_skd.deployment import profile_cost
from sklearn_skd.display import CostDisplay

n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "120"))
songs, emotion = make_songs(n_songs, return_X_y=True, random_state=0)
train, test, y_train, y_test = train_test_split(
    songs, emotion, test_size=1 / 3, stratify=emotion, random_state=0
)
features = SongFeatures(lyrics=None, extra=[("statistics", AudioStatistics(), "audio")])
X = features.fit_transform(train, y_train)


def fit(strategy):
    """A student that does without the statistics, and its teacher, if it had one."""
    student = SKDStudentClassifier(
        TeacherClassifier(max_epochs=12),
        strategy,
        sources=("audio", "culture"),
        teacher_cv=2,
        max_epochs=20,
        random_state=0,
    )
    student.fit(X, y_train)
    model = make_pipeline(features, student)
    teacher = make_pipeline(features, student.teacher_) if strategy == "skd" else None
    return student_pipeline(model), teacher


skd, teacher = fit("skd")
alone, _ = fit("student-only")

# %%
# One row a model
# ---------------
# Latency is that of one song, one at a time, on one thread; memory is the peak of a fresh process
# that predicts a batch, all libraries included.
models = {"teacher": teacher, "student-only": alone, "SKD student": skd}
table = profile_cost(models, test, y_test, batch_size=8, n_repeats=5)
shown = ["parameters", "latency_ms", "throughput", "peak_memory_mb", "accuracy", "macro_f1"]
print(table[shown].round(2).to_string())

# %%
# The figure of the paper
# -----------------------
# Ratios are to the first row. The descriptors cost the teacher most of its time, and the student
# none. Memory differs little: it is that of the libraries, which both load. Where that matters,
# serve the student with ONNX Runtime instead of torch.
CostDisplay.from_table(table)

# %%
# Where the time goes
# -------------------
# Each stage on its own, in milliseconds. The songs are files, so their decoding is part of
# ``features_audio``; the net itself is the smallest part.
stages = [name for name in table if name.startswith(("latency_ms_features", "latency_ms_class"))]
print(table[stages].T.round(2).to_string())

# %%
# How much is computed
# --------------------
# Millions of multiply-adds, which do not depend on the machine. Those of the descriptors are not
# known, hence NaN.
operations = [name for name in table if name.startswith("multiply_adds")]
print(table[operations].T.div(1e6).round(2).to_string())

plt.show()
