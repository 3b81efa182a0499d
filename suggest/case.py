"""Where a case stands after the words (000 §8-9, 002): each step done or not, and what to do next. Pure.

reply → the client writes → data → hand-over → interim → the department answers → result → «исполнено»
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from suggest.given_data import Datum, missing, received
from suggest.hand_over import STORE

Stage = Literal["missing", "interim", "overdue", "result", "closing"]
"""What the client is to be told in private now (002, 004)."""


class Handed(Protocol):
    """A hand-over as a case sees it: moments only."""

    @property
    def department(self) -> str: ...
    @property
    def sent_at(self) -> datetime | None: ...
    @property
    def due_at(self) -> datetime | None: ...
    @property
    def answered_at(self) -> datetime | None: ...
    @property
    def outcome_sent_at(self) -> datetime | None: ...


@dataclass(frozen=True)
class Standing:
    """What is known of a case. `own`: it began with the client's own message, not with a public review.

    `informed`: when the client was last told each stage. `wrote_at`: when the client last wrote, if ever in private.
    """

    own: bool
    answered_at: datetime | None
    linked_at: datetime | None
    data: tuple[Datum, ...]
    department: str | None
    department_title: str
    hand_overs: tuple[Handed, ...]
    informed: dict[str, datetime]
    done: bool
    now: datetime
    wrote_at: datetime | None = None

    @property
    def sent(self) -> Handed | None:
        """The hand-over that counts: the newest that went out."""
        out = [one for one in self.hand_overs if one.sent_at]
        return out[-1] if out else None

    @property
    def finished(self) -> bool:
        """Whether the client was told the outcome: a recorded reply is no end where the client has written since (003)."""
        told = any(one.outcome_sent_at for one in self.hand_overs) or {"result", "closing"} & self.informed.keys()
        waits = (self.own or self.linked_at is not None) and self.department is not None
        return self.done and (bool(told) or not waits)

    @property
    def late(self) -> bool:
        """Whether the department has been silent past its term (002: 24 hours)."""
        sent = self.sent
        return bool(
            sent and not sent.answered_at and not sent.outcome_sent_at and sent.due_at and sent.due_at <= self.now
        )

    @property
    def asked(self) -> bool:
        """Whether the client was asked for data in private and has not written since."""
        told = [self.informed.get("missing"), self.answered_at if self.own else None]
        last = max((at for at in told if at), default=None)
        return last is not None and (self.wrote_at is None or self.wrote_at <= last)

    @property
    def again(self) -> bool:
        """Whether the client has written since the hand-over, and nobody has been asked since (000 §8)."""
        sent, wrote = self.sent, self.wrote_at
        return bool(sent and sent.sent_at and not sent.answered_at and wrote and wrote > sent.sent_at)


@dataclass(frozen=True)
class Step:
    """A step as the agent sees it."""

    title: str
    done: bool
    at: datetime | None = None
    note: str = ""
    late: bool = False


@dataclass(frozen=True)
class Next:
    """What the agent does now, its paragraph, and the stage whose words are offered, if any."""

    text: str
    source: str
    stage: Stage | None = None


def steps(case: Standing) -> tuple[Step, ...]:
    """Every step of the case, in order; what does not concern it is left out."""
    return tuple(_steps(case))


def _steps(case: Standing) -> Iterator[Step]:
    given = sum(datum.given for datum in case.data)
    sent = case.sent
    if not case.own:
        yield Step("Ответ на отзыв дан", case.answered_at is not None, case.answered_at)
        yield Step("Клиент написал нам", case.linked_at is not None, case.linked_at)
    if case.data:
        yield Step("Данные клиента", received(case.data), note=f"{given} из {len(case.data)}")
    if case.department or sent:
        yield Step("Вопрос передан", sent is not None, sent.sent_at if sent else None, case.department_title)
    if sent:
        told = case.informed.get("interim")
        yield Step("Промежуточный ответ клиенту", told is not None, told)
        note = "срок прошёл" if case.late else ""
        yield Step("Ответ отдела получен", sent.answered_at is not None, sent.answered_at, note, case.late)
    result = (sent.outcome_sent_at if sent else None) or case.informed.get("result")
    if sent or case.own or case.linked_at:
        yield Step("Результат отправлен клиенту", result is not None, result)
    yield Step("Исполнено", case.finished)


def next_step(case: Standing) -> Next | None:
    """What to do now; None where the case is done."""
    sent = case.sent
    if sent and sent.outcome_sent_at is None:
        return _while_open(case, sent)
    if case.finished:
        return None
    if not case.own and case.answered_at is None:
        return Next("Ответьте на отзыв и отметьте это.", "000 «Действия агента»")
    if case.own and case.answered_at is None and not case.informed:
        return Next("Ответьте клиенту и отметьте это: готовый ответ выше.", "004 шаги 1–6")
    return _before(case) if sent is None else None


def _while_open(case: Standing, sent: Handed) -> Next:
    """A department has the question."""
    if sent.answered_at:
        return Next("Отдел ответил: сообщите клиенту результат и отметьте это.", "000 §9", "result")
    if case.late and _before_term(case.informed.get("overdue"), sent):
        return Next("Отдел молчит больше суток: сообщите клиенту, что вопрос в работе.", "002", "overdue")
    untold = "interim" not in case.informed and (case.own or case.linked_at is not None)
    if case.again:
        whom = "в фирменном магазине" if sent.department == STORE else "в отделе"
        text = f"Клиент написал, когда вопрос уже передан: сначала уточните {whom}, решён ли он, потом ответьте."
        return Next(text, "000 §8", "interim" if untold else None)
    if untold:
        return Next("Сообщите клиенту, кто занимается вопросом и когда ждать ответа.", "002", "interim")
    return Next("Ждём ответа отдела.", "002")


def _before_term(told: datetime | None, sent: Handed) -> bool:
    return told is None or bool(sent.due_at and told < sent.due_at)


def _before(case: Standing) -> Next | None:
    """Nobody has the question yet."""
    if case.department == STORE:
        return Next("Передайте отзыв в фирменный магазин.", "000 §8")
    if not case.own and case.linked_at is None:
        return None
    if case.data and not received(case.data):
        if case.asked:
            return Next("Ждём данных от клиента, статус «В ожидании».", "002 «Действия в Usedesk»")
        return Next(
            "Попросите у клиента недостающие данные, статус «В ожидании».", "002 «Действия в Usedesk»", "missing"
        )
    if case.department:
        return Next("Данные есть: передайте вопрос в отдел.", "000 §9")
    if "result" in case.informed:
        return Next("Попрощайтесь и закройте тикет.", "004 шаг 6", "closing")
    return Next("Ответьте клиенту по существу.", "004 шаг 5", "result")


def wanted(data: Sequence[Datum]) -> str:
    """The missing data as they stand in «напишите …»."""
    items = missing(data)
    return ", ".join(items[:-1]) + (" и " if len(items) > 1 else "") + items[-1] if items else ""
