"""Whether and how soon a review is answered: the table of 000 «Обработка отзыва», as named rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from suggest.domain import Disposition, Reason, Review, Triage

LOW = frozenset({1, 2, 3})
CALM_SCENARIOS = frozenset({"positive", "question"})
"""An unrated review that turns out one of these complains of nothing, and waits with the 4 and 5 stars."""

NO_DETAILS = "no_details"
"""The scenario of a low rating without words: known without matching (000)."""


def has_letters(text: str) -> bool:
    """Whether a text says anything in words: emoji, digits and punctuation alone do not."""
    return any(char.isalpha() for char in text)


def triage(review: Review) -> Triage:
    """The disposition and priority (1 first, 2 later, None: not answered) that stars and letters give. Total."""
    words = has_letters(review.text)
    if review.rating in LOW:
        if words:
            return _answer(1, "low_rating", "Оценка 1–3: отвечаем в первую очередь (000).")
        return _answer(1, "low_rating_no_text", "Низкая оценка без текста: обязательно отвечаем (000).")
    if not words:
        reason = Reason(code="high_rating_no_text", text="Высокая оценка или эмодзи без текста: не отвечаем (000).")
        return Triage(disposition=Disposition.SKIP, priority=None, reasons=(reason,))
    if review.rating is None:
        return _answer(1, "no_rating", "Оценки нет: в первую очередь, если это жалоба.")
    return _answer(2, "high_rating", "Оценка 4–5 с текстом: отвечаем во вторую очередь (000).")


def settle(
    triaged: Triage, review: Review, scenario: str | None, flags: Iterable[str], urgent: Iterable[str]
) -> Triage:
    """The triage once the review is understood: an urgent flag goes above all, an unrated calm review waits."""
    raised = [flag for flag in urgent if flag in flags]
    if triaged.disposition is Disposition.ANSWER and raised:
        reason = Reason(code="urgent_flag", text="Безопасность или право: раньше всех остальных.")
        return _changed(triaged, 0, reason)
    if review.rating is None and triaged.priority == 1 and scenario in CALM_SCENARIOS:
        return _changed(triaged, 2, Reason(code="calm", text="Без оценки и без жалобы: во вторую очередь."))
    return triaged


def _answer(priority: Literal[1, 2], code: str, text: str) -> Triage:
    return Triage(disposition=Disposition.ANSWER, priority=priority, reasons=(Reason(code=code, text=text),))


def _changed(triaged: Triage, priority: Literal[0, 1, 2], reason: Reason) -> Triage:
    return triaged.model_copy(update={"priority": priority, "reasons": (*triaged.reasons, reason)})
