"""Which language a review is written in, as far as the service must know: Russian, Kazakh, both, another, none."""

from __future__ import annotations

import re
from typing import Literal

from suggest.folding import fold

Language = Literal["ru", "kk", "mixed", "other", "none"]

_WORD = re.compile(r"[^\W\d_]+")
_CYRILLIC = re.compile(r"[Ѐ-ӿ]")
_KAZAKH_LETTER = re.compile(r"[әғқңөұүһі]")
# Letters of neighbours whose alphabet shares «і» or «ү» with Kazakh, or is plainly not Russian.
_FOREIGN_LETTER = re.compile(r"[їєґўђјљњћџѓќѕ]")
_KYRGYZ_OR_TATAR = re.compile(r"[җӊӱӧӑӗ]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# «і» alone is Belarusian or Ukrainian as well; these words are not Kazakh.
_UKRAINIAN = _words(
    "і й не що це та але як чи дуже був була було які який яка цей він вона вони від від дякую товар магазині гарний "
    "добре вже ще тільки коли якщо щоб або є ў і вельмі дзякуй гэта што яны было вельми мені мне"
)
_KAZAKH = _words(
    "және мен бен пен үшін жоқ бар бір осы сол өте жақсы жаман керемет рахмет рақмет емес деп дейін кейін керек "
    "бәрі бәріне барлық сіз сіздер сізге біз маған саған оған қазір бүгін кеше қалай неге қашан қайда кім не "
    "болды болып болса болады екен еді тұр жатыр отыр келді кетті берді алды дүкен тауар қызмет ұнады ұнайды "
    "ал бірақ тағы тек ғана енді сатып алдым алдық бердім көп аз тез жұмыс адам адамдар балалар бала үлкен "
    "кіші жылы күн ай апта сағат ақша теңге баға қымбат арзан сапасы сапа ештеңе ешкім хабарласты жоқпын"
)
# The same words typed on a Russian keyboard; none of them is a Russian word.
_KAZAKH_TYPED = _words(
    "жане ушин жок бир ете оте жаксы жаксi рахмет ракмет емес дейин кейин керек бари барлык казир бугин калай "
    "кашан кайда болды болып болса болады екен турады жатыр отыр келди кетти берди алдым алдык бердим дукен "
    "кызмет унады унайды бирак гана енди сатып жумыс адамдар улкен акша тенге кымбат арзан сапасы ештене ешким "
    "хабарласты керемет осындай сондай сиз сиздер сизге маган саган калды калдым келдим мыкты тамаша коп "
    "уакыт беред береди болмайды алманыз алмаңыз сатпайды кетеди айтты айтады туралы еш"
)
# Frequent in Kazakh but Russian words too, or currency: they settle nothing alone.
_SHARED = _words("мен бар не ай ал аз алды бала тек тур сол тенге теңге кеше жылы керек екен баға дома")
# Endings of Kazakh that no Russian word has, as a Russian keyboard types them.
_KAZAKH_ENDING = re.compile(
    r"\w(?:[мпб][ае]й(?:ды|ди)|[мп][ае]йт|[ыи]з(?:дар|дер)|л[ыи]г[ыи]|[ыи]н[ыи]з|[дт][ае]г[ыи]|[лдт]арын|маган|меген|барма|ыстары)$"
)
_ENOUGH_SHARE = 0.3
_LONE_SHARE = 0.2
_MIXED_SHARE = 0.12
_RUSSIAN = _words(
    "и в не на что с я он она они это как но по за от из у к мы вы все так же был была было были очень для нет мне "
    "меня вам нас вас при до или то бы только если уже еще даже после магазин спасибо хорошо плохо товар"
)


def _votes(word: str) -> str:
    """What one folded word speaks for: `kk`, `ru`, `other`, or nothing («»)."""
    if not _CYRILLIC.match(word) or _FOREIGN_LETTER.search(word) or _KYRGYZ_OR_TATAR.search(word):
        return "other"
    if word in _SHARED:
        return ""
    if word in _UKRAINIAN and word not in _RUSSIAN:
        return "other"
    if word in _KAZAKH or word in _KAZAKH_TYPED or _KAZAKH_LETTER.search(word.replace("і", "")):
        return "kk"
    if _KAZAKH_ENDING.search(word):
        return "kk"
    if "і" in word:
        return "i"
    return "ru" if word in _RUSSIAN else ""


def language(text: str) -> Language:
    """The language of a text: `mixed` has a real share of both Russian and Kazakh, `other` is mostly neither.

    Latin brand names beside Cyrillic words do not count; a text without letters is `none`.
    """
    words = _WORD.findall(fold(text))
    if not words:
        return "none"
    votes = [_votes(word) for word in words]
    cyrillic = sum(bool(_CYRILLIC.match(word)) for word in words)
    kazakh, russian = votes.count("kk"), votes.count("ru")
    ambiguous = votes.count("i")
    foreign = votes.count("other") - (len(words) - cyrillic)
    if cyrillic * 4 < len(words):
        return "other"
    if foreign > kazakh and foreign + ambiguous >= max(1, 0.1 * cyrillic):
        return "other"
    return _of_cyrillic(kazakh + (ambiguous if kazakh or not foreign else 0), russian, cyrillic)


def _of_cyrillic(kazakh: int, russian: int, words: int) -> Language:
    share = kazakh / words
    if not kazakh or (kazakh == 1 and russian):
        return "ru"  # one Kazakh word among Russian ones is a name
    if share >= _ENOUGH_SHARE or (not russian and share >= _LONE_SHARE):
        return "mixed" if russian >= 3 and russian / words > 0.1 else "kk"
    return "mixed" if kazakh >= 2 and share >= _MIXED_SHARE else "ru"
