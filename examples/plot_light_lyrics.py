"""
Light lyrics
============

A sentence encoder takes longer to read a song's lyrics than the whole student takes for the song,
and has 23 million parameters. Leave it to the teacher: the student looks its words up in a table.
"""

# %%
# One table of songs, lyrics twice
# --------------------------------
# :class:`~sklearn_skd.StaticLyricsEncoder` puts each token of the sentence encoder's vocabulary
# through it once, which takes about a minute, and turns the vectors towards what the encoder says
# of the training songs. `memory` names a folder that keeps the tokens' vectors for later; here it
# is a temporary one.
import os
import tempfile
import time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline

from sklearn_skd import (
    LyricsEncoder,
    SKDStudentClassifier,
    SongFeatures,
    StaticLyricsEncoder,
    TeacherClassifier,
    make_songs,
    student_pipeline,
)

n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "120"))
bunch = make_songs(n_songs, random_state=0)
songs, emotion = bunch.data, bunch.target
train, test = next(
    GroupShuffleSplit(1, test_size=1 / 3, random_state=0).split(emotion, groups=bunch.groups)
)

# %%
# `extra` adds the light lyrics as a source of their own, and `sources` says what the student reads.
# The teacher reads everything.
folder = tempfile.TemporaryDirectory()
model = make_pipeline(
    SongFeatures(extra=[("light", StaticLyricsEncoder(memory=folder.name), "lyrics")]),
    SKDStudentClassifier(
        TeacherClassifier(max_epochs=15),
        sources=("audio", "light", "culture"),
        teacher_cv=2,
        max_epochs=25,
        memory=folder.name,
        random_state=0,
    ),
).fit(songs.iloc[train], emotion[train])

# %%
# What is shipped
# ---------------
# :func:`~sklearn_skd.student_pipeline` leaves the teacher and its encoder behind. Predictions stay
# the same to the last bit.
shipped = student_pipeline(model)
held_out = songs.iloc[test]
proba = shipped.predict_proba(held_out)
print("sources:", *model[0].transformers_, "->", *shipped[0].transformers_)
print("same predictions:", np.array_equal(proba, model.predict_proba(held_out)))

# %%
# What it saves
# -------------
# One song at a time, which nobody has read before.
full = LyricsEncoder().fit(["anything"])
table = shipped[0].transformers_["light"]
milliseconds = {"sentence encoder": [], "table": []}
for text in held_out["lyrics"].dropna().drop_duplicates():
    text += "\nand nobody has sung this line"
    for name, encoder in (("sentence encoder", full), ("table", table)):
        start = time.perf_counter()
        encoder.transform([text])
        milliseconds[name].append(1e3 * (time.perf_counter() - start))
cost = pd.DataFrame(milliseconds).median()
print(cost.round(2).to_string())

# %%
# And what it costs: a second student, of the same teacher, reads the sentence encoder's vectors.
# With so few songs the difference may be chance: ``benchmarks/static_lyrics.py`` measures it on
# many, and :doc:`../guide/light_lyrics` has its table.
X, X_test = model[0].transform(songs.iloc[train]), model[0].transform(held_out)
student = model[-1]
heavy = SKDStudentClassifier(**student.get_params(deep=False))
heavy.set_params(sources=("audio", "lyrics", "culture")).fit(X, emotion[train])
folder.cleanup()
losses = {
    "teacher": log_loss(emotion[test], student.teacher_.predict_proba(X_test)),
    "student, sentence encoder": log_loss(emotion[test], heavy.predict_proba(X_test)),
    "student, table": log_loss(emotion[test], proba),
}
print(pd.Series(losses).round(3).to_string())

# %%
# Side by side
# ------------
# On the left, less is faster; on the right, less is better.
figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 2.4), layout="constrained")
left.barh(cost.index[::-1], cost[::-1], color=["#009E73", "#0072B2"], height=0.6)
left.set(xscale="log", xlim=(0.1, None), xlabel="Lyrics of one song, ms (log scale)")
names = list(losses)[::-1]
right.barh(names, [losses[name] for name in names], color=["#009E73", "#0072B2", "#888888"])
right.set(xlabel="Log-loss on new songs")
for ax in (left, right):
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
plt.show()
