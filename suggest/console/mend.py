"""«Что исправить компании» (001, 003): complaints by topic, branch and week, with spikes and what people wrote."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BeforeValidator, Field

from suggest import charts
from suggest.console.shell import lead, page, service, store
from suggest.mend import Mend, mend, titled
from suggest.regulation import Phrasebank
from suggest.summary import html

router = APIRouter(dependencies=[Depends(lead)])
TOPICS_APART = 5
"""So many topics have a colour of their own; the others are one."""
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]
Until = Annotated[Day | None, BeforeValidator(lambda given: given or None), Query()]
"""A day as a form sends it; an emptied field is none."""
Branch = Annotated[str, Query(max_length=200)]


@router.get("/mend")
def shown(request: Request, until: Until = None, branch: Branch = "") -> HTMLResponse:
    """The page, its last week ending with the day `until`."""
    here, bank = service(request), service(request).bank
    last = until or today(request)
    found = mend(store(request), bank, last, here.settings.zone, branch=branch.strip() or None)
    told: dict[str, Any] = {"found": found, "last": last, "branch": branch.strip()}
    told["titled"] = lambda topic: titled(bank, topic)
    return page(request, "mend.html.j2", **told, **drawn(found, bank))


@router.get("/mend/summary")
def summary(request: Request, until: Until = None) -> Response:
    """The weekly summary as one file to keep or to send on."""
    here, last = service(request), until or today(request)
    text = html(mend(store(request), here.bank, last, here.settings.zone), here.bank)
    headers = {"Content-Disposition": f'attachment; filename="summary-{last}.html"', "Cache-Control": "no-store"}
    return Response(text, media_type="text/html; charset=utf-8", headers=headers)


def today(request: Request) -> date:
    """The day in the company's zone."""
    return store(request).clock().astimezone(service(request).settings.zone).date()


def drawn(found: Mend, bank: Phrasebank) -> dict[str, Any]:
    """The charts, and the names of the series of the first."""
    labels = [week.label for week in found.weeks]
    apart = list(found.by_week.items())[:TOPICS_APART]
    rest = [counts for _, counts in list(found.by_week.items())[TOPICS_APART:]]
    series = [charts.Series(titled(bank, topic), counts) for topic, counts in apart]
    if rest:
        series.append(charts.Series("Остальные темы", [sum(week) for week in zip(*rest, strict=True)]))
    spiked = {spot.branch for spot in found.spikes}
    return {
        "keys": [one.name for one in series],
        "by_week": charts.columns("Жалобы по неделям и темам", labels, series),
        "by_branch": charts.bars(
            "Жалобы по филиалам за неделю рядом с обычной неделей",
            [spot.branch or "Филиал не указан" for spot in found.branches],
            [
                charts.Series("За эту неделю", [spot.compared.now for spot in found.branches]),
                charts.Series("Обычная неделя", [round(spot.compared.mean, 1) for spot in found.branches]),
            ],
            {place for place, spot in enumerate(found.branches) if spot.branch in spiked},
        ),
    }
