"""
Your own songs
==============

A folder of sound files and a CSV of what is known about them, as untidy as they are in life: other
column names, empty cells, a file that is gone and one that is no sound at all.
"""

# %%
# A folder and a CSV
# ------------------
# Let us make such a collection first. You have one already, and can skip this cell.
import os
import shutil
import tempfile
import time
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline

from sklearn_skd import LogMelSpectrogram, SKDStudentClassifier, SongFeatures, make_songs

n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "120"))
made = make_songs(n_songs, random_state=0)
collection = tempfile.TemporaryDirectory()
folder = Path(collection.name)
files = [Path(shutil.copy(path, folder)).name for path in made.data["audio"]]
pd.DataFrame(
    {
        "file": files,
        "words": made.data["lyrics"],
        "style": made.data["genre"],
        "decade": made.data["era"],
        "mood": made.target,
    }
).to_csv(folder / "songs.csv", index=False)
(folder / files[1]).unlink()
(folder / files[2]).write_text("This was to be a song.")

# %%
# Read it
# -------
# A song table is a DataFrame. The sound is a column of paths, so the folder goes in front of the
# file names. Empty cells stay empty: an instrumental has no lyrics, and that is information.
table = pd.read_csv(folder / "songs.csv")
table["path"] = [str(folder / file) for file in table["file"]]
table.drop(columns="path").head(4)

# %%
# Name the columns, expect bad files
# ----------------------------------
# `columns=` says which of your columns is what; a column not named is not read. An unreadable file
# is an error by default, since it is usually a wrong path. In a large collection you do not want to
# lose the night's run to one file: with `on_error="warn"` such songs become songs without sound,
# and one warning at the end lists them all, with reasons. `cache=` keeps what was computed.
spectrogram = LogMelSpectrogram(on_error="warn", cache=folder / "cache")
features = SongFeatures(
    audio=spectrogram,
    lyrics=None,
    columns={"audio": "path", "culture": ["style", "decade"]},
)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    start = time.perf_counter()
    X = features.fit_transform(table)
    first = time.perf_counter() - start
for warning in caught:
    print(str(warning.message).replace(str(folder), "FOLDER").replace(os.getcwd(), "HERE"))
print({source: array.shape for source, array in X.items()})

# %%
# The second time, the files that can be read come out of the cache, which knows them by their
# content: rename or move them, and nothing is computed again.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the same two files
    start = time.perf_counter()
    features.fit_transform(table)
print(f"first {first:.1f} s, then {time.perf_counter() - start:.1f} s")

# %%
# What the model will hear
# ------------------------
# Each song is a picture of its loudest 30 seconds: time to the right, pitch upwards, brighter is
# louder. A song shorter than that ends in silence. Songs without sound are NaN throughout, which
# the classifiers take as a source that the song lacks.
figure, panels = plt.subplots(2, 2, figsize=(8.4, 4.8), sharex=True, sharey=True, layout="tight")
for row, panel in enumerate(panels.flat):
    panel.set_title(f"{table['file'][row]}: {table['mood'][row]}", loc="left", fontsize="medium")
    if np.isnan(X["audio"][row]).all():
        panel.text(15, 32, "no sound", ha="center", va="center", color="#6E6E6E")
    panel.imshow(X["audio"][row], origin="lower", aspect="auto", extent=(0, 30, 0, 64))
figure.supxlabel("Time (s)", fontsize="medium")
figure.supylabel("Mel band", fontsize="medium")

# %%
# Learn and predict
# -----------------
# Two songs without sound do not stop the training. A new song may lack what the others have, or
# have a style that was never seen. Both count as unknown, so the two rows get the same answer.
student = SKDStudentClassifier(strategy="student-only", random_state=0).fit(X, table["mood"])
model = make_pipeline(features, student)
new = pd.DataFrame(
    {"path": [table["path"][0]] * 2, "style": ["yodel", None], "decade": [1990, None]}
)
pd.DataFrame(model.predict_proba(new), columns=model.classes_).round(2)

# %%
# This collection was only an example, and goes.
collection.cleanup()
plt.show()
