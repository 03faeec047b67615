"""How the gallery of examples is told and run."""

from pathlib import Path

#: From simple to advanced: each example needs only what those before it have explained.
STORY = (
    "plot_quickstart.py",
    "plot_your_own_songs.py",
    "plot_annotators.py",
    "plot_groups_and_votes.py",
    "plot_audio_only_student.py",
    "plot_adding_a_source.py",
    "plot_timeline.py",
    "plot_strategies.py",
    "plot_feedback.py",
    "plot_abstention.py",
    "plot_conformal.py",
    "plot_model_card.py",
    "plot_light_lyrics.py",
    "plot_cost.py",
    "plot_transfer_sets.py",
)


def story_order(path):
    """Place of an example in the story; ValueError for one that `STORY` lacks."""
    return STORY.index(Path(path).name)


def reset_sklearn(gallery_conf, path):
    """Undo what an example has set in scikit-learn, so that the next one starts afresh."""
    import sklearn

    sklearn.set_config(enable_metadata_routing=False)
