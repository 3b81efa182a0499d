"""`python -m evals run`: the cases through the production service, the numbers to JSON, then the gates."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from evals import gates, junit, perturb, replies, show
from evals.baseline import LAST, LOGS
from evals.dataset import Case, evenly, is_own, load, own_files, sliced
from evals.judge import Row
from evals.meter import Meter
from evals.metrics import measure
from evals.task import evaluate
from suggest.bootstrap import build_suggester
from suggest.bootstrap_model import advised
from suggest.domain import Finding, InputError, Platform, Review
from suggest.evaluation import FILE
from suggest.phrasebank import load as load_bank
from suggest.pipeline import Suggester
from suggest.regulation import Phrasebank
from suggest.settings import PREFIX, Settings

Build = Callable[[Settings, Phrasebank], Suggester]


@dataclass(frozen=True)
class Scope:
    """Which cases a run is about: `own` ones alone are gated, and the `whole` set alone is a baseline."""

    files: tuple[Path, ...]
    cases: tuple[Case, ...]
    own: bool
    whole: bool


def run(options: Namespace, build: Build = build_suggester) -> int:
    """Evaluates, writes, shows; returns 1 where a gate fails, else 0."""
    settings = Settings.read()
    bank = load_bank(settings.phrasebank)
    scope = _scope(options, bank)
    with _progress() as progress:
        suggester = build(settings, bank)
        rows = _column(scope, suggester, "deterministic", options.log_dir, progress)
        result = _result(scope, rows, suggester)
        result["columns"] = _columns(options, scope, suggester, progress)
        if options.robustness or (scope.own and scope.whole):
            result["robustness"] = _robustness(scope, suggester, options.robustness, progress)
    if scope.own:
        told = replies.load(replies.files(), bank)
        result["replies"] = replies.measure(told, replies.rule_judge(suggester.checker), bank)
    kept = [options.log_dir / LAST] if scope.own and scope.whole else []
    if kept and options.log_dir == LOGS:
        kept.append(settings.cache / FILE)
    _write(result, [*options.json, *kept])
    verdicts = gates.judge(gates.load(), result, rows, scope.whole) if scope.own else []
    if options.junit:
        junit.write(options.junit, result, verdicts)
    show.result(result, bank, Console())
    show.verdicts(verdicts, Console(stderr=True))
    return 1 if any(verdict.passed is False for verdict in verdicts) else 0


def _scope(options: Namespace, bank: Phrasebank) -> Scope:
    files = tuple(options.cases or own_files())
    cases = load(files, bank)
    own = all(map(is_own, files))
    whole = options.slice is None and {path.resolve() for path in files} >= set(own_files())
    return Scope(files, sliced(cases, options.slice) if options.slice else cases, own, own and whole)


def _progress() -> Progress:
    columns = (TextColumn("{task.description:>14}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _column(
    scope: Scope, suggester: Suggester, name: str, log_dir: Path, progress: Progress, parallel: int = 1
) -> tuple[Row, ...]:
    bar = progress.add_task(name, total=len(scope.cases))
    return evaluate(scope.cases, suggester, name, log_dir, lambda: progress.advance(bar), parallel)


def _result(scope: Scope, rows: Sequence[Row], suggester: Suggester) -> dict[str, Any]:
    provenance = {
        "phrasebank": suggester.bank.version,
        "matcher": suggester.matcher.version,
        "thresholds": dict(suggester.matcher.limits),
    }
    return {
        "files": [str(path) for path in scope.files],
        "own": scope.own,
        "whole": scope.whole,
        "provenance": provenance,
        **measure(rows),
    }


def _columns(options: Namespace, scope: Scope, suggester: Suggester, progress: Progress) -> dict[str, Any]:
    """The numbers of each model, with what it cost."""
    columns: dict[str, Any] = {}
    for name in options.model:
        meter = Meter()
        asking = advised(_with_model(name), suggester, meter)
        rows = _column(scope, asking, name, options.log_dir, progress, options.parallel)
        columns[name] = measure(rows)
        if scope.own:
            columns[name]["tone"] = _tone(options, asking, progress)
        columns[name]["usage"] = meter.shown()
    return columns


def _tone(options: Namespace, suggester: Suggester, progress: Progress) -> dict[str, Any]:
    """How well rules, model and both hear what is wrong with the tone of replies."""
    bank = suggester.bank
    told = replies.about_tone(replies.load(replies.files(), bank))
    if (options.slice or "").isdecimal():
        told = evenly(told, int(options.slice))
    bar = progress.add_task("tone", total=len(told))
    model = replies.remembered(replies.model_judge(_asked(suggester, lambda: progress.advance(bar))))
    rules = replies.rule_judge(suggester.checker)
    judges = {"rules": rules, "model": model, "both": replies.both(rules, model)}
    return {name: replies.measure(told, judge, bank) for name, judge in judges.items()}


def _asked(suggester: Suggester, done: Callable[[], None]) -> Callable[[str, Review | None], tuple[Finding, ...]]:
    """What the suggester's model finds in a tone, each question with the whole deadline to itself."""

    def tone(text: str, review: Review | None) -> tuple[Finding, ...]:
        found = suggester.adviser.begin().tone(review or Review(platform=Platform.OTHER), text)
        done()
        return found

    return tone


def _with_model(name: str) -> Settings:
    """The settings with a model; raises InputError where the service knows no models."""
    if "model" not in Settings.model_fields:
        raise InputError("--model", "this service has no setting for a model")
    return Settings.read(os.environ | {f"{PREFIX}MODEL": name})


def _robustness(scope: Scope, suggester: Suggester, whole: bool, progress: Progress) -> dict[str, Any]:
    most = None if whole else perturb.SLICE
    total = sum(1 for kind in perturb.KINDS for _ in perturb.pairs(scope.cases, kind, most))
    bar = progress.add_task("robustness", total=total)
    return perturb.change_rates(scope.cases, suggester, most, lambda: progress.advance(bar))


def _write(result: dict[str, Any], paths: Sequence[Path]) -> None:
    """Writes the result, each file whole or not at all."""
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        partial.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        partial.replace(path)
