"""Where reviews come in: one suggestion for each review, a new revision when it changes or an agent overrules it.

`Suggestions` is the port of what holds them; `InMemory` is its simplest keeper.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

from suggest.domain import MatchedBy, Reason, Review, StaleRevision, Suggestion
from suggest.pipeline import Suggester, suggestion_id


class Suggestions(Protocol):
    """Holds every revision of every suggestion."""

    def get(self, suggestion_id: str, revision: int | None = None) -> Suggestion | None:
        """A revision, by default the newest; None where there is none."""
        ...

    def put(self, suggestion: Suggestion) -> Suggestion:
        """Keeps a first revision; where one is already kept, that one is returned and nothing changes."""
        ...

    def revise(self, suggestion: Suggestion) -> None:
        """Keeps the next revision; raises StaleRevision unless it follows the newest kept."""
        ...


class InMemory:
    """Keeps suggestions until the process ends."""

    def __init__(self) -> None:
        self._revisions: dict[str, list[Suggestion]] = {}
        self._lock = threading.Lock()

    def get(self, suggestion_id: str, revision: int | None = None) -> Suggestion | None:
        with self._lock:
            kept = self._revisions.get(suggestion_id, [])
            if revision is None:
                return kept[-1] if kept else None
            return kept[revision - 1] if 1 <= revision <= len(kept) else None

    def put(self, suggestion: Suggestion) -> Suggestion:
        with self._lock:
            return self._revisions.setdefault(suggestion.id, [suggestion])[-1]

    def revise(self, suggestion: Suggestion) -> None:
        with self._lock:
            kept = self._revisions.setdefault(suggestion.id, [])
            if suggestion.revision != len(kept) + 1:
                raise StaleRevision(len(kept))
            kept.append(suggestion)


@dataclass(frozen=True)
class Desk:
    """Takes reviews in and keeps what was suggested."""

    suggester: Suggester
    suggestions: Suggestions

    def receive(self, review: Review, scenario: str | None = None, key: str | None = None) -> Suggestion:
        """The newest suggestion for this review: as kept, or made now and kept.

        Raises InputError as `Suggester.suggest` does.
        """
        kept = self.suggestions.get(suggestion_id(review, key))
        if kept is None:
            kept = self.suggestions.put(self.suggester.suggest(review, scenario, key))
        if _answers(kept, review, scenario):
            return kept
        try:
            return self._revised(kept, review, scenario, key)
        except StaleRevision:
            # Another request revised it meanwhile: what it kept may already answer this one.
            return self.receive(review, scenario, key)

    def _revised(self, kept: Suggestion, review: Review, scenario: str | None, key: str | None) -> Suggestion:
        fresh = self.suggester.suggest(review, scenario, key)
        if _said(kept.review) != _said(review):
            reason = Reason(code="review_changed", text="Отзыв изменён.")
            reasons = (*fresh.triage.reasons, reason)
            fresh = fresh.model_copy(update={"triage": fresh.triage.model_copy(update={"reasons": reasons})})
        fresh = fresh.model_copy(update={"revision": kept.revision + 1})
        self.suggestions.revise(fresh)
        return fresh


def _answers(kept: Suggestion, review: Review, scenario: str | None) -> bool:
    """Whether a kept suggestion is for this very review, and for the scenario where an agent names one."""
    by_agent = kept.match is not None and kept.match.by is MatchedBy.AGENT and kept.match.scenario == scenario
    return kept.review == review and (scenario is None or by_agent)


def _said(review: Review) -> tuple[str, int | None]:
    return review.text, review.rating
