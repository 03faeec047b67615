"""Data sets (paper section 4.1), resolved on first use."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "_make_songs": ["make_songs"],
        "_mood_tags": ["emotion_from_tags", "mood_tags"],
        "_onion": ["read_onion"],
        "emma": ["load_emma"],
        "merge": ["load_merge"],
        "mirdata": ["from_mirdata"],
        "music4all_onion": ["load_music4all_onion"],
        "cleaning": [
            "remove_conflicts",
            "remove_missing_lyrics",
            "remove_near_copies",
            "remove_poor_audio",
            "remove_versions",
        ],
        "groups": ["song_groups"],
        "splits": ["count_leaks", "train_validation_test_split"],
        "taxonomy": ["taxonomy_table", "to_quadrant"],
        "trompa_mer": ["load_trompa_mer"],
    },
)
