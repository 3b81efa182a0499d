"""Where a text names people: by the name tags of pymorphy3, the list of given names, and the words around.

A word that is also an ordinary one («Вера», «Роман») counts as a name only where its place shows it. Who wrote the review
is covered wherever the text repeats it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from suggest.clues import look_up
from suggest.mask_numbers import lowered
from suggest.personal import kinds

_WORD = re.compile(r"[А-ЯЁӘІҢҒҮҰҚӨҺа-яёәіңғүұқөһ]+(?:-[А-ЯЁӘІҢҒҮҰҚӨҺа-яёәіңғүұқөһ]+)*")
_AFTER = re.compile(rf" ({_WORD.pattern})")
_BEFORE = re.compile(rf"({_WORD.pattern}) \Z")
_INITIALS_BEFORE = re.compile(r"(?<!\w)[А-ЯЁ]\.\s?(?:[А-ЯЁ]\.\s?)?\Z")
_INITIALS_AFTER = re.compile(
    r"\s(?:[А-ЯЁ]\.\s?[А-ЯЁ]\.|[А-ЯЁ]\.(?=\s?[,;)]|\s?\Z|\s[а-яё(])|[А-ЯЁ](?=\s?[,.;)]|\s?\Z))"
)
_SENTENCE_START = re.compile(r"(?:\A|[.!?…\n:]\s*|[.!?…\n]\s*[«\"(—–-]+\s*)[«\"(]*\Z")
_HANDLE = re.compile(r"[\w.-]*[\d_A-Za-z][\w.-]*")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ORDINARY = _words(
    "вера надежда любовь роза слава света лев роман марта майя август мир рада зоря заря злата лада мила майи лилия "
    "виктория победа марина малина воля искра рая рим том марк грант патрон граф султан богдан милан ян яна юг лена "
    "ника хамит тем тема терезе алды алдын куат влас наум клим карп фрол прохор фома шура паша коля "
    "галя валя вася тоня толя дорогая зима гера лера регина"
)
"""Given names that are words as well: at the beginning of a sentence they need a sign that a person is meant."""

_NEVER = _words(
    "марс кузя шерлок холмс бирюса атлант хайер самсунг дайсон филипс бош сименс аристон индезит электролюкс ватсон гаврош "
    "антуанетта дед мороз снегурочка наполеон пушкин ленин гагарин дарт вейдер золушка гарри поттер робин гуд "
    "бендер остап алматы астана мавроди магнит лента эльдорадо аврора веста ариель персил фейри титан зевс маркс эдисон тесла "
    "вольт ампер бог господь аллах иисус христос будда конь барон плюшкин хлестаков кулибин левша эйнштейн"
)
"""Names of brands, of animals and of those who are not in the story."""

_ASSISTANTS = _words("алиса маруся сири афина салют")
_ABOUT_ASSISTANT = re.compile(r"колонк|ассистент|помощни|умн|станци|яндекс|голос|лампоч")
_NOT_PEOPLE = re.compile(
    r"(?:плит|духовк|холодильник|телевизор|стиралк|машин|пылесос|чайник|утюг|кондиционер|колонк|батончик|мультиварк|вытяжк|кухн"
    r"|кошк|собак|попугай|фирм|марк|бренд|модел|гипермаркет|серии|торт|коллекци|улиц|проспект|площад|метро|станци|школ)[а-я]{0,3}\Z"
    r"|(?<!\w)(?:кот|кота|пес|пса|тц|трц|им|имени|город|городе|города)\Z"
)
_ROLE = re.compile(
    r"(?:продав|консультант|менеджер|мастер|курьер|оператор|кассир|администратор|директор|управляющ|грузчик|установщик"
    r"|специалист|инженер|водител|девушк|парн|парен|сотрудни|работни|зовут|госпож|господин|супруг|доч|сын|брат|сестр|экспедитор"
    r"|диспетчер|товаровед|монтажник|сборщик|ремонтник|кладовщик|охранник|некая|некий|некто|руководител|начальни|замести"
    r"|представител|тетя|дядя|бабушк|дедушк)[а-я]{0,5}\Z"
)
_FEW = 3
_WINDOW = 60
"""How far before a word its surroundings are looked at."""


class Names:
    """Finds people's names; `given` are folded given names, `known` whoever is known to be meant."""

    def __init__(self, text: str, given: frozenset[str], known: Iterable[str | None] = ()) -> None:
        self._text = text
        self._given = given
        self._known = frozenset(_lemmas_of(known))
        self._literal = tuple(_literals(known))

    def __iter__(self) -> Iterator[tuple[int, int, str]]:
        """Where each name stands, initials beside it included; findings may overlap or stand side by side."""
        for match in _WORD.finditer(self._text):
            if self._is_name(match):
                yield *self._with_initials(match.start(), match.end()), "name"
        for literal in self._literal:
            for match in re.finditer(rf"(?<!\w){re.escape(literal)}(?!\w)", self._text, re.IGNORECASE):
                yield *match.span(), "name"

    def _ahead(self, at: int) -> str:
        """What stands right before a place; a mark stands for all that is farther."""
        return self._text[:at] if at <= _WINDOW else "…" + self._text[at - _WINDOW : at]

    @cached_property
    def _shouting(self) -> bool:
        letters = [char for char in self._text if char.isalpha()]
        return sum(char.isupper() for char in letters) > len(letters) / 2

    def _is_name(self, match: re.Match[str]) -> bool:
        word = match[0]
        folded = lowered(word)
        if len(word) < _FEW - 1 or folded in _NEVER or look_up(folded).lemmas & _NEVER:
            return False
        if look_up(folded).lemmas & self._known and (word[0].isupper() or not look_up(folded).plain):
            return True
        found = self._kinds(word, folded)
        if not found or (self._before(match) and _NOT_PEOPLE.search(self._before(match))):
            return False
        if look_up(folded).lemmas & _ASSISTANTS and _ABOUT_ASSISTANT.search(lowered(self._text)):
            return False
        return self._stands_as_name(match, folded, found)

    def _stands_as_name(self, match: re.Match[str], folded: str, found: frozenset[str]) -> bool:
        """Whether a word that can be a name is one, by its case, its place and its neighbours."""
        word, role = match[0], bool(_ROLE.search(self._before(match)))
        entry = look_up(folded)
        if word.islower() or (word.isupper() and self._shouting):
            surely = "Name" in found and not entry.plain and bool(entry.lemmas & self._given)
            return self._beside_name(match) if "Patr" in found else surely and (role or word.isupper())
        if not word[0].isupper() or (word.isupper() and len(word) <= _FEW):
            return False
        if role or self._beside_name(match):
            return True
        doubtful = bool(entry.lemmas & _ORDINARY) or (entry.plain and "Name" not in found)
        if _SENTENCE_START.search(self._ahead(match.start())):
            return not doubtful and not (entry.plain and not entry.lemmas & self._given)
        return "Name" in found or "Patr" in found or not entry.plain

    def _kinds(self, word: str, folded: str) -> frozenset[str]:
        parts = [kinds(part) for part in folded.split("-")]
        found = frozenset[str]().union(*parts) if all(parts) else frozenset[str]()
        return found | {"Name"} if look_up(folded).lemmas & self._given else found

    def _before(self, match: re.Match[str]) -> str:
        """The word before, folded, if only a space, a comma or a quotation mark is between."""
        before = re.search(r"([\w-]+)[\s,«\"(—:–-]{1,3}\Z", lowered(self._ahead(match.start())))
        return before[1] if before else ""

    def _beside_name(self, match: re.Match[str]) -> bool:
        """Whether a neighbour is a name of another kind that agrees: «Вера Павловна», «Роман Сидоров»."""
        after = _AFTER.match(self._text, match.end())
        before = _BEFORE.search(self._ahead(match.start()))
        own = self._kinds(match[0], lowered(match[0]))
        for neighbour in (after, before):
            if neighbour and neighbour[1][0].isupper() == match[0][0].isupper() and lowered(neighbour[1]) not in _NEVER:
                other = self._kinds(neighbour[1], lowered(neighbour[1]))
                if ("Name" in own and other & {"Surn", "Patr"}) or (own & {"Surn", "Patr"} and "Name" in other):
                    return True
        return False

    def _with_initials(self, start: int, end: int) -> tuple[int, int]:
        before = _INITIALS_BEFORE.search(self._ahead(start))
        after = _INITIALS_AFTER.match(self._text, end)
        return start - len(before[0]) if before else start, after.end() if after else end


def _lemmas_of(people: Iterable[str | None]) -> Iterator[str]:
    """Lemmas of the words of these people's names that are names, or that no dictionary has."""
    for person in people:
        for word in _WORD.findall(person or ""):
            folded = lowered(word)
            if len(word) >= _FEW and (kinds(word) or not look_up(folded).known) and folded not in _NEVER:
                yield from look_up(folded).lemmas


def _literals(people: Iterable[str | None]) -> Iterator[str]:
    """Nicknames: words of a signature that are no Cyrillic words."""
    for person in people:
        for word in (person or "").split():
            if len(word) > _FEW and _HANDLE.fullmatch(word) and any(char.isalpha() for char in word):
                yield word
