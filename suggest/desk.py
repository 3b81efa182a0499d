"""Where reviews come in: one suggestion for each review, a new revision when it changes or an agent overrules it.

`Suggestions` is the port of what holds them, `InMemory` its simplest keeper; `Records` is the port of what was done.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

from suggest.choose import NOTHING, History
from suggest.domain import InputError, MatchedBy, Reason, Review, StaleRevision, StoreUnavailable, Suggestion
from suggest.feedback import Edit, Feedback, Outcome, Recorded, compare, complete
from suggest.pipeline import Suggester
from suggest.suggestion_id import suggestion_id


class Suggestions(Protocol):
    """Holds every revision of every suggestion."""

    def get(self, suggestion_id: str, revision: int | None = None) -> Suggestion | None:
        """A revision, by default the newest; None where there is none."""
        ...

    def newest(self, suggestion_id: str) -> int | None:
        """The number of the newest revision; None where there is none. Cheap."""
        ...

    def of_ticket(self, ticket_id: str) -> Suggestion | None:
        """The newest suggestion for a review that a Usedesk ticket brought; None where there is none."""
        ...

    def put(self, suggestion: Suggestion) -> Suggestion:
        """Keeps a first revision; where one is already kept, that one is returned and nothing changes."""
        ...

    def revise(self, suggestion: Suggestion) -> None:
        """Keeps the next revision; raises StaleRevision unless it follows the newest kept."""
        ...


class Records(Protocol):
    """Keeps what agents did with the suggestions."""

    def record(
        self, suggestion_id: str, given: Feedback, edit: Edit | None = None, fresh: Suggestion | None = None
    ) -> Recorded:
        """Keeps a feedback, once however often it comes, and with it the revision `fresh` that it asks for.

        Raises StaleRevision for a revision that is not the newest.
        """
        ...


class Histories(Protocol):
    """Tells what a new suggestion must mind of what went before."""

    def of(self, review: Review, suggestion_id: str, window: int) -> History:
        """The history for a review, with at most `window` replies of its platform and branch."""
        ...

    def outdated(self, suggestion: Suggestion) -> bool:
        """Whether it still waits for an answer and offers a phrase that was withdrawn."""
        ...

    def withdrawn(self) -> frozenset[str]:
        """The phrases that may no longer be said; while the database is away, those of when it last answered."""
        ...


class Refining(Protocol):
    """Asks a model for another choice behind the agent's back."""

    def offer(self, suggestion: Suggestion) -> None:
        """Takes a suggestion that was just kept; returns at once."""
        ...

    def notice(self) -> Reason | None:
        """What agents are to know while no model is asked."""
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

    def newest(self, suggestion_id: str) -> int | None:
        with self._lock:
            return len(self._revisions.get(suggestion_id, [])) or None

    def of_ticket(self, ticket_id: str) -> Suggestion | None:
        with self._lock:
            newest = [revisions[-1] for revisions in self._revisions.values()]
        kept = [suggestion for suggestion in newest if suggestion.review.ticket_id == ticket_id]
        return max(kept, key=lambda suggestion: suggestion.created_at, default=None)

    def put(self, suggestion: Suggestion) -> Suggestion:
        with self._lock:
            return self._revisions.setdefault(suggestion.id, [suggestion])[-1]

    def revise(self, suggestion: Suggestion) -> None:
        with self._lock:
            kept = self._revisions.setdefault(suggestion.id, [])
            if suggestion.revision != len(kept) + 1:
                raise StaleRevision(len(kept))
            kept.append(suggestion)


CHANGED = Reason(code="review_changed", text="Отзыв изменён.")
UNSAVED = Reason(code="unsaved", text="Подсказка не сохранена: база данных не отвечает.")


@dataclass(frozen=True)
class Desk:
    """Takes reviews in and keeps what was suggested."""

    suggester: Suggester
    suggestions: Suggestions
    records: Records | None = None
    histories: Histories | None = None
    refiner: Refining | None = None

    def receive(self, review: Review, scenario: str | None = None, key: str | None = None) -> Suggestion:
        """The newest suggestion for this review: as kept, or made now and kept.

        Without its database it is made and not kept, for the reason `unsaved`. Raises InputError as the suggester does.
        """
        try:
            return self._received(review, scenario, key)
        except StoreUnavailable:
            history = History(withdrawn=self.withdrawn())
            return _with_reason(self.suggester.suggest(review, scenario, key, history), UNSAVED)

    def withdrawn(self) -> frozenset[str]:
        """The phrases that a lead withdrew in the running service."""
        return self.histories.withdrawn() if self.histories else frozenset()

    def feedback(self, suggestion_id: str, given: Feedback) -> Recorded | None:
        """Records what an agent did; None where there is no such suggestion. The same again changes nothing.

        Raises InputError naming a field that is missing or out of place, StaleRevision, and StoreUnavailable.
        """
        complete(given)
        if self.records is None:
            raise StoreUnavailable("feedback needs the database, and this service runs without one")
        kept = self.suggestions.get(suggestion_id, given.revision)
        if kept is None:
            newest = self.suggestions.get(suggestion_id)
            if newest is None:
                return None
            raise StaleRevision(newest.revision)
        if given.outcome is Outcome.OVERRULED:
            fresh = self._overruled(kept, given.scenario or "")
            recorded = self.records.record(suggestion_id, given, fresh=fresh)
            self._offer(fresh)
            return recorded
        if given.outcome is Outcome.EDITED:
            return self._edited(self.records, kept, given)
        return self.records.record(suggestion_id, given)

    def _edited(self, records: Records, kept: Suggestion, given: Feedback) -> Recorded:
        checker, text = self.suggester.checker, given.text or ""
        edit = compare(kept.segments, kept.text, text, checker.situation(kept.review, kept.match, kept.id).facts)
        recorded = records.record(kept.id, given, edit)
        scenario = kept.match.scenario if kept.match else None
        findings = checker.check(text, kept.review, scenario, kept.match, kept.id)
        return recorded.model_copy(update={"diff": edit.diff, "slots": edit.slots, "findings": findings})

    def _overruled(self, kept: Suggestion, scenario: str) -> Suggestion:
        """The revision that an agent asks for by naming the scenario."""
        if kept.erased:
            raise InputError("scenario", "the text of the review was erased, nothing can be suggested for it")
        fresh = self.suggester.suggest(kept.review, scenario, history=self._history(kept.review, kept.id))
        return fresh.model_copy(update={"id": kept.id, "revision": kept.revision + 1})

    def _received(self, review: Review, scenario: str | None, key: str | None) -> Suggestion:
        named = suggestion_id(review, key)
        kept = self.suggestions.get(named)
        if kept is None:
            history = self._history(review, named)
            made = self._noted(self.suggester.suggest(review, scenario, key, history))
            kept = self.suggestions.put(made)
            if kept is made:
                self._offer(made)
            current = True
        else:
            current = self.histories is None or not self.histories.outdated(kept)
        if current and not kept.erased and _answers(kept, review, scenario):
            return kept
        if kept.erased == "request":
            # Whoever had it erased would find it back in the database the next time somebody opens the ticket.
            fresh = self.suggester.suggest(review, scenario, key, self._history(review, named))
            return fresh.model_copy(update={"revision": kept.revision, "erased": kept.erased})
        try:
            return self._revised(kept, review, scenario, key)
        except StaleRevision:
            # Another request revised it meanwhile: what it kept may already answer this one.
            return self._received(review, scenario, key)

    def _revised(self, kept: Suggestion, review: Review, scenario: str | None, key: str | None) -> Suggestion:
        same = _said(kept.review) == _said(review)
        scenario = scenario or (_named_by_agent(kept) if same else None)
        fresh = self.suggester.suggest(review, scenario, key, self._history(review, kept.id))
        if not same and not kept.erased:
            fresh = _with_reason(fresh, CHANGED)
        fresh = self._noted(fresh.model_copy(update={"revision": kept.revision + 1}))
        self.suggestions.revise(fresh)
        self._offer(fresh)
        return fresh

    def _offer(self, made: Suggestion) -> None:
        if self.refiner:
            self.refiner.offer(made)

    def _noted(self, made: Suggestion) -> Suggestion:
        """The suggestion with what is to be known while no model is asked."""
        notice = self.refiner.notice() if self.refiner else None
        return _with_reason(made, notice) if notice else made

    def _history(self, review: Review, suggestion_id: str) -> History:
        if self.histories is None:
            return NOTHING
        return self.histories.of(review, suggestion_id, self.suggester.checker.company(review.branch).feed_window)


def _with_reason(suggestion: Suggestion, reason: Reason) -> Suggestion:
    """The suggestion with one more reason in its triage."""
    triaged = suggestion.triage.model_copy(update={"reasons": (*suggestion.triage.reasons, reason)})
    return suggestion.model_copy(update={"triage": triaged})


def _answers(kept: Suggestion, review: Review, scenario: str | None) -> bool:
    """Whether a kept suggestion is for this very review, and for the scenario where an agent names one."""
    return kept.review == review and scenario in (None, _named_by_agent(kept))


def _named_by_agent(kept: Suggestion) -> str | None:
    return kept.match.scenario if kept.match and kept.match.by is MatchedBy.AGENT else None


def _said(review: Review) -> tuple[str, int | None]:
    return review.text, review.rating
