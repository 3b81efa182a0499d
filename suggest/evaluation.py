"""The newest result of `python -m evals run`, as far as a lead is shown it: read from the cache, never computed here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = "evaluation.json"
"""Written into the cache by a whole run of our own cases."""

HEADLINES = (
    ("top1", "Лучшая догадка верна", "первый сценарий в списке — верный, даже если служба промолчала"),
    ("top3", "Верный сценарий среди трёх", "агент увидит его одним из трёх ближайших"),
    ("coverage", "Предложен готовый ответ", "в остальных отзывах служба молчит и показывает ближайшие сценарии"),
    ("selective_accuracy", "Предложенный ответ верен", "из тех, что предложены"),
    ("oos_recall", "Промолчала, где надо", "тексты, к которым не подходит ни один сценарий"),
    ("route_accuracy", "Верный отдел", "вопрос попадёт к тем, кто его решает"),
    ("triage_accuracy", "Верная очередь", "пропущено ровно то, что не обрабатывается"),
    ("flag_recall", "Признаки замечены", "безопасность, право, повторное обращение, личные данные"),
)


@dataclass(frozen=True)
class Headline:
    """A share with its interval; of `total` cases `hits`."""

    title: str
    about: str
    value: float | None
    between: tuple[float, float] | None
    hits: int
    total: int


@dataclass(frozen=True)
class Evaluation:
    """What a run found. `phrasebank` and `matcher`: the versions that were measured."""

    made_at: datetime
    cases: int
    phrasebank: str
    matcher: str
    headlines: tuple[Headline, ...]
    harmful: int
    broken: tuple[str, ...]
    """Ids of rules that some reply broke."""
    rules: int
    scenarios: Mapping[str, Mapping[str, float]]
    latency_ms: float | None


class Unreadable(Exception):
    """There is a result, but not one that this release can read."""


def newest(cache: Path) -> Evaluation | None:
    """The newest result; None where there is none. Raises Unreadable."""
    path = cache / FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        made_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return _evaluation(found, made_at)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(str(path)) from error


def _evaluation(found: Mapping[str, Any], made_at: datetime) -> Evaluation:
    rules = found["rules"]
    return Evaluation(
        made_at=made_at,
        cases=int(found["n"]),
        phrasebank=str(found["provenance"]["phrasebank"]),
        matcher=str(found["provenance"]["matcher"]),
        headlines=tuple(_headline(found, *line) for line in HEADLINES if line[0] in found),
        harmful=int(found["counts"]["harmful_rate"][0]),
        broken=tuple(sorted(name for name, line in rules.items() if line["passed"] < line["applicable"])),
        rules=len(rules),
        scenarios=found["per_scenario"],
        latency_ms=found["latency_ms"]["p95"],
    )


def _headline(found: Mapping[str, Any], name: str, title: str, about: str) -> Headline:
    hits, total = found["counts"][name]
    between = found["intervals"][name]
    return Headline(title, about, found[name], (between[0], between[1]) if between else None, hits, total)
