"""
A student that may say "I do not know"
======================================

Where the probabilities are flat, leave the song to somebody else: how much is gained by it, which
score should decide, and a classifier that abstains by itself.
"""

# %%
# Three parts of the songs
# ------------------------
# One to learn from, one on which the threshold is found, one to judge. The middle part must not
# be among the songs that the student was fitted on: it knows those too well.
import os

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklearn_skd import (
    AbstainingClassifier,
    SKDStudentClassifier,
    SongFeatures,
    TeacherClassifier,
    make_songs,
)
from sklearn_skd.display import CredibilityDisplay, RiskCoverageDisplay
from sklearn_skd.metrics import area_under_risk_coverage

n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "120"))
songs, emotion = make_songs(n_songs, return_X_y=True, random_state=0)
emotion = np.asarray(emotion, dtype=str)
songs_train, songs_rest, y_train, y_rest = train_test_split(
    songs, emotion, test_size=1 / 2, stratify=emotion, random_state=0
)
songs_held_out, songs_test, y_held_out, y_test = train_test_split(
    songs_rest, y_rest, test_size=1 / 2, stratify=y_rest, random_state=0
)
student = SKDStudentClassifier(
    teacher=TeacherClassifier(max_epochs=15), teacher_cv=2, max_epochs=30, random_state=0
)
model = make_pipeline(SongFeatures(), student)
model.fit(songs_train, y_train)

# %%
# Answer six songs of ten
# -----------------------
# :class:`~sklearn_skd.AbstainingClassifier` takes the fitted model, and finds the threshold on the
# held-out songs. With `reject_label`, `predict` says so; without, `abstains` is a flag. On so few
# songs the share of new songs that is answered may be off by some.
careful = AbstainingClassifier(model, coverage=0.6, reject_label="abstain")
careful.fit(songs_held_out, y_held_out)
answer = careful.predict(songs_test)
answered = answer != "abstain"
print(f"threshold {careful.threshold_:.2f}: {answered.sum()} of {len(answer)} songs answered")
print(f"right among them: {(answer == y_test)[answered].mean():.0%}")
print(f"right if all are answered: {model.score(songs_test, y_test):.0%}")
print(f"on the held-out songs: risk {careful.risk_:.2f}, at most {careful.risk_bound_:.2f} (95 %)")
pd.DataFrame(careful.predict_proba(songs_test), columns=careful.classes_).round(2).assign(
    answer=answer, listeners=y_test
).head()

# %%
# Which score?
# ------------
# The probability of the answer, the credibility that the student predicts for the song, or both,
# put together on the held-out songs. The lower the curve the better; the grey band says how little
# so few songs can tell. All rank the same answers, so that the curves end at the same error rate.
# Where the credibility adds nothing on the held-out songs, its weight is 0 and "both" is the
# confidence. Start with the confidence.
proba = model.predict_proba(songs_test)
figure, ax = plt.subplots(figsize=(7, 6.4), layout="constrained")
for by in ("confidence", "credibility", "both"):
    ranked = AbstainingClassifier(model, by=by, coverage=0.6).fit(songs_held_out, y_held_out)
    score = ranked.score_samples(songs_test)
    told = {"confidence": score, "labels": model.classes_}
    print(f"{by:12} AURC {area_under_risk_coverage(y_test, proba, **told):.3f}")
    RiskCoverageDisplay.from_predictions(y_test, proba, name=by, ax=ax, **told)
print("weights of logit(confidence) and credibility:", ranked.coef_.round(2))

# %%
# What the credibility is made of
# -------------------------------
# For the songs it learned from, the student knows whether its teacher was right. Where the two
# halves of a panel look alike, the quantity says nothing about that: its AUC is near 0.5.
CredibilityDisplay.from_estimator(model)
plt.show()
