"""Where a text holds contacts, numbers of cards and documents, addresses and links: what masking covers beside names.

Wider than `suggest.personal`, which must not raise a flag in vain: here a doubtful number is covered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from suggest.clues import Expression
from suggest.personal import DIGIT, NO_GOODS, NO_UNIT, SMALL_WORD, STREET

Found = tuple[int, int, str]
"""Start, end and kind of something personal."""

REGIONS = ("RU", "KZ")
"""The countries whose phone numbers may be written without a country code."""

_ENOUGH_DIGITS = re.compile(r"(?:\d[^\w\n]{0,3}){6}\d")
_ZONES = (
    "ru|com|net|org|kz|su|by|info|io|me|app|shop|store|online|site|pro|biz|club|gg|link|cc|co|top|xyz|dev|uz|kg|ua|рф|қаз"
)
_MAIL = r"[\w.+-]{1,64}(?:\s?(?:@|[\[(](?:at|собака)[\])])\s?|\sсобака\s)[\w-]{1,63}(?:(?:\.|\sточка\s)[\w-]{1,63}){1,4}"
_LINK = (
    r"(?:https?://|www\.)[^\s«»\"<>]+(?<![.,;:!?)])"
    rf"|(?<![\w@.-])[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{0,3}}\.(?:{_ZONES})(?![\w-])(?:/[^\s«»\"<>]*(?<![.,;:!?)]))?"
    r"|(?<![\w.@/])@[a-z]\w{3,}"
)
_CARD = (
    rf"(?<![\w-])(?:{DIGIT}{{4}}[ -]?){{3}}{DIGIT}{{4}}(?!\d)"
    r"|(?<![\w*])[*•x]{1,4}[ -]?\d{4}(?!\d)"
)
_PHONE = (
    rf"(?<![\d.,])(?:\+\s?7|8|7)[\s(–-]{{0,3}}{DIGIT}{{3}}[\s)–-]{{0,3}}{DIGIT}{{3}}[\s–-]?{DIGIT}{{2}}[\s–-]?{DIGIT}{{2}}(?!\d)"
    r"|\+\s?\d(?:[\s()–-]{0,2}\d){9,12}(?!\d)"
    rf"|(?<![\d.,])8[\s(–-]{{0,3}}[\d*]{{3}}[\s)–-]{{0,3}}[\d*]{{2,3}}(?:[\s–-]?[\d*]{{2,3}}){{1,2}}(?!\d)"
    r"|(?<![\w-])\d{2,3}-\d{2}-\d{2}(?![\w-])"
)
_PHONE_AFTER = (
    r"\b(?:тел(?:\.|ефон\w*)?|сот(?:\.|овый)?|моб(?:\.|ильный)?|набрал\w*|звон\w+|(?:ват|вотс)\w*|whatsapp)"
    r"(?:[\s:,–-]+(?!\d)\w+){0,2}[\s:,№–-]{1,3}(\d[\d\s()–-]{3,14}\d)(?!\d)"
)
_ANY_ID = (
    rf"(?!(?:19|20)\d\d\b)(?=(?:[^\s\d]{{0,6}}[\dх*]){{3}})(?:[a-zа-я]{{1,5}}[-/ ]?)?\d[\dх*]*(?:[-/][\dа-яa-z]{{1,10}})*"
    rf"(?![\w*]){NO_UNIT}"
)
_DOCUMENT = (
    r"\b(?:заказ|договор|заявк|заявлени|обращени|тикет|полис|квитанци|накладн|отправлени|брон[ьи]|операци|инн|иин|снилс|паспорт"
    r"|авторизаци|абонент|чек|счет|акт|трек|серийн|imei|сер(?:ия)?\b|s/n|vin|претензи|талон|лицев|кабинет|рассрочк|кредит)"
    rf"\w*[\s:,]{{1,2}}(?:номер\w*\s|код\w*\s|на ремонт[\s:]+|в \w+\s)?{SMALL_WORD}(?P<id>[№#:n\s]{{0,4}}[\[(]?{_ANY_ID}"
    r"(?:\s\d{2,6}(?![\w%.,]))?)"
)
_MARKED = (
    rf"{NO_GOODS}(?:№|#|\bn[o°]?\.?)\s?{_ANY_ID}"
    rf"|{NO_GOODS}(?<![\w.,/-])\d{{9,}}{NO_UNIT}(?![\w-])"
    r"|(?<!\w)(?:[\da-f]{2}[:-]){5}[\da-f]{2}(?!\w)"
    r"|(?<!\w)\d{3}-\d{3}-\d{3} \d{2}(?!\d)"
    r"|(?<![\w-])[a-z]{2}\d{9}[a-z]{2}(?![\w-])"
    r"|(?<![\w-])(?=[a-z\d]{0,9}[a-z])(?=(?:[a-z]*\d){6})[a-z\d]{9,20}(?![\w-])"
)
_INSIDE = r"(?:,?\s*(?:д\.|дом|корп\w*\.?|стр\.?|строение|кв\.?|квартир[аеуы]|под(?:ъезд|\.)|эт(?:аж|\.)|оф(?:ис|\.))\s*№?\s*\d+\w?)"
_HOUSE = rf"(?:[-/]\d{{1,4}}|,?\s*\d+\w?)?{_INSIDE}*"
_FLAT = rf"(?:\bкв\.?|квартир[аеуы])\s*№?\s*\d+{_INSIDE}*|\b(?:д\.|дом)\s?\d+\w?,?\s*(?:кв|корп|подъезд)\w*\.?\s*\d+{_INSIDE}*"
_NO_WORD = r"(?!(?:шт|раз|лет|год|час|мин|дн|руб|тыс|мес|нед)\w*)"
_STREET_WORD = (
    r"\b(?i:проспект|бульвар|переул|шоссе|площад|набережн|тракт|алле|проезд|микрорайон)[а-яё]{0,4}\s+(?:им\.\s?)?[А-ЯЁ\d][\w-]+"
    rf"(?:\s[А-ЯЁ][\w-]+)?,?\s*(?i:д\.|дом)?\s*\d+\w?(?i:{_HOUSE})"
)
_NAMED_STREET = (
    r"(?:(?<=на )|(?<=по )|(?<=адрес: ))[А-ЯЁ][а-яё]+(?:ая|ого|ой|ина|ова|ева|ской|ская)(?: [а-яё]+)?,? "
    rf"\d{{1,3}}(?:[а-д]\b)?(?:[-/]\d{{1,4}}\b)?{_INSIDE}*(?! {_NO_WORD[3:-1]})(?![\d:.])"
)

_FOLDED: tuple[tuple[str, Expression], ...] = (
    ("email", Expression(_MAIL)),
    ("link", Expression(_LINK)),
    ("card", Expression(_CARD)),
    ("phone", Expression(_PHONE)),
    ("number", Expression(_MARKED)),
)
_AFTER_WORD = (("phone", Expression(_PHONE_AFTER)), ("number", Expression(_DOCUMENT)))
_CITY = r"(?:г\.\s?[А-ЯЁ][а-яё-]+,?\s+)?"
_CASED = (
    Expression(f"{_CITY}{STREET.source}(?i:{_HOUSE})"),
    Expression(_STREET_WORD),
    Expression(_NAMED_STREET),
    Expression(f"(?i:{_FLAT})"),
)


def numbers(text: str) -> Iterator[Found]:
    """Everything of the kinds `email link card phone number address` in a cleaned text; findings may overlap."""
    folded = lowered(text)
    for kind, expression in _FOLDED:
        for match in expression.compiled.finditer(folded):
            yield *match.span(), kind
    if any(char.isdigit() for char in folded):
        yield from _with_digits(text, folded)


def _with_digits(text: str, folded: str) -> Iterator[Found]:
    for kind, expression in _AFTER_WORD:
        for match in expression.compiled.finditer(folded):
            yield *match.span("id" if kind == "number" else 1), kind
    for expression in _CASED:
        for match in expression.compiled.finditer(text):
            yield *match.span(), "address"
    if _ENOUGH_DIGITS.search(text):
        yield from _phones(text)


def _phones(text: str) -> Iterator[Found]:
    """What the numbering plans of the world know as a valid number."""
    from phonenumbers import Leniency, PhoneNumberMatcher

    for region in REGIONS:
        for match in PhoneNumberMatcher(text, region, leniency=Leniency.VALID):
            yield match.start, match.end, "phone"


def lowered(text: str) -> str:
    """In lower case with «е» for «ё», every character at its place."""
    return "".join(low if len(low := char.lower()) == 1 else char for char in text).replace("ё", "е")
