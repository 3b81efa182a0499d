"""What to answer first."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from suggest.console.shell import page, signed_in, store

router = APIRouter(dependencies=[Depends(signed_in)])


@router.get("/")
def queue(request: Request) -> HTMLResponse:
    """The reviews that wait for a reply."""
    return page(request, "queue.html.j2", entries=store(request).register.queue())
