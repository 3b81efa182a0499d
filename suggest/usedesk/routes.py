"""The two addresses that Usedesk calls."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse

from suggest.usedesk.payload import MAX_BODY
from suggest.usedesk.side import Side
from suggest.usedesk.webhook import Outcome

REFUSALS: dict[Outcome, tuple[int, str]] = {
    "unset": (403, "no secret for webhooks is set"),
    "refused": (403, "the secret does not match"),
    "unreadable": (400, "neither JSON nor a form"),
}


def usedesk(side: Side) -> APIRouter:
    """Under `/usedesk`. Both are async: a thread for each agent who waits would leave none for the others."""
    router = APIRouter(prefix="/usedesk", tags=["usedesk"])

    @router.post("/block")
    async def block(request: Request) -> JSONResponse:
        """The block of a ticket's sidebar: always 200 with `{"html": …}`, whatever is sent and whatever happens."""
        base = side.public_url or str(request.base_url)
        html = await side.block.answer(await _body(request), request.headers.get("content-type", ""), base)
        return JSONResponse({"html": html})

    @router.post("/webhook")
    async def webhook(request: Request) -> dict[str, str]:
        """A new ticket, a comment or a change: noted at once, worked off in the background. Safe to repeat."""
        outcome = side.webhook.take(await _body(request), request.headers.get("content-type", ""))
        if outcome in REFUSALS:
            raise HTTPException(*REFUSALS[outcome])
        return {"status": outcome}

    return router


async def _body(request: Request) -> bytes:
    """The body, or just over as much as we read: the rest is not taken in."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            break
    return bytes(body)
