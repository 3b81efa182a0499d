"""The regulation sentence by sentence: what keeps each one and what proves it.

`phrasebank/regulation.yaml` is the source; `python -m suggest.regulation_map` writes it as `phrasebank/REGULATION.md`,
or lists every fault of it.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError

from suggest.domain import Frozen, PhrasebankError
from suggest.phrasebank import load
from suggest.regulation import Phrasebank

FILE = "regulation.yaml"
PAGE = "REGULATION.md"
HOUSE = "house"

Kind = Literal["rule", "wording", "people", "background"]


class Sentence(Frozen):
    """A sentence or list item of the regulation.

    `paragraph` is called as the `source` of phrases, rules and actions calls it. `quote` is cut where it ends in «…».
    `by`: what keeps it, as KIND:ID, `triage`, `plan` or `later: words`; `tests`: what proves it, as FILE::FUNCTION.
    """

    id: str = Field(pattern=r"^\d{3}-\d{2,3}$")
    document: str
    paragraph: str
    quote: str = Field(max_length=140)
    kind: Kind
    by: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    note: str | None = None


def read(path: Path) -> tuple[Sentence, ...]:
    """The sentences of the file; raises PhrasebankError with every fault of its form."""
    found: list[Sentence] = []
    faults: list[str] = []
    for number, row in enumerate(_rows(path), 1):
        try:
            found.append(Sentence.model_validate(row))
        except ValidationError as error:
            named = row.get("id", f"entry {number}") if isinstance(row, dict) else f"entry {number}"
            faults += (f"{FILE}: {named}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    if faults:
        raise PhrasebankError(faults)
    return tuple(found)


def _rows(path: Path) -> list[Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PhrasebankError([f"{FILE}: {' '.join(str(error).split())}"]) from error
    if not isinstance(content, list):
        raise PhrasebankError([f"{FILE}: a list is expected"])
    return content


def faults(sentences: Sequence[Sentence], bank: Phrasebank) -> list[str]:
    """Everything that is named and not there, left without an answer, or there and not named."""
    return [*_unordered(sentences), *_unanswered(sentences), *_unknown(sentences, bank), *_uncited(sentences, bank)]


def _unordered(sentences: Sequence[Sentence]) -> Iterator[str]:
    for before, after in pairwise(sentences):
        if before.id >= after.id:
            yield f"{FILE}: {after.id}: comes after {before.id}"
    for sentence in sentences:
        if not sentence.id.startswith(f"{sentence.document}-") or not sentence.paragraph.startswith(sentence.document):
            yield f"{FILE}: {sentence.id}: id, document and paragraph are not of one document"


def _unanswered(sentences: Iterable[Sentence]) -> Iterator[str]:
    for sentence in sentences:
        if sentence.kind in {"rule", "wording"} and not sentence.by:
            yield f"{FILE}: {sentence.id}: nothing keeps it"
        if sentence.kind == "people" and not sentence.note:
            yield f"{FILE}: {sentence.id}: left to people without a note why"


def _unknown(sentences: Iterable[Sentence], bank: Phrasebank) -> Iterator[str]:
    known = _known(bank)
    for sentence in sentences:
        for kind, name in map(_parted, sentence.by):
            there = (bank.path.parent / name).is_file() if kind == "code" else name in known.get(kind, ())
            if not there and kind != "later":
                yield f"{FILE}: {sentence.id}: no such {kind}: {name}"


def _parted(entry: str) -> tuple[str, str]:
    """`KIND:ID` in two; a bare word is a step of the walk."""
    kind, colon, name = entry.partition(":")
    return (kind, name.strip()) if colon else ("step", kind)


def _known(bank: Phrasebank) -> Mapping[str, Collection[str]]:
    return {
        "step": STEPS,
        "rule": bank.rules,
        "phrase": {*bank.phrases, *bank.interim},
        "action": {action.id for action in bank.actions},
        "scenario": bank.scenarios,
        "topic": bank.topics,
        "department": bank.departments,
        "flag": bank.flags,
        "platform": {str(platform) for platform in bank.platforms},
    }


def _uncited(sentences: Iterable[Sentence], bank: Phrasebank) -> Iterator[str]:
    """What cites the regulation and is named by no sentence; a phrase must be named where it says it comes from."""
    paragraphs: dict[str, set[str]] = defaultdict(set)
    for sentence in sentences:
        for entry in sentence.by:
            paragraphs[entry].add(sentence.paragraph)
    for name, source in _sources(bank):
        named = paragraphs[name]
        if name.startswith("phrase:"):
            named = {paragraph for paragraph in named if f"{paragraph} ".startswith(f"{source} ")}
        if source != HOUSE and not named:
            yield f"{FILE}: {name}: cites {source}, and no sentence of it names it"


def _sources(bank: Phrasebank) -> Iterator[tuple[str, str]]:
    """What phrases, rules and actions cite."""
    yield from ((f"phrase:{phrase.id}", phrase.source) for phrase in bank.phrases.values())
    yield from ((f"phrase:{phrase.id}", phrase.source) for phrase in bank.interim.values())
    yield from ((f"rule:{rule.id}", rule.source) for rule in bank.rules.values())
    yield from ((f"action:{action.id}", action.source) for action in bank.actions)


DOCUMENTS = {
    "000": "Обработка отзывов на 2ГИС (главный)",
    "001": "Как отвечают на необъективную критику",
    "002": "Работа с тикетом клиента",
    "003": "Учёт отзывов и обращений",
    "004": "Работа с негативом",
}
STEPS = {"triage": "очерёдность (`suggest/triage.py`)", "plan": "состав ответа (`suggest/plan.py`)"}
NAMES = {
    "step": ("", ""),
    "scenario": ("сценарий ", "сценарии "),
    "flag": ("признак ", "признаки "),
    "topic": ("тема ", "темы "),
    "department": ("отдел ", "отделы "),
    "platform": ("площадка ", "площадки "),
    "action": ("действие ", "действия "),
    "phrase": ("фраза ", "фразы "),
    "rule": ("правило ", "правила "),
    "code": ("", ""),
    "later": ("позже: ", "позже: "),
}
"""The kinds of what keeps a sentence, one and several, in the order of the page."""

KINDS: Mapping[Kind, str] = {
    "rule": "требований",
    "wording": "готовых формулировок",
    "people": "оставлено людям",
    "background": "рассказ и заголовки",
}
INTRO = """# Регламент: что сказано, чем исполняется, чем проверяется

Страница собрана из `regulation.yaml` командой `python -m suggest.regulation_map`; руками не правится. При разногласиях
старше 000, затем 002, 004, 001 и 003. Тесты лежат в `tests/`. «Люди» — решает или делает человек, и сказано почему.
«Позже» — задумано, но ещё не сделано. Тире — исполнять нечего: заголовок или рассказ.
"""


def render(sentences: Sequence[Sentence]) -> str:
    """The page for people: how much there is of what, then a table for each document."""
    parts = [INTRO, _counts(sentences)]
    for document, listed in groupby(sentences, key=lambda sentence: sentence.document):
        head = "| № / пункт | Что сказано | Чем исполняется | Чем проверяется |\n|---|---|---|---|"
        rows = "\n".join(map(_row, listed))
        parts.append(f"## {document}. {DOCUMENTS[document]}\n\n{head}\n{rows}\n")
    return "\n".join(parts)


def _counts(sentences: Sequence[Sentence]) -> str:
    counted = Counter(sentence.kind for sentence in sentences)
    kinds = ", ".join(f"{name} {counted[kind]}" for kind, name in KINDS.items())
    only_later = ", ".join(sentence.id for sentence in sentences if _only_later(sentence))
    return f"Всего предложений {len(sentences)}: {kinds}. Только задумано, не сделано: {only_later or 'нет таких'}.\n"


def _only_later(sentence: Sentence) -> bool:
    required = sentence.kind in {"rule", "wording"}
    return required and all(_parted(entry)[0] == "later" for entry in sentence.by)


def _row(sentence: Sentence) -> str:
    tests = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in sentence.tests)
    place = sentence.id if sentence.paragraph == sentence.document else f"{sentence.id}<br>{sentence.paragraph}"
    cells = (place, sentence.quote, _kept(sentence), tests or "—")
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _kept(sentence: Sentence) -> str:
    """What keeps a sentence, kind by kind, then the note."""
    by_kind: dict[str, list[str]] = defaultdict(list)
    for kind, name in map(_parted, sentence.by):
        by_kind[kind].append(STEPS[name] if kind == "step" else name if kind == "later" else f"`{name}`")
    said = [
        labels[len(by_kind[kind]) > 1] + ", ".join(by_kind[kind]) for kind, labels in NAMES.items() if kind in by_kind
    ]
    note = f"**люди:** {sentence.note}" if sentence.kind == "people" else f"_{sentence.note}_" if sentence.note else ""
    return "<br>".join([*said, *([note] if note else [])]) or "—"


def main() -> None:
    """Writes the page; exits with every fault instead if there are any."""
    try:
        bank = load(Path(__file__).parent.parent / "phrasebank")
        sentences = read(bank.path / FILE)
    except PhrasebankError as error:
        sys.exit(str(error))
    if found := faults(sentences, bank):
        sys.exit("\n".join(found))
    (bank.path / PAGE).write_text(render(sentences), encoding="utf-8")


if __name__ == "__main__":
    main()
