"""The model's choice behind the agent's back: asked for in a few threads, kept as the next revision, never swapped in.

Whoever reads a suggestion never waits for this. What does not fit into the queue is not asked about.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from suggest.choose import History
from suggest.desk import Suggestions
from suggest.domain import Reason, StaleRevision, Status, StoreUnavailable, Suggestion
from suggest.model.scenario import is_unsure
from suggest.pipeline import Suggester

LOG = logging.getLogger("suggest.model")
BUDGET_SPENT = Reason(
    code="model_budget", text="Дневной лимит обращений к модели исчерпан: до завтра фразы выбираются без неё."
)


class Outcome(StrEnum):
    """What became of a suggestion that was offered."""

    REVISED = "revised"
    NO_ANSWER = "no_answer"
    NOT_ASKED = "not_asked"
    """The budget is spent, or every model is resting."""
    STALE = "stale"
    """A newer revision came first, or an agent has decided already."""
    UNSAVED = "unsaved"
    DROPPED = "dropped"
    """The queue was full."""
    BROKEN = "broken"


class Watch(Protocol):
    """Counts what becomes of suggestions."""

    def refined(self, outcome: str) -> None: ...


class Gate(Protocol):
    """Whether a question would reach a model now."""

    @property
    def open(self) -> bool: ...

    @property
    def exhausted(self) -> bool:
        """Whether it is the day's budget that keeps it shut."""
        ...


class Refiner:
    """Makes the next revision of what is offered to it. `decided` tells whether an agent has acted on a suggestion."""

    def __init__(
        self,
        suggester: Suggester,
        suggestions: Suggestions,
        history: Callable[[Suggestion], History],
        decided: Callable[[str], bool],
        gate: Gate,
        watch: Watch,
        workers: int = 4,
        room: int = 200,
    ) -> None:
        self._suggester, self._suggestions = suggester, suggestions
        self._history, self._decided, self._gate, self._watch = history, decided, gate, watch
        self._queue: queue.Queue[tuple[str, int] | None] = queue.Queue(room)
        self._threads = [
            threading.Thread(target=self._work, name=f"suggest-refiner-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """How many suggestions wait to be asked about."""
        return self._queue.qsize()

    def offer(self, suggestion: Suggestion) -> None:
        """Asks for another choice some time later; returns at once."""
        if not _worth_asking(suggestion):
            return
        try:
            self._queue.put_nowait((suggestion.id, suggestion.revision))
        except queue.Full:
            self._watch.refined(Outcome.DROPPED)

    def notice(self) -> Reason | None:
        """What agents are to know while no model is asked."""
        return BUDGET_SPENT if self._gate.exhausted else None

    def close(self) -> None:
        """Lets the threads end; what still waits is left."""
        while True:
            try:
                self._queue.get_nowait()
            except queue.Empty:
                break
        for _ in self._threads:
            self._queue.put(None)

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                outcome = self._refined(*item)
            except StoreUnavailable:
                outcome = Outcome.UNSAVED
            except Exception as error:  # a thread that dies would never be noticed
                LOG.error("a suggestion could not be refined: %s", type(error).__name__)
                outcome = Outcome.BROKEN
            self._watch.refined(outcome)

    def _refined(self, suggestion_id: str, revision: int) -> Outcome:
        kept = self._suggestions.get(suggestion_id)
        if kept is None or kept.revision != revision or self._decided(suggestion_id):
            return Outcome.STALE
        if not self._gate.open:
            return Outcome.NOT_ASKED
        fresh = self._suggester.refine(kept, self._history(kept))
        if fresh is None:
            return Outcome.NO_ANSWER
        if self._decided(suggestion_id):
            return Outcome.STALE
        try:
            self._suggestions.revise(fresh)
        except StaleRevision:
            return Outcome.STALE
        return Outcome.REVISED


def _worth_asking(suggestion: Suggestion) -> bool:
    """Whether a model has anything to choose there."""
    if suggestion.erased or suggestion.match is None:
        return False
    return suggestion.status is Status.READY or is_unsure(suggestion.match)
