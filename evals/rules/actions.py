"""What the agent does beside replying: 000 «Действия агента», §8–9, 001, 002, 004."""

from __future__ import annotations

from evals.regulation import channel_of, flags_of, regulation, scenario_of
from evals.rules.base import Rule, Score, Scorer, passes
from suggest.domain import Status, Suggestion
from suggest.regulation import Phrasebank

CALM = {"positive", "question", "violation"}
SERVICE = {"service", "warranty", "product"}
OTHER_DEPARTMENTS = {"technical", "app_developers", "service_centre", "service_department", "product_manager"}


def _ids(suggestion: Suggestion) -> list[str]:
    return [action.id for action in suggestion.actions]


def _complains(suggestion: Suggestion) -> bool:
    """Whether the reply is to a complaint that is still open."""
    return scenario_of(suggestion) not in {None, *CALM, "resolved"}


def told(action: str, applies: Scorer) -> Scorer:
    """The scorer that an action stands in the list wherever `applies` gives a score at all."""

    def score(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
        if applies(suggestion, bank) is None:
            return None
        return passes(action in _ids(suggestion), f"нет действия «{action}»")

    return score


def where(condition: bool) -> Score | None:
    return Score(True) if condition else None


def ticket_closed(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """«Прочее», «Рассылка», «Выполнен» for every public notification; the comment only where a reply was given."""
    if channel_of(suggestion) != "public":
        return None
    done = "category-mailing" in _ids(suggestion)
    commented = "comment-answered" in _ids(suggestion)
    right = done and commented == (suggestion.status is not Status.SKIPPED)
    return passes(right, f"категория: {done}, комментарий: {commented}")


def read_first(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """Reading and thinking come before replying (000 §1–2)."""
    ids = _ids(suggestion)
    if scenario_of(suggestion) is None or channel_of(suggestion) != "public":
        return None
    order = [action for action in ids if action in {"read-review", "reply-public"}]
    return passes(order == ["read-review", "reply-public"], "сначала прочитать, потом отвечать")


def check_facts_first(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    if scenario_of(suggestion) != "unfair":
        return None
    ids = _ids(suggestion)
    first = "check-facts" in ids and ("reply-public" not in ids or ids.index("check-facts") < ids.index("reply-public"))
    return passes(first, "факты надо проверить до ответа")


def manager_told(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    urgent = [flag for flag in ("safety", "legal") if flag in flags_of(suggestion)]
    missing = [flag for flag in urgent if f"tell-manager-{flag}" not in _ids(suggestion)]
    return passes(not missing, f"руководителю не сообщают: {', '.join(missing)}") if urgent else None


def ask_first(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """Who writes again: the store or the department is asked first whether it is solved."""
    if "follow_up" not in flags_of(suggestion) or suggestion.department is None:
        return None
    action = "ask-store-first" if suggestion.department == "brand_store" else "ask-department-first"
    return passes(action in _ids(suggestion), f"нет действия «{action}»")


def forward_after_data(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """Service matters go on once the client's data have come; at once where the client is known."""
    topic = suggestion.match.topic if suggestion.match else None
    if topic not in SERVICE or scenario_of(suggestion) not in SERVICE:
        return None
    action = "forward-service" if suggestion.review.client.known else "forward-after-data"
    return passes(action in _ids(suggestion), f"нет действия «{action}»")


def store_complaint(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    routed = (
        suggestion.match is not None and regulation().departments.get(suggestion.match.topic or "") == "brand_store"
    )
    return where(_complains(suggestion) and routed)


def department_complaint(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    return where(_complains(suggestion) and suggestion.department in OTHER_DEPARTMENTS)


def private_complaint(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    return where(_complains(suggestion) and channel_of(suggestion) == "dm")


def public_violation(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    return where(scenario_of(suggestion) == "violation" and channel_of(suggestion) == "public")


def public_personal_data(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    return where("personal_data" in flags_of(suggestion) and channel_of(suggestion) == "public")


def private(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    return where(scenario_of(suggestion) is not None and channel_of(suggestion) == "dm")


AGENT, TICKET = "000 «Действия агента»", "002 «Действия в Usedesk»"
INTERIM, SILENT = "002 «Запрос в смежный отдел»", "002 «Смежный отдел не ответил»"

RULES = (
    Rule("ticket-closed", AGENT, "Тикет отзыва закрывают: «Прочее», «Рассылка», «Выполнен»", ticket_closed),
    Rule("read-before-reply", "000 §1–2", "Сначала прочитать и подумать, потом отвечать", read_first),
    Rule("store-screenshot", "000 §8", "Скриншот отзыва уходит в магазин", told("send-to-store", store_complaint)),
    Rule("ask-first-on-follow-up", "000 §8", "Повторный отзыв: сначала уточнить, решён ли вопрос", ask_first),
    Rule("forward-after-data", "000 §9", "Сервисные вопросы передают после данных клиента", forward_after_data),
    Rule("check-facts-first", "001", "Необъективная критика: сначала проверить факты", check_facts_first),
    Rule(
        "appeal-beside-reply",
        "001; 004 «ГЕО-сервисы»",
        "Жалоба площадке не задерживает ответ",
        told("appeal", public_violation),
    ),
    Rule("department-request", TICKET, "Запрос в смежный отдел", told("department-request", department_complaint)),
    Rule("reminder-24h", TICKET, "Напоминание через 24 часа", told("reminder-24h", department_complaint)),
    Rule("interim-reply", INTERIM, "Промежуточный ответ клиенту", told("interim-reply", private_complaint)),
    Rule("overdue-reply", SILENT, "Отдел молчит 24 часа: сказать клиенту", told("overdue-reply", private_complaint)),
    Rule("status-by-outcome", TICKET, "Статус тикета клиента — по итогу", told("status-by-outcome", private)),
    Rule("category-by-outcome", TICKET, "Категория тикета клиента — по итогу", told("category-by-outcome", private)),
    Rule("greet-after-bot", "004 шаг 1", "Здороваемся и после бота", told("greet-after-bot", private)),
    Rule("manager-told", "house", "Об угрозе и претензии сразу сообщают руководителю", manager_told),
    Rule(
        "hide-personal-data",
        "house",
        "Напоминание не повторять личные данные",
        told("hide-personal-data", public_personal_data),
    ),
)
