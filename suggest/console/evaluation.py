"""The newest evaluation: its main numbers, dated, and whether they are of the service that runs."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from suggest import charts
from suggest.console.shell import lead, page, service
from suggest.evaluation import Unreadable, newest

router = APIRouter(dependencies=[Depends(lead)])


@router.get("/evaluation")
def evaluation(request: Request) -> HTMLResponse:
    """The report, or how to get one."""
    here = service(request)
    try:
        found, unreadable = newest(here.settings.cache), False
    except Unreadable:
        found, unreadable = None, True
    if found is None:
        return page(request, "evaluation.html.j2", found=None, unreadable=unreadable)
    order = sorted(found.scenarios, key=lambda name: (found.scenarios[name]["top1"], found.scenarios[name]["top3"]))
    lines = [(name, found.scenarios[name]) for name in order]
    titles = [here.bank.scenarios[name].title if name in here.bank.scenarios else name for name in order]
    series = (
        charts.Series("Лучшая догадка верна", [round(100 * line["top1"], 1) for _, line in lines]),
        charts.Series("Предложен ответ", [round(100 * line["coverage"], 1) for _, line in lines]),
    )
    running = here.desk.suggester
    return page(
        request,
        "evaluation.html.j2",
        found=found,
        unreadable=False,
        same=(found.phrasebank, found.matcher) == (here.bank.version, running.matcher.version),
        lines=list(zip(titles, (line for _, line in lines), strict=True)),
        keys=[one.name for one in series],
        by_scenario=charts.bars("Точность по сценариям, %", titles, series),
    )
