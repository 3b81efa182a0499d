"""A run on the terminal: the numbers with their intervals, the weakest scenarios, broken rules, gates, differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from evals.baseline import KEPT, Comparison
from evals.gates import Verdict
from evals.rules import rules
from suggest.regulation import Phrasebank


def number(value: float | None, places: int = 3) -> str:
    return "–" if value is None else f"{value:.{places}f}"


def result(told: Mapping[str, Any], bank: Phrasebank, console: Console) -> None:
    """The whole table of a run, with a column for each model."""
    table = Table(title=f"{told['n']} cases, phrasebank {told['provenance']['phrasebank']}", title_justify="left")
    for heading in ("", "deterministic", "95 %", *told["columns"]):
        table.add_column(heading, justify="left" if not heading else "right")
    for name in (*KEPT, "ece"):
        interval = told["intervals"].get(name)
        bounds = f"{interval[0]:.3f}–{interval[1]:.3f}" if interval else ""
        table.add_row(name, number(told[name]), bounds, *(number(other[name]) for other in told["columns"].values()))
    for name, columns in _costs(told).items():
        table.add_row(name, *columns)
    for name, columns in _deciders(told).items():
        table.add_row(name, *columns)
    console.print(table)
    _scenarios(told, console)
    _robustness(told, console)
    broken = {rule: counted for rule, counted in told["rules"].items() if counted["passed"] < counted["applicable"]}
    paragraphs = {rule.id: rule.paragraph for rule in rules(bank)}
    console.print(f"rules: {len(told['rules'])} applied, {len(broken)} broken")
    for rule, counted in broken.items():
        console.print(f"  {rule} ({paragraphs[rule]}): kept in {counted['passed']} of {counted['applicable']}")
    if "replies" in told:
        tone = told["replies"]
        console.print(
            f"tone checks: {tone['n']} replies, precision {number(tone['precision'])}, recall {number(tone['recall'])}"
        )


def _costs(told: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Latency for every column; tokens and money for the models."""
    columns = [told, *told["columns"].values()]
    rows = {
        f"latency {share}, ms": tuple(number(column["latency_ms"][share], 0) for column in columns)
        for share in ("p50", "p95")
    }
    rows = {name: (values[0], "", *values[1:]) for name, values in rows.items()}
    for name in ("calls", "failures", "refusals", "tokens", "cost") if told["columns"] else ():
        rows[name] = ("", "", *(str(column["usage"][name]) for column in told["columns"].values()))
    return rows


def _deciders(told: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Beside a model: how many answers the matcher and the model decided, with the share of right ones, and the tone."""
    columns = [told, *told["columns"].values()] if told["columns"] else []
    rows = {f"answered by {name}": [_decided(column, name) for column in columns] for name in ("matcher", "model")}
    if any("tone" in column for column in columns):
        for judge, about in (("rules", "tone by rules"), ("model", "tone by model"), ("both", "tone by both")):
            rows[f"{about}, precision/recall"] = [_toned(column, judge) for column in columns]
    return {name: (values[0], "", *values[1:]) for name, values in rows.items() if values}


def _decided(column: Mapping[str, Any], name: str) -> str:
    line = column["by"].get(name, {"n": 0, "right": None})
    return f"{line['n']} ({number(line['right'], 2)} right)" if line["n"] else "0"


def _toned(column: Mapping[str, Any], judge: str) -> str:
    line = column.get("tone", {}).get(judge)
    return f"{number(line['precision'], 2)}/{number(line['recall'], 2)} of {line['n']}" if line else ""


def _scenarios(told: Mapping[str, Any], console: Console) -> None:
    table = Table(title="by scenario, the weakest first", title_justify="left")
    names = ("n", "top1", "top3", "coverage", "selective_accuracy", "route_accuracy")
    for heading in ("", *names):
        table.add_column(heading, justify="left" if not heading else "right")
    for scenario, line in sorted(told["per_scenario"].items(), key=lambda item: item[1]["top1"]):
        table.add_row(scenario, str(line["n"]), *(number(line[name], 2) for name in names[1:]))
    console.print(table)


def _robustness(told: Mapping[str, Any], console: Console) -> None:
    if "robustness" not in told:
        return
    names = ("n", "scenario", "answer", "misled", "flags", "phrases")
    table = Table(title="how often it changes under", title_justify="left")
    for heading in ("", *names):
        table.add_column(heading, justify="left" if not heading else "right")
    for kind, line in told["robustness"].items():
        table.add_row(kind, str(line["n"]), *(number(line[name]) for name in names[1:]))
    console.print(table)


def verdicts(judged: Sequence[Verdict], console: Console) -> None:
    """The failed gates, each with its reason and the cases to blame."""
    failed = [verdict for verdict in judged if verdict.passed is False]
    for verdict in failed:
        console.print(f"GATE FAILED: {verdict}", style="bold red", markup=False, soft_wrap=True)
        console.print(f"  {verdict.gate.reason}", markup=False, soft_wrap=True)
    if judged and not failed:
        console.print(f"all {len(judged)} gates hold", style="green")


def comparison(compared: Comparison, console: Console) -> None:
    """What moved, what became better and worse, and why the run is not acceptable, if so."""
    for name, (before, now) in compared.moved.items():
        if before != now:
            console.print(f"{name}: {number(before)} → {number(now)}", highlight=False)
    for name, pair in compared.paired.items():
        console.print(f"{name}: {len(pair.better)} better, {len(pair.worse)} worse, McNemar p = {pair.p:.3f}")
        for label, ids in (("better", pair.better), ("worse", pair.worse)):
            if ids:
                console.print(f"  {label}: {', '.join(ids)}", soft_wrap=True)
    if compared.new or compared.gone:
        console.print(f"not compared: {len(compared.new)} new or changed cases, {len(compared.gone)} gone")
    for fault in compared.faults:
        console.print(f"NOT ACCEPTABLE: {fault}", style="bold red", markup=False, soft_wrap=True)
    if not compared.faults:
        console.print("no significant loss, no new harmful case, no rule newly broken", style="green")
