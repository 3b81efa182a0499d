"""What people read in a terminal: a suggestion, findings, progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from textwrap import fill

from suggest.domain import Finding, Match, Severity, Status, Suggestion
from suggest.regulation import Phrasebank

WIDTH = 88
PRIORITY = {0: "сразу", 1: "в первую очередь", 2: "во вторую очередь", None: "без ответа"}
MARK = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.INFO: "i"}
STARS = 5


def suggestion(made: Suggestion, bank: Phrasebank) -> str:
    """A suggestion as an agent would want to read it."""
    review = made.review
    stars = "★" * review.rating + "☆" * (STARS - review.rating) if review.rating else "без оценки"
    lines = [
        f"── {bank.platforms[review.platform].title} · {stars} · {review.author or 'автор не указан'}",
        _indented(review.text or "(без текста)"),
        "",
        f"   Очерёдность: {PRIORITY[made.triage.priority]}",
        *_match(made, bank),
    ]
    if made.text:
        lines += ["", _indented(made.text, "   │ ")]
    if made.findings:
        lines += ["", *(f"   {MARK[finding.severity]} {finding.message}" for finding in made.findings)]
    return "\n".join(lines)


def _match(made: Suggestion, bank: Phrasebank) -> Iterator[str]:
    if made.status is Status.SKIPPED or made.match is None:
        yield "   Не отвечаем: " + " ".join(reason.text for reason in made.triage.reasons)
        return
    matched = made.match
    if matched.scenario:
        scenario = bank.scenarios[matched.scenario]
        yield f"   Сценарий: {scenario.title} ({scenario.paragraph}), уверенность {100 * matched.confidence:.0f}\u00a0%"
    else:
        nearest = ", ".join(bank.scenarios[near.scenario].title for near in matched.runners_up[:2])
        yield f"   Готового ответа нет. Ближайшие сценарии: {nearest}"
        yield from (f"   {reason.text}" for reason in matched.reasons)
    yield from _around(made, matched, bank)


def _around(made: Suggestion, matched: Match, bank: Phrasebank) -> Iterator[str]:
    if matched.nearest:
        example = matched.nearest[0].text.replace("\n", " ")
        yield f"   Похоже на: «{example[:70]}{'…' if len(example) > 70 else ''}»"
    if matched.flags:
        yield "   Внимание: " + ", ".join(bank.flags[flag].title for flag in matched.flags)
    if made.department:
        yield f"   Решает: {bank.departments[made.department].title}"


def findings(found: Iterable[Finding], text: str) -> str:
    """One finding a line: severity, what it is, the place, the paragraph."""
    lines = []
    for finding in found:
        place = f" «{text[slice(*finding.span)]}»" if finding.span else ""
        lines.append(
            f"{MARK[finding.severity]} {finding.severity}: {finding.message}{place} [{finding.rule}, {finding.source}]"
        )
    return "\n".join(lines) or "Замечаний нет."


@contextmanager
def progress() -> Iterator[Callable[[str, float], None]]:
    """A progress bar on stderr; what it gives is told what is being done and how much of it is (0 to 1)."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description:32}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks: dict[str, object] = {}

        def tell(what: str, part: float) -> None:
            if what not in tasks:
                for earlier in bar.task_ids:
                    bar.update(earlier, completed=1)
                tasks[what] = bar.add_task(what, total=1)
            bar.update(tasks[what], completed=part)  # type: ignore[arg-type]

        yield tell
        for task in bar.task_ids:
            bar.update(task, completed=1)


def _indented(text: str, prefix: str = "   ") -> str:
    return "\n".join(fill(line, WIDTH, initial_indent=prefix, subsequent_indent=prefix) for line in text.splitlines())
