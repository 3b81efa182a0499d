"""What to answer first: by priority, then the longest unanswered (004), with what is overdue marked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import Field, field_validator

from suggest.bootstrap import Service
from suggest.console.shell import page, service, signed_in, store
from suggest.deadlines import answer_by
from suggest.domain import Frozen, Platform
from suggest.store.register import Entry, Waiting

router = APIRouter(dependencies=[Depends(signed_in)])
SHOWN, DEEPEST = 50, 5000
MANY_LATE = 1000
"""So many overdue are counted, then it says «больше»."""
OLDEST = timedelta(days=120)
"""Whatever was received earlier and still waits is overdue; the search for the border begins here."""


class QueueQuery(Frozen):
    """The filters of the page, as its address holds them; "" is not set."""

    platform: Platform | None = None
    branch: str | None = Field(default=None, max_length=200)
    priority: Literal[0, 1, 2] | None = None
    scenario: str | None = Field(default=None, max_length=100)
    flag: str | None = Field(default=None, max_length=100)
    late: bool = False
    start: int = Field(default=0, ge=0, le=DEEPEST)

    @field_validator("*", mode="before")
    @classmethod
    def _not_set(cls, value: Any) -> Any:
        return None if value == "" else int(value) if isinstance(value, str) and value in {"0", "1", "2"} else value


@dataclass(frozen=True)
class Row:
    """A line of the queue."""

    entry: Entry
    answer_by: datetime | None
    late: bool


@router.get("/")
@router.get("/queue")
def queue(request: Request, asked: Annotated[QueueQuery, Query()]) -> HTMLResponse:
    """The reviews that wait for a reply; a request of htmx gets the list alone."""
    register, clock = store(request).register, store(request).clock()
    filters = asked.model_dump(exclude={"late", "start"})
    borders = overdue_since(service(request), clock)
    wanted = Waiting(**filters, late=borders if asked.late else None)
    found = register.queue(wanted, SHOWN + 1, asked.start)
    context: dict[str, Any] = {
        "asked": asked,
        "filters": {name: value for name, value in asked.model_dump(mode="json").items() if name != "start"},
        "rows": [_row(service(request), entry, clock) for entry in found[:SHOWN]],
        "following": asked.start + SHOWN if len(found) > SHOWN and asked.start + SHOWN <= DEEPEST else None,
        "before": max(0, asked.start - SHOWN) if asked.start else None,
        "waiting": register.waiting(Waiting(**filters)),
        "late": register.late(Waiting(**filters, late=borders), MANY_LATE + 1),
        "many": MANY_LATE,
        "set": any(value for value in (*filters.values(), asked.late) if value is not None),
    }
    name = "queue_list.html.j2" if "HX-Request" in request.headers else "queue.html.j2"
    return page(request, name, **context)


def _row(service: Service, entry: Entry, now: datetime) -> Row:
    if entry.answered_at:
        return Row(entry, None, late=False)
    by = answer_by(entry.priority, entry.received_at, service.targets, service.workdays)
    return Row(entry, by, by is not None and by < now)


def overdue_since(service: Service, now: datetime) -> dict[int, datetime]:
    """For each priority the latest minute of receipt whose reply is overdue now: later is received, later is due."""
    borders = {}
    for priority in service.targets.first_answer:
        early, late = now - OLDEST, now
        while late - early > timedelta(minutes=1):
            middle = early + (late - early) / 2
            by = answer_by(priority, middle, service.targets, service.workdays)
            early, late = (middle, late) if by and by < now else (early, middle)
        borders[priority] = early
    return borders
