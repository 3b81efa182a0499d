"""The rules on what a reply may not show: personal data, names, contacts that are not the company's, secrets.

A reply whose platform is not known is treated as public.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from suggest.check.reading import Check, Hit, Reading
from suggest.check.wording import said
from suggest.check.wordlist import fold
from suggest.domain import Span
from suggest.regulation import Rule

_ZONES = (
    "ru|com|net|org|kz|su|by|info|io|me|app|shop|store|online|site|pro|biz|club|gg|link|cc|co|top|xyz|dev|uz|kg|рф|қаз"
)
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]++@[\w-]++(?:\.[\w-]++)+")
_LINK = re.compile(
    rf"(?<![\w@./-])(?:(?:https?://|www\.)\S+|[\w-]++(?:\.[\w-]++)*\.(?:{_ZONES})(?![\w-])(?:/\S*)?)", re.IGNORECASE
)
_HANDLE = re.compile(r"(?<![\w.@/])@[A-Za-z]\w{3,}")
_PHONE = re.compile(r"(?<![\w-])\+?\d(?:[ \u00a0()‑–-]{0,3}\d){9,14}(?![\w-])|(?<![\w-])\d{3}-\d{2}-\d{2}(?![\w-])")
_CARD = re.compile(r"(?<!\w)\d(?:[ \u00a0-]?\d){15,18}(?!\w)")
_FLAT = re.compile(r"(?<!\w)(?:кв\.?|квартир[аеуы])\s*(?:№\s*)?\d+")
_NUMBER = re.compile(
    r"[^\w.!?]{0,5}(?:(?:номер\w{0,3}|под|за|с|n|no)[^\w.!?]{1,3}){0,2}((?:[а-яa-z]{1,4}[-–]?)?\d[\d–-]{2,}\d)(?!\w)"
)
_CODE = re.compile(r"\bотзыв\W{1,4}(\d{5})(?!\d)")
_DIGIT = re.compile(r"\d")
_YEAR = re.compile(r"(?:19|20)\d\d")
_CAPITALISED = re.compile(r"(?<![\w-])[А-ЯЁ][а-яё]+(?:-[А-ЯЁ][а-яё]+)?(?![\w-])")
_STREET_AFTER = re.compile(r"[.,\s]{1,3}([а-я]{4,}|\d+)")
_STREET_BEFORE = re.compile(r"([а-я]{4,}(?:ий|ая|ом|ой|ого))\s\Z")
_BEFORE = re.compile(r"[\w,;:)»\"—–-]\s{0,3}\Z")
_AFTER_JOB = re.compile(r"[\s,«\"—–-]{1,3}([А-ЯЁ][а-яё]{2,})(?!\w)")
_SURNAME = re.compile(
    r".+(?:[оеё]в|[иы]н|ск(?:ий|ого|ому|им|ом)|[оеё]в(?:а|у|ой|ым|ом|е)|[иы]н(?:а|у|ой|ым|ом|е)|енко|ская|ской|скую|ук|юк)"
)
_TITLE = r"(?:(?:уважаем|многоуважаем|дорог)\w+\s+)?"
_BEFORE_VOCATIVE = re.compile(
    rf"(?:^|[.!?…,\n]\s*|(?:здравствуйте|день|утро|вечер|суток|вас)\s+){_TITLE}\Z|(?:уважаем|дорог)\w+\s+\Z", re.I
)
_AFTER_VOCATIVE = re.compile(r"(?: [А-ЯЁ][а-яё]+)?\s*(?:[,!.]|\Z| (?:здравствуйте|добр))", re.IGNORECASE)
_VALUE = re.compile(r"""\s*[:=—–-]\s*["«]?(?=[^\s»"]{0,80}[\da-zA-Z])[^\s»"]+""")
_KEY = re.compile(r"[A-Za-z0-9_-]{20,}")
_KEY_PREFIX = re.compile(r"(?:sk|pk|ghp|gho|glpat|xox[bp])[-_]", re.IGNORECASE)
_AROUND_ADDRESS = frozenset("@./-=?&")


def personal_data_in_public(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """Phones, mails, cards, order and flat numbers; and whatever the review says of addresses and people."""
    if reading.channel == "dm":
        return
    taken: list[Span] = []
    for span, what in (*_contacts(reading), *_numbers(reading, rule), *_of_review(reading, rule)):
        if not any(start < span[1] and span[0] < end for start, end in taken):
            taken.append(span)
            yield span, what


def _contacts(reading: Reading) -> Iterator[tuple[Span, str]]:
    text = reading.text
    for match in _MAIL.finditer(text) if "@" in text else ():
        if match[0].lower().rstrip(".-") != reading.draft.company.email.lower():
            yield match.span(), "почту, если это не почта компании"
    if not _DIGIT.search(text):
        return
    for match in _CARD.finditer(text):
        yield match.span(), "номер карты"
    for match in _PHONE.finditer(text):
        if not _same_phone(match[0], reading.draft.company.phone):
            yield match.span(), "телефон, если это не телефон компании"
    for match in _FLAT.finditer(reading.folded.text):
        yield reading.folded.span(*match.span()), "адрес"


def _same_phone(one: str, other: str) -> bool:
    digits = [re.sub(r"\D", "", phone)[-10:] for phone in (one, other)]
    return digits[0] == digits[1]


def _numbers(reading: Reading, rule: Rule) -> Iterator[tuple[Span, str]]:
    """Numbers of orders, contracts and the like, and those of the review wherever they come again."""
    text, review = reading.folded.text, _review_text(reading)
    if not _DIGIT.search(text):
        return
    exempt = [match.span() for match in (*_PHONE.finditer(text), *_own_code(reading))]
    for start, end in _numbers_in(text, reading.found(rule, "number_of")):
        if not any(first <= start < last for first, last in exempt):
            yield reading.folded.span(start, end), "номер заказа или документа"
    named = reading.lexicon.find(rule.id, "number_of", review)
    for known in {review[slice(*span)] for span in _numbers_in(review, named)}:
        for match in re.finditer(rf"(?<![\w-]){re.escape(known)}(?![\w-])", text):
            if not any(first <= match.start() < last for first, last in exempt):
                yield reading.folded.span(*match.span()), "номер заказа или документа"


def _own_code(reading: Reading) -> Iterator[re.Match[str]]:
    """Where the folded reply names the code of its own review: that number is ours, whatever the review says."""
    code = reading.plan.facts.get("code") if reading.plan else None
    return re.finditer(rf"\bотзыв\w{{0,2}}\W{{1,4}}{code}(?!\d)", reading.folded.text) if code else iter(())


def wrong_code(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """The code of another review, mostly out of another reply: the client's letter would be led there."""
    code = reading.plan.facts.get("code") if reading.plan else None
    for match in _CODE.finditer(reading.folded.text) if code else ():
        if match[1] != code:
            yield reading.folded.span(*match.span(1)), f"«Отзыв {code}»"


def _numbers_in(text: str, named: Iterable[Span]) -> Iterator[Span]:
    """The long numbers that follow words such as «заказ», years left out."""
    for _, end in named:
        number = _NUMBER.match(text, end)
        if number and not _YEAR.fullmatch(number[1]):
            yield number.span(1)


def _of_review(reading: Reading, rule: Rule) -> Iterator[tuple[Span, str]]:
    """The addresses and the people of the review, but for its author."""
    review = _review_text(reading)
    streets = reading.found(rule, "street")
    known = (
        {stem for stem, _ in _streets(reading, rule, review, reading.lexicon.find(rule.id, "street", review))}
        if streets
        else ()
    )
    for stem, span in _streets(reading, rule, reading.folded.text, streets):
        if stem in known:
            yield reading.folded.span(*span), "адрес"
    people = {_stem(name) for name, _ in _people(reading, reading.draft.review.text if reading.draft.review else "")}
    people -= {_stem(name) for name in _authors(reading)}
    yield from ((span, "имя") for name, span in _people(reading, reading.text) if _stem(name) in people)


def _review_text(reading: Reading) -> str:
    return fold(reading.draft.review.text).text if reading.draft.review else ""


def _streets(reading: Reading, rule: Rule, text: str, named: Iterable[Span]) -> Iterator[tuple[str, Span]]:
    """The first letters of the words beside «улица» and the like, unless the address is one of the company's."""
    for start, end in named:
        before = text[max(0, start - 40) : start]
        beside = _STREET_AFTER.match(text, end) or _STREET_BEFORE.search(before)
        if beside and not reading.lexicon.find(rule.id, "ours", before):
            yield beside[1][:5], (start, max(end, beside.end() if beside.re is _STREET_AFTER else end))


def _people(reading: Reading, text: str) -> Iterator[tuple[str, Span]]:
    """Given names, and the words with a capital beside them, that do not begin a sentence."""
    words = [
        match
        for match in _CAPITALISED.finditer(text)
        if _BEFORE.search(text[max(0, match.start() - 5) : match.start()])
    ]
    named = [_given_name(reading, match[0]) for match in words]
    edges = {place for match, is_name in zip(words, named, strict=True) if is_name for place in match.span()}
    for match, is_name in zip(words, named, strict=True):
        if is_name or match.start() - 1 in edges or match.end() + 1 in edges:
            yield match[0], match.span()


def _given_name(reading: Reading, word: str) -> bool:
    """Whether a word is a given name in any of its cases."""
    names = reading.bank.given_names
    stems = (word[: len(word) - cut] for cut in range(4) if len(word) - cut > 1)
    return any(stem + ending in names for stem in stems for ending in ("", "а", "я", "й", "ь"))


def _is_name(reading: Reading, word: str) -> bool:
    return _given_name(reading, word) or bool(_SURNAME.fullmatch(word))


def _stem(name: str) -> str:
    """What the cases of a name have in common."""
    return re.sub(r"(?:[оеы]м|[оеё]й|ого|ому|ую|ая)$", "", fold(name).text).rstrip("аяуюеиыьйо")


def _authors(reading: Reading) -> frozenset[str]:
    """The folded words of every name that the client is known by."""
    review, plan = reading.draft.review, reading.plan
    names = (review.author, review.client.name) if review else ()
    facts = (plan.facts.get("client_name"),) if plan else ()
    return frozenset(re.findall(r"\w+", " ".join(fold(name).text for name in (*names, *facts) if name)))


def wrong_name(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """Greeted by a given name that the author does not have; an author in another alphabet is left alone."""
    authors = _authors(reading)
    if reading.draft.review is None or (authors and not any("а" <= word[0] <= "я" for word in authors)):
        return
    for match in _CAPITALISED.finditer(reading.text):
        if match[0] in reading.bank.given_names and fold(match[0]).text not in authors and _is_vocative(reading, match):
            yield match.span(), None


def _is_vocative(reading: Reading, name: re.Match[str]) -> bool:
    """Whether a name is set off as one is addressed by: «Анна, …», «Добрый день, Анна!»."""
    before = reading.text[max(0, name.start() - 40) : name.start()]
    return bool(_BEFORE_VOCATIVE.search(before) and _AFTER_VOCATIVE.match(reading.text, name.end()))


def employee_named(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """A name after the word for a job, where everybody reads it."""
    if reading.channel == "dm":
        return
    for span in reading.said(rule, "jobs"):
        named = _AFTER_JOB.match(reading.text, span[1])
        if named and named[1] not in reading.draft.company.name and _is_name(reading, named[1]):
            yield named.span(1), None


def foreign_link(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """Sites and accounts that are not the company's; in direct messages mails too, which in public are another rule."""
    own = reading.draft.company.email.rpartition("@")[2].lower()
    for match in _LINK.finditer(reading.text):
        domain = re.sub(r"^(?:https?://)?(?:www\.)?", "", match[0].lower()).split("/")[0]
        ours = own not in rule.words.get("free_mail", ()) and (domain == own or domain.endswith(f".{own}"))
        if not ours:
            yield match.span(), "ссылку"
    for match in _HANDLE.finditer(reading.text):
        yield match.span(), "имя учётной записи"
    for match in _MAIL.finditer(reading.text) if reading.channel == "dm" else ():
        if match[0].lower().rpartition("@")[2] != own:
            yield match.span(), "чужую почту"


def secret(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """A login or password with its value, a key, or a request for the client's."""
    for start, end in reading.found(rule, "names"):
        if value := _VALUE.match(reading.folded.text, end):
            yield reading.folded.span(start, value.end()), None
    for match in _KEY.finditer(reading.text):
        mixed = re.search(r"\d", match[0]) and re.search("[A-Za-z]", match[0])
        alone = (
            not {reading.text[match.start() - 1 : match.start()], reading.text[match.end() : match.end() + 1]}
            & _AROUND_ADDRESS
        )
        if (mixed and alone) or _KEY_PREFIX.match(match[0]):
            yield match.span(), None
    yield from said(reading, rule)


CHECKS: Mapping[str, Check] = {
    "personal-data-in-public": personal_data_in_public,
    "wrong-name": wrong_name,
    "employee-named": employee_named,
    "foreign-link": foreign_link,
    "secret": secret,
    "wrong-code": wrong_code,
}
