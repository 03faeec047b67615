"""Cleaning of lyrics (paper section 3.1): sentences, symbols, case, filler repetitions."""

import html
import re
import unicodedata
from functools import lru_cache
from itertools import groupby
from operator import eq

from sklearn_skd.features._missing import is_missing

_APOSTROPHES = str.maketrans(dict.fromkeys("’‘‛`´ʼʹ′＇", "'") | dict.fromkeys("“”„‟«»″", '"'))

_BREAK_TAG = re.compile(r"<\s*(?:br|/p|/div|/li)\s*/?\s*>", re.IGNORECASE)
# A reference to a character of eight digits or more names none; Python refuses very long numbers.
_NO_CHARACTER = re.compile(r"&#\d{8,};?")
_NESTED_AMPERSAND = re.compile(r"&(?:amp;)+", re.IGNORECASE)
# A comment ends where the next one starts, or unclosed ones would cost quadratic time.
_TAG = re.compile(
    r"<!--(?:(?!<!--).)*?-->|</?[a-z][^<>]*>|<\d+:[\d.:]+>", re.IGNORECASE | re.DOTALL
)
_URL = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_BRACKETED = re.compile(r"\[[^\[\]\n]{0,80}\]|\{[^{}\n]{0,80}\}|【[^【】\n]{0,80}】")

# Words that head a part of a song; any other language's go in square brackets as a rule.
_SECTION = (
    r"(?:(?:pre|post)[- ]?chorus|chorus|verse|bridge|intro|outro|hook|refrain|interlude|solo|coda"
    r"|instrumental(?: break)?|estribillo|estrofa|couplet|strophe|nakarat|припев|куплет|副歌|主歌"
    r"|间奏)"
)
_NUMBER = r"(?:\s*\d{1,2}|\s+[ivx]{1,4})?"
_TIMES = r"(?:x\s?\d{1,2}|\d{1,2}\s?(?:x|times))"
_HEADING = re.compile(rf"{_SECTION}{_NUMBER}(?:\s*\(?{_TIMES}\)?)?\s*:?|{_TIMES}")
_HEADED = re.compile(rf"^(?:{_SECTION}{_NUMBER}\s*:\s*)+")
_MARKER = re.compile(
    rf"\(\s*(?:{_TIMES}|bis|repeat[^()]*|{_SECTION}{_NUMBER}(?:\s*{_TIMES})?)\s*:?\s*\)"
    rf"|(?:(?<=\S)\s+{_TIMES})+\s*$"
)
_MARKER_SIGN = re.compile(r"[(\d]")  # without one there is no marker

_SENTENCE_END = re.compile(r"(?<=[.!?。؟।])\s+|(?<=[!?。؟।])(?=\w)")
_EMPTY = re.compile(r"\(\s*\)")
_MARK = re.compile(r"[.,;:!?\"'-]")
_DOUBLED_MARK = re.compile(r"([.,;:!?\"'-])(?:\s*\1)+")
_LOOSE_MARK = re.compile(r"\s+([.,;:!?])")
_PUNCTUATION = ".,;:!?\"'-()/&…。、،؟।"

# Syllables that only carry a melody. Those of the second pattern are words somewhere ("la vida"),
# so on their own they stay; in a run of two or more both kinds go.
_CRY = re.compile(r"o+h+|o{2,}|[aeu]+h+|y+e+a+h+|m{2,}h*|h+m+|wh?o+a+h*|w+o{2,}h*|(?:la|na|da){3,}")
_SYLLABLE = re.compile(
    r"[lndb]+a+h*|p+a+|sh+a+|tra|d+o{2,}|d+u+m+|d+e{2,}|h+e+y+|e+y+|y+e+h*|y+a+h*|ла+"
)
_VOCABLE = f"(?:{_CRY.pattern}|{_SYLLABLE.pattern})"
_VOCABLES = re.compile(rf"{_VOCABLE}(?:-{_VOCABLE})*")
_UNSPACED = re.compile(r"啦{2,}|噜{2,}|[ラら]{3,}|라{3,}")

# The joiners at the ends of words, a run of them as one match: they mean something within words.
_LOOSE_JOINERS = re.compile("(?<!\\S)[\u200c\u200d]+|(?<![\u200c\u200d])[\u200c\u200d]++(?!\\S)")

# As many marks on one letter as Unicode's stream-safe text has at most (UAX 15): putting more of
# them in order takes quadratic time.
_MOST_MARKS = 30
_MANY_MARKS = re.compile(rf"[^\w\s]{{{_MOST_MARKS + 1},}}")

_LONGEST_PHRASE = 8


class _SymbolTable(dict):
    """Translation table of `str.translate`, filled as characters turn up."""

    def __missing__(self, code):
        self[code] = replacement = self._replacement(chr(code))
        return replacement

    @staticmethod
    def _replacement(char):
        category = unicodedata.category(char)
        if char in "\n\u200c\u200d":  # Persian and Indic spelling needs the (non-)joiners
            return char
        if category == "Pd":
            return "-"
        if "\ufe00" <= char <= "\ufe0f" or category in ("Cf", "Cs", "Co", "Cn"):
            return ""
        if char in "*#_\\@[]{}" or category[0] in "CZ" or category in ("So", "Sm", "Sk"):
            return " "
        return char


_SYMBOLS = _SymbolTable({ord("×"): "x"})


def clean_lyrics(text):
    """Clean the lyrics of one song.

    In this order: remains of HTML and addresses go; Unicode is normalised (NFKC) and lower-cased;
    section markers and stage directions (anything in square brackets, "Chorus:", "(x2)") and
    symbols that are no letter, digit or punctuation of any script go; the text is split into
    sentences and lines; runs of vocables ("la la la", "oh oh", "yeah, yeah") go, and immediate
    repetitions shrink to one: of a word said three times or more (a doubled word is grammar in
    many languages), of a phrase of up to eight words, of a line and of a block of lines.

    Letters, accents and vowel signs of every script stay. Cleaning twice changes nothing more.

    Parameters
    ----------
    text : str or None
        Lyrics, in any script. None, NaN and ``pandas.NA`` count as no lyrics.

    Returns
    -------
    str
        One sentence or sung line a line, joined by ``"\\n"``; ``""`` if nothing is left.

    Raises
    ------
    TypeError
        If `text` is neither a string nor missing.

    Examples
    --------
    >>> from sklearn_skd import clean_lyrics
    >>> print(clean_lyrics("[Chorus]\\nLa la la, I&#39;m SO happy! Stay with me (x2)\\nOh oh oh"))
    i'm so happy!
    stay with me
    >>> clean_lyrics("♪ Я тебя люблю ♪")
    'я тебя люблю'
    >>> clean_lyrics("[Instrumental]")
    ''
    """
    if is_missing(text):
        return ""
    if not isinstance(text, str):
        raise TypeError(
            f"Lyrics must be a string or missing, got {type(text).__name__}: {text!r:.60}."
        )
    # A step can uncover work for an earlier one ("&amp;lt;b&amp;gt;"): repeat until nothing moves.
    known = {}  # most lines are met again, in a chorus or in the last round
    while (cleaned := _clean_once(text, known)) != text:
        text = cleaned
    return text


def _clean_once(text, known):
    lines = []
    for raw in _normalise(text).splitlines():
        if raw not in known:
            known[raw] = _clean_line(raw)
        lines += known[raw]
    return "\n".join(_collapse(lines, single=2))


def _clean_line(raw):
    """The sentences of a line that have letters or digits."""
    sentences = _SENTENCE_END.split(_strip_markers(raw))
    lines = (_tidy(_drop_fillers(sentence)) for sentence in sentences)
    return [line for line in lines if any(map(str.isalnum, line))]


def _normalise(text):
    """Plain lower-case text of kept characters; line breaks become "\\n"."""
    # what a text does not hold need not be looked for: plain lyrics take half the time
    if "&" in text:
        text = html.unescape(_NESTED_AMPERSAND.sub("&amp;", _NO_CHARACTER.sub(" ", text)))
    if "<" in text:
        text = _TAG.sub(" ", _BREAK_TAG.sub("\n", text))
    text = _MANY_MARKS.sub(_thin_out, _URL.sub(" ", text))
    if not _APOSTROPHES.keys().isdisjoint(map(ord, set(text))):
        text = text.translate(_APOSTROPHES)
    text = unicodedata.normalize("NFKC", text)
    # "İ".lower() leaves a combining dot behind, which no tokenizer knows.
    text = unicodedata.normalize("NFKC", text.lower().replace("i\u0307", "i"))
    text = _BRACKETED.sub(" ", "\n".join(text.splitlines()))
    if any(_SYMBOLS[ord(char)] != char for char in set(text)):
        text = text.translate(_SYMBOLS)
    return _LOOSE_JOINERS.sub("", text)


def _thin_out(run):
    """A run of marks and symbols with at most `_MOST_MARKS` marks in a row."""
    kept, n_marks = [], 0
    for char in run[0]:
        n_marks = n_marks + 1 if unicodedata.combining(char) else 0
        if n_marks <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept)


def _strip_markers(line):
    line = " ".join(line.split())
    if _MARKER_SIGN.search(line):
        line = _MARKER.sub(" ", line).strip()
    if _HEADING.fullmatch(line):
        return ""
    return _HEADED.sub("", line) if ":" in line else line


def _drop_fillers(sentence):
    """Drop runs of vocables and immediate repetitions of words and phrases."""
    if not sentence.isascii():
        sentence = _UNSPACED.sub(" ", sentence)
    words = sentence.split()
    counts = list(map(_n_vocables, words))
    kept = words if sum(counts) < 2 else _without_runs(words, counts)
    if len(kept) == 1 and _CRY.fullmatch(_key(kept[0])):
        return ""
    return " ".join(_collapse(kept, single=3))


def _without_runs(words, counts):
    """The words but for runs of several vocables; `counts` has the number in each word."""
    kept = []
    for vocable, run in groupby(zip(words, counts, strict=True), key=lambda pair: pair[1] > 0):
        run = list(run)
        if not vocable or sum(count for _, count in run) < 2:
            kept += [word for word, _ in run]
    return kept


@lru_cache(maxsize=4096)
def _n_vocables(word):
    """Number of vocables that `word` ("oh", "la-la-la", "lalala") consists of; 0 for others."""
    word = _key(word)
    if not _VOCABLES.fullmatch(word):
        return 0
    parts = word.split("-")
    return max(len(parts), len(parts[0]) // 3 if re.fullmatch(r"(?:la|na|da){3,}", parts[0]) else 1)


def _collapse(items, *, single):
    """Reduce immediate repetitions to their last copy.

    `single`: how often one item must occur in a row to be reduced; longer spans need two.
    """
    keys = [_key(item) for item in items]
    if len(set(keys)) == len(keys):  # as in most lines
        return items
    for size in range(1, _LONGEST_PHRASE + 1):
        least = single if size == 1 else 2
        if not any(map(eq, keys, keys[size:])):
            continue
        kept, i = [], 0
        while i < len(items):
            n = 1
            while keys[i : i + size] == keys[i + n * size : i + (n + 1) * size]:
                n += 1
            if n >= least:
                i += (n - 1) * size
                kept += items[i : i + size]
                i += size
            else:
                kept.append(items[i])
                i += 1
        items, keys = kept, [_key(item) for item in kept]
    return items


def _key(item):
    """What two items must share to count as the same: all but the punctuation around them."""
    return item.strip(_PUNCTUATION)


def _tidy(line):
    """Single spaces and marks, no empty parentheses, no loose separators at the ends."""
    if "(" in line:
        line = _EMPTY.sub(" ", line)
    if _MARK.search(line):
        line = _LOOSE_MARK.sub(r"\1", _DOUBLED_MARK.sub(r"\1", line))
    return " ".join(line.split()).lstrip(" .,;:!?-").rstrip(" ,;:-")
