"""
An audio-only student
=====================

The teacher hears the sound, reads the lyrics and knows the culture. The student will be deployed
where only the sound is known. It learns from all three, and needs one.
"""

# %%
# Features once
# -------------
import os

from sklearn_skd import SKDStudentClassifier, SongFeatures, TeacherClassifier, make_songs
from sklearn_skd.display import EmotionTimelineDisplay

n_songs = int(os.environ.get("SKD_EXAMPLE_SONGS", "60"))
songs, emotion = make_songs(n_songs, return_X_y=True, random_state=0)
X = SongFeatures().fit_transform(songs)
print({source: array.shape for source, array in X.items()})

# %%
# A student that sees less than its teacher
# -----------------------------------------
student = SKDStudentClassifier(
    teacher=TeacherClassifier(max_epochs=6),
    sources=("audio",),
    teacher_cv=2,
    max_epochs=10,
    random_state=0,
)
student.fit(X, emotion)
print(f"teacher: {student.teacher_.n_parameters_:,} parameters")
print(f"student: {student.n_parameters_:,} parameters")

# %%
# At prediction the other sources are not needed, nor read.
audio_only = {"audio": X["audio"][:3]}
print(student.predict_proba(audio_only).round(3))

# %%
# Reading the timeline
# --------------------
# The upper panel: the emotion of each moment, as if the whole song sounded like it. The lower
# panel: how much each moment counts for the song.
display = EmotionTimelineDisplay.from_estimator(
    student, X, song=0, title="One song, moment by moment"
)
display.figure_.set_layout_engine("constrained")
