"""Sentences of a review that speak to a program instead of the company: found, so that what they steer can be compared.

No detector finds them all. What it finds is taken out for a second reading (erase and check); nothing that matters hangs
on it alone, since a model can only choose among approved phrases.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from suggest.clues import Expression
from suggest.folding import clean

_RULES = (
    r"(?:инструкц|указани|правил|промпт|систем\w* сообщ|регламент|ограничен|проверк|предыдущ|всем? (?:что )?выше|контекст|нұсқау"
    r"|ереже)"
)
_LEAVE = r"(?:игнорир|забуд|забыва|отмени|сброс|не применя|не учитыва|отключи|обойди|ұмыт|пропусти)[^\W\d]{0,4}\b"
_SORT = r"\b(?:выбери|верни|поставь|присвой|классифицируй|считай|пометь|отметь|определи|используй|белгіле)(?:те)?\b"
_NOTE = r"(?:заметка|комментарий|примечание)\s(?:для\s)?(?:агент|разработчик|внутренн|администратор|модератор)"
_LABEL = r"(?:сценари|похвал|позитив|негатив|статус|слот|тег\b|категори|флаг|\bid\b|положительн|благодарност|жалоб\w+ на|мақта)"
_MACHINE = r"(?:ассистент|нейросет|языков\w+ модел|модель|чат-?бот|бот|ии|робот|chatgpt|gpt|алгоритм|программа|помощник|система)"
_RUSSIAN = Expression(
    "|".join(
        (
            rf"{_LEAVE}.{{0,40}}\b{_RULES}",
            rf"{_RULES}[^\W\d]{{0,5}}\b.{{0,30}}\b(?:ұмыт|не действу|отменя|игнорир|забуд)",
            r"игнорируй\w*\b|\b(?:забудь|отныне|ережесіз)\b",
            rf"{_SORT}.{{0,60}}{_LABEL}",
            r"\b(?:нов(?:ое|ые)|системн(?:ое|ые)|секретн(?:ое|ые|ый))\s(?:указани|инструкци|сообщени|правила:|регламент)"
            r"|новая политика",
            r"\bты\s(?:теперь|отныне|больше не|мой)\b|представь,? что ты|давай сыграем|притворись|действуй как|веди себя как"
            r"|мы в симуляции|\bты (?:—|-)?\s?(?:бот|ии|нейросеть|ассистент|модель)\b|сіз енді",
            rf"(?:\A|внимание,?\s){_MACHINE}[:!]\s|отвечает автоматически|если (?:ты|это читает|вы) {_MACHINE}\b",
            r"\b(?:покажи|выведи|повтори|раскрой|раскрыть|напечатай|прочитай|пришли)(?:те)?\b.{0,60}"
            r"(?:промпт|инструкц|системн|слово в слово|выше этой строки|переменн\w+ окружен|регламент|схем\w ответ)",
            r"\b(?:напиши|добавь|вставь|скопируй|укажи|подставь|процитируй|повтори|подтверди)(?:те)?\b.{0,50}"
            r"(?:в ответе?\b|\bтекст|дословно|от имени компании|промокод|\bчто мне\b|под номером|клиенту)|для ответа используй",
            rf"{_NOTE}|ответ не требуется|отвечать не надо"
            r"|отзыв (?:учебн|проверен|тестов)|рейтинг отзыва|выдай ему|уровень доступа|порог уверенн|всегда ready"
            r"|флаги? (?:safety|legal)|приоритет 0\b|руководитель линии\]|фраз[ау] [a-z]+-[a-z]",
            r"оценка:? ★|\b5 из 5\)|декодируй|base64|промпт|системн\w+ инструкц",
        )
    )
)
_LATIN = Expression(
    "|".join(
        (
            r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}"
            r"\b(?:previous|above|all|any|rules?|instructions?|prompts?|policy)\b",
            r"\byou are now\b|\bact as\b|\bnew policy\b|\bsystem override\b|\bpretend\b|\bjailbreak\b",
            r"\b(?:output|return|choose|select|mark|set)\b.{0,40}\b(?:scenario|positive|praise|resolved|skip|phrase|praise)\b",
            r"\b(?:scenario|confidence|sentiment|rating|abstain|choices|status|phrase_id|segments?)\b\W{0,3}[:=]",
            r"\bdeveloper m|\bpositive_\w+|\b(?:system|assistant|developer|user)\s?:"
            r"|\btool_call\b|\bapi[_ ]?key\b|\"(?:role|content|scenario)\"",
            r"\b(?:greeting|empathy|thanks|closing|resolution|explanation|request|wish|identification)-[a-z]+(?:-[a-z]+)*\b",
            r"<\|?/?[a-z_!]|<<|\[/?(?:system|inst|user|assistant)|###|```|\{\{|\{%|\$\{|\{\"|\bdrop table\b|javascript:|!\[",
            r"ignora\w* tod|instrucciones|instruções|忽略|系统|(?<![\w/])(?=[\w+/]*\d)(?=[\w+/]*[a-z])[\w+/]{20,}={0,2}",
        )
    )
)
_TO_LATIN = str.maketrans("авекмнорстухіјѕԁρεοαικτυχν", "abekmhopctyxijsdpeoaiktuxv")
_MARKUP = re.compile(r"(<[^>\n]{1,200}>{1,2}|\[/?[A-Z_]+\]|\{[^{}\n]{1,300}\}{1,2}|(?<=。)|(?<=[.!?…])[»\")]*\s+|\n)")
_REVERSED = re.compile("[\u202d\u202e\u2066\u2067][^\u202c\u2069\n]*(?:[\u202c\u2069]|(?=\n)|\\Z)")
_TAGS = re.compile("[\U000e0001-\U000e007f]+")


@dataclass(frozen=True)
class Examined:
    """A cleaned text, its suspicious sentences, and what is left without them."""

    text: str
    suspicious: tuple[str, ...]
    without: str


def examine(text: str) -> Examined:
    """Reads a review past its disguises. What is written backwards or invisibly is suspicious, and in `without` is gone."""
    hidden = [piece for pattern in (_REVERSED, _TAGS) for piece in pattern.findall(text)]
    shown = clean(text)
    visible = clean(_REVERSED.sub(" ", text))
    sentences = tuple(_sentences(visible))
    suspicious = [sentence for sentence in sentences if _is_suspicious(sentence)]
    kept = [sentence for sentence in sentences if sentence not in suspicious]
    named = [_readable(piece) for piece in hidden] + [sentence.strip() for sentence in suspicious]
    return Examined(shown, tuple(piece for piece in named if piece), "".join(kept).strip())


def _sentences(text: str) -> Iterator[str]:
    """The sentences of a text, markup apart; joined they are the text again."""
    pending = ""
    for piece in _MARKUP.split(text):
        if piece.strip() and pending.strip():
            yield pending
            pending = ""
        pending += piece
    yield pending


def _is_suspicious(sentence: str) -> bool:
    folded = unicodedata.normalize("NFKC", sentence).lower().replace("ё", "е")
    return _RUSSIAN.finds(folded) or _LATIN.finds(folded) or _LATIN.finds(folded.translate(_TO_LATIN))


def _readable(piece: str) -> str:
    """A hidden piece as plain letters: tag characters are ASCII moved out of sight."""
    return clean("".join(chr(ord(char) - 0xE0000) if "\U000e0020" <= char <= "\U000e007e" else char for char in piece))
