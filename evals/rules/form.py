"""The look of a reply, told anew and more simply than `suggest.check.form` does."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping

from evals.regulation import channel_of, folded, scenario_of
from evals.rules.base import Score, Scorer, passes
from suggest.domain import Suggestion
from suggest.regulation import Phrasebank
from suggest.review_code import code_of

_WORD = re.compile(r"[^\W\d_]+")


def on_text(finds: Callable[[str], Iterable[str]]) -> Scorer:
    """The scorer of every reply by what `finds` has against its text."""

    def score(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
        if scenario_of(suggestion) is None:
            return None
        found = list(finds(suggestion.text))
        return passes(not found, f"найдено: {', '.join(map(repr, found))}")

    return score


def regex(pattern: str, allowed: int = 0) -> Scorer:
    """No more than `allowed` hits of a pattern."""
    return on_text(lambda text: [found[0] for found in re.finditer(pattern, text, re.MULTILINE)][allowed:])


def lookalikes(text: str) -> list[str]:
    return [w for w in _WORD.findall(text) if re.search("[а-яё]", w, re.I) and re.search("[a-z]", w, re.I)]


def hidden(text: str) -> list[str]:
    return [f"U+{ord(c):04X}" for c in text if unicodedata.category(c) in {"Cf", "Cc", "Co"} and c not in "\n\t"]


def pictures(text: str) -> list[str]:
    return [c for c in text if unicodedata.category(c) == "So" and c not in "№°©"]


def foreign(text: str) -> list[str]:
    """Words that are not Russian, where there are more than the two that a name may have."""
    words = _WORD.findall(re.sub(r"\S*@\S*", "", text))
    others = [word for word in words if not re.fullmatch("[а-яё]+", word, re.I)]
    return others if len(others) > 2 else []


def repeated(text: str) -> list[str]:
    sentences = [s.strip() for s in re.split(r"(?<=[.!?])\s+", folded(text)) if len(_WORD.findall(s)) > 1]
    return sorted({sentence for sentence in sentences if sentences.count(sentence) > 1})


def few_words(text: str) -> list[str]:
    return [text] if len(_WORD.findall(text)) < 5 else []


def no_letters(text: str) -> list[str]:
    return [] if _WORD.search(text) else ["пусто"]


def too_long(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    if scenario_of(suggestion) is None:
        return None
    platform = bank.platforms[suggestion.review.platform]
    size = len(suggestion.text.encode()) if platform.unit == "bytes" else len(suggestion.text)
    return passes(size <= platform.limit, f"{size} при пределе {platform.limit}")


def unfilled_place(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """No place waits for words, but in a question, where `answer-place` asks for one."""
    if scenario_of(suggestion) in {None, "question"}:
        return None
    return passes(not re.search(r"[\[\]]|_{3,}", suggestion.text), "незаполненное место")


def personal_data(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """Nothing of the review that could be personal is repeated in public: mails, and digits in a row."""
    if scenario_of(suggestion) is None or channel_of(suggestion) != "public":
        return None
    telling = re.findall(r"[\w.+-]+@[\w.-]+|\d(?:[\s()-]?\d){4,}", suggestion.review.text)
    repeated_here = [found for found in telling if found in suggestion.text]
    return passes(not repeated_here, f"повторено из отзыва: {', '.join(repeated_here)}")


def own_code(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """A reply that names a review's code names that of its own review."""
    if scenario_of(suggestion) is None:
        return None
    named = re.findall(r"«Отзыв (\d{5})»", suggestion.text)
    return passes(set(named) <= {code_of(suggestion.id)}, f"назван номер {', '.join(named)}")


def employee_named(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """No name follows the word for a job where everybody reads it."""
    if channel_of(suggestion) != "public":
        return None
    return regex(r"(?i:продав|менеджер|консультант|мастер|курьер|оператор|директор)[а-яё]* [А-ЯЁ][а-яё]+")(
        suggestion, bank
    )


CHECKED: Mapping[str, Scorer] = {
    "exclamation-marks": regex("!", allowed=1),
    "caps": regex(r"\b[А-ЯЁ]{4,}\b"),
    "emoji": on_text(pictures),
    "markup": regex(r"</?[a-z]|\*\*|```|&[a-z]+;|^#+ |\]\("),
    "invisible-characters": on_text(hidden),
    "latin-lookalikes": on_text(lookalikes),
    "wrong-language": on_text(foreign),
    "too-long": too_long,
    "too-short": on_text(few_words),
    "empty": on_text(no_letters),
    "repetition": on_text(repeated),
    "unfilled-place": unfilled_place,
    "unfilled-variable": regex(r"[{}]"),
    "personal-data-in-public": personal_data,
    "employee-named": employee_named,
    "wrong-code": own_code,
}
"""Scorers of rules of rules.yaml."""
