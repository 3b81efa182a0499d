"""The outcome of a client's ticket (002 «Действия в Usedesk»): category, type, priority and status, proposed by what was done.

Pure. `classifier.yaml` holds the categories, `matrix.yaml` which outcome has which; the agent chooses among the outcomes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from suggest.datafile import both, read
from suggest.domain import Frozen, PhrasebankError
from suggest.regulation import Phrasebank

CLASSIFIER, MATRIX = "classifier.yaml", "matrix.yaml"
BETWEEN = " | "
"""Stands between category and subcategory, as 002 writes them."""

Type = Literal["question", "task", "problem", "incident"]
Priority = Literal["low", "medium", "urgent", "extreme"]
Closing = Literal["solved", "pending", "on_hold", "unchanged"]
TYPES: dict[Type, str] = {"question": "Вопрос", "task": "Задача", "problem": "Проблема", "incident": "Инцидент"}
PRIORITIES: dict[Priority, str] = {
    "low": "Низкий",
    "medium": "Средний",
    "urgent": "Срочный",
    "extreme": "Экстренный",
}
SOURCE = "002 «Действия в Usedesk»"


class Strict(Frozen):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Category(Strict):
    """A category of the classifier, with what may stand under it."""

    category: str
    subcategories: Annotated[tuple[str, ...], Field(min_length=1)]


class When(Strict):
    """Where an outcome is proposed; what is not named holds everywhere."""

    topics: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    handed_over: bool | None = None


class Outcome(Strict):
    """A row of the matrix. `when` None: only an agent chooses it. `client` False: the ticket is no client's matter."""

    id: str
    title: str
    category: str
    type: Type
    priority: Priority = "medium"
    source: str
    when: When | None = None
    client: bool = True

    @property
    def pair(self) -> tuple[str, str]:
        """Category and subcategory."""
        first, _, second = self.category.partition(BETWEEN)
        return first, second


@dataclass(frozen=True)
class Done:
    """What was done in a case: topic and flags of the review, departments asked, how many have yet to act, data asked.

    `open_hand_overs`: the client was not told their outcome yet. `data_missing`: asked for and not arrived.
    """

    topic: str | None = None
    flags: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    open_hand_overs: int = 0
    data_missing: bool = False


@dataclass(frozen=True)
class Proposal:
    """What is proposed for a ticket, each with its reason for the agent; `against` speaks against «Выполнен»."""

    outcome: Outcome
    closing: Closing
    why: str
    against: tuple[str, ...]
    source: str = SOURCE


class Outcomes:
    """The matrix, ready to propose."""

    def __init__(self, rows: Sequence[Outcome]) -> None:
        self.rows = tuple(rows)

    def get(self, outcome: str) -> Outcome | None:
        """The row of that id."""
        return next((row for row in self.rows if row.id == outcome), None)

    def propose(self, done: Done, chosen: str = "") -> Proposal:
        """The proposal for what was done; `chosen` is the outcome that the agent named, if any."""
        row = self.get(chosen) or next(row for row in self.rows if row.when and _fits(row.when, done))
        against = tuple(_against(done)) if row.client else ()
        closing, why = _closing(done) if row.client else ("solved", "Обращение не от клиента: ответа отдела не ждём.")
        return Proposal(row, closing, why, against)


def _closing(done: Done) -> tuple[Closing, str]:
    """The status of 002, point 6, and why."""
    if done.open_hand_overs:
        return "on_hold", "Вопрос у смежного отдела."
    if done.data_missing:
        return "pending", "У клиента запрошены данные."
    return "solved", "Все действия выполнены, клиенту уйдёт оценка консультации."


def _against(done: Done) -> Iterator[str]:
    """Why the ticket is not solved yet: «Выполнен» asks the client for a mark at once."""
    if done.open_hand_overs:
        yield "результат передачи в отдел ещё не отправлен клиенту"
    if done.data_missing:
        yield "клиент ещё не прислал данные"


def _fits(when: When, done: Done) -> bool:
    return (
        (not when.topics or done.topic in when.topics)
        and (not when.departments or bool(set(when.departments) & set(done.departments)))
        and (not when.flags or bool(set(when.flags) & set(done.flags)))
        and (when.handed_over is None or when.handed_over is bool(done.departments))
    )


def load_outcomes(phrasebank: Path) -> Outcomes:
    """The matrix in a phrasebank's folder, checked against the classifier; raises PhrasebankError with every fault."""
    categories, rows = both(
        lambda: read(phrasebank, CLASSIFIER, TypeAdapter(tuple[Category, ...])),
        lambda: read(phrasebank, MATRIX, TypeAdapter(tuple[Outcome, ...])),
    )
    known = {(row.category, under) for row in categories for under in row.subcategories}
    if faults := list(_faults(rows, known)):
        raise PhrasebankError(faults)
    return Outcomes(rows)


def outcome_faults(bank: Phrasebank) -> Iterator[str]:
    """Every fault of both files, for `suggest lint`."""
    try:
        rows = load_outcomes(bank.path).rows
    except PhrasebankError as error:
        yield from error.faults
        return
    for row in rows:
        when = row.when or When()
        for named, there in (
            (when.topics, bank.topics),
            (when.departments, bank.departments),
            (when.flags, bank.flags),
        ):
            for name in named:
                if name not in there:
                    yield f"{MATRIX}: {row.id}: unknown: {name}"


def _faults(rows: Sequence[Outcome], known: set[tuple[str, str]]) -> Iterator[str]:
    ids = [row.id for row in rows]
    for row in rows:
        if row.pair not in known:
            yield f"{MATRIX}: {row.id}: {CLASSIFIER} has no «{row.category}»"
        if ids.count(row.id) > 1:
            yield f"{MATRIX}: {row.id}: the id occurs twice"
    if not any(row.when == When() and row.client for row in rows):
        yield f"{MATRIX}: a row that fits whatever was done (when: {{}}) is missing"
