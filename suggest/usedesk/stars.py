"""How many stars a text names, however it writes them."""

from __future__ import annotations

import re

_FILLED = re.compile(r"[★⭐🌟]")
_OF_FIVE = re.compile(r"(?<![\d.,])([1-5])(?:[.,]0)?\s*(?:из|/|of|out of)\s*5(?![\d.,]\d)", re.I)
_NAMED = re.compile(r"(?<![\d.,])([1-5])(?:[.,]0)?\s*(?:\*|зв[её]зд|балл|star)", re.I)
_WORDS = {
    1: re.compile(r"\b(?:одн[аоу]|one)\b|\bединиц|\bкол\b", re.I),
    2: re.compile(r"\b(?:две|два|two)\b|\bдвойк", re.I),
    3: re.compile(r"\b(?:три|three)\b|\bтройк", re.I),
    4: re.compile(r"\b(?:четыре|four)\b|\bчетв[её]рк", re.I),
    5: re.compile(r"\b(?:пять|five)\b|\bпят[её]рк", re.I),
}
_DIGIT = re.compile(r"(?<![\d.,])([1-5])(?:[.,]0)?(?![\d.,]*\d)")
MOST = 5


def rating(text: str) -> int | None:
    """1 to 5, or None where the text names no rating or more than one."""
    for pattern in (_OF_FIVE, _NAMED):
        found = {int(hit[1]) for hit in pattern.finditer(text)}
        if found:
            return found.pop() if len(found) == 1 else None
    digits = {int(hit[1]) for hit in _DIGIT.finditer(text)}
    stars = len(_FILLED.findall(text))
    if stars and not (stars == 1 and digits):
        return stars if stars <= MOST else None
    found = digits or {value for value, pattern in _WORDS.items() if pattern.search(text)}
    return found.pop() if len(found) == 1 else None
