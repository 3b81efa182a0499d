"""Quality control (002 «Калибровка»): a sample of published replies to score, and what the scores say, for leads only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from suggest.console.mend import Until, today
from suggest.console.shell import audit, lead, page, service, signed_in, store
from suggest.domain import Finding, InputError, Suggestion
from suggest.quality import Agreement, Answer, Item, agreement, load_checklist, share, verdicts
from suggest.store.phrases import Interval, wilson
from suggest.store.scores import Score
from suggest.weeks import weeks

router = APIRouter(dependencies=[Depends(lead)])
EACH = 3
"""So many replies of every agent are drawn for a week."""
BACK = timedelta(days=91)
"""The scores of so long are summed up."""


@dataclass(frozen=True)
class OfAgent:
    """An agent's scored replies, and the items kept among those that concerned them."""

    agent: str | None
    replies: int
    kept: int
    of: int
    between: Interval


@router.get("/quality")
def quality(request: Request, until: Until = None) -> HTMLResponse:
    """The sample of the week that ends with the day `until`, and the results of the last quarter."""
    last, here = until or today(request), store(request)
    (week,) = weeks(last, 1, service(request).settings.zone)
    given = here.scores.given(week.until - BACK, week.until)
    items = load_checklist(service(request).bank)
    told: dict[str, Any] = {
        "week": week,
        "last": last,
        "drawn": here.scores.sample(week.since, week.until, EACH),
        "agents": list(_by_agent(given)),
        "items": [(item, *_of_item(item, given)) for item in items],
        "overall": agreement([pair for item in items for pair in _pairs(item, given)]),
        "scores": len(given),
    }
    return page(request, "quality.html.j2", **told, agreed=_agreed)


@router.get("/quality/{suggestion_id}")
def reply(request: Request, suggestion_id: str) -> HTMLResponse:
    """A published reply beside its review, and the checklist."""
    return _form(request, suggestion_id)


async def fields(request: Request) -> dict[str, str]:
    """A dependency: what the form sent."""
    return {name: str(value) for name, value in (await request.form()).items()}


@router.post("/quality/{suggestion_id}")
def score(request: Request, suggestion_id: str, form: Annotated[dict[str, str], Depends(fields)]) -> Response:
    """Keeps the answers; every item has to be answered."""
    items = load_checklist(service(request).bank)
    known: dict[str, Answer] = {answer: answer for answer in get_args(Answer)}
    answers = {item.id: known[form[item.id]] for item in items if form.get(item.id) in known}
    missing = [item.title for item in items if item.id not in answers]
    if missing:
        return _form(request, suggestion_id, 422, answers, f"Ответьте на все пункты; без ответа: {len(missing)}.")
    made, text = _reply(request, suggestion_id)
    checks = verdicts(items, _findings(request, made, text))
    try:
        store(request).scores.give(suggestion_id, signed_in(request).name, answers, checks)
    except InputError as error:
        raise HTTPException(404) from error
    audit(request, "reply_scored", suggestion=suggestion_id)
    return RedirectResponse("/console/quality", 303)


def _form(
    request: Request, suggestion_id: str, status: int = 200, given: dict[str, Answer] | None = None, said: str = ""
) -> HTMLResponse:
    made, text = _reply(request, suggestion_id)
    scores = store(request).scores.of(suggestion_id)
    mine = next((one.answers for one in scores if one.by == signed_in(request).name), {})
    told = {"made": made, "text": text, "scores": scores, "said": said, "given": mine if given is None else given}
    return page(
        request, "quality_reply.html.j2", status, items=load_checklist(service(request).bank), **told, share=share
    )


def _reply(request: Request, suggestion_id: str) -> tuple[Suggestion, str]:
    """The newest revision and the text that went out; 404 where there is none, or it was erased."""
    made = store(request).suggestions.get(suggestion_id)
    if made is None or made.erased:
        raise HTTPException(404)
    return made, store(request).scores.published(suggestion_id) or made.text


def _findings(request: Request, made: Suggestion, text: str) -> tuple[Finding, ...]:
    scenario = made.match.scenario if made.match else None
    return service(request).desk.suggester.checker.check(text, made.review, scenario, made.match)


def _by_agent(given: Sequence[Score]) -> Iterator[OfAgent]:
    """The results of each agent, by name; the last score of a reply counts."""
    newest = {score.suggestion_id: score for score in reversed(given)}
    for agent in sorted({score.agent for score in newest.values()}, key=lambda name: name or "~"):
        own = [score for score in newest.values() if score.agent == agent]
        told = [answer for score in own for answer in score.answers.values() if answer != "na"]
        kept = told.count("yes")
        yield OfAgent(agent, len(own), kept, len(told), wilson(kept, len(told)))


def _pairs(item: Item, given: Sequence[Score]) -> list[tuple[str, str]]:
    return [(one.answers.get(item.id, "na"), one.checks[item.id]) for one in given if item.id in one.checks]


def _of_item(item: Item, given: Sequence[Score]) -> tuple[int, int, Agreement | None]:
    """How often an item was kept, of how many, and how far the checks agree on it."""
    told = [answer for one in given if (answer := one.answers.get(item.id, "na")) != "na"]
    return told.count("yes"), len(told), agreement(_pairs(item, given)) if item.rules else None


def _agreed(found: Agreement) -> Interval:
    return wilson(found.same, found.both)
