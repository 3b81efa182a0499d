"""Which of the data that a topic asks for in private stand in a client's letters: told by simple signs, never kept.

A sign only says «похоже, прислал»: an agent's own tick decides. What cannot be told by a sign is left to the agent. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from suggest.folding import fold
from suggest.mask_numbers import numbers

By = Literal["sign", "agent"]

_DAYS = r"понедельник|вторник|сред[аеуы]|четверг|пятниц[аеуы]|суббот[аеуы]|воскресень[ея]"
_MONTHS = r"январ|феврал|март|апрел|ма[йя]\b|июн|июл|август|сентябр|октябр|ноябр|декабр"
_DATE = re.compile(
    r"(?<![\d.,/-])(?:0?[1-9]|[12]\d|3[01])(?:\.(?:0[1-9]|1[0-2])(?:\.\d{2}(?:\d{2})?)?|([/-])(?:0?[1-9]|1[0-2])\1\d{2,4})"
    rf"(?![\d-]|[.,/]\d)|\b\d{{1,2}}(?:-?го|-?ое)?\s+(?:{_MONTHS})"
    rf"|\b(?:вчера|позавчера|сегодня)\b|\b(?:{_DAYS})\b"
)
_MAC = re.compile(r"(?<![\w])(?:[\da-f]{2}[:-]){5}[\da-f]{2}(?!\w)")
_SERIAL = re.compile(r"(?:серийн\w*|\bs\s?/\s?n\b|\bсн\b|\bсерия)\W{0,3}(?:номер\w*\W{0,3})?[\w-]*\d[\w-]{4,}")
_LONG_MIXED = re.compile(r"(?<![\w@.-])(?=[a-z\d-]*[a-z])(?=(?:[a-z-]*\d){4})[a-z\d-]{9,22}(?![\w@-])")
_MODEL = re.compile(
    r"\bмодель\w{0,2}\W{1,3}[\w-]*[a-z\d][\w-]+|(?<![\w@.-])[a-z]{1,6}[ -]?\d{2,5}[a-z]{0,4}(?![\w@.-])"
)
_GADGET = re.compile(
    r"\b(?:iphone|айфон\w*|samsung|самсунг|xiaomi|redmi|сяоми|honor|huawei|хуавей|android|андроид|ios|pixel)\b"
)
_PAYMENT = re.compile(
    r"\b(?:карт(?:ой|у|а)|наличн|кредит|рассрочк|сбп|переводом|qr|онлайн[- ]оплат|оплат\w+ (?:онлайн|на сайте))"
)
_OFFER = re.compile(r"\b(?:промокод|акци[яюи]|скидк|бонус|купон)")
_STREET = re.compile(
    r"\b(?:ул|пр|пр-т|просп|пер|б-р|мкр)\b\.?|\b(?:улиц|проспект|переул|бульвар|шоссе|микрорайон|адрес\w*\s?:|магазин\w* на )"
)
_NAMED_NUMBER = (
    r"\b(?:{words})\w*[^\w.!?\n]{{0,5}}(?:(?:номер\w{{0,2}}|под|n|no)[^\w.!?\n]{{1,3}}){{0,2}}"
    r"[a-zа-я]{{0,4}}[-/]?\d[\d/-]{{2,}}"
)
_ORDER = re.compile(_NAMED_NUMBER.format(words="заказ|чек|квитанц|накладн|договор|покупк"))
_CLAIM = re.compile(_NAMED_NUMBER.format(words="заявк|обращени|тикет|наряд|ремонт|сервис"))


def _holds(kind: str) -> Callable[[str], bool]:
    return lambda text: any(found[2] == kind for found in numbers(text))


def _finds(*patterns: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: any(pattern.search(fold(text)) for pattern in patterns)


_SIGNS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("модель телефона", _finds(_GADGET)),
    ("почту", lambda text: _holds("phone")(text) or _holds("email")(text)),
    ("номер телефона", _holds("phone")),
    ("mac", _finds(_MAC)),
    ("серийный номер", _finds(_SERIAL, _LONG_MIXED)),
    ("модель", _finds(_MODEL)),
    ("номер заказа", _finds(_ORDER)),
    ("номер заявки", _finds(_CLAIM)),
    ("номер обращения", _finds(_CLAIM)),
    ("способ оплаты", _finds(_PAYMENT)),
    ("промокод", _finds(_OFFER)),
    ("день и время", _finds(_DATE)),
    ("дату", _finds(_DATE)),
    ("адрес", lambda text: _holds("address")(text) or _finds(_STREET)(text)),
)
"""By a word in what is asked for, the first that fits: the sign that it was given."""

IDENTIFYING = ("номер", "телефон", "почту", "mac")
"""What a client can be found by: with one of these a question can go to a department (000 §9)."""


@dataclass(frozen=True)
class Datum:
    """One thing asked for, whether it was given, and who says so; `by` None: nothing says anything."""

    item: str
    given: bool
    by: By | None = None


def data_of(asked: Iterable[str], texts: Iterable[str], ticks: Mapping[str, bool]) -> tuple[Datum, ...]:
    """What of the data asked for is there, as far as the client's letters show and agents have said."""
    told = "\n".join(texts)
    return tuple(_datum(item, told, ticks) for item in asked)


def received(data: Iterable[Datum]) -> bool:
    """Whether the client can be found by what was given: not everything asked for is ever sent."""
    return any(datum.given and any(word in fold(datum.item) for word in IDENTIFYING) for datum in data)


def missing(data: Iterable[Datum]) -> tuple[str, ...]:
    """What is still to be asked for; what is asked only «если он был» is not asked twice."""
    return tuple(datum.item for datum in data if not datum.given and " если " not in datum.item)


def _datum(item: str, told: str, ticks: Mapping[str, bool]) -> Datum:
    if item in ticks:
        return Datum(item, ticks[item], "agent")
    sign = next((sign for words, sign in _SIGNS if words in fold(item)), None)
    return Datum(item, True, "sign") if sign and sign(told) else Datum(item, False)
