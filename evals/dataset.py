"""Evaluation cases: reviews with what the service should make of them (design.md, section 4)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from suggest.domain import Review
from suggest.regulation import Phrasebank

OWN = Path(__file__).resolve().parent / "cases"
"""Our own cases: the only ones that gates and the baseline are about."""

SKIP = "skip"

Item = TypeVar("Item")


class EvalsError(Exception):
    """The root of what the harness raises: its text is fit to be shown."""


class CasesError(EvalsError):
    """The cases are refused, with every fault listed as `file:line: reason`."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class Expectation(BaseModel):
    """The right scenario, "skip", or None for an abstention; `also` are as good; `flags_optional` count neither way."""

    model_config = ConfigDict(frozen=True, extra="allow")

    scenario: str | None
    also: tuple[str | None, ...] = ()
    flags: tuple[str, ...] = ()
    flags_optional: tuple[str, ...] = ()


class Case(BaseModel):
    """One review and what is expected; keys we do not know are kept in `model_extra`."""

    model_config = ConfigDict(frozen=True, extra="allow")

    id: str
    review: Review
    expect: Expectation
    kind: str
    draft: Literal[False] = False

    @property
    def accepted(self) -> frozenset[str | None]:
        return frozenset({self.expect.scenario, *self.expect.also})

    @property
    def digest(self) -> str:
        """Changes with the review and with what is expected, so that only like is compared with like."""
        told = self.model_dump_json(include={"review", "expect"})
        return hashlib.blake2b(told.encode(), digest_size=6).hexdigest()

    @property
    def in_scope(self) -> bool:
        """Whether a scenario is expected, not a skip and not an abstention."""
        return self.expect.scenario not in {None, SKIP}


def own_files() -> list[Path]:
    return sorted(OWN.glob("*.jsonl"))


def is_own(path: Path) -> bool:
    return path.resolve().parent == OWN


def load(paths: Sequence[Path], bank: Phrasebank) -> tuple[Case, ...]:
    """Every case of the files, in order; raises CasesError with every fault of every file.

    An id that another file has too is told apart by the name of its file.
    """
    cases: dict[str, Case] = {}
    faults: list[str] = []
    for path in paths:
        others = frozenset(cases)
        for number, line in _lines(path, faults):
            where = f"{path}:{number}"
            try:
                case = Case.model_validate(json.loads(line))
            except ValidationError as error:
                faults += [f"{where}: {'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
                continue
            except ValueError as error:
                faults.append(f"{where}: not JSON: {error}")
                continue
            if case.id in others:
                case = case.model_copy(update={"id": f"{path.stem}:{case.id}"})
            faults += [f"{where}: {case.id}: {fault}" for fault in _faults(case, bank, case.id in cases)]
            cases[case.id] = case
    if faults or not cases:
        raise CasesError(faults or ["no cases"])
    return tuple(cases.values())


def _lines(path: Path, faults: list[str]) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        faults.append(f"{path}: cannot be read: {error}")
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line


def _faults(case: Case, bank: Phrasebank, twice: bool) -> Iterator[str]:
    if twice:
        yield "the id occurs twice"
    for name in (case.expect.scenario, *case.expect.also):
        if name is not None and name != SKIP and name not in bank.scenarios:
            yield f"no such scenario: {name}"
    for flag in (*case.expect.flags, *case.expect.flags_optional):
        if flag not in bank.flags:
            yield f"no such flag: {flag}"
    if case.review.rating is None and not case.review.text.strip():
        yield "a review needs a text or a rating"


def evenly(items: Sequence[Item], number: int) -> tuple[Item, ...]:
    """So many of the items at most, spread evenly."""
    count = min(number, len(items))
    return tuple(items[i * len(items) // count] for i in range(count))


def sliced(cases: Sequence[Case], spec: str) -> tuple[Case, ...]:
    """A part of the cases: N of them spread evenly, or those of a kind, an expected scenario or an expected flag.

    Raises CasesError where nothing is left.
    """
    if spec.isdecimal() and int(spec):
        return evenly(cases, int(spec))
    chosen = tuple(case for case in cases if spec in {case.kind, case.expect.scenario, *case.expect.flags})
    if not chosen:
        raise CasesError([f"--slice {spec}: neither a number above 0 nor a kind, scenario or flag of these cases"])
    return chosen
