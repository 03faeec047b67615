"""Any cell of a lyrics column is encoded, missing, or refused by its row."""

import datetime
import pathlib
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_skd import LyricsEncoder, clean_lyrics

ANY_CHARACTER = st.characters(codec=None, exclude_categories=())
PIECES = [
    *("la ", "oh", "love ", "x2", "(x2)", " ", "\n", "chorus: ", "[", "]", "(", ")", "<", "<b>"),
    *("<!--", "-->", "&amp;", "lt;", "&#", "39;", "\u200d", "\u0301", "\ufeff", "¨", "İ", "ﬁ"),
    *("½", "²", "愛", "啦", "!", "?", ".", "...", "'", "-", "2", "times", "verse", "1:", "\x85"),
]


@pytest.fixture(scope="module")
def encoder():
    return LyricsEncoder().fit(["anything"])


@pytest.fixture(scope="module")
def raw_encoder():
    return LyricsEncoder(clean=False).fit(["anything"])


@pytest.fixture(scope="module")
def silence(encoder):
    """What a song without lyrics becomes."""
    return encoder.transform([None])[0]


def column(cell):
    return pd.Series(["love me", cell], index=["first", "second"], dtype=object)


# Cells that are no lyrics


@pytest.mark.parametrize(
    "nothing",
    [
        *(None, np.nan, np.float32("nan"), pd.NA, pd.NaT, np.datetime64("NaT")),
        *(Decimal("NaN"), Decimal("sNaN"), np.ma.masked),
        *("", " ", "\t\n\r", "\u00a0\u3000", "\u200b\u200c\u200d\ufeff", "\u202e\u202c"),
        *("\x00", "\x01\x02\x7f\x85", "\ud800", "\u0301", "...!?", "—“”…", "♪♫", "😀🎵", "¿¡"),
        *("[Instrumental]", "<br>", "<!-- x -->", "[00:12.34]", "&nbsp;", "(x2)", "la la la"),
    ],
    ids=repr,
)
def test_a_cell_without_anything_to_sing_is_missing(encoder, silence, nothing):
    X = encoder.transform(column(nothing))
    assert X[:, -1].tolist() == [1, 0]
    assert_array_equal(X[1], silence)


@pytest.mark.parametrize(
    "wrong",
    [
        *(0, 3, 2.5, np.inf, True, 1j, b"love", bytearray(b"love"), Decimal(3)),
        *(["love"], [], ("love",), {"text": "love"}, {"love"}, np.array(["love"])),
        *(pathlib.Path("love.txt"), pd.Timestamp("2020"), datetime.date(2020, 1, 1), object, print),
    ],
    ids=lambda cell: type(cell).__name__,
)
def test_a_cell_that_is_no_text_is_refused_by_its_row_with_a_fix(encoder, wrong):
    match = rf"row 1 \(label 'second'\) are {type(wrong).__name__}, not str.*(decode|convert)"
    with pytest.raises(TypeError, match=match) as caught:
        encoder.transform(column(wrong))
    assert len(str(caught.value)) < 300
    with pytest.raises(TypeError, match=type(wrong).__name__):
        clean_lyrics(wrong)


def test_the_message_about_a_huge_cell_is_short():
    with pytest.raises(TypeError, match="bytes") as caught:
        clean_lyrics(b"love" * 100_000)
    assert len(str(caught.value)) < 200


# Columns of every kind


@pytest.mark.parametrize(
    "texts",
    [
        pd.Index(["love me", None]),
        pd.Categorical(["love me", None]),
        pd.array(["love me", None]),
        pd.Series(["love me", None], index=[7, 7]),
        pd.Series(["love me", None], index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])),
        np.ma.array(["love me", "hate me"], mask=[False, True]),
        np.array([["love me"], [None]], dtype=object),
        pd.DataFrame([["love me"], [None]], columns=[3]),
        (text for text in ("love me", None)),
    ],
    ids=lambda texts: type(texts).__name__,
)
def test_columns_of_every_kind_are_read_where_they_have_a_length(encoder, texts):
    if not hasattr(texts, "__len__"):
        with pytest.raises(ValueError, match="got a generator: pass a list"):
            encoder.transform(texts)
        return
    assert encoder.transform(texts)[:, -1].tolist() == [1, 0]


def test_masked_lyrics_are_no_lyrics(encoder, silence):
    masked = np.ma.array(["love me", "hate me"], mask=[True, True])
    assert_array_equal(encoder.transform(masked), [silence, silence])


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        (None, "got a NoneType"),
        (3, "got a int"),
        ({"lyrics": ["love me"]}, "got a dict"),
        ({"love me"}, "got a set"),
        (scipy.sparse.csr_array(np.eye(2)), "got a csr_array"),
        ("love me", r"single str: pass \[text\]"),
        (b"love me", "single bytes"),
        (pd.DataFrame(index=[0, 1]), "got 0 columns"),
        (pd.DataFrame([["a", "b"]], columns=["lyrics", "lyrics"]), "got 2 columns"),
        (pd.DataFrame({"lyrics": []}), "0 songs"),
        ([[["love me"]]], "3 dimensions"),
    ],
    ids=[
        *("nothing", "number", "dict", "set", "sparse", "one text", "one bytes", "no column"),
        *("doubled column", "no rows", "nested lists"),
    ],
)
def test_what_is_no_column_of_texts_is_refused(wrong, match):
    with pytest.raises(ValueError, match=match):
        LyricsEncoder().fit(wrong)


@pytest.mark.parametrize("values", [[np.nan, np.nan], [None, None], [pd.NaT, pd.NaT]], ids=str)
def test_a_column_without_any_lyrics_is_encoded(encoder, silence, values):
    assert_array_equal(encoder.transform(pd.Series(values)), [silence, silence])


# Texts of every shape


@pytest.mark.parametrize(
    "text",
    [
        *("a", "愛", "7", "²", "ß", "e\u0301", "Z" * 3_000, "愛" * 600, "1" * 1_000),
        *("l" + "\u0301" * 2_000 + "ove", "love \x00 me", "\ud83d love \ude00", "love 😀 me 🎵"),
        *(
            "\u202eأحبك\u202c love",
            "شب می\u200cخواهم",
            "love 愛 любовь حب रात ฉันรักเธอ 사랑",
            "🏴󠁧󠁢󠁥󠁮󠁧󠁿 a",
        ),
        *("<b>love</b> &amp;amp; me", "[00:01.00] love\n[00:02.00] me", "[CLS] [SEP] [MASK] a"),
        *("\n" * 2_000 + "x", "x" + " " * 20_000 + "y", "\u2028love\u2029", "1️⃣ love"),
    ],
    ids=ascii,
)
def test_a_text_of_any_shape_is_a_finite_vector_of_unit_length(encoder, raw_encoder, text):
    text = text[:1_500]
    for transformer in (encoder, raw_encoder):
        X = transformer.transform([text])
        assert np.isfinite(X).all()
        assert_allclose(np.linalg.norm(X[:, :-1]), 1, atol=1e-6)


def test_a_text_with_broken_characters_is_the_text_without_them(encoder, raw_encoder):
    for transformer in (encoder, raw_encoder):
        broken, whole = transformer.transform(["love\ud800 me", "love me"])
        assert_array_equal(broken, whole)


def test_lyrics_of_a_hundred_thousand_words_are_cleaned_and_cut_without_loss(encoder):
    words = [f"w{number % 9_973}" for number in range(100_000)]
    text = "\n".join(" ".join(words[i : i + 20]) for i in range(0, len(words), 20))
    assert clean_lyrics(text).split() == words
    chunks = encoder._encoder().chunks(text[:60_000])
    assert "\n".join(chunk for chunk, _ in chunks) == text[:60_000]


def test_lyrics_of_one_word_a_hundred_thousand_times_are_that_word():
    assert clean_lyrics("love " * 100_000) == "love"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("<!--" * 30_000 + "love", "love"),
        ("x" + "\u200d" * 30_000 + " love", "x love"),
        ("&" + "amp;" * 20_000 + "lt;b&gt; love", "b love"),
        ("&#" + "9" * 5_000 + "; love", "love"),
        ("[" * 50_000 + "love", "love"),
        ("(" * 50_000 + "love", None),
        ("<a" * 30_000 + " love", None),
        ("a" + "\u0301\u0323" * 40_000, None),
        ("love " + "! " * 40_000, "love!"),
        ("https://" * 10_000 + " love", "love"),
        ("chorus: verse: " * 5_000 + "love", "love"),
        ("{" * 50_000 + "}" * 50_000 + "love", None),
    ],
    ids=[
        *(
            "unclosed comments",
            "joiners",
            "nested ampersands",
            "reference out of range",
            "brackets",
        ),
        *("parentheses", "unclosed tags", "marks", "exclamations", "addresses", "headings"),
        "nested braces",
    ],
)
def test_hostile_texts_are_cleaned_in_linear_time(text, cleaned):
    """Quadratic time would be minutes for one of these; the number of steps is what is bounded."""
    once = clean_lyrics(text)
    assert clean_lyrics(once) == once
    assert len(once) <= len(text)
    if cleaned is not None:
        assert once == cleaned


@given(st.text(ANY_CHARACTER))
def test_cleaning_never_fails_and_is_done_after_once(text):
    once = clean_lyrics(text)
    assert clean_lyrics(once) == once


@settings(max_examples=200)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_cleaning_remains_of_markup_is_done_after_once(text):
    once = clean_lyrics(text)
    assert clean_lyrics(once) == once


@given(st.text(ANY_CHARACTER))
def test_what_is_left_is_lower_case_without_control_characters(text):
    cleaned = clean_lyrics(text)
    assert all(char == "\n" or ord(char) >= 32 for char in cleaned)
    assert not cleaned or any(char.isalnum() for char in cleaned)
    cleaned.encode("utf-8")


@settings(max_examples=10)
@given(texts=st.lists(st.none() | st.text(ANY_CHARACTER, max_size=40), min_size=1, max_size=3))
def test_any_texts_are_finite_vectors_of_unit_length(encoder, raw_encoder, texts):
    for transformer in (encoder, raw_encoder):
        X = transformer.transform(texts)
        assert X.shape == (len(texts), 385)
        assert np.isfinite(X).all()
        assert_allclose(np.linalg.norm(X[:, :-1], axis=1), 1, atol=1e-6)
        assert set(X[:, -1]) <= {0, 1}
