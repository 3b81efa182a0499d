"""The run as JUnit XML, which any CI shows: gates and rules fail, harmful cases fail, other wrong cases are skips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from evals.gates import Verdict


def write(path: Path, result: Mapping[str, Any], verdicts: Sequence[Verdict]) -> None:
    """Writes the suites `gates`, `rules` and `cases`."""
    root = ElementTree.Element("testsuites", name="evals")
    gates = [
        (verdict.gate.metric, None if verdict.passed is not False else f"{verdict}. {verdict.gate.reason}")
        for verdict in verdicts
    ]
    rules = [
        (rule, None if told["passed"] == told["applicable"] else f"{told['passed']} of {told['applicable']}")
        for rule, told in result["rules"].items()
    ]
    _suite(root, "gates", gates)
    _suite(root, "rules", rules)
    cases = _suite(
        root, "cases", [(case["id"], case["explanation"] if case["harm"] else None) for case in result["cases"]]
    )
    for element, case in zip(cases, result["cases"], strict=True):
        if not case["ok"] and not case["harm"]:
            ElementTree.SubElement(element, "skipped", message=case["explanation"])
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _suite(root: ElementTree.Element, name: str, tests: Sequence[tuple[str, str | None]]) -> ElementTree.Element:
    failures = sum(failure is not None for _, failure in tests)
    suite = ElementTree.SubElement(root, "testsuite", name=name, tests=str(len(tests)), failures=str(failures))
    for test, failure in tests:
        element = ElementTree.SubElement(suite, "testcase", classname=f"evals.{name}", name=test)
        if failure is not None:
            ElementTree.SubElement(element, "failure", message=failure)
    return suite
