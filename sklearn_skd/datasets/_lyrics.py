"""Lyrics of the embedded songs: verses around a repeated chorus."""

from sklearn_skd.datasets._culture import draw
from sklearn_skd.datasets._lyrics_lines import LANGUAGES

# What a line is drawn from. A verse mostly tells, a chorus mostly feels.
_VERSE = {"neutral": 0.5, "shared": 0.19, "own": 0.24, "drift": 0.07}
_CHORUS = {"neutral": 0.27, "shared": 0.23, "own": 0.41, "drift": 0.09}

_SHARED = {"pleasure": "warm", "calm": "warm", "sadness": "dark", "tension": "dark"}


def write_lyrics(rng, language, emotion, drift):
    """Lyrics of one song.

    Parameters
    ----------
    rng : numpy.random.Generator
    language : {"english", "spanish", "german", "chinese"}
    emotion : str
        What the lyrics speak of.
    drift : str
        The neighbouring emotion that some lines belong to.

    Returns
    -------
    str
        Lines separated by newlines, with headings such as ``[Chorus]``, vocables, and the chorus
        repeated after each verse.
    """
    lines = LANGUAGES[language]
    used = set()
    verse_heading, chorus_heading = lines["headings"]
    chorus = _stanza(rng, lines, _CHORUS, emotion, drift, int(rng.integers(2, 5)), used)
    if rng.random() < 0.5:
        chorus.append(str(rng.choice(lines["vocables"])))
    text = []
    for number in range(1, int(rng.integers(2, 4)) + 1):
        verse = _stanza(rng, lines, _VERSE, emotion, drift, int(rng.integers(3, 6)), used)
        text += [verse_heading.format(n=number), *verse, "", chorus_heading, *chorus, ""]
    return "\n".join(text).strip()


def _stanza(rng, lines, mixture, emotion, drift, n_lines, used):
    """`n_lines` different lines; `used` grows by the templates taken, so that none returns."""
    stanza = []
    while len(stanza) < n_lines:
        kind = draw(rng, mixture)
        pool = {"own": emotion, "drift": drift, "shared": _SHARED[emotion]}.get(kind, "neutral")
        fresh = [line for line in lines[pool] if line not in used]
        template = str(rng.choice(fresh or lines[pool]))
        used.add(template)
        stanza.append(_fill(rng, lines, template))
    return stanza


def _fill(rng, lines, template):
    words = {slot: str(rng.choice(lines[slot])) for slot in ("time", "place", "thing")}
    line = template.format(**words)
    return line[0].upper() + line[1:]
