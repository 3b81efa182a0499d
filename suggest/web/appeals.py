"""Appeals to a review platform: on which ground of its own rules, in which approved words, and how they ended.

Never offered because a review is negative: only where a ground is found in its text, or it is a `violation`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from suggest.datafile import read
from suggest.domain import Frozen, Suggestion
from suggest.regulation import Approval, Ground, Phrasebank

FILE = "phrases/appeal.yaml"
LETTERS = 20
"""So many letters a text needs before capitals or nonsense in it mean anything."""


class AppealPhrase(Frozen):
    """An approved text of an appeal for some grounds; of ours to the platform, so it takes no variables."""

    id: str
    grounds: tuple[str, ...]
    text: str
    lang: Literal["ru"]
    source: str
    approved: Approval | None = None
    status: Literal["draft", "approved", "retired"]


@dataclass(frozen=True)
class Offer:
    """A ground that may be named, the words for it, and whether the text itself shows it."""

    ground: Ground
    text: str
    found: bool


def load_appeals(phrasebank: Path) -> tuple[AppealPhrase, ...]:
    """The approved texts in a phrasebank's folder; raises PhrasebankError."""
    phrases = read(phrasebank, FILE, TypeAdapter(tuple[AppealPhrase, ...]))
    return tuple(phrase for phrase in phrases if phrase.status == "approved")


def offers(made: Suggestion, bank: Phrasebank, phrases: tuple[AppealPhrase, ...]) -> tuple[Offer, ...]:
    """The grounds to appeal on, those found in the text first; none where there is no reason to appeal."""
    rules = bank.platforms[made.review.platform].appeal
    if rules is None:
        return ()
    violation = made.match is not None and made.match.scenario == "violation"
    flags = made.match.flags if made.match else ()
    seen = set(_seen(made.review.text, flags))
    every = [offer for ground in rules.grounds for offer in _offer(ground, seen, phrases)]
    return tuple(sorted((offer for offer in every if violation or offer.found), key=lambda offer: not offer.found))


def _offer(ground: Ground, seen: set[str], phrases: tuple[AppealPhrase, ...]) -> Iterator[Offer]:
    phrase = next((phrase for phrase in phrases if ground.id in phrase.grounds), None)
    if phrase:
        yield Offer(ground, phrase.text, ground.id in seen)


_ABUSE = re.compile(
    r"\b(?:[нз]а?ху[йеяё]|ху[йеёя]\w*|пизд\w*|(?:за|у|вы|на|съ|отъ)?[её]б[аеиуо]\w*|бля[дт]\w*|бля\b|сук[аиу]\b|муда[кч]\w*"
    r"|г[ао]вн[оа]\w*|долбо\w*|уро[дт]ы?\b|твар[иь]\b|мраз[иь]\b|скотин\w*|дебил\w*|идиот\w*|ублюд\w*)",
    re.I,
)
_LINK = re.compile(r"https?://|www\.|\bt\.me/|\b[\w-]+\.(?:ru|рф|com|net|org|shop|online|kz)\b", re.I)
_SPAM = re.compile(
    r"промокод\w* .{0,30}по ссылке|подписывайтесь|переходите по ссылке|зарабатыва\w+ от|пишите в (?:лс|личку)", re.I
)


def _shouted(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    return len(letters) >= LETTERS and sum(char.isupper() for char in letters) > 0.9 * len(letters)


def _nonsense(text: str) -> bool:
    """Long runs of consonants or of one letter in most words."""
    words = re.findall(r"[а-яёa-z]{4,}", text.lower())
    odd = [word for word in words if re.search(r"(.)\1{3}|[бвгджзклмнпрстфхцчшщ]{6}|[bcdfghjklmnpqrstvwxz]{6}", word)]
    return bool(words) and len(odd) * 2 > len(words)


_SIGNS: Mapping[str, Callable[[str], object]] = {
    "obscene": _ABUSE.search,
    "harassment": _ABUSE.search,
    "links": lambda text: _LINK.search(text) or _SPAM.search(text),
    "solicitation": lambda text: _LINK.search(text) or _SPAM.search(text),
    "all_caps": _shouted,
    "gibberish": _nonsense,
}


def _seen(text: str, flags: tuple[str, ...]) -> Iterator[str]:
    yield from (ground for ground, sign in _SIGNS.items() if sign(text))
    if "personal_data" in flags:
        yield "personal_info"
