"""The steps of the way back into a ticket, and what they are to bring about (000 «Действия агента»; 002, points 4-6). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Literal, TypeVar

from suggest.domain import Platform, Status, Suggestion
from suggest.usedesk.casebook import is_own
from suggest.usedesk.ticket import TicketStatus

Result = Literal["done", "failed", "dry", "waiting"]
Named = TypeVar("Named", bound=StrEnum)


class Step(StrEnum):
    COMMENT = "comment"
    CATEGORY = "category"
    TYPE = "type"
    PRIORITY = "priority"
    STATUS = "status"


class Closing(StrEnum):
    """The statuses of 002, point 6."""

    SOLVED = "solved"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    UNCHANGED = "unchanged"


STATUSES: Mapping[Closing, TicketStatus] = {
    Closing.SOLVED: TicketStatus.SOLVED,
    Closing.PENDING: TicketStatus.PENDING,
    Closing.ON_HOLD: TicketStatus.ON_HOLD,
}
CLOSING_TITLES: Mapping[Closing, str] = {
    Closing.SOLVED: "Выполнен",
    Closing.PENDING: "В ожидании",
    Closing.ON_HOLD: "На удержании",
    Closing.UNCHANGED: "Не изменять",
}


@dataclass(frozen=True)
class Wanted:
    """What the outcome of a client's own ticket asks for beside the status (002, points 4 and 5).

    Names as agents see them in Usedesk, but `type` and `priority` as its API calls them, each with its `title`.
    """

    category: str
    subcategory: str
    type: str
    type_title: str
    priority: str
    priority_title: str


@dataclass(frozen=True)
class StepResult(Generic[Named]):
    """One step, of the way back or of a hand-over, as the agent sees it: what it does, whether it is done, and why not."""

    step: Named
    title: str
    result: Result
    note: str = ""


@dataclass(frozen=True)
class Aim:
    """What a run is to bring about."""

    closing: Closing
    wanted: Wanted | None = None

    @property
    def pair(self) -> tuple[str, str] | None:
        return (self.wanted.category, self.wanted.subcategory) if self.wanted else None

    def value(self, step: Step) -> str:
        """What a step writes, by which it is known again; "" where it is always the same."""
        if step is Step.STATUS:
            return self.closing.value
        if self.wanted is None:
            return ""
        values = {Step.TYPE: self.wanted.type, Step.PRIORITY: self.wanted.priority}
        return values.get(step) or " | ".join(self.pair or ())


def proposed(suggestion: Suggestion, pending: int) -> Closing:
    """The status of 002 that what was done asks for; `pending` is how many departments have yet to act."""
    if pending:
        return Closing.ON_HOLD
    asked = any(segment.slot == "identification" for segment in suggestion.segments)
    own = suggestion.review.platform is Platform.DM
    return Closing.PENDING if own and asked else Closing.SOLVED


def planned(suggestion: Suggestion, closing: Closing, wanted: Wanted | None = None) -> Iterator[Step]:
    """The steps that the regulation asks for: all for a notification (000); 002's for a client's own ticket."""
    if not is_own(suggestion):
        if suggestion.status is not Status.SKIPPED:
            yield Step.COMMENT
        yield Step.CATEGORY
    elif wanted:
        yield from (Step.CATEGORY, Step.TYPE, Step.PRIORITY)
    if closing is not Closing.UNCHANGED:
        yield Step.STATUS
