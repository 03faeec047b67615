"""Lyrics are cleaned of what is not sung and of what means nothing, in any script."""

import random

import pandas as pd
import pytest

from sklearn_skd import clean_lyrics


@pytest.mark.parametrize(
    "marker",
    [
        *("[Chorus]", "[Verse 1: Someone]", "(Chorus)", "Chorus:", "Verse 2", "PRE-CHORUS"),
        *("x2", "(x2)", "(2x)", "(bis)", "(Repeat chorus)", "[00:12.34]", "{intro}"),
        *("Припев:", "副歌：", "【副歌】", "[Instrumental]", "Instrumental"),
        *("<!-- note -->", "http://a.example/b?c=1"),
    ],
)
def test_markers_leave_nothing(marker):
    assert clean_lyrics(marker) == ""
    assert clean_lyrics(f"{marker}\nStay with me\n{marker}") == "stay with me"


@pytest.mark.parametrize("line", ["Stay with me (x2)", "Stay with me x2", "Chorus: stay with me"])
def test_markers_within_a_line_go_and_the_line_stays(line):
    assert clean_lyrics(line) == "stay with me"


def test_remains_of_html_go():
    assert clean_lyrics("I&#39;m <b>here</b><br/>now &amp;lt;i&amp;gt;") == "i'm here\nnow"


def test_control_characters_and_symbols_go():
    assert clean_lyrics("♪ stay\x00 wi\u200bth\ufeff me © ♫\t😀\ufffd") == "stay with me"


def test_unicode_is_normalised_and_lower_cased():
    assert clean_lyrics("ＦＵＬＬ ﬁne E\u0301TE\u0301") == "full fine été"
    assert clean_lyrics("DON’T don´t") == "don't don't"
    assert clean_lyrics("İSTANBUL") == "istanbul"


@pytest.mark.parametrize(
    "text",
    [
        *("我爱你, 你也爱我", "حبيبي يا نور العين", "я тебя люблю", "愛してる", "사랑해 너를"),
        *("ça déjà naïve señor ümit ığdır", "धीरे धीरे कह की का", "می\u200cخواهم تو را", "ฉันรักเธอ"),
    ],
)
def test_every_script_survives(text):
    assert clean_lyrics(text) == text


def test_sentences_and_lines_become_lines():
    assert clean_lyrics("I came. I saw!\r\nDid I? Yes") == "i came.\ni saw!\ndid i?\nyes"
    assert clean_lyrics("你好！我爱你。再见") == "你好!\n我爱你。\n再见"


@pytest.mark.parametrize(
    "filler",
    [
        *("la la la", "La, la, la!", "na na", "oh oh", "Ooooh, ohhh", "yeah yeah", "la-la-la"),
        *("lalala", "sha la la la", "hey, hey", "(oh oh)", "啦啦啦", "ラララ", "ла-ла-ла"),
    ],
)
def test_runs_of_vocables_go(filler):
    assert clean_lyrics(filler) == ""
    assert clean_lyrics(f"{filler} She loves you {filler}\n{filler}") == "she loves you"


@pytest.mark.parametrize("cry", ["Oh", "Yeah!", "Mmmm...", "Ooooh", "whoa"])
def test_a_line_of_one_vocable_goes(cry):
    assert clean_lyrics(f"{cry}\nShe loves you\n{cry}") == "she loves you"


def test_words_that_look_like_vocables_stay():
    assert clean_lyrics("La vida es bella") == "la vida es bella"
    assert clean_lyrics("Oh my love") == "oh my love"
    assert clean_lyrics("no") == "no"


def test_immediate_repetitions_shrink_to_one():
    assert clean_lyrics("no, no, no!") == "no!"
    assert clean_lyrics("let it be let it be let it be") == "let it be"
    assert clean_lyrics("Love me\nlove me!\nLOVE ME") == "love me"
    assert clean_lyrics("love me\nhate me\nlove me\nhate me") == "love me\nhate me"


def test_doubled_words_and_distant_repetitions_stay():
    assert clean_lyrics("yavaş yavaş") == "yavaş yavaş"
    assert clean_lyrics("love me\nhate me\nlove me") == "love me\nhate me\nlove me"


def test_cleaning_twice_changes_nothing_more():
    pieces = [
        *["la", "oh", "yeah", "no", "love", "x2", "2", "x", "×", "b", "Chorus:", "(", ")"],
        *["[", "]", ".", "!", "?", "…", "？", ":", ",", "'", "´", "-", "_", "*", "/"],
        *["&", "amp;", "lt;", "gt;", "<", ">", "【", "】", "你", "啦", "éÉ", "e\u0301", "ß"],
        *["İ", "ﬁ", "½", "ſ", "ǅ", "\n", "\x85", "\u200c", "\u200b", "\ufe0f", "😀"],
    ]
    rng = random.Random(0)
    for _ in range(5_000):
        text = "".join(rng.choice(pieces) + rng.choice(["", " "]) for _ in range(12))
        once = clean_lyrics(text)
        assert clean_lyrics(once) == once, repr(text)


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT, "", " \n", "...!?", "♪"])
def test_nothing_to_sing_becomes_the_empty_text(missing):
    assert clean_lyrics(missing) == ""


@pytest.mark.parametrize("wrong", [3, b"bytes", ["a"]])
def test_other_things_than_text_raise(wrong):
    with pytest.raises(TypeError, match=type(wrong).__name__):
        clean_lyrics(wrong)
