"""Where a text holds contacts, numbers of cards and documents, addresses and links: what masking covers beside names.

Wider than `suggest.personal`, which must not raise a flag in vain: here a doubtful number is covered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from suggest.clues import Expression
from suggest.personal import DIGIT, MAIL, NO_GOODS, NO_UNIT, SMALL_WORD, STREET

Found = tuple[int, int, str]
"""Start, end and kind of something personal."""

REGIONS = ("RU", "KZ")
"""The countries whose phone numbers may be written without a country code."""

_ENOUGH_DIGITS = re.compile(r"(?:\d[^\w\n]{0,3}){6}\d")
_ZONES = "ru|com|net|org|kz|su|by|info|io|me|app|shop|store|online|site|pro|biz|club|gg|link|cc|co|top|xyz|dev|uz|kg|ua|рф|қаз"
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
    r"\b(?:(?:заказ|договор|заявк|заявлени|обращени|тикет|полис|квитанци|накладн|отправлени|брон[ьи]|операци|инн|иин|снилс|паспорт"
    r"|авторизаци|абонент|акт|трек|серийн|imei|s/n|vin|претензи|талон)\w*|(?:чек|счет|лицев|кабинет|рассрочк|кредит)\w*"
    r"(?=\D{1,12}(?:[\d*xх-]\s?){5}))"
    rf"[\s:,]{{1,2}}(?:номер\w*\s|код\w*\s|на ремонт[\s:]+|в \w+\s)?{SMALL_WORD}(?P<id>[№#:n\s]{{0,4}}[\[(]?{_ANY_ID}"
    r"(?:\s\d{2,6}(?![\w%.,]))?)"
)
_MARKED = (
    rf"{NO_GOODS}(?:№|#|\bn[o°]?\.?)\s?{_ANY_ID}"
    rf"|{NO_GOODS}№\s?\d+[/-]\d[\w/-]*"
    rf"|{NO_GOODS}(?<![\w.,/-])\d{{9,}}{NO_UNIT}(?![\w-])"
    r"|(?<!\w)(?:[\da-f]{2}[:-]){5}[\da-f]{2}(?!\w)"
    r"|(?<!\w)\d{3}-\d{3}-\d{3} \d{2}(?!\d)"
    r"|(?<![\w-])[a-z]{2}\d{9}[a-z]{2}(?![\w-])"
    r"|(?<![\w-])(?=[a-z\d]{0,9}[a-z])(?=(?:[a-z]*\d){6})[a-z\d]{9,20}(?![\w-])"
)
_INSIDE = (
    r"(?:,?\s*(?:д\.|дом|корп\w*\.?|к|стр\.?|строение|кв\.?|квартир[аеуы]|под(?:ъезд|\.)|эт(?:аж|\.)|оф(?:ис|\.))\s*№?\s*\d+"
    r"[а-я]?(?![а-я]))"
)
_HOUSE = rf"(?:[а-е](?![а-я]))?(?:\s?[-/]\s?\d{{1,4}}|,?\s*\d+[а-е]?(?![\dа-я]))?{_INSIDE}*"
_FLAT = (
    rf"\b(?:кв\.?|квартир[аеуы])\s*№?\s*\d+{_INSIDE}*"
    rf"|\b(?:д\.|дом)\s?\d+\w?,?\s*(?:кв|корп|подъезд)\w*\.?\s*\d+{_INSIDE}*"
    rf"|\b\d{{1,2}}\s?(?:мкр|микрорайон)\.?{_INSIDE}+"
)
_STREETS = (
    r"(?:ул\.|улиц(?:а|ы|е|у|ей)|просп\.?|проспект\w{0,2}|пр\.|пр-к?т|пр-д|проезд\w?|бульвар\w?|б-р|переул\w{2,3}|пер\.|шоссе|ш\."
    r"|площад[ьи]|пл\.|набережн\w{2}|наб\.|тракт[ае]?|алле[яеию]|микрорайон\w?|мкр\.?|квартал\w?|тупик\w?)(?![а-яё])"
)
_PLACE = r"(?:\b(?:г|пос|п|с|дер|д|пгт|ст)\.\s?[А-ЯЁ][а-яё-]+,?\s+)?"
_NAME_OF_STREET = r"(?:им\.\s?)?[А-ЯЁӘҚ\d][\w-]*(?:\s[А-ЯЁ][\w-]+|\s[а-яё]+(?=\s?,))?"
_STREET_FIRST = rf"{_PLACE}(?<![\w-])(?i:{_STREETS})\s*{_NAME_OF_STREET},?\s*(?i:д\.|дом|д)?\s*\d+(?i:{_HOUSE})"
_STREET_LAST = (
    rf"{_PLACE}[А-ЯЁ][а-яё-]+(?:[иыо]й|ая|ой|ом|ого|ую|ое)\s(?i:{_STREETS}),?\s*(?i:д\.|дом|д)?\s*\d+(?i:{_HOUSE})"
)
_NO_COUNT = r"(?![\d:.]|\s?(?:шт|раз|лет|год|час|мин|дн|руб|тыс|мес|нед|%|₽|см|мм|кг|л\b|вт|дюйм|гб))"
_BARE_STREET = (
    r"(?:(?<=на )|(?<=по )|(?<=с )|(?<=адрес: )|(?<=адрес )|(?<=адресу ))(?:[А-ЯЁ][а-яё]+(?:ая|ого|ой|ина|ова|ева|ской|ская)"
    r"(?: [А-ЯЁа-яё][а-яё]+)?|(?<=адрес )[А-ЯЁ][а-яё]+"
    rf"|[А-ЯЁӘҚҒҮ][\w-]+ [А-ЯЁ][а-яё]+),?\s\d{{1,3}}(?i:{_HOUSE}){_NO_COUNT}"
)

_FOLDED: tuple[tuple[str, Expression], ...] = (
    ("email", Expression(MAIL)),
    ("link", Expression(_LINK)),
    ("card", Expression(_CARD)),
    ("phone", Expression(_PHONE)),
    ("number", Expression(_MARKED)),
)
_AFTER_WORD = (("phone", Expression(_PHONE_AFTER)), ("number", Expression(_DOCUMENT)))
_CASED = (
    Expression(f"{_PLACE}{STREET.source}(?i:{_HOUSE})"),
    Expression(_STREET_FIRST),
    Expression(_STREET_LAST),
    Expression(_BARE_STREET),
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
