"""A model flags the tone of a reply: flags of a closed list, each with words that literally stand in the reply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from suggest.domain import Finding, Review
from suggest.mask import Masker, uncovered
from suggest.model.prompts import Prompts
from suggest.model.questions import Question
from suggest.model.session import Session
from suggest.model.shown import Shown
from suggest.regulation import Phrasebank

NAME = "tone"
MOST = 8
"""Findings in one answer."""

BY_MODEL = "Модель: "
"""How the message of every finding of the model begins."""


class ModelTone:
    """Asks which flags of the phrasebank a reply deserves."""

    def __init__(self, prompts: Prompts, bank: Phrasebank, masker: Masker) -> None:
        self._prompts, self._bank, self._masker = prompts, bank, masker

    def check(self, session: Session, shown: Shown, review: Review, text: str) -> tuple[Finding, ...] | None:
        """The findings in the order of the text; None where the model gave no answer."""
        masked = self._masker.mask(text, (review.author, review.client.name)).text
        answer = session.ask(self.question(shown.honest, review.rating, masked))
        if answer is None:
            return None
        return tuple(sorted(self._accepted(session, answer.values, text), key=lambda finding: finding.span or (0, 0)))

    def question(self, review: str, rating: int | None, reply: str) -> Question:
        """The question as it is sent; both texts are masked."""
        flag = {"type": "string", "enum": list(self._bank.tone)}
        item = {
            "type": "object",
            "properties": {"flag": flag, "quote": {"type": "string"}},
            "required": ["flag", "quote"],
            "additionalProperties": False,
        }
        return self._prompts.question(
            NAME,
            {
                "type": "object",
                "properties": {"findings": {"type": "array", "items": item}},
                "required": ["findings"],
                "additionalProperties": False,
            },
            flags=list(self._bank.tone.values()),
            review=review,
            rating=rating,
            reply=reply,
        )

    def _accepted(self, session: Session, values: Any, text: str) -> Iterator[Finding]:
        """What the list knows and the text holds; the same place is reported once for each flag."""
        items = values.get("findings")
        if not isinstance(items, list):
            session.meter.refused(NAME, "no_list")
            return
        seen: set[tuple[str, tuple[int, int]]] = set()
        for item in items[:MOST]:
            name, quote = (item.get("flag"), item.get("quote")) if isinstance(item, dict) else (None, None)
            flag = self._bank.tone.get(name) if isinstance(name, str) else None
            span = uncovered(quote.strip(), text) if isinstance(quote, str) else None
            if flag is None or span is None:
                session.meter.refused(NAME, "unknown_id" if flag is None else "no_such_words")
            elif (flag.id, span) not in seen:
                seen.add((flag.id, span))
                yield Finding(
                    rule=flag.rule,
                    severity=flag.severity,
                    message=BY_MODEL + flag.message,
                    source=flag.source,
                    span=span,
                )
