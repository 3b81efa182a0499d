"""The state of one suggestion as a fold of its events: pure, the same on every database.

The stored state is never written but through `step`, so it can be rebuilt from the events at any time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from suggest.feedback import Outcome


class Kind(StrEnum):
    """What can happen to a suggestion; the six outcomes bear the names of the feedback."""

    RECEIVED = "received"
    SUGGESTED = "suggested"
    SHOWN = "shown"
    COPIED = "copied"
    ACCEPTED = "accepted"
    EDITED = "edited"
    REJECTED = "rejected"
    OVERRULED = "overruled"
    HANDED_OVER = "handed_over"
    REMINDED = "reminded"
    CLOSED = "closed"
    FILED = "filed"
    """A step of the way back into the ticket, done or failed."""
    SIGNED_OFF = "signed_off"
    """A lead or a deputy agreed to the wording of an urgent reply."""
    APPEALED = "appealed"
    """The state of an appeal to the platform; `reason` says which."""
    TAKEN = "taken"
    """An agent took the ticket."""
    LINKED = "linked"
    """A client's own ticket was found to be about this review; `reason`: by `code` or `agent`."""
    UNLINKED = "unlinked"
    """That link was undone."""
    INFORMED = "informed"
    """The client was written to in private; `reason` is the stage, see `suggest.case.Stage`."""
    HEARD = "heard"
    """A department answered a hand-over."""


Cause = Literal["first", "changed", "overruled", "model", "replanned"]
"""Why a revision was made: the first, the review changed, an agent named the scenario, a model chose, or anything else."""

ANSWERS = frozenset({Kind.COPIED, Kind.ACCEPTED, Kind.EDITED})
OUTCOMES = frozenset(Kind(outcome.value) for outcome in Outcome)
DECISIONS = OUTCOMES - {Kind.SHOWN}


@dataclass(frozen=True)
class Event:
    """Something that happened: ids only, no texts. `reason` is that of a feedback or the `Cause` of a revision.

    `hand_over`: the id of the one it concerns. `key` tells a repeated feedback from a new one. `detail` is JSON.
    `id` and `seq` are given by the store.
    """

    kind: Kind
    revision: int
    at: datetime
    agent: str | None = None
    scenario: str | None = None
    reason: str | None = None
    hand_over: int | None = None
    key: str | None = None
    detail: str | None = None
    seq: int = 0
    id: int = 0


@dataclass(frozen=True)
class State:
    """Where a suggestion stands. `outcome` is the last decision on the newest revision.

    `shown`, `overruled`: ever. `confirmed`: the agent said that it was posted. `pending`: open hand-overs.
    """

    seq: int = 0
    revision: int = 0
    shown: bool = False
    outcome: Outcome | None = None
    confirmed: bool = False
    overruled: bool = False
    agent: str | None = None
    answered_at: datetime | None = None
    pending: int = 0
    reminders: int = 0
    closed: bool = False

    @property
    def state(self) -> Literal["open", "done"]:
        """«исполнено» once a reply is recorded or the review is closed, and no hand-over is left open."""
        return "done" if not self.pending and (self.answered_at or self.closed) else "open"


def fold(events: Iterable[Event]) -> State:
    """The state after these events, given in order."""
    state = State()
    for event in events:
        state = step(state, event)
    return state


def step(state: State, event: Event) -> State:
    """The state after one more event."""
    state = replace(state, seq=state.seq + 1)
    match event.kind:
        case Kind.SUGGESTED:
            return _suggested(state, event)
        case Kind.HANDED_OVER:
            return replace(state, pending=state.pending + 1)
        case Kind.REMINDED:
            return replace(state, reminders=state.reminders + 1)
        case Kind.CLOSED if event.hand_over is not None:
            return replace(state, pending=max(0, state.pending - 1))
        case Kind.CLOSED:
            return replace(state, closed=True)
        case Kind.SHOWN:
            return replace(state, shown=True)
        case kind if kind in DECISIONS:
            return _decided(state, event)
    return state


def _suggested(state: State, event: Event) -> State:
    """A new revision awaits its own decision; one for another text or scenario also has to be answered anew.

    What a model chose is an offer beside the one before it: what was decided on that stays decided.
    """
    if event.reason == "model":
        return replace(state, revision=event.revision)
    state = replace(state, revision=event.revision, outcome=None, confirmed=False)
    if event.reason in {"changed", "overruled"}:
        return replace(state, answered_at=None, closed=False)
    return state


def _decided(state: State, event: Event) -> State:
    """A decision implies that the suggestion was shown. Copying or confirming what was edited leaves it edited."""
    outcome = Outcome(event.kind)
    kept = {Outcome.EDITED, Outcome.ACCEPTED} if outcome is Outcome.COPIED else {Outcome.EDITED}
    if event.kind in {Kind.COPIED, Kind.ACCEPTED} and state.outcome in kept:
        outcome = Outcome(state.outcome)
    answered = event.kind in ANSWERS
    return replace(
        state,
        shown=True,
        outcome=outcome,
        agent=event.agent or state.agent,
        overruled=state.overruled or event.kind is Kind.OVERRULED,
        answered_at=(state.answered_at or event.at) if answered else None,
        confirmed=answered and (state.confirmed or event.kind is Kind.ACCEPTED),
    )
