"""The weekly summary of «Что исправить компании» (003): one HTML file with its charts, and the same in plain text."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from suggest import charts
from suggest.mask import Masker
from suggest.mend import Mend, Spot, titled
from suggest.regulation import Phrasebank


def subject(found: Mend) -> str:
    """The subject of the letter."""
    spiked = f", всплесков: {len(found.spikes)}" if found.spikes else ""
    return f"Что исправить компании, {found.week.label}: жалоб {found.total}{spiked}"


def html(found: Mend, bank: Phrasebank) -> str:
    """One file that needs nothing beside it. It leaves our hands, so that names and numbers in reviews are covered."""
    masker = Masker(bank.given_names)
    labels = [week.label for week in found.weeks]
    totals = [sum(counts) for counts in zip(*found.by_week.values(), strict=True)]
    topics = [spot for spot in found.topics if spot.compared.now]
    named = [titled(bank, spot.topic) for spot in topics]
    pair = (
        charts.Series("Эта неделя", [spot.compared.now for spot in topics]),
        charts.Series("Обычная неделя", [round(spot.compared.mean, 1) for spot in topics]),
    )
    return _template().render(
        found=found,
        subject=subject(found),
        labels=labels,
        totals=totals,
        topics=list(zip(named, topics, strict=True)),
        masked=lambda entry: masker.mask(entry.text or "", (entry.author,)).text,
        titled=lambda topic: titled(bank, topic),
        by_week=charts.columns("Жалобы по неделям", labels, [charts.Series("Жалобы", totals)]) if totals else "",
        by_topic=charts.bars("Жалобы по темам за неделю рядом с обычной", named, pair) if topics else "",
        style=Markup(charts.CSS.read_text(encoding="utf-8")),  # noqa: S704
    )


def text(found: Mend, bank: Phrasebank) -> str:
    """The same without charts and reviews, for the body of a letter and for a terminal."""
    return "\n".join(_lines(found, bank)) + "\n"


def _lines(found: Mend, bank: Phrasebank) -> Iterator[str]:
    yield f"Жалоб за неделю {found.week.label}: {found.total}."
    yield ""
    yield "Всплески:" if found.spikes else "Всплесков нет."
    for spot in found.spikes:
        yield f"- {spot.branch}: {titled(bank, spot.topic).lower()} — {_beside(spot)}"
    yield ""
    yield "По темам:"
    for spot in found.topics:
        if spot.compared.now:
            yield f"- {titled(bank, spot.topic)} — {_beside(spot)}"
    yield ""
    yield "По филиалам:"
    for spot in found.branches:
        yield f"- {spot.branch or 'Филиал не указан'} — {_beside(spot)}"
    yield ""
    yield f"Сравнение — со средней из {found.compared} предыдущих недель."


def _beside(spot: Spot) -> str:
    usual = f"{spot.compared.mean:.1f}".replace(".", ",")
    return f"{spot.compared.now}, обычно {usual}"


@cache
def _template() -> Template:
    loader = PackageLoader("suggest", "console/templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters["usual"] = lambda value: f"{value:.1f}".replace(".", ",")
    return made.get_template("summary.html.j2")
