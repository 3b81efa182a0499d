"""The short code of a review: five digits by which a client's letter is led back to it (000 §5 → §9).

A public reply may ask for it («в теме письма укажите «Отзыв 48213»»). It follows from the suggestion's id alone, so it is
the same in every revision and needs no counter. It is no secret: two reviews may share one, and anybody may type one.
"""

from __future__ import annotations

import hashlib
import re

from suggest.folding import fold

LOWEST, HIGHEST = 10_000, 99_999

_BEFORE = r"""[\s"'«»„“”‘’№#:.,()\[\]*_–—-]{0,8}(?:(?:номер|код|n[o°]?)[\s"'«»„“”№#:.–—-]{1,5})?"""
_CODE = re.compile(rf"\bотзыв(?:а|у|е|ом)?(?![\w]){_BEFORE}(\d\d[ \u00a0]?\d{{3}})(?![\w]|[-–]\d)")
_BARE = re.compile(r"""(?:(?:re|fwd?|отв|на)\s?[:.]\s{0,3}){0,5}[\s"'«»„“”№#.*]{0,5}(\d{5})[\s"'«»„“”.*]{0,5}""")
"""A subject that is nothing but the number."""


def code_of(suggestion_id: str) -> str:
    """The code of the review that this suggestion is for."""
    digest = hashlib.blake2b(suggestion_id.encode(), digest_size=8).digest()
    return str(LOWEST + int.from_bytes(digest) % (HIGHEST - LOWEST + 1))


def codes_in(subject: str, *texts: str) -> tuple[str, ...]:
    """The codes that a letter names, each once, in order: «Отзыв 48213», «ОТЗЫВ № 48213», a subject of the number alone."""
    folded = fold(subject)
    bare = _BARE.fullmatch(folded.strip())
    found = [bare[1]] if bare else []
    for text in (folded, *map(fold, texts)):
        found += [re.sub(r"\s", "", hit) for hit in _CODE.findall(text)]
    return tuple(dict.fromkeys(code for code in found if LOWEST <= int(code) <= HIGHEST))
