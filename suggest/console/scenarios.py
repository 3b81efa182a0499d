"""How the scenarios fare: volume by week, acceptance with intervals, and what was overruled to what."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from suggest import charts
from suggest.console.mend import Until, today
from suggest.console.shell import lead, page, service, store
from suggest.store.phrases import wilson
from suggest.store.register import Filter
from suggest.store.trends import Volume
from suggest.weeks import bounds, since, weeks

router = APIRouter(dependencies=[Depends(lead)])
SPANS = (4, 13, 26)


@router.get("/scenarios")
def scenarios(request: Request, until: Until = None, span: Annotated[int, Query(ge=2, le=26)] = 13) -> HTMLResponse:
    """Volume and acceptance over some weeks, the last of which ends with the day `until`."""
    bank, last = service(request).bank, until or today(request)
    trends, some = store(request).trends(bank), weeks(last, span, service(request).settings.zone)
    some = since(some, trends.first())
    edges, count = bounds(some), len(some)
    volumes, labels = trends.by_scenario(edges), [week.label for week in some]
    rates = [_rate(volumes, week) for week in range(count)]
    taken = store(request).acceptances.by_scenario(Filter(since=edges[0], until=edges[-1]))
    made = {row.scenario: [0] * count for row in volumes}
    for row in volumes:
        made[row.scenario][row.week] = row.made
    order = sorted(made, key=lambda name: (-sum(made[name]), name or "~"))
    apart, rest = order[: charts.COLOURS - 1], order[charts.COLOURS - 1 :]
    series = [charts.Series(_title(request, name), made[name]) for name in apart]
    if rest:
        others = [sum(made[name][week] for name in rest) for week in range(count)]
        series.append(charts.Series("Остальные сценарии", others))
    return page(
        request,
        "scenarios.html.j2",
        last=last,
        span=span,
        spans=SPANS,
        weeks=some,
        made={name: made[name] for name in order},
        taken={row.scenario: row for row in taken},
        rates=rates,
        overrulings=trends.overrulings(edges[0], edges[-1]),
        title=lambda name: _title(request, name),
        keys=[one.name for one in series],
        by_week=charts.columns("Подсказки по неделям и сценариям", labels, series),
        accepted=charts.lines(
            "Принято подсказок по неделям, % показанных",
            labels,
            [charts.Series("Принято", [None if rate is None else round(100 * rate, 1) for rate, _, _ in rates])],
            100,
        ),
    )


def _rate(volumes: tuple[Volume, ...], week: int) -> tuple[float | None, tuple[float, float], int]:
    """The acceptance of a week over all scenarios, its interval, and of how many shown; silence is none to accept."""
    told = [row for row in volumes if row.week == week and row.scenario]
    shown, taken = sum(row.shown for row in told), sum(row.taken for row in told)
    return (taken / shown if shown else None), wilson(taken, shown), shown


def _title(request: Request, name: str | None) -> str:
    known = service(request).bank.scenarios.get(name or "")
    return known.title if known else name or "Сценарий не определён"
