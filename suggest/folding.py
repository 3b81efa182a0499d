"""One way to read a text past its disguises: what is compared with a word list is folded first.

`clean` keeps the case, `fold` drops it. Neither keeps positions: a folded text can be shorter than its source.
"""

from __future__ import annotations

import re
import unicodedata

_TWINS = {
    "ABCEHIKMOPTXYaceikmopxytuh": "АВСЕНІКМОРТХУасеікморхутин",
    "ΑΒΕΗΙΚΜΟΡΤΥΧαεικορτυχ": "АВЕНІКМОРТУХаеікортух",
}
_LOOKALIKES = str.maketrans({latin: cyrillic for row in _TWINS.items() for latin, cyrillic in zip(*row, strict=True)})
_FOREIGN = re.compile("[A-Za-zΑ-Ωα-ω]")
_CYRILLIC = re.compile("[Ѐ-ӿ]")
_WORD = re.compile("[A-Za-zΑ-Ωα-ωЀ-ӿ]+")
# Control and format characters but for line breaks and tabs, tags, and letters that are blank on the screen.
_CONTROLS = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
)
_BLANKS = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0000-\U000e01ef"
_HIDDEN = re.compile(f"[{_CONTROLS}{_BLANKS}]+")
_ACCENTS = re.compile("[\u0300-\u036f]+")


def _untwin(match: re.Match[str]) -> str:
    """A word of both scripts in Cyrillic, where every foreign letter of it has a Cyrillic twin («LGшный» stays)."""
    word = match[0]
    if not _FOREIGN.search(word) or not _CYRILLIC.search(word):
        return word
    folded = word.translate(_LOOKALIKES)
    return word if _FOREIGN.search(folded) else folded


def clean(text: str) -> str:
    """The text as it looks: NFC, nothing invisible, no stress marks, Cyrillic words wholly Cyrillic; case is kept."""
    text = _HIDDEN.sub("", text)
    if not text.isascii():
        text = _ACCENTS.sub("", unicodedata.normalize("NFC", text))
    return _WORD.sub(_untwin, text) if _FOREIGN.search(text) else text


def fold(text: str) -> str:
    """The cleaned text in lower case with «е» for «ё»: the form in which words are compared."""
    return clean(text).lower().replace("ё", "е")
