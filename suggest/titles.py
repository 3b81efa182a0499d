"""What happens to a suggestion, in Russian: the words for ids, the same in the widget and in the console."""

from __future__ import annotations

import json
from collections.abc import Mapping

from suggest.store.fold import Event, Kind

KINDS: Mapping[Kind, str] = {
    Kind.RECEIVED: "отзыв получен",
    Kind.SUGGESTED: "составлена подсказка",
    Kind.SHOWN: "открыта подсказка",
    Kind.COPIED: "скопирован ответ",
    Kind.ACCEPTED: "ответ опубликован",
    Kind.EDITED: "ответ изменён",
    Kind.REJECTED: "подсказка отклонена",
    Kind.OVERRULED: "выбран другой сценарий",
    Kind.HANDED_OVER: "вопрос передан в отдел",
    Kind.HEARD: "отдел ответил",
    Kind.REMINDED: "отделу напомнили",
    Kind.CLOSED: "тикет закрыт",
    Kind.FILED: "запись в тикет",
    Kind.SIGNED_OFF: "ответ согласован",
    Kind.APPEALED: "жалоба на отзыв",
    Kind.TAKEN: "тикет взят в работу",
    Kind.LINKED: "клиент написал, его тикет связан с отзывом",
    Kind.UNLINKED: "связь с тикетом клиента снята",
    Kind.INFORMED: "клиенту написано",
}
STAGES: Mapping[str, str] = {
    "missing": "просьба о данных",
    "interim": "промежуточный ответ",
    "overdue": "вопрос ещё в работе",
    "result": "результат",
    "closing": "завершение",
}
STEPS: Mapping[str, str] = {
    "comment": "комментарий",
    "category": "категория",
    "type": "тип",
    "priority": "приоритет",
    "status": "статус",
    "link_out": "ссылка на исходящий запрос",
    "link_back": "ссылка на тикет клиента",
    "hold": "статус «На удержании»",
}
"""The steps of the way back and of a hand-over that are put on record."""

APPEALS: Mapping[str, str] = {"submitted": "подана", "declined": "отклонена", "removed": "отзыв удалён"}
REASONS: Mapping[str, str] = {
    "wrong_scenario": "не тот сценарий",
    "tone": "не тот тон",
    "facts": "неверно по фактам",
    "not_needed": "ответ не нужен",
    "other": "другое",
}
"""Why a suggestion was rejected."""


def title(event: Event) -> str:
    """What happened."""
    if event.kind is Kind.CLOSED and event.hand_over is not None:
        return "результат отправлен клиенту"
    if event.kind is Kind.CLOSED and event.reason == "linked":
        return "клиенту отвечено, дальше — в строке отзыва"
    return KINDS[event.kind]


def more(event: Event) -> str:
    """What is to be added to it, where that does not depend on the phrasebank."""
    reason = event.reason or ""
    match event.kind:
        case Kind.FILED:
            done = json.loads(event.detail or "{}").get("result") == "done"
            return f"{STEPS.get(reason, 'шаг')}: {'готово' if done else 'не получилось'}"
        case Kind.APPEALED:
            return APPEALS.get(reason, "")
        case Kind.INFORMED:
            return STAGES.get(reason, "ответ")
        case Kind.REJECTED:
            return REASONS.get(reason, "")
        case Kind.SIGNED_OFF:
            return str(json.loads(event.detail or "{}").get("by", ""))
    return ""
