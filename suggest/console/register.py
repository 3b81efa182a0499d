"""The register (003): found by filters and words, each review with its whole trace, and out as a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from pydantic import Field, field_validator

from suggest.console.shell import HEADERS, audit, lead, page, service, signed_in, store
from suggest.console.tale import tale
from suggest.domain import Frozen, Platform, Status
from suggest.store.accounts import User
from suggest.store.export import Format, lines
from suggest.store.register import Entry, Filter

router = APIRouter(dependencies=[Depends(signed_in)])
Who = Annotated[User, Depends(signed_in)]
PAGE = 50
EARLIEST = date(1970, 1, 1)
TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson; charset=utf-8"}


class RegisterQuery(Frozen):
    """The filters of the page, as its address holds them; "" is not set. `until` is inclusive, as people name days."""

    q: str | None = Field(default=None, max_length=500)
    platform: Platform | None = None
    branch: str | None = Field(default=None, max_length=200)
    scenario: str | None = Field(default=None, max_length=100)
    status: Status | None = None
    state: Literal["open", "done"] | None = None
    agent: str | None = Field(default=None, max_length=200)
    flag: str | None = Field(default=None, max_length=100)
    ticket_id: str | None = Field(default=None, max_length=64)
    since: date | None = Field(default=None, ge=EARLIEST)
    until: date | None = Field(default=None, ge=EARLIEST)

    @field_validator("*", mode="before")
    @classmethod
    def _not_set(cls, value: Any) -> Any:
        return None if value == "" else value

    def filter(self, zone: ZoneInfo) -> Filter:
        """What the register is asked; days are the company's."""
        until = self.until + timedelta(days=1) if self.until and self.until < date.max else None
        named = self.model_dump(include=set(Filter.model_fields) - {"since", "until"})
        return Filter(**named, since=_begin(self.since, zone), until=_begin(until, zone))

    def named(self) -> dict[str, Any]:
        """The filters that are set."""
        return self.model_dump(mode="json", exclude_none=True)


class PageQuery(RegisterQuery):
    after: str | None = Field(default=None, max_length=200)


class ExportQuery(RegisterQuery):
    format: Format = "csv"


@router.get("/register")
def register(request: Request, asked: Annotated[PageQuery, Query()]) -> HTMLResponse:
    """The reviews that match, the newest first."""
    found = store(request).register.find(asked.filter(service(request).settings.zone), PAGE, asked.after)
    return page(request, "register.html.j2", asked=asked, filters=_filters(asked), entries=found.items, next=found.next)


@router.get("/mine")
def mine(request: Request, user: Who, asked: Annotated[PageQuery, Query()]) -> HTMLResponse:
    """What the user answered: found by their name in Usedesk."""
    wanted = asked.filter(service(request).settings.zone).model_copy(update={"agent": user.name})
    found = store(request).register.find(wanted, PAGE, asked.after)
    since = store(request).clock() - timedelta(days=7)
    done = store(request).register.outcomes(Filter(agent=user.name, since=since))
    filters = _filters(asked)
    return page(request, "mine.html.j2", asked=asked, filters=filters, entries=found.items, next=found.next, done=done)


@router.get("/register/export", dependencies=[Depends(lead)])
def export(request: Request, asked: Annotated[ExportQuery, Query()]) -> Response:
    """What the filters find as a file; it is read while it is sent."""
    wanted = asked.filter(service(request).settings.zone)
    entries = _checked(store(request).register.every(wanted))
    audit(request, "exported", format=asked.format, filters=sorted(asked.named().keys() - {"format"}))
    day = store(request).clock().astimezone(service(request).settings.zone).date()
    disposition = {"Content-Disposition": f'attachment; filename="register-{day}.{asked.format}"'}
    text = (line.encode() for line in lines(entries, asked.format))
    return StreamingResponse(text, 200, HEADERS | disposition, media_type=TYPES[asked.format])


@router.get("/register/{suggestion_id}")
def one(request: Request, suggestion_id: str, revision: int | None = None) -> HTMLResponse:
    """The whole trace of a suggestion, one of its revisions stage by stage."""
    trace = store(request).traces.of(suggestion_id)
    shown = trace and (trace.revisions[0] if revision is None else trace.at(revision))
    if not trace or not shown:
        raise HTTPException(404)
    return page(request, "detail.html.j2", **tale(service(request), store(request), trace, shown))


def _filters(asked: RegisterQuery) -> dict[str, Any]:
    return {name: value for name, value in asked.named().items() if name != "after"}


def _begin(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time(), zone).astimezone(UTC) if day else None


def _checked(items: Iterator[Entry]) -> Iterator[Entry]:
    """The same, its first one read already, so that a failure is told before anything is sent."""
    first = next(items, None)
    return iter(()) if first is None else chain((first,), items)
