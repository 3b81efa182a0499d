"""Loads the folder `phrasebank/` once: the regulation, the approved phrases and the exemplars, as data.

A bank with any fault is refused whole, with every fault listed and its file named, so that an owner mends them in one go.
`Phrasebank.version` is a hash of everything but the exemplars; `exemplar_hash` is a hash of those.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from suggest.domain import Frozen, PhrasebankError, Platform
from suggest.regulation import (
    ANY,
    NO_TOPIC,
    ActionRule,
    Company,
    CompanyFile,
    Department,
    Exemplar,
    FlagExemplar,
    FlagRules,
    InterimPhrase,
    Phrase,
    Phrasebank,
    PlatformRules,
    Rule,
    Scenario,
    Slot,
    ToneFlag,
    Topic,
    Variable,
)

Row = TypeVar("Row", bound=Frozen)


class _Reader:
    """Reads files one by one and collects the faults instead of stopping at the first."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.faults: list[str] = []
        self.digest = hashlib.sha256()

    def raw(self, name: str) -> Any:
        path = self.root / name
        try:
            content = path.read_bytes()
            self.digest.update(name.encode() + b"\0" + content)
            return yaml.load(content.decode(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
        except FileNotFoundError:
            self.faults.append(f"{name}: the file is missing")
        except UnicodeDecodeError:
            self.faults.append(f"{name}: not UTF-8")
        except yaml.YAMLError as error:
            self.faults.append(f"{name}: not YAML: {' '.join(str(error).split())}")
        return None

    def one(self, name: str, where: str, row: type[Row], value: Any) -> Row | None:
        try:
            return row.model_validate(value)
        except ValidationError as error:
            for fault in error.errors():
                place = ".".join(str(part) for part in fault["loc"])
                self.faults.append(f"{name}: {where}: {place}: {fault['msg']}")
            return None

    def many(self, name: str, row: type[Row], extra: Mapping[str, Any] | None = None) -> dict[str, Row]:
        rows: dict[str, Row] = {}
        content = self.raw(name)
        if content is not None and not isinstance(content, list):
            self.faults.append(f"{name}: a list is expected")
            return rows
        for number, value in enumerate(content or (), 1):
            where = str(value.get("id", f"entry {number}")) if isinstance(value, dict) else f"entry {number}"
            item = self.one(name, where, row, value | dict(extra or {}) if isinstance(value, dict) else value)
            if item is None:
                continue
            if where in rows:
                self.faults.append(f"{name}: {where}: the id occurs twice")
            rows[where] = item
        return rows

    def scenarios(self) -> dict[str, Scenario]:
        found: dict[str, Scenario] = {}
        for path in sorted((self.root / "scenarios").glob("*.yaml")):
            name = f"scenarios/{path.name}"
            value = self.raw(name)
            if value is not None:
                whole = value | {"id": path.stem} if isinstance(value, dict) else value
                item = self.one(name, path.stem, Scenario, whole)
                if item:
                    found[path.stem] = item
        return found

    def phrases(self, slots: Iterable[str]) -> dict[str, Phrase]:
        found: dict[str, Phrase] = {}
        for slot in slots:
            for phrase_id, phrase in self.many(f"phrases/{slot}.yaml", Phrase, {"slot": slot}).items():
                if phrase_id in found:
                    self.faults.append(f"phrases/{slot}.yaml: {phrase_id}: the id occurs in another file too")
                found[phrase_id] = phrase
        return found

    def given_names(self) -> dict[str, Any]:
        content = self.raw("given_names.yaml")
        if not isinstance(content, dict) or set(content) - {"f", "m", "fm"}:
            self.faults.append("given_names.yaml: lists under f, m and fm are expected")
            return {}
        return {name: gender for gender, names in content.items() for name in names}


def load(root: Path) -> Phrasebank:
    """Reads and cross-checks the folder; raises PhrasebankError with every fault."""
    reader = _Reader(root)
    slots = reader.many("slots.yaml", Slot)
    company = reader.one("company.yaml", "company", CompanyFile, reader.raw("company.yaml"))
    bank = Phrasebank(
        slots=slots,
        variables=reader.many("variables.yaml", Variable),
        platforms={rules.id: rules for rules in reader.many("platforms.yaml", PlatformRules).values()},
        departments=reader.many("departments.yaml", Department),
        topics=reader.many("topics.yaml", Topic),
        flags=reader.many("flags.yaml", FlagRules),
        scenarios=reader.scenarios(),
        actions=tuple(reader.many("actions.yaml", ActionRule).values()),
        phrases=reader.phrases(slots),
        interim=reader.many("phrases/interim.yaml", InterimPhrase),
        rules=reader.many("rules.yaml", Rule),
        tone=reader.many("tone.yaml", ToneFlag),
        company_file=company or CompanyFile(default=Company(name="", email="", phone="")),
        given_names=reader.given_names(),
        version=reader.digest.hexdigest()[:12],
        path=root,
    )
    faults = reader.faults + [fault for check in REFERENCES for fault in check(bank)]
    if faults:
        raise PhrasebankError(faults)
    return bank


def _platforms_known(bank: Phrasebank) -> Iterator[str]:
    for platform in Platform:
        if platform not in bank.platforms:
            yield f"platforms.yaml: {platform.value}: the platform is missing"


def _topics_lead_somewhere(bank: Phrasebank) -> Iterator[str]:
    for topic in bank.topics.values():
        for department in (topic.department, *(other.department for other in topic.other_departments)):
            if department not in bank.departments:
                yield f"topics.yaml: {topic.id}: no such department: {department}"


def _scenarios_name_known_things(bank: Phrasebank) -> Iterator[str]:
    for scenario in bank.scenarios.values():
        where = f"scenarios/{scenario.id}.yaml"
        if scenario.topic not in {None, NO_TOPIC, *bank.topics}:
            yield f"{where}: no such topic: {scenario.topic}"
        used = [use.slot for use in scenario.public]
        for slot in (*used, *(use.slot for use in scenario.dm), *scenario.may, *scenario.never):
            if slot not in bank.slots:
                yield f"{where}: no such slot: {slot}"
        for slot in bank.slots:
            times = (slot in used) + (slot in scenario.may) + (slot in scenario.never)
            if times != 1:
                yield f"{where}: {slot}: must stand exactly once in public, may or never"


def _phrases_name_known_things(bank: Phrasebank) -> Iterator[str]:
    for phrase in bank.phrases.values():
        where = f"phrases/{phrase.slot}.yaml: {phrase.id}"
        try:
            unknown = phrase.variables - set(bank.variables)
        except ValueError as error:
            yield f"{where}: {error}"
            continue
        if unknown:
            yield f"{where}: no such variable: {', '.join(sorted(unknown))}"
        if phrase.part not in bank.slots[phrase.slot].part_ids:
            yield f"{where}: no such part of the slot: {phrase.part}"
        for kind, known in (("scenarios", bank.scenarios), ("topics", bank.topics)):
            named = getattr(phrase, kind)
            for item in () if named == ANY else named:
                if item not in known:
                    yield f"{where}: {kind}: unknown: {item}"
        if phrase.status == "approved" and phrase.approved is None:
            yield f"{where}: approved by whom and when is missing"


def _actions_name_known_things(bank: Phrasebank) -> Iterator[str]:
    known: dict[str, Mapping[str, Any]] = {
        "scenarios": bank.scenarios,
        "topics": bank.topics,
        "flags": bank.flags,
        "departments": bank.departments,
    }
    for action in bank.actions:
        for kind, things in known.items():
            for item in getattr(action.only_for, kind):
                if item not in things:
                    yield f"actions.yaml: {action.id}: {kind}: unknown: {item}"


REFERENCES: tuple[Callable[[Phrasebank], Iterator[str]], ...] = (
    _platforms_known,
    _topics_lead_somewhere,
    _scenarios_name_known_things,
    _phrases_name_known_things,
    _actions_name_known_things,
)


def load_exemplars(root: Path) -> tuple[Exemplar, ...]:
    """Every exemplar of `exemplars/*.jsonl`, file by file; raises PhrasebankError with every bad line."""
    return _lines(root, "exemplars", Exemplar, lambda stem: {"scenario": None if stem == "out_of_scope" else stem})


def load_flag_exemplars(root: Path) -> tuple[FlagExemplar, ...]:
    """Every exemplar of `flag_exemplars/*.jsonl`, file by file; raises PhrasebankError with every bad line."""
    return _lines(root, "flag_exemplars", FlagExemplar, lambda stem: {"flag": stem})


def exemplar_hash(exemplars: Iterable[Frozen]) -> str:
    """A hash of all that is learnt from: every field of every exemplar, in order."""
    digest = hashlib.sha256()
    for item in exemplars:
        digest.update(item.model_dump_json().encode())
    return digest.hexdigest()[:12]


def _lines(root: Path, folder: str, row: type[Row], named: Callable[[str], dict[str, Any]]) -> tuple[Row, ...]:
    """The rows of JSON lines; a file's name says what they are of."""
    rows, faults = [], []
    for path in sorted((root / folder).glob("*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                rows.append(row.model_validate(json.loads(line) | named(path.stem)))
            except (ValueError, TypeError) as error:
                faults.append(f"{folder}/{path.name}:{number}: {' '.join(str(error).split())}")
    if faults:
        raise PhrasebankError(faults)
    return tuple(rows)
