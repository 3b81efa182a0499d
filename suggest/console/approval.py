"""The approval queue: what the service may learn from agents, decided by a lead, and the patch for git that comes of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from suggest.console.shell import audit, lead, page, service, signed_in, store
from suggest.domain import InputError
from suggest.store.approval import Candidates
from suggest.store.patch import patch

router = APIRouter(dependencies=[Depends(lead)])
Id = Annotated[int, Path(ge=1, lt=2**63)]
AT_ONCE = 30
"""So many candidates are shown; the others follow when these are decided."""
GONE = "Этот кандидат уже не ждёт решения: его решил кто-то другой, или текст удалён."
PERSONAL = "В тексте личные данные. Впишите формулировку без них и одобрите снова."
UNFIT = "Так одобрить нельзя: проверьте скобки и названия полей вроде {client_name}."


@router.get("/approval")
def queue(request: Request) -> HTMLResponse:
    """What waits for a decision."""
    return _page(request)


@router.get("/approval/patch")
def download(request: Request) -> Response:
    """What was approved or withdrawn, for `git apply`."""
    text = patch(service(request).bank, _candidates(request).queue("approved"), store(request).phrases.withdrawn())
    if not text:
        return _page(request, said="Правка пуста: всё одобренное и отозванное уже в банке фраз.")
    audit(request, "patch_taken", size=len(text))
    headers = {"Content-Disposition": 'attachment; filename="phrasebank.patch"', "Cache-Control": "no-store"}
    return Response(text, media_type="text/x-diff; charset=utf-8", headers=headers)


@router.post("/approval/{candidate}/approve")
def approve(request: Request, candidate: Id, wording: Annotated[str, Form(max_length=20_000)] = "") -> Response:
    """As it is or in the lead's own wording."""
    try:
        _candidates(request).approve(candidate, signed_in(request).name, wording.strip() or None)
    except InputError as error:
        return _page(request, 422, said=_said(error), at=candidate)
    audit(request, "candidate_approved", candidate=candidate)
    return RedirectResponse("/console/approval", 303)


@router.post("/approval/{candidate}/decline")
def decline(request: Request, candidate: Id) -> Response:
    """For good."""
    try:
        _candidates(request).decline(candidate, signed_in(request).name)
    except InputError as error:
        return _page(request, 422, said=_said(error))
    audit(request, "candidate_declined", candidate=candidate)
    return RedirectResponse("/console/approval", 303)


def _candidates(request: Request) -> Candidates:
    return store(request).candidates(service(request).bank)


def _page(request: Request, status: int = 200, said: str = "", at: int | None = None) -> HTMLResponse:
    queue, kept = _candidates(request), store(request)
    waiting = queue.queue(limit=AT_ONCE)
    before = {one.id: kept.suggestions.get(one.suggestion_id, 1) for one in waiting if one.kind == "exemplar"}
    offered = {key: made.match.scenario if made and made.match else None for key, made in before.items()}
    # Those whose text was erased before a decision are counted, and never shown.
    left = max(0, queue.count("waiting") - len(waiting)) if len(waiting) == AT_ONCE else 0
    told = {"waiting": waiting, "left": left, "offered": offered}
    ready = {"approved": queue.count("approved"), "withdrawn": len(kept.phrases.withdrawn())}
    return page(request, "approval.html.j2", status, **told, **ready, said=said, at=at)


def _said(error: InputError) -> str:
    if error.field != "wording":
        return GONE
    return PERSONAL if "personal" in error.reason else UNFIT
