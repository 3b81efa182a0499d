"""What was done with a suggestion, told to every agent who has it open."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from suggest.store.fold import Event, Kind
from suggest.web.appeals import STATES

MOST = 6
WORDS = {
    Kind.SHOWN: "открыта подсказка",
    Kind.COPIED: "скопирован ответ",
    Kind.ACCEPTED: "ответ опубликован",
    Kind.EDITED: "ответ изменён",
    Kind.REJECTED: "подсказка отклонена",
    Kind.OVERRULED: "выбран другой сценарий",
    Kind.HANDED_OVER: "вопрос передан в отдел",
    Kind.HEARD: "отдел ответил",
    Kind.CLOSED: "тикет закрыт",
    Kind.SIGNED_OFF: "ответ согласован",
    Kind.TAKEN: "тикет взят в работу",
    Kind.LINKED: "клиент написал, его тикет связан с отзывом",
    Kind.UNLINKED: "связь с тикетом клиента снята",
}
STAGES = {
    "missing": "просьба о данных",
    "interim": "промежуточный ответ",
    "overdue": "вопрос ещё в работе",
    "result": "результат",
    "closing": "завершение",
}
STEPS = {
    "comment": "комментарий",
    "category": "категория",
    "status": "статус",
    "link_out": "ссылка на исходящий запрос",
    "link_back": "ссылка на тикет клиента",
    "hold": "статус «На удержании»",
}


@dataclass(frozen=True)
class Act:
    """One thing done: when, by whom, what."""

    at: datetime
    agent: str
    what: str


def acts(events: Sequence[Event], zone: tzinfo) -> tuple[Act, ...]:
    """The latest acts, the newest first, by the clocks of that zone."""
    return tuple(_told(reversed(events), zone))[:MOST]


def _told(events: Iterator[Event], zone: tzinfo) -> Iterator[Act]:
    for event in events:
        what = _what(event)
        if what:
            yield Act(event.at.astimezone(zone), event.agent or "", what)


def _what(event: Event) -> str:
    if event.kind is Kind.FILED:
        done = json.loads(event.detail or "{}").get("result") == "done"
        return f"{STEPS.get(event.reason or '', 'шаг')}: {'готово' if done else 'не получилось'}"
    if event.kind is Kind.APPEALED:
        return f"жалоба: {STATES.get(event.reason or '', '')}"
    if event.kind is Kind.CLOSED and event.hand_over is not None:
        return "результат отправлен клиенту"
    if event.kind is Kind.INFORMED:
        return f"клиенту написано: {STAGES.get(event.reason or '', 'ответ')}"
    if event.kind is Kind.CLOSED and event.reason == "linked":
        return "клиенту отвечено, дальше — в строке отзыва"
    return WORDS.get(event.kind, "")
