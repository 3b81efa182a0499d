"""How the console says things in Russian: names of what the code names by ids, moments, ages and numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from suggest.titles import REASONS

PRIORITIES = {0: "сразу", 1: "в первую очередь", 2: "во вторую очередь"}
STATES = {"open": "исполнение", "done": "исполнено"}
STATUSES = {"ready": "подсказка готова", "skipped": "ответ не нужен", "abstained": "сценарий не определён"}
OUTCOMES = {
    "shown": "открыта",
    "copied": "скопирован",
    "accepted": "опубликован",
    "edited": "изменён",
    "rejected": "отклонён",
    "overruled": "выбран другой сценарий",
}
ROLES = {"agent": "агент", "lead": "руководитель"}
ACTS = {
    "signed_in": "вход",
    "signed_out": "выход",
    "sign_in_refused": "неверный пароль",
    "sign_in_throttled": "вход приостановлен",
    "exported": "выгрузка реестра",
    "user_add": "добавлен пользователь",
    "user_password": "задан новый пароль",
    "user_disable": "закрыт вход",
    "user_enable": "открыт вход",
    "password_changed": "сменил(а) свой пароль",
    "phrase_withdrawn": "фраза отозвана",
    "phrase_restored": "фраза возвращена",
    "candidate_approved": "кандидат одобрен",
    "candidate_declined": "кандидат отклонён",
    "patch_taken": "скачана правка для git",
    "reply_scored": "оценён ответ",
}
"""What an audit line may say was done."""


@pass_context
def when(context: Context, moment: datetime | None) -> str:
    """Day and minute in the company's zone: «2.11.2026 13:05»."""
    if moment is None:
        return "–"
    at = moment.astimezone(context["zone"])
    return f"{at.day}.{at.month:02}.{at.year} {at:%H:%M}"


@pass_context
def day(context: Context, moment: datetime | None) -> str:
    """«2.11.2026»."""
    return "–" if moment is None else when(context, moment).partition(" ")[0]


@pass_context
def age(context: Context, moment: datetime) -> str:
    """How long ago: «5 мин», «3 ч», «2 дн»."""
    minutes = max(0, int((context["now"] - moment).total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} мин"
    return f"{minutes // 60} ч" if minutes < 48 * 60 else f"{minutes // 1440} дн"


def plural(count: int, one: str, few: str, many: str) -> str:
    """A number with its noun: 1 отзыв, 2 отзыва, 5 отзывов."""
    last, teen = count % 10, 10 < count % 100 < 20
    noun = one if last == 1 and not teen else few if 1 < last < 5 and not teen else many
    return f"{number(count)} {noun}"


def number(value: float | None, places: int = 0) -> str:
    """With a narrow space between thousands and a decimal comma."""
    return "–" if value is None else f"{value:,.{places}f}".replace(",", "\u202f").replace(".", ",")


def percent(value: float | None) -> str:
    """A share as «87 %»."""
    return "–" if value is None else f"{number(100 * value)}\u00a0%"


def stars(rating: int | None) -> str:
    return "–" if rating is None else "★" * rating + "☆" * (5 - rating)


def said(key: Any, words: Mapping[Any, str]) -> str:
    """The word for an id, or the id itself."""
    return "" if key is None else words.get(key, str(key))


FILTERS: dict[str, Callable[..., Any]] = {
    "when": when,
    "day": day,
    "age": age,
    "plural": plural,
    "number": number,
    "percent": percent,
    "stars": stars,
    "priority": lambda key: said(key, PRIORITIES) or "без ответа",
    "state": lambda key: said(key, STATES),
    "status": lambda key: said(key, STATUSES),
    "outcome": lambda key: said(key, OUTCOMES),
    "reason": lambda key: said(key, REASONS),
    "role": lambda key: said(key, ROLES),
    "act": lambda key: said(key, ACTS),
}
