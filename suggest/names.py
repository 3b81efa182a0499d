"""By which name an author may be greeted: only a name that is surely theirs, else none at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

Gender = Literal["f", "m", "fm"]

_CAPITAL = "А-ЯЁӘІҢҒҮҰҚӨҺ"
_SMALL = "а-яёәіңғүұқөһ"
_WORD = re.compile(f"[{_CAPITAL}][{_SMALL}]+(?:-[{_CAPITAL}][{_SMALL}]+)?")
_INITIAL = re.compile(rf"[{_CAPITAL}]\.(?:[{_CAPITAL}]\.)?|[{_CAPITAL}]")

_PATRONYMIC = {"f": re.compile("(.+?)(?:(?:ов|ев)на|и(?:ни)?чна)"), "m": re.compile("(.+?)(?:(?:ов|ев)?ич)")}
_IRREGULAR_FATHERS = {"Павл": "Павел", "Льв": "Лев", "Михайл": "Михаил", "Яковл": "Яков", "Гаврил": "Гавриил"}
_FATHER_ENDINGS = ("", "й", "ь", "а", "я", "ий")

# Masculine and feminine endings of surnames that inflect, then those that fit anyone.
_SURNAMES = {
    "m": re.compile(r".{2,}(?:[оеё]в|[иы]н|[сц]кий|ской|цкой|[уұ]лы|оглы)"),
    "f": re.compile(r".{2,}(?:[оеё]ва|[иы]на|[сц]кая|[кқг]ызы|қызы)"),
    "fm": re.compile(r".{2,}(?:ко|ук|юк|ич|янц?|дзе|швили|[ыи]х|заде)"),
}
_SHORT_SURNAMES = frozenset({"Ким", "Цой", "Пак", "Ли", "Тен", "Югай", "Хегай", "Огай"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# They end as surnames do but are words: what a nickname or a firm is made of.
_NOT_SURNAMES = _words(
    "Магазин Господин Гражданин Хозяин Мужчина Женщина Девчина Один Апельсин Мандарин Пингвин Дельфин Павлин "
    "Бензин Армянин Грузин Татарин Остров Плов Улов Готов Здоров Доволен Машина Картина Малина Корзина Витрина "
    "Резина Половина Пружина Перина Скотина Корова Основа Голова Обнова Подкова Королева Царевна Детская Женская "
    "Мужская Мужской Женский Детский Городская Городской Русская Русский Турецкая Турецкий Немецкий Немецкая "
    "Советский Советская Царская Царский Антуанетта Молоко Яблоко Облако Солнышко Сердечко Колечко Зернышко "
    "Зёрнышко Окошко Кирпич Москвич Паралич Ноутбук Внук Звук Стук Сундук Каблук Паук Крюк Индюк Утюг Баян Буян "
    "Бурьян Океан Любимых Родных Дорогих Лучших"
)


def given_name(author: str | None, names: Mapping[str, Gender]) -> str | None:
    """The name to greet the author by, or None where any doubt is left.

    `names` maps given names to their gender. A patronymic beside the name is kept, a surname or an initial dropped; a
    surname or a patronymic of the other gender, a second given name, anything unusual in script or case gives None.
    """
    tokens = re.split(" +", (author or "").strip(" "))
    if len(tokens) > 3:
        return None
    known = [token for token in tokens if _gender(token, names)]
    if len(known) != 1:
        return None
    name, gender = known[0], _gender(known[0], names) or "fm"
    at = tokens.index(name)
    kinds = ["name" if token is name else _kind(token, gender, names, i == at + 1) for i, token in enumerate(tokens)]
    if len(tokens) == 3 and kinds[2] == "surname" and kinds[0] == "surname" and _patronymic(tokens[2], gender):
        kinds[2] = "patronymic"
    if tuple(kinds) not in _ORDERS:
        return None
    return f"{name} {tokens[at + 1]}" if "patronymic" in kinds else name


_ORDERS = frozenset(
    tuple(order.split())
    for order in (
        "name",
        "name surname",
        "surname name",
        "name initial",
        "initial name",
        "name patronymic",
        "surname name patronymic",
        "initial name patronymic",
        "name patronymic surname",
        "name patronymic initial",
        "surname name initial",
        "name initial surname",
    )
)


def _gender(token: str, names: Mapping[str, Gender]) -> Gender | None:
    """The gender of a given name, whichever way its «ё» is written; None for any other word."""
    if token in names:
        return names[token]
    for at, letter in enumerate(token):
        other = {"е": "ё", "ё": "е", "Е": "Ё", "Ё": "Е"}.get(letter)
        if other and (variant := token[:at] + other + token[at + 1 :]) in names:
            return names[variant]
    return None


def _kind(token: str, gender: Gender, names: Mapping[str, Gender], after_name: bool) -> str | None:
    """What a word beside a given name of that gender is, if it agrees with it."""
    if _INITIAL.fullmatch(token):
        return "initial" if after_name or token.endswith(".") else None
    if not _WORD.fullmatch(token) or token in _NOT_SURNAMES:
        return None
    father = _patronymic(token, gender)
    if after_name and father and (token.endswith("на") or _is_father(father, names)):
        return "patronymic"
    if gender == "f" and (sons := _patronymic(token, "m")) and _is_father(sons, names):
        return None
    return "surname" if _is_surname(token, gender) else None


def _patronymic(token: str, gender: Gender) -> str | None:
    """The stem of the father's name where the word may be a patronymic of that gender."""
    for kind in ("f", "m") if gender == "fm" else (gender,):
        if match := _PATRONYMIC[kind].fullmatch(token):
            return match[1]
    return None


def _is_father(stem: str, names: Mapping[str, Gender]) -> bool:
    """Whether a stem is that of a man's given name: «Абрамович» may be a patronymic, «Юркевич» is a surname."""
    stems = {stem, stem.removesuffix("ь"), _IRREGULAR_FATHERS.get(stem, stem)}
    return any(_gender(one + ending, names) in {"m", "fm"} for one in stems for ending in _FATHER_ENDINGS)


def _is_surname(token: str, gender: Gender) -> bool:
    last = token.rpartition("-")[2]
    if token in _SHORT_SURNAMES:
        return True
    kinds = ("fm", "f", "m") if gender == "fm" else ("fm", gender)
    return any(_SURNAMES[kind].fullmatch(last) for kind in kinds)
