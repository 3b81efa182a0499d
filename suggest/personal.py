"""Personal data in a text: what a public reply must never repeat.

Masked numbers (00000000, +7 000 …, ****) count: who wrote them meant a real one. A bare first name, a price, a model, a
year, the address of a store do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from suggest.clues import Expression, look_up

DIGIT = r"[\dx*х]"
# A price, a term or an amount follows: no number of a document.
NO_UNIT = r"(?!\s?(?:тенге|тг|тнг|руб|р\b|₽|₸|\$|€|грн|сум|долл|евро|тыс|млн|год|г\b|шт|бонус|балл))"
ID = rf"(?!(?:19|20)\d\d\b)[a-zа-я]{{0,3}}[-/]?(?:\d[\d*xх/-]{{3,}}|[*xх]{{4,}}[\d-]*)(?![\w*]){NO_UNIT}"
LONG_ID = rf"(?=[a-zа-я/-]{{0,4}}(?:[\d*xх-]){{6}}){ID}"
SMALL_WORD = r"(?:(?!(?:на|за|до|в|по|из|от)\b)[а-яa-z]{1,10}\s)?"
_DIGITS = re.compile(r"[\d@]|[*xх]{4}|[\[(]at[\])]|собака")
MAIL = r"[\w.+-]{1,64}(?:\s?(?:@|[\[(](?:at|собака)[\])])\s?|\sсобака\s)[\w-]{1,63}(?:(?:\.|\sточка\s)[\w-]{1,63}){1,4}"
NO_GOODS = r"(?<!модель )(?<!артикул )(?<!арт\. )(?<!арт )(?<!отделение )(?<!школа )(?<!магазин )"
_NUMBERS = Expression(
    "|".join(
        (
            MAIL,
            rf"(?<![\d.,])(?:\+\s?7|8|7)[\s(–-]{{0,3}}{DIGIT}{{3}}[\s)–-]{{0,3}}{DIGIT}{{3}}[\s–-]?{DIGIT}{{2}}[\s–-]?"
            rf"{DIGIT}{{2}}(?!\d)",
            r"\+\s?\d(?:[\s()–-]{0,2}\d){9,12}(?!\d)",
            rf"(?<!\d)(?:{DIGIT}{{4}}[ -]?){{3}}{DIGIT}{{4}}(?!\d)",
            r"\bкарт\w*\W{1,3}(?:\w+ )?[*•]+ ?\d{4}",
            r"\b(?:заказ|договор|заявк|заявлени|обращени|тикет|полис|квитанци|накладн|отправлени|брон[ьи]|операци|инн|иин|снилс"
            rf"|паспорт|авторизаци|абонент)\w*[\s:]{{1,2}}{SMALL_WORD}[№#:n\s]{{0,4}}{ID}",
            r"\b(?:заказ|договор|заявк|обращени|полис|квитанци|накладн)\w*\s№\s?\d+[/-]\d[\w/-]*",
            rf"\b(?:чек|счет|карт)\w*[\s:]{{1,2}}[№#:n\s]{{0,4}}{LONG_ID}",
            rf"{NO_GOODS}№\s?{LONG_ID}|{NO_GOODS}№\s?\d{{5}}\b",
            rf"{NO_GOODS}(?<![\w.,/-])\d{{9,}}{NO_UNIT}(?![\w-])",
            r"\b(?:д\.|дом)\s?\d+\w?,?\s*кв",
        )
    )
)

STREET = Expression(
    r"\b(?i:(?:ул|пр|пер|б-р|пр-к?т|мкр|проспект|переулок|бульвар|шоссе"
    r"|микрорайон|проезд)\b[.а-яё]{0,3}\s*(?!на |в )[\w-]+"
    r"|улиц[аеуы]\s+(?-i:[А-ЯЁӘҚ\d])[\w-]+)(?: [А-ЯЁа-яё-]+)?,?\s*(?i:д\.|дом|д\b)?\s*\d+"
)
_OUTLET = Expression(
    r"магазин|отделени|отдел\w{0,2}\b|офис|филиал|салон|точк|центр|банк|киоск|пункт|пвз|аптек|рын[ок]|сервис|клиник|школ|\bтр?ц\b"
)
_HOME = Expression(r"\bжив[уе]|прожива|прописан|адрес\w* доставки|квартир|\bкв\b|мо[йе]\w* адрес")

_CAPITALISED = re.compile(r"[А-ЯЁӘІҢҒҮҰҚӨҺ][а-яёәіңғүұқөһ]+|[А-ЯЁ]{3,}")
_INITIALS = re.compile(r"([А-ЯЁ][а-яё]+) [А-ЯЁ]\. ?[А-ЯЁ]\b|\b[А-ЯЁ]\. ?[А-ЯЁ]\. ?([А-ЯЁ][а-яё]+)")
_PATRONYMIC = re.compile(r"\b([а-я]+) ([а-я]+(?:[ое]вич|[ое]вн|ичн)(?:а|у|е|ы|ой|ем|ом)?)\b")
_SURNAME = re.compile(
    r".{2,}(?:(?:[ое]в|[иы]н)(?:а|у|ым|е|ой)?|[сц]к(?:ий|ая|ого|ому|им|ой|ую)|енко|ч?ук|юк|ян|дзе|швили)"
)
_PLACES = frozenset(
    {"улица", "ул", "проспект", "пр", "переулок", "пер", "бульвар", "площадь", "шоссе", "имени", "им", "метро"}
)
_FAMOUS = frozenset({"толстой", "пушкин", "гагарин", "ленин", "достоевский", "чехов"})


def has_personal_data(text: str) -> bool:
    """Whether a cleaned text, its case kept, holds anything personal."""
    folded = text.lower().replace("ё", "е")
    return (
        (_DIGITS.search(folded) is not None and _NUMBERS.finds(folded)) or _home_address(text) or any(full_names(text))
    )


def _home_address(text: str) -> bool:
    """Whether a street and a house are named that are not those of a store, as far as the words around tell."""
    for match in STREET.compiled.finditer(text):
        around = text[max(0, match.start() - 120) : match.end() + 120].lower()
        if _HOME.finds(around) or not _OUTLET.finds(around):
            return True
    return False


def full_names(text: str) -> Iterator[str]:
    """Names with a surname, a patronymic or two initials, as they stand in a cleaned text; some may come twice."""
    words = list(_CAPITALISED.finditer(text))
    for first, second in pairwise(words):
        if text[first.end() : second.start()] == " " and first[0].isupper() == second[0].isupper():
            before = text[max(0, first.start() - 20) : first.start()].lower().split()[-1:]
            if not _PLACES & {word.strip(".,") for word in before} and _is_pair(first[0], second[0]):
                yield f"{first[0]} {second[0]}"
    for match in _INITIALS.finditer(text):
        if "Surn" in kinds(match[1] or match[2]):
            yield match[0]
    for match in _PATRONYMIC.finditer(text.lower().replace("ё", "е")):
        if "Name" in look_up(match[1]).names and "Patr" in look_up(match[2]).names:
            yield text[match.start() : match.end()]


def _is_pair(first: str, second: str) -> bool:
    one, other = kinds(first), kinds(second)
    return ("Name" in one and bool({"Surn", "Patr"} & other)) or ("Surn" in one and "Name" in other)


def kinds(word: str) -> frozenset[str]:
    """What a capitalised word may be: `Name`, `Surn`, `Patr`; a word that the dictionary lacks goes by its ending."""
    folded = word.lower().replace("ё", "е")
    entry = look_up(folded)
    if entry.lemmas & _FAMOUS:
        return frozenset()
    by_ending = _SURNAME.fullmatch(folded) and (not entry.known or re.search("[сц]к", folded))
    return entry.names | {"Surn"} if by_ending else entry.names if entry.known else frozenset()
