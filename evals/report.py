"""`python -m evals report`: one self-contained HTML page in Russian that a team lead can read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evals import baseline, charts, gates
from evals.dataset import SKIP, CasesError, load
from evals.harm import HARMS
from evals.judge import ABSTAINED
from evals.rules import rules
from suggest.regulation import Phrasebank

CURVE = Path(__file__).with_name("learning_curve.json")
"""Written by training where it measures one: `{"points": [{"exemplars": n, "top1": share, "top3": share}]}`."""

WORST = 30
"""So many cases are told in full."""

HEADLINES = (
    ("top1", "Лучшая догадка верна", "Первый сценарий в списке — верный, даже если служба промолчала"),
    ("top3", "Верный сценарий среди трёх", "Агент увидит его одним из трёх ближайших"),
    ("coverage", "Предложен готовый ответ", "В остальных отзывах служба молчит и показывает ближайшие сценарии"),
    ("selective_accuracy", "Предложенный ответ верен", "Из тех, что предложены"),
    ("oos_recall", "Промолчала, где надо", "Тексты, к которым не подходит ни один сценарий"),
    ("route_accuracy", "Верный отдел", "Вопрос попадёт к тем, кто его решает"),
    ("shape_accuracy", "Верный состав ответа", "Части ответа — как в верном сценарии"),
    ("triage_accuracy", "Верная очередь", "Пропущено ровно то, что не обрабатывается"),
    ("flag_recall", "Признаки замечены", "Безопасность, претензия, повторное обращение, личные данные"),
    ("flag_precision", "Признаки подняты по делу", "Доля верных среди поднятых"),
)

OTHER_NAMES = {
    "harmful_rate": "Опасные ошибки",
    "rules": "Соблюдение правил регламента",
    "replies.recall": "Проверка тона: найдено ошибок",
    "replies.precision": "Проверка тона: верных замечаний",
    "flags.safety.recall": "Угроза безопасности замечена",
    "flags.legal.recall": "Претензия или суд замечены",
    "robustness.planted.misled": "Сбит подброшенной командой",
}

PERTURBED = {
    "typos": "опечатки",
    "no_punctuation": "без знаков препинания",
    "capitals": "ЗАГЛАВНЫМИ",
    "yo": "«ё» и «е»",
    "lookalikes": "латинские двойники букв",
    "emoji": "эмодзи между словами",
    "planted": "подброшенная команда",
    "attack": "настоящие атаки против чистого текста",
}


def write(result: Mapping[str, Any], bank: Phrasebank, path: Path) -> None:
    """Writes the page for a result of `run --json`; the texts of the cases are read from their files."""
    templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)
    templates.filters |= {"percent": percent, "decimal": decimal}
    page = templates.get_template("report.html.j2").render(context(result, bank))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page, encoding="utf-8")


def percent(value: float | None, places: int = 0) -> str:
    return "–" if value is None else f"{decimal(100 * value, places)}\u00a0%"


def decimal(value: float, places: int = 1) -> str:
    """A number as Russian writes it, without idle zeros."""
    told = f"{value:.{places}f}"
    return (told.rstrip("0").rstrip(".") if "." in told else told).replace(".", ",")


def context(result: Mapping[str, Any], bank: Phrasebank) -> dict[str, Any]:
    """Everything the template shows."""
    titles = _titles(bank)
    before = baseline.load() if result["own"] else None
    curve = json.loads(CURVE.read_text(encoding="utf-8"))["points"] if CURVE.exists() else None
    return {
        "result": result,
        "titles": titles,
        "headlines": [_headline(result, *headline) for headline in HEADLINES],
        "harms": [(HARMS[kind], number) for kind, number in result["harmful"].items()],
        "flags": {flag.id: flag.title for flag in bank.flags.values()},
        "rules": _rules(result, bank),
        "gates": gates.judge(gates.load(), result, (), result["whole"]) if result["own"] else [],
        "perturbed": PERTURBED,
        "worst": list(_worst(result, bank)),
        "compared": baseline.compare(result, before) if before else None,
        "names": {name: title for name, title, _ in HEADLINES} | OTHER_NAMES,
        "charts": {
            "risk": charts.risk_coverage(result["risk_coverage"], _operating(result))
            if result["risk_coverage"]
            else "",
            "scenarios": charts.scenarios(result["per_scenario"], titles),
            "confusion": charts.confusion(result["confusion"], titles),
            "learning": charts.learning(curve) if curve else "",
        },
    }


def _titles(bank: Phrasebank) -> dict[str, str]:
    named = {scenario.id: scenario.title for scenario in bank.scenarios.values()}
    return named | {SKIP: "Без ответа", ABSTAINED: "Молчание"}


def _headline(result: Mapping[str, Any], name: str, title: str, about: str) -> dict[str, Any]:
    hits, total = result["counts"][name]
    return {"title": title, "about": about, "value": result[name], "interval": result["intervals"][name]} | {
        "hits": hits,
        "total": total,
    }


def _operating(result: Mapping[str, Any]) -> tuple[float, float] | None:
    """Where the service stands on the curve: answered among all that could be, and wrong among the answered."""
    by_matcher = [case for case in result["cases"] if case["by"] in {"matcher", "model"}]
    ready = [case for case in by_matcher if case["ready"]]
    if not ready:
        return None
    return len(ready) / len(by_matcher), sum(not case["ok"] for case in ready) / len(ready)


def _rules(result: Mapping[str, Any], bank: Phrasebank) -> list[dict[str, Any]]:
    """Every rule with its paragraph, the broken ones first."""
    told = []
    for rule in rules(bank):
        counted = result["rules"].get(rule.id, {"applicable": 0, "passed": 0})
        broken = [case for case in result["cases"] if rule.id in case["broken"]]
        told.append({"rule": rule, "broken": broken, **counted})
    return sorted(told, key=lambda entry: (not entry["broken"], entry["rule"].paragraph))


def _worst(result: Mapping[str, Any], bank: Phrasebank) -> Iterator[dict[str, Any]]:
    """Harmful cases, then broken rules, then wrong answers, the surest first."""
    texts = _texts(result, bank)
    wrong = [case for case in result["cases"] if case["harm"] or case["broken"] or (case["ready"] and not case["ok"])]
    wrong.sort(key=lambda case: (not case["harm"], not case["broken"], -(case["confidence"] or 0)))
    for case in wrong[:WORST]:
        yield case | {"review": texts.get(case["id"]), "harms": [HARMS[kind] for kind in case["harm"]]}


def _texts(result: Mapping[str, Any], bank: Phrasebank) -> dict[str, Any]:
    """The reviews by case, as far as their files are still there."""
    try:
        return {case.id: case.review for case in load([Path(path) for path in result["files"]], bank)}
    except CasesError:
        return {}
