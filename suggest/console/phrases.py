"""The phrases: how agents take each, and a lead's withdrawal of one, at once and undone as easily."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from suggest.console.shell import audit, lead, page, service, signed_in, store
from suggest.regulation import Phrase

router = APIRouter(dependencies=[Depends(lead)])
STATES = {"approved": "в работе", "withdrawn": "отозвана", "draft": "черновик", "retired": "снята"}
ORDERS = {"used": "чаще показывают", "deleted": "чаще удаляют", "worst": "хуже принимают", "recent": "недавние"}
Id = str


@router.get("/phrases")
def phrases(
    request: Request,
    slot: Annotated[str, Query(max_length=40)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    order: Annotated[str, Query(max_length=20)] = "used",
) -> HTMLResponse:
    """All phrases, or those of a slot or a state, each with its use."""
    return _page(request, slot=slot, state=state, order=order)


@router.post("/phrases/{phrase}/withdraw")
def withdraw(request: Request, phrase: Id, why: Annotated[str, Form(max_length=500)] = "") -> Response:
    """From now on nobody is offered it; a reason is asked for."""
    known = _known(request, phrase)
    if not why.strip():
        return _page(
            request, 422, slot=known.slot, said="Напишите, почему фраза отозвана: причину увидит владелец фраз."
        )
    if store(request).phrases.withdraw(phrase, signed_in(request).name, why.strip()):
        audit(request, "phrase_withdrawn", phrase=phrase)
    return _back(known)


@router.post("/phrases/{phrase}/restore")
def restore(request: Request, phrase: Id) -> Response:
    """Offers it again."""
    known = _known(request, phrase)
    if store(request).phrases.restore(phrase, signed_in(request).name):
        audit(request, "phrase_restored", phrase=phrase)
    return _back(known)


def _page(
    request: Request, status: int = 200, slot: str = "", state: str = "", order: str = "used", said: str = ""
) -> HTMLResponse:
    bank, kept = service(request).bank, store(request).phrases
    withdrawn = {row.phrase_id: row for row in kept.withdrawn()}
    uses = {use.phrase_id: use for use in kept.uses()}
    states = {name: "withdrawn" if name in withdrawn else phrase.status for name, phrase in bank.phrases.items()}
    rows = [
        phrase for phrase in bank.phrases.values() if slot in ("", phrase.slot) and state in ("", states[phrase.id])
    ]

    def rank(phrase: Phrase) -> tuple[float, ...]:
        use = uses.get(phrase.id)
        if use is None or not use.shown:
            return (1.0,)
        by = {
            "deleted": -use.deletions[0],
            "worst": use.between[1],
            "recent": -use.last_used_at.timestamp() if use.last_used_at else 0.0,
        }
        return 0.0, by.get(order, -use.shown)

    rows.sort(key=rank)
    told = {"rows": rows, "uses": uses, "withdrawn": withdrawn, "states": states, "titles": STATES, "orders": ORDERS}
    return page(request, "phrases.html.j2", status, **told, slot=slot, state=state, order=order, said=said)


def _known(request: Request, phrase: str) -> Phrase:
    known = service(request).bank.phrases.get(phrase)
    if known is None:
        raise HTTPException(404)
    return known


def _back(phrase: Phrase) -> RedirectResponse:
    return RedirectResponse(f"/console/phrases?slot={phrase.slot}#{phrase.id}", 303)
