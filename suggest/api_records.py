"""The routes of what is kept: a suggestion and its revisions, feedback on it, the register."""

from __future__ import annotations

import time
from typing import Annotated

import anyio
from anyio.to_thread import run_sync
from fastapi import APIRouter, Body, HTTPException, Query, Response
from pydantic import Field

from suggest.bootstrap import Service
from suggest.desk import Suggestions
from suggest.domain import StoreUnavailable, Suggestion
from suggest.feedback import Feedback, Recorded
from suggest.store.details import Detail
from suggest.store.register import MOST, Filter, Page


class RegisterQuery(Filter):
    """A filter and the page wanted of what it finds."""

    limit: int = Field(default=50, ge=1, le=MOST)
    after: str | None = Field(default=None, max_length=200)

    @property
    def filter(self) -> Filter:
        return Filter(**self.model_dump(include=set(Filter.model_fields)))


LONGEST_WAIT = 30.0
POLL_SECONDS = 0.5


def records(service: Service) -> APIRouter:
    """Under `/v1`."""
    router = APIRouter(tags=["v1"])
    desk = service.desk

    @router.get("/suggestions/{suggestion_id}")
    async def read(
        suggestion_id: str,
        revision: Annotated[int | None, Query(ge=1)] = None,
        wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT, description="seconds to wait for a newer revision")] = 0,
    ) -> Suggestion:
        """The newest revision of a suggestion, or the one named.

        With `wait` the first one after the named (by default after the newest), or the newest when the time is up.
        """
        if wait:
            await _newer(desk.suggestions, suggestion_id, revision, wait)
            revision = None
        return found(await run_sync(desk.suggestions.get, suggestion_id, revision), "suggestion")

    @router.post("/suggestions/{suggestion_id}/feedback")
    def feedback(
        suggestion_id: str,
        given: Annotated[Feedback, Body(openapi_examples={"copied": {"value": {"outcome": "copied", "revision": 1}}})],
    ) -> Recorded:
        """Records what an agent did with a suggestion. "Accepted" means copied, or confirmed as posted (`accepted`).

        The same feedback again changes nothing. 409: the revision is no longer the newest. 503: nothing was recorded.
        """
        recorded = desk.feedback(suggestion_id, given)
        if recorded is None:
            raise HTTPException(404, "no such suggestion")
        return recorded

    @router.get("/register")
    def register(wanted: Annotated[RegisterQuery, Query()]) -> Page:
        """The reviews that match every filter, the newest first; `next` is the `after` of the following page.

        `state` is `open` («исполнение») or `done` («исполнено»); `q` searches review, author and edited reply.
        """
        if service.store is None:
            raise StoreUnavailable("the register needs the database, and this service runs without one")
        return service.store.register.find(wanted.filter, wanted.limit, wanted.after)

    @router.get("/register/{suggestion_id}")
    def detail(suggestion_id: str) -> Detail:
        """One review of the register with its contacts, hand-overs and files (003)."""
        if service.store is None:
            raise StoreUnavailable("the register needs the database, and this service runs without one")
        kept = service.store.details.of(suggestion_id)
        if kept is None:
            raise HTTPException(404, "no such suggestion")
        return kept

    @router.get("/register/{suggestion_id}/files/{file_id}", response_class=Response)
    def file(suggestion_id: str, file_id: int) -> Response:
        """A file of a review, to be saved; 404 once it was erased."""
        if service.store is None:
            raise StoreUnavailable("the register needs the database, and this service runs without one")
        files = {kept.id: kept for kept in service.store.attachments.of(suggestion_id)}
        data = service.store.attachments.data(file_id) if file_id in files else None
        if data is None:
            raise HTTPException(404, "no such file")
        headers = {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
        return Response(data, media_type=files[file_id].media_type, headers=headers)

    return router


def found(suggestion: Suggestion | None, what: str) -> Suggestion:
    """The suggestion, or 404."""
    if suggestion is None:
        raise HTTPException(404, f"no such {what}")
    return suggestion


async def _newer(suggestions: Suggestions, suggestion_id: str, revision: int | None, wait: float) -> None:
    """Returns when there is a revision after this one, or the time is up.

    It waits without a thread: forty agents that each held one of the pool would leave none to answer anything else.
    """
    deadline = time.monotonic() + wait
    newest = await run_sync(suggestions.newest, suggestion_id)
    revision = newest if revision is None else revision
    while newest is not None and newest <= (revision or 0) and time.monotonic() < deadline:
        await anyio.sleep(min(POLL_SECONDS, max(0.0, deadline - time.monotonic())))
        newest = await run_sync(suggestions.newest, suggestion_id)
