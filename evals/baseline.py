"""The run we accepted (`baseline.json`), and how a newer run differs from it, case by case."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.stats import mcnemar

FILE = Path(__file__).with_name("baseline.json")
LOGS = Path(__file__).parent.parent / "logs"
LAST = "last.json"
"""The newest run of all our own cases, in the log folder: what `compare`, `bless` and `report` read."""

SIGNIFICANCE = 0.05
KEPT = (
    *("top1", "top3", "coverage", "selective_accuracy", "oos_recall", "triage_accuracy"),
    *("flag_precision", "flag_recall", "route_accuracy", "shape_accuracy", "harmful_rate"),
)
"""The shares that a baseline keeps, in the order they are shown."""
PAIRED = ("ok", "top1")
"""Outcomes of a case that are tested in pairs: as expected, and its best guess right."""


@dataclass(frozen=True)
class Paired:
    """Cases that an outcome was lost and won in, and the exact two-sided p of McNemar's test."""

    worse: tuple[str, ...]
    better: tuple[str, ...]
    p: float

    @property
    def lost(self) -> bool:
        return len(self.worse) > len(self.better) and self.p < SIGNIFICANCE


@dataclass(frozen=True)
class Comparison:
    """A run beside the baseline: `moved` numbers as (before, now); `new` and `gone` are unpaired cases."""

    moved: Mapping[str, tuple[float | None, float | None]]
    paired: Mapping[str, Paired]
    new_harm: tuple[str, ...]
    new_broken: Mapping[str, tuple[str, ...]]
    new: tuple[str, ...]
    gone: tuple[str, ...]

    @property
    def faults(self) -> list[str]:
        """Why the newer run is not acceptable; empty where it is."""
        faults = [
            f"{name}: a significant loss: {len(pair.worse)} cases worse, {len(pair.better)} better, p = {pair.p:.3f}"
            for name, pair in self.paired.items()
            if pair.lost
        ]
        if self.new_harm:
            faults.append(f"new harmful cases: {', '.join(self.new_harm)}")
        return faults + [f"rule newly broken: {rule}: {', '.join(ids)}" for rule, ids in self.new_broken.items()]


def load() -> dict[str, Any] | None:
    """The baseline; None where none was blessed yet."""
    if not FILE.exists():
        return None
    baseline: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return baseline


def bless(result: Mapping[str, Any]) -> None:
    """Makes a result the baseline: its numbers, and of each case what a comparison needs."""
    kept = {name: result[name] for name in ("provenance", "n", *KEPT, "ece", "intervals")}
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in map(_kept, result["cases"]))
    head = json.dumps(kept, ensure_ascii=False, indent=1)
    FILE.write_text(f'{head[:-2]},\n "cases": [\n{lines}\n]\n}}\n', encoding="utf-8")


def _kept(case: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: case[name] for name in ("id", "digest", "got", "ok", "top1")}
    return kept | {name: list(case[name]) for name in ("harm", "broken") if case[name]}


def compare(result: Mapping[str, Any], baseline: Mapping[str, Any]) -> Comparison:
    """The comparison of a run with the baseline; cases are paired where neither review nor expectation changed."""
    before = {case["id"]: case for case in baseline["cases"]}
    now = {case["id"]: case for case in result["cases"]}
    both = [id_ for id_ in now if id_ in before and now[id_]["digest"] == before[id_]["digest"]]
    return Comparison(
        moved={name: (baseline.get(name), result.get(name)) for name in KEPT},
        paired={name: _paired(name, both, before, now) for name in PAIRED},
        new_harm=tuple(id_ for id_ in now if {*now[id_]["harm"]} - {*before.get(id_, {}).get("harm", ())}),
        new_broken=_newly_broken(before, now),
        new=tuple(id_ for id_ in now if id_ not in both),
        gone=tuple(id_ for id_ in before if id_ not in now),
    )


def _paired(name: str, ids: Sequence[str], before: Mapping[str, Any], now: Mapping[str, Any]) -> Paired:
    worse = tuple(id_ for id_ in ids if before[id_][name] and not now[id_][name])
    better = tuple(id_ for id_ in ids if now[id_][name] and not before[id_][name])
    return Paired(worse, better, mcnemar(len(worse), len(better)))


def _newly_broken(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The cases that break a rule which no case of the baseline broke."""
    known = {rule for case in before.values() for rule in case.get("broken", ())}
    broken: dict[str, list[str]] = {}
    for case in now.values():
        for rule in set(case["broken"]) - known:
            broken.setdefault(rule, []).append(case["id"])
    return {rule: tuple(ids) for rule, ids in sorted(broken.items())}
