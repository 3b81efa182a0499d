"""The REST methods of Usedesk that we call, with their documented shapes and errors, and knobs to make them misbehave."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import BaseModel
from starlette.datastructures import UploadFile

from suggest.demo.account import FIELDS, TOKEN, USERS
from suggest.demo.state import Helpdesk, Refused
from suggest.demo.tell import Teller
from suggest.usedesk.payload import read


class Knobs(BaseModel):
    """How the API behaves: seconds before each answer, faults for the next calls, calls a second before HTTP 429."""

    delay: float = 0.0
    faults: list[str] = []
    """Each one answers one call: `429`, `500`, `error` (inside HTTP 200) or `garbage`."""
    limit: int = 50


class Rest:
    """The API over a helpdesk; remembers when it was called and what was asked."""

    def __init__(self, helpdesk: Helpdesk, teller: Teller, token: str = TOKEN) -> None:
        self.helpdesk = helpdesk
        self.teller = teller
        self.token = token
        self.knobs = Knobs()
        self.calls: deque[tuple[float, str]] = deque(maxlen=10_000)

    def router(self) -> APIRouter:
        router = APIRouter()
        for method, handler in self._methods().items():
            router.add_api_route(f"/{method}", self._route(method, handler), methods=["POST"], name=method)

        @router.post("/demo/knobs")
        def turn(knobs: Knobs) -> Knobs:
            """Sets how the API behaves."""
            self.knobs = knobs
            return knobs

        @router.get("/demo/calls")
        def calls() -> list[tuple[float, str]]:
            """When which method was called."""
            return list(self.calls)

        return router

    def _methods(self) -> Mapping[str, Callable[[Mapping[str, Any]], Any]]:
        return {
            "ticket": lambda asked: self.helpdesk.ticket(asked.get("ticket_id")),
            "tickets": lambda asked: self.helpdesk.tickets(
                str(asked.get("updated_after") or ""), int(asked.get("offset") or 0), asked.get("client_id")
            ),
            "create/comment": self._comment,
            "update/ticket": self._update,
            "create/ticket": self._create,
            "ticket/fields": lambda _: FIELDS,
            "users": lambda _: USERS,
            "tags": lambda _: [{"id": place, "name": tag} for place, tag in enumerate(("отзыв", "2gis", "safety"), 1)],
        }

    def _route(self, method: str, handler: Callable[[Mapping[str, Any]], Any]) -> Callable[[Request], Any]:
        async def route(request: Request) -> Response:
            asked = await _asked(request)
            return await run_in_threadpool(self._answer, method, handler, asked)

        return route

    def _answer(self, method: str, handler: Callable[[Mapping[str, Any]], Any], asked: Mapping[str, Any]) -> Response:
        at = time.monotonic()
        self.calls.append((at, method))
        if self.knobs.delay:
            time.sleep(self.knobs.delay)
        if self.knobs.faults:
            return _fault(self.knobs.faults.pop(0))
        if sum(at - called < 1 for called, _ in self.calls) > self.knobs.limit:
            return _fault("429")
        if asked.get("api_token") != self.token:
            return JSONResponse({"error": "Invalid api_token", "code": 112})
        try:
            return JSONResponse(handler(asked))
        except Refused as error:
            return JSONResponse({"error": str(error), "code": error.code})

    def _comment(self, asked: Mapping[str, Any]) -> Any:
        comment_id = self.helpdesk.comment(asked)
        self.teller.comment(self.helpdesk.ticket(asked["ticket_id"]))
        return {"status": "success", "comment_id": comment_id}

    def _update(self, asked: Mapping[str, Any]) -> Any:
        changes = self.helpdesk.update(asked)
        self.teller.change(self.helpdesk.ticket(asked["ticket_id"]), changes)
        return {"status": "success"}

    def _create(self, asked: Mapping[str, Any]) -> Any:
        ticket_id = self.helpdesk.create(asked)
        self.teller.ticket(self.helpdesk.ticket(ticket_id))
        return {"status": "success", "ticket_id": ticket_id}


async def _asked(request: Request) -> Mapping[str, Any]:
    """What is asked, in JSON or a form, and the files that came with it."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return read(await request.body(), kind)
    async with request.form() as form:
        files = [value for value in form.getlist("files[]") if isinstance(value, UploadFile)]
        kept = [{"name": file.filename, "type": file.content_type, "data": await file.read()} for file in files]
        return {**{name: value for name, value in form.items() if isinstance(value, str)}, "files": kept}


def _fault(kind: str) -> Response:
    if kind == "429":
        return JSONResponse({"error": "Too many requests"}, 429, {"Retry-After": "1"})
    if kind == "error":
        return JSONResponse({"error": "Something went wrong", "code": 500})
    if kind == "garbage":
        return PlainTextResponse("<br />\n<b>Notice</b>: Undefined index")
    return PlainTextResponse("Internal error", 500)
