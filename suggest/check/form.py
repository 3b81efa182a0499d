"""The rules on the look of a text: length, marks, letters, places left unfilled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from suggest.check.reading import Check, Hit, Reading
from suggest.folding import clean
from suggest.language import language
from suggest.regulation import Rule

FEW_WORDS = 5
"""A reply of fewer words is too short, and too short to tell its language by more than the alphabet."""

SHOUTED = 4
"""So many capitals in one word are no abbreviation, unless listed as one."""

_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+")
_WHOLE_WORD = re.compile(r"(?<!\w)[^\W\d_]+(?!\w)")
_CAPITALS = re.compile(r"(?<![\w-])[А-ЯЁ]{2,}(?:[\s,-]+[А-ЯЁ]{2,})*(?![\w-])")
_PICTURES = r"\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\u203c\u2049"
_PICTURE = rf"[{_PICTURES}][\ufe0f\u200d\U0001f3fb-\U0001f3ff]*"
_SMILEY = r"[:;=]-?[)(DPp*](?!\w)|\^[_.]?\^|(?<!\w)<3(?!\w)|(?<!\w)[xX]D+(?!\w)"
_EMOJI = re.compile(rf"{_PICTURE}|{_SMILEY}")
_MARKS = re.compile(rf"[{_PICTURES}:;=()^<xX]")
_BRACKETS = re.compile(r"[()]")
_LIST_MARK = re.compile(r"(?:^|\s)(?:\d{1,2}|[а-яa-z])\Z")
_MARKUP = re.compile(
    r"</?[a-zA-Z][^<>]{0,200}>|\*\*|```|&(?:[a-z]{2,6}|#\d{2,5});|^#{1,6} |\[[^\]\n]{1,200}\]\(", re.MULTILINE
)
_PLACE = re.compile(r"\[[^\[\]\n]{0,200}\](?!\()|\[(?=впишите)|_{3,}|<[А-Яа-яЁё][^<>\n]{0,80}>")
_VARIABLE = re.compile(r"\{[^{}\n]{0,80}\}?|%[A-Za-z_]{2,40}%")
_TWIN_ALONE = re.compile(r"(?<![\w@.'’-])[aceoxy](?= +[А-Яа-яЁё])")


def too_long(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """Longer than the platform takes, in the unit that it counts."""
    platform = reading.draft.platform
    if platform:
        in_bytes = platform.unit == "bytes"
        size = len(reading.text.encode(errors="surrogatepass")) if in_bytes else len(reading.text)
        if size > platform.limit:
            yield None, f"{size} {'байт' if in_bytes else 'знаков'}, а площадка принимает {platform.limit}"


def too_short(reading: Reading, rule: Rule) -> Iterator[Hit]:
    if 0 < len(_WORD.findall(reading.folded.text)) < FEW_WORDS:
        yield None, None


def empty(reading: Reading, rule: Rule) -> Iterator[Hit]:
    if not _LETTER.search(reading.text):
        yield None, None


def exclamation_marks(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """More than one in the whole letter (004); told at the second."""
    marks = [match.span() for match in re.finditer("[!\uff01]", reading.text)]
    yield from ((span, None) for span in marks[1:2])


def caps(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """A long word, or several words on end, in capitals that are no listed abbreviation and not the company's name."""
    allowed = {*rule.words.get("allowed", ()), *_WORD.findall(reading.draft.company.name.lower())}
    for run in _CAPITALS.finditer(reading.text):
        shouted = [word for word in re.findall(r"[А-ЯЁ]{2,}", run[0]) if word.lower() not in allowed]
        if len(shouted) > 1 or any(len(word) >= SHOUTED for word in shouted):
            yield run.span(), None


def emoji(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """Pictures, smileys of marks, and the Russian smile: brackets that close nothing."""
    if not _MARKS.search(reading.text):
        return
    text = _without_addresses(reading.text)
    for match in _EMOJI.finditer(text):
        yield match.span(), None
    text, depth = _EMOJI.sub(_blank, text), 0
    for bracket in _BRACKETS.finditer(text):
        depth += 1 if bracket[0] == "(" else -1
        if depth < 0:
            depth = 0
            if not _LIST_MARK.search(text, max(0, bracket.start() - 4), bracket.start()):
                yield bracket.span(), None


def _without_addresses(text: str) -> str:
    """The text with blanks for mails and links, so that places stay."""
    return re.sub(r"\S+", lambda word: _blank(word) if "@" in word[0] or "://" in word[0] else word[0], text)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def markup(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """Tags, Markdown and character references, which a platform shows as they are."""
    return ((match.span(), None) for match in _MARKUP.finditer(reading.text))


def invisible_characters(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """Characters that nobody sees, but for those that are part of a picture."""
    if reading.folded.plain:
        return
    pictures = [match.span() for match in re.finditer(_PICTURE, reading.text)]
    for place, char in enumerate(reading.text):
        if not clean(char) and not any(start <= place < end for start, end in pictures):
            yield (place, place + 1), None


def latin_lookalikes(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """Russian words with letters of another alphabet that look the same; «iPhone» beside Russian letters is not one."""
    for word in () if reading.folded.plain else _WORD.finditer(reading.text):
        if clean(word[0]) != word[0] and len(clean(word[0])) == len(word[0]):
            yield word.span(), None
    yield from ((match.span(), None) for match in _TWIN_ALONE.finditer(reading.text))


def wrong_language(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """Not Russian: mostly another alphabet, or another language in the same one."""
    if reading.sentences and all(sentence.phrases for sentence in reading.sentences):
        return
    words = _WHOLE_WORD.findall(_without_addresses(reading.folded.text))
    cyrillic = sum("Ѐ" <= word[0] <= "ӿ" for word in words)
    if words and (cyrillic * 2 < len(words) or (len(words) >= FEW_WORDS and language(reading.text) != "ru")):
        yield None, None


def unfilled_place(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """«[впишите …]» and other places that wait for the agent's words, such as the blanks of 002."""
    return ((match.span(), None) for match in _PLACE.finditer(reading.text))


def unfilled_variable(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """A variable that nothing was put in for."""
    return ((match.span(), None) for match in _VARIABLE.finditer(reading.text))


CHECKS: Mapping[str, Check] = {
    "exclamation-marks": exclamation_marks,
    "caps": caps,
    "emoji": emoji,
    "markup": markup,
    "invisible-characters": invisible_characters,
    "latin-lookalikes": latin_lookalikes,
    "wrong-language": wrong_language,
    "too-long": too_long,
    "too-short": too_short,
    "empty": empty,
    "unfilled-place": unfilled_place,
    "unfilled-variable": unfilled_variable,
}
