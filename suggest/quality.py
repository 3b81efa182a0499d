"""Quality control of published replies (002 «Калибровка»): the checklist, scores, and how far the rule checks agree.

Nouns and pure functions; the checklist itself is `phrasebank/quality.yaml`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import TypeAdapter

from suggest.datafile import read
from suggest.domain import Finding, Frozen, PhrasebankError, Severity
from suggest.regulation import Phrasebank

FILE = "quality.yaml"
Answer = Literal["yes", "no", "na"]
"""What a lead says to an item: kept, broken, or it does not concern this reply."""


class Item(Frozen):
    """One line of the checklist; `rules` are those of `rules.yaml` that look for the same."""

    id: str
    title: str
    source: str
    rules: tuple[str, ...] = ()


class Agreement(Frozen):
    """How far the rule checks and people agree on an item, or on all of them.

    `both`: so many scores had an answer of each; `same` of them were the same. `missed`: people said no and the checks
    nothing; `alarms`: the other way round. `kappa` is Cohen's, None where one side always gave the same answer (then it
    says nothing); `between` its 95 % interval.
    """

    both: int
    same: int
    missed: int
    alarms: int
    kappa: float | None
    between: tuple[float, float] | None

    @property
    def share(self) -> float | None:
        return self.same / self.both if self.both else None


def load_checklist(bank: Phrasebank) -> tuple[Item, ...]:
    """The checklist beside this phrasebank; raises PhrasebankError with every fault of the file."""
    items = read(bank.path, FILE, TypeAdapter(tuple[Item, ...]), empty=())
    faults = [
        f"{FILE}: {item.id}: no such rule: {rule}" for item in items for rule in item.rules if rule not in bank.rules
    ]
    ids = [item.id for item in items]
    faults += [f"{FILE}: {name}: twice" for name in sorted({name for name in ids if ids.count(name) > 1})]
    if faults or not items:
        raise PhrasebankError(faults or [f"{FILE}: no items"])
    return items


def verdicts(items: Iterable[Item], findings: Iterable[Finding]) -> dict[str, Answer]:
    """What the rule checks say to the items that they know something about."""
    broken = {finding.rule for finding in findings if finding.severity is not Severity.INFO}
    return {item.id: "no" if broken & set(item.rules) else "yes" for item in items if item.rules}


def share(answers: Mapping[str, str]) -> float | None:
    """The score of a reply: kept items among those that concern it; None where none does."""
    told = [answer for answer in answers.values() if answer in {"yes", "no"}]
    return told.count("yes") / len(told) if told else None


def agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Of pairs (what a person said, what the checks say); those with another answer than yes or no do not count."""
    told = [(person, checks) for person, checks in pairs if {person, checks} <= {"yes", "no"}]
    both, same = len(told), sum(person == checks for person, checks in told)
    missed, alarms = told.count(("no", "yes")), told.count(("yes", "no"))
    kappa, between = _kappa(told, same)
    return Agreement(both=both, same=same, missed=missed, alarms=alarms, kappa=kappa, between=between)


def _kappa(told: Sequence[tuple[str, str]], same: int) -> tuple[float | None, tuple[float, float] | None]:
    """Cohen's kappa with its 95 % interval by the usual standard error."""
    if not told:
        return None, None
    both = len(told)
    persons, checks = (sum(pair[side] == "no" for pair in told) / both for side in (0, 1))
    if persons in (0, 1) or checks in (0, 1):
        return None, None
    by_chance = persons * checks + (1 - persons) * (1 - checks)
    seen = same / both
    kappa = (seen - by_chance) / (1 - by_chance)
    error = 1.96 * math.sqrt(seen * (1 - seen) / both) / (1 - by_chance)
    return kappa, (max(-1.0, kappa - error), min(1.0, kappa + error))
