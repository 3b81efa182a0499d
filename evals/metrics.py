"""Rows to numbers: the JSON of design.md section 4, with 95 % intervals beside the shares. Pure functions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evals.dataset import SKIP
from evals.harm import HARMS
from evals.judge import ABSTAINED, Row
from evals.stats import Interval, area_under, bootstrap, calibration_error, percentile, risk_coverage, wilson

WINDOW = 10
"""How many replies of a branch a visitor sees at once."""

Count = tuple[int, int]
"""Hits and total."""


def count(hits: Iterable[bool]) -> Count:
    values = list(hits)
    return sum(values), len(values)


def share(counted: Count) -> float | None:
    """Hits by total; None of nothing."""
    return round(counted[0] / counted[1], 4) if counted[1] else None


def counts(rows: Sequence[Row]) -> dict[str, Count]:
    """Hits and total of every share."""
    inside = [row for row in rows if row.in_scope]
    found, missed, false = _flags(rows)
    return {
        "top1": count(row.top(1) for row in inside),
        "top3": count(row.top(3) for row in inside),
        "coverage": count(row.ready for row in inside),
        "selective_accuracy": count(row.ok for row in rows if row.ready),
        "oos_recall": count(not row.ready for row in rows if row.expected is None),
        "triage_accuracy": count((row.got == SKIP) == (row.expected == SKIP) for row in rows),
        "flag_precision": (found, found + false),
        "flag_recall": (found, found + missed),
        "route_accuracy": count(row.routed for row in inside if row.routed is not None),
        "shape_accuracy": count(row.shaped for row in inside if row.shaped is not None),
        "harmful_rate": count(bool(row.harm) for row in rows),
    }


def _flags(rows: Sequence[Row]) -> tuple[int, int, int]:
    """Flags rightly raised, missed, and wrongly raised; optional ones count neither way."""
    found = sum(len({*row.flags} & {*row.flags_expected}) for row in rows)
    missed = sum(len({*row.flags_expected} - {*row.flags}) for row in rows)
    false = sum(len({*row.flags} - {*row.flags_expected, *row.flags_optional}) for row in rows)
    return found, missed, false


def measure(rows: Sequence[Row]) -> dict[str, Any]:
    """Every number of a run; shares of nothing are None."""
    counted = counts(rows)
    sure = [(row.confidence or 0.0, row.top(1)) for row in rows if row.by in {"matcher", "model"}]
    curve = risk_coverage(sure)
    intervals: dict[str, Interval | None] = {name: wilson(*counted[name]) for name in counted}
    intervals["ece"] = bootstrap(calibration_error, sure) if sure else None
    return {
        "n": len(rows),
        **{name: share(counted[name]) for name in counted},
        "ece": round(calibration_error(sure), 4) if sure else None,
        "aurc": round(area_under(curve), 4) if sure else None,
        "intervals": intervals,
        "counts": counted,
        "by": per_decider(rows),
        "harmful": harmful(rows),
        "flags": per_flag(rows),
        "rules": per_rule(rows),
        "per_scenario": per_scenario(rows),
        "per_kind": per_kind(rows),
        "confusion": confusion(rows),
        "risk_coverage": thinned(curve, 100),
        "diversity": diversity(rows),
        "latency_ms": {"p50": percentile(latencies(rows), 50), "p95": percentile(latencies(rows), 95)},
        "cases": [case_line(row) for row in rows],
    }


def per_decider(rows: Sequence[Row]) -> dict[str, dict[str, float | int | None]]:
    """The answered cases by who named the scenario (matcher, model, triage): how many, and the share of right ones."""
    ready = [row for row in rows if row.ready]
    return {
        name: {
            "n": sum(row.by == name for row in ready),
            "right": share(count(row.ok for row in ready if row.by == name)),
        }
        for name in sorted({row.by or "" for row in ready})
    }


def latencies(rows: Sequence[Row]) -> list[float]:
    return [row.latency_ms for row in rows]


def thinned(points: Sequence[Interval], most: int) -> list[Interval]:
    """At most about `most` of the points, the last among them."""
    step = max(1, len(points) // most)
    return [*points[:-1:step], *points[-1:]]


def harmful(rows: Sequence[Row]) -> dict[str, int]:
    """How many cases do each kind of harm."""
    return {kind: sum(kind in row.harm for row in rows) for kind in HARMS}


def per_flag(rows: Sequence[Row]) -> dict[str, dict[str, float | int | None]]:
    """Precision and recall of each flag that is expected or raised anywhere."""
    names = sorted({flag for row in rows for flag in (*row.flags, *row.flags_expected)})
    measured: dict[str, dict[str, float | int | None]] = {}
    for name in names:
        counted = [row for row in rows if name not in row.flags_optional]
        found = sum(name in row.flags and name in row.flags_expected for row in counted)
        raised = sum(name in row.flags for row in counted)
        due = sum(name in row.flags_expected for row in counted)
        measured[name] = {"n": due, "precision": share((found, raised)), "recall": share((found, due))}
    return measured


def per_rule(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    """For each rule that applies anywhere, to how many cases it does and in how many it is kept."""
    applicable = Counter(rule for row in rows for rule in row.rules)
    passed = Counter(rule for row in rows for rule, kept in row.rules.items() if kept)
    return {rule: {"applicable": applicable[rule], "passed": passed[rule]} for rule in sorted(applicable)}


def _grouped(rows: Iterable[tuple[str, Row]]) -> Mapping[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for name, row in rows:
        groups[name].append(row)
    return dict(sorted(groups.items()))


def per_scenario(rows: Sequence[Row]) -> dict[str, dict[str, float | int | None]]:
    """The shares by expected scenario."""
    groups = _grouped((row.expected or "", row) for row in rows if row.in_scope)
    names = ("top1", "top3", "coverage", "selective_accuracy", "route_accuracy", "harmful_rate")
    return {
        name: {"n": len(group)} | {metric: share(counted[metric]) for metric in names}
        for name, group in groups.items()
        for counted in [counts(group)]
    }


def per_kind(rows: Sequence[Row]) -> dict[str, dict[str, float | int | None]]:
    """How each kind of case fares: as expected, top 1, answered, harmful."""
    return {
        kind: {
            "n": len(group),
            "ok": share(count(row.ok for row in group)),
            "top1": share(count(row.top(1) for row in group if row.in_scope)),
            "coverage": share(count(row.ready for row in group if row.in_scope)),
            "harmful_rate": share(count(bool(row.harm) for row in group)),
        }
        for kind, group in _grouped((row.kind, row) for row in rows).items()
    }


def confusion(rows: Sequence[Row]) -> dict[str, dict[str, int]]:
    """How often each expectation got what; an abstention is called "null"."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        table[row.expected or ABSTAINED][row.got or ABSTAINED] += 1
    return {expected: dict(sorted(got.items())) for expected, got in sorted(table.items())}


def diversity(rows: Sequence[Row]) -> dict[str, float | int | None]:
    """How alike the public replies look when all were given, in the order of the cases, by one branch.

    `distinct_per_100` counts different replies; the repeats are the most that one reply, and one phrase other than the
    greeting, occurs among any `WINDOW` replies in a row.
    """
    feed = [row for row in rows if row.ready and row.public]
    chunks = [feed[i : i + 100] for i in range(0, len(feed) - len(feed) % 100, 100)] or [feed]
    distinct = [100 * len({row.reply for row in chunk}) / len(chunk) for chunk in chunks if chunk]
    windows = [feed[i : i + WINDOW] for i in range(max(1, len(feed) - WINDOW + 1))]
    return {
        "replies": len(feed),
        "distinct_per_100": round(sum(distinct) / len(distinct), 1) if distinct else None,
        "feed": WINDOW,
        "longest_repeat_reply": max(_most([row.reply for row in window]) for window in windows),
        "longest_repeat_phrase": max(_most([p for row in window for p in row.phrases[1:]]) for window in windows),
    }


def _most(items: Sequence[str]) -> int:
    return max(Counter(items).values(), default=0)


def case_line(row: Row) -> dict[str, Any]:
    """A case in the result: no text of the review or the reply."""
    return {
        "id": row.id,
        "digest": row.digest,
        "kind": row.kind,
        "expected": row.expected,
        "got": row.got,
        "by": row.by,
        "confidence": None if row.confidence is None else round(row.confidence, 4),
        "ok": row.ok,
        "ready": row.ready,
        "top1": row.top(1) if row.in_scope else None,
        "ranking": row.ranking,
        "flags": row.flags,
        "harm": row.harm,
        "broken": row.broken,
        "explanation": row.explanation,
    }
