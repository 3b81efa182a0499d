"""The company account of the stand-in: its users, statuses, and the dictionary of custom fields with nested lists."""

from __future__ import annotations

from typing import Any

TOKEN = "demo-api-token"  # noqa: S105
COMPANY = 7001
USERS = (
    {"id": 501, "name": "Анна Агентова", "email": "anna@company.example", "role": "agent"},
    {"id": 502, "name": "Борис Старший", "email": "boris@company.example", "role": "admin"},
)
CHANNELS = {"email": 61001, "api": 63818, "chat": 61003}
STATUSES = {
    1: "Открыт",
    2: "Выполнен",
    3: "Закрыт",
    4: "Удалён",
    5: "На удержании",
    6: "В ожидании",
    7: "Спам",
    8: "Новый",
    9: "Рассылка",
    10: "Объединён",
}
PRIORITIES = {"low": "Низкий", "medium": "Средний", "urgent": "Срочный", "extreme": "Экстренный"}
TYPES = ("question", "task", "problem", "incident")
TEXT, LIST, NESTED = 1, 2, 4
CATEGORY, SUBCATEGORY = 101, 102


def _field(
    field_id: int, name: str, kind: int, options: dict[int, tuple[str, int | None]], parent: int | None = None
) -> Any:
    about = {
        "id": field_id,
        "company_id": COMPANY,
        "ticket_field_type_id": kind,
        "name": name,
        "required": 0,
        "add_tag": 0,
        "add_filter": 0,
        "hidden": 0,
        "api": 1,
        "parent_field_id": parent,
    }
    rows = [
        {
            "id": number,
            "ticket_field_id": field_id,
            "value": value,
            "parent_option_id": [above] if above else [],
            "order": place,
        }
        for place, (number, (value, above)) in enumerate(options.items())
    ]
    return {"custom_field": about, "field_options": rows}


FIELDS = (
    _field(
        CATEGORY,
        "Категория",
        NESTED,
        {
            1001: ("Прочее", None),
            1002: ("Заявка", None),
            1003: ("Консультация", None),
            1004: ("Жалоба", None),
            1005: ("Непрофильный запрос", None),
        },
    ),
    _field(
        SUBCATEGORY,
        "Подкатегория",
        NESTED,
        {
            1101: ("Рассылка", 1001),
            1102: ("Заявка на ремонт", 1002),
            1103: ("Подбор техники", 1003),
            1104: ("Консультация по обращению", 1003),
            1105: ("Фирменный магазин", 1004),
            1106: ("Сервис", 1004),
            1107: ("Приложение и сайт", 1004),
            1108: ("Предложение о сотрудничестве", 1005),
            1109: ("Соискатель", 1005),
        },
        CATEGORY,
    ),
    _field(103, "Площадка", LIST, {1201: ("2ГИС", None), 1202: ("Яндекс Карты", None), 1203: ("Google Карты", None)}),
    _field(104, "Оценка", LIST, {1300 + stars: (str(stars), None) for stars in range(1, 6)}),
    _field(105, "Филиал", TEXT, {}),
    _field(106, "Ссылка на отзыв", TEXT, {}),
    _field(107, "Текст отзыва", TEXT, {}),
)


def option(field_id: int, value: str) -> dict[str, Any] | None:
    """The option of a field by its id or its name."""
    rows: list[dict[str, Any]] = next(
        (field["field_options"] for field in FIELDS if field["custom_field"]["id"] == field_id), []
    )
    return next((row for row in rows if value in {str(row["id"]), row["value"]}), None)


def field_id(name: str) -> int:
    """The id of a field by its name."""
    return next(int(field["custom_field"]["id"]) for field in FIELDS if field["custom_field"]["name"] == name)
