"""Gates: bounds that a run on our own cases must keep; data in `gates.yaml`, each with the reason for its value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from evals.dataset import SKIP
from evals.judge import Row

FILE = Path(__file__).with_name("gates.yaml")
NAMED = 12
"""So many cases are named for a failed gate."""


class Gate(BaseModel):
    """A bound on a number of the result, given as a dotted path; `rules` is every rule's compliance at once.

    `whole`: judged only on the whole set of cases, since a slice says too little about it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    whole: bool = False
    reason: str

    @model_validator(mode="after")
    def _one_bound(self) -> Gate:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("either at_least or at_most")
        return self

    @property
    def bound(self) -> str:
        return f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"

    def holds(self, value: float) -> bool:
        return value >= self.at_least if self.at_least is not None else value <= (self.at_most or 0)


@dataclass(frozen=True)
class Verdict:
    """A gate beside its value: `passed` is None where there is nothing to judge."""

    gate: Gate
    value: float | None
    passed: bool | None
    cases: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = f"{self.gate.metric} = {self.value} (must be {self.gate.bound})"
        if not self.cases:
            return told
        more = len(self.cases) - NAMED
        return f"{told}: {', '.join(self.cases[:NAMED])}" + (f" and {more} more" if more > 0 else "")


def load(path: Path = FILE) -> tuple[Gate, ...]:
    """The gates of the file; raises ValueError for one that cannot be read."""
    return tuple(Gate.model_validate(entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8")))


CULPRITS: Mapping[str, Callable[[Row], bool]] = {
    "top1": lambda row: row.in_scope and not row.top(1),
    "top3": lambda row: row.in_scope and not row.top(3),
    "coverage": lambda row: row.in_scope and not row.ready,
    "selective_accuracy": lambda row: row.ready and not row.ok,
    "oos_recall": lambda row: row.expected is None and row.ready,
    "triage_accuracy": lambda row: (row.got == SKIP) != (row.expected == SKIP),
    "flag_recall": lambda row: bool({*row.flags_expected} - {*row.flags}),
    "flag_precision": lambda row: bool({*row.flags} - {*row.flags_expected, *row.flags_optional}),
    "route_accuracy": lambda row: row.routed is False,
    "shape_accuracy": lambda row: row.shaped is False,
    "harmful_rate": lambda row: bool(row.harm),
    "rules": lambda row: bool(row.broken),
}
"""Which cases are to blame for a number."""


def judge(gates: Sequence[Gate], result: Mapping[str, Any], rows: Sequence[Row], whole: bool) -> list[Verdict]:
    """Every gate's verdict; for `rules` one for each rule that is broken, or one for all."""
    verdicts: list[Verdict] = []
    for gate in gates:
        if gate.whole and not whole:
            continue
        if gate.metric == "rules":
            verdicts += _rules(gate, result, rows)
            continue
        value = find(result, gate.metric)
        passed = None if value is None else gate.holds(value)
        blamed = CULPRITS.get(gate.metric) if passed is False else None
        verdicts.append(Verdict(gate, value, passed, tuple(row.id for row in rows if blamed and blamed(row))))
    return verdicts


def _rules(gate: Gate, result: Mapping[str, Any], rows: Sequence[Row]) -> list[Verdict]:
    failed = []
    for rule, told in result["rules"].items():
        value = round(told["passed"] / told["applicable"], 4)
        if not gate.holds(value):
            named = gate.model_copy(update={"metric": f"rules.{rule}"})
            failed.append(Verdict(named, value, False, tuple(row.id for row in rows if rule in row.broken)))
    return failed or [Verdict(gate, 1.0 if result["rules"] else None, True if result["rules"] else None)]


def find(result: Mapping[str, Any], path: str) -> float | None:
    """The number at a dotted path; None where there is none. A list of two is a share: hits and total."""
    value: Any = result
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return None if value is None else float(value)
