"""The commands: a run fails where something is broken on purpose, runs are compared, feedback becomes drafts, the report."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from evals import baseline, gates, run
from evals.__main__ import main
from evals.dataset import CasesError, load
from evals.judge import Row
from evals.meter import Meter
from evals.metrics import measure
from suggest.bootstrap import build_store
from suggest.desk import Desk
from suggest.domain import Match, Review, Usage
from suggest.feedback import Feedback, Outcome
from suggest.regulation import Phrasebank, Scenario, SlotUse
from suggest.settings import PROJECT, Settings
from tests.evals_fakes import BANK, CASES, Always, Oracle, a_row, building, case, service

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Items? .*ReadOnly:UserWarning", "ignore::DeprecationWarning"),
]
"""What inspect_ai and litellm do on their own account."""


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUGGEST_PHRASEBANK", str(PROJECT / "phrasebank"))
    monkeypatch.setattr("evals.gates.load", lambda: gates_without_luck())


def gates_without_luck() -> tuple[gates.Gate, ...]:
    """The gates that hold for a service that knows the answers, whatever the real one is held to."""
    exact = {"metric": "oos_recall", "at_least": 1, "reason": "an oracle knows"}
    return (*(gate for gate in LOADED if not gate.whole), gates.Gate.model_validate(exact))


LOADED = gates.load()


def run_slice(tmp_path: Path, build: Any, *more: str, count: str = "60") -> int:
    written = [
        "--json",
        str(tmp_path / "out.json"),
        "--junit",
        str(tmp_path / "junit.xml"),
        "--log-dir",
        str(tmp_path / "logs"),
    ]
    return main(["run", "--slice", count, *written, *more], build)


def out(tmp_path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    return told


def test_a_run_of_a_right_service_passes_every_gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_slice(tmp_path, building()) == 0
    told = out(tmp_path)
    assert (told["n"], told["top1"], told["coverage"], told["harmful_rate"]) == (60, 1.0, 1.0, 0.0)
    assert list((tmp_path / "logs").glob("*.eval"))
    assert "gates hold" in capsys.readouterr().err
    suites = {suite.get("name"): suite for suite in ElementTree.parse(tmp_path / "junit.xml").getroot()}
    assert {name: suite.get("failures") for name, suite in suites.items()} == {"gates": "0", "rules": "0", "cases": "0"}
    assert len(suites["cases"]) == 60


def blaming() -> Phrasebank:
    """A bank whose every promise blames the client."""
    phrases = {
        id_: phrase.model_copy(update={"text": "Вы сами виноваты."}) if phrase.slot == "resolution" else phrase
        for id_, phrase in BANK.phrases.items()
    }
    return replace(BANK, phrases=phrases)


def disordered() -> Phrasebank:
    """A bank whose complaints are greeted last."""

    def turned_round(scenario: Scenario) -> Scenario:
        slots: tuple[SlotUse, ...] = scenario.public
        return scenario.model_copy(update={"public": (*slots[1:], slots[0])})

    return replace(BANK, scenarios={id_: turned_round(scenario) for id_, scenario in BANK.scenarios.items()})


@pytest.mark.parametrize(
    ("bank", "matcher", "gate"),
    [
        (blaming(), Oracle(), "rules.blame"),
        (disordered(), Oracle(), "rules.slot-order"),
        (BANK, Oracle(threshold=0.1), "oos_recall"),
    ],
    ids=["a rule is broken", "the slots are in a wrong order", "the threshold is lowered"],
)
def test_what_is_broken_on_purpose_makes_the_run_fail(
    bank: Phrasebank, matcher: Oracle, gate: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_slice(tmp_path, building(bank, matcher)) == 1
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith(f"GATE FAILED: {gate} ")]
    assert len(told) == 1
    assert any(one.id in told[0] for one in CASES)
    assert out(tmp_path)["n"] == 60


def test_gates_do_not_judge_other_peoples_cases(tmp_path: Path) -> None:
    path = tmp_path / "others.jsonl"
    path.write_text(case("x", "Рецепт борща", None).model_dump_json() + "\n", encoding="utf-8")
    written = ["--json", str(tmp_path / "out.json"), "--log-dir", str(tmp_path)]
    assert main(["run", "--cases", str(path), *written], building(matcher=Oracle(threshold=0.0))) == 0
    assert out(tmp_path)["oos_recall"] == 0.0
    assert not (tmp_path / baseline.LAST).exists()


def test_a_service_that_raises_ends_the_run_with_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Broken(Oracle):
        def match(self, text: str, rating: int | None) -> Match:
            raise RuntimeError("no luck")

    assert run_slice(tmp_path, building(matcher=Broken())) == 2
    assert "no luck" in capsys.readouterr().err


def test_models_need_a_service_that_knows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Settings, "model_fields", {})
    assert run_slice(tmp_path, building(), "--model", "m") == 2
    assert "model" in capsys.readouterr().err


def test_each_model_gets_a_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_with_model", lambda name: Settings())
    assert run_slice(tmp_path, building(), "--model", "one", "--model", "two", count="12") == 0
    columns = out(tmp_path)["columns"]
    assert list(columns) == ["one", "two"]
    assert columns["one"]["top1"] == 1.0
    assert columns["one"]["usage"] == {"calls": 0, "failures": 0, "refusals": 0, "tokens": 0, "cost": 0}


def test_gates_are_read_with_a_reason_and_one_bound() -> None:
    assert all(gate.reason for gate in LOADED)
    assert {gate.metric for gate in LOADED} >= {"triage_accuracy", "rules"}
    with pytest.raises(ValueError, match="either"):
        gates.Gate(metric="top1", reason="r")


def a_result(rows: list[Row]) -> dict[str, Any]:
    told = measure(rows) | {
        "provenance": {"phrasebank": "p", "matcher": "m", "thresholds": {}},
        "files": [],
        "columns": {},
    }
    told |= {"own": True, "whole": True}
    value: dict[str, Any] = json.loads(json.dumps(told))
    return value


def many(wrong: int = 0, **changes: Any) -> list[Row]:
    rows = [
        a_row(id=f"c{i}", got="refund" if i < wrong else "store", ranking=("refund",) if i < wrong else ("store",))
        for i in range(40)
    ]
    return [row.model_copy(update=changes) for row in rows]


@pytest.fixture
def blessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "baseline.json"
    monkeypatch.setattr(baseline, "FILE", path)
    return path


def commanded(command: str, tmp_path: Path, rows: list[Row], **changes: Any) -> int:
    result = tmp_path / "result.json"
    result.write_text(json.dumps(a_result(rows) | changes), encoding="utf-8")
    return main([command, str(result)])


def test_a_blessed_run_compares_as_the_same(tmp_path: Path, blessed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commanded("compare", tmp_path, many()) == 2
    assert "bless" in capsys.readouterr().err
    assert commanded("bless", tmp_path, many()) == 0
    assert commanded("compare", tmp_path, many()) == 0
    assert len(json.loads(blessed.read_text(encoding="utf-8"))["cases"]) == 40


def test_only_a_whole_run_is_blessed(tmp_path: Path, blessed: Path) -> None:
    assert commanded("bless", tmp_path, many(), whole=False) == 2
    assert not blessed.exists()


def test_a_significant_loss_fails_and_a_small_one_does_not(
    tmp_path: Path, blessed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commanded("bless", tmp_path, many())
    assert commanded("compare", tmp_path, many(wrong=3)) == 0
    assert "c0, c1, c2" in capsys.readouterr().out
    assert commanded("compare", tmp_path, many(wrong=8)) == 1
    assert "significant loss" in capsys.readouterr().out


def test_a_gain_passes(tmp_path: Path, blessed: Path) -> None:
    commanded("bless", tmp_path, many(wrong=20))
    assert commanded("compare", tmp_path, many()) == 0


def test_any_new_harmful_case_fails(tmp_path: Path, blessed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    harmed = [*many()[:-1], many()[-1].model_copy(update={"harm": ("missed_safety",)})]
    commanded("bless", tmp_path, many())
    assert commanded("compare", tmp_path, harmed) == 1
    assert "c39" in capsys.readouterr().out
    commanded("bless", tmp_path, harmed)
    assert commanded("compare", tmp_path, harmed) == 0


def test_changed_cases_are_not_compared(tmp_path: Path, blessed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commanded("bless", tmp_path, many())
    assert commanded("compare", tmp_path, many(wrong=30, digest="other")) == 0
    assert "40 new or changed" in capsys.readouterr().out


def test_a_newly_broken_rule_fails(tmp_path: Path, blessed: Path) -> None:
    commanded("bless", tmp_path, many())
    assert commanded("compare", tmp_path, many(broken={"slot-order": "порядок"})) == 1


def test_feedback_becomes_anonymised_drafts_the_dangerous_first(tmp_path: Path) -> None:
    private = (
        "Заказ № 448812 не привезли! Я, Петрова Анна Ивановна, живу на ул. Абая, д. 5, кв 7, "
        "+7 701 555-66-77, a.petrova@mail.ru, курьер Сергей нахамил"
    )
    reviews = {
        "edited": ("store", {"text": "Консультант молчал", "rating": 2}),
        "overruled": ("positive", {"text": private, "author": "Анна П.", "rating": 5}),
        "rejected": ("app", {"text": "Приложение виснет", "rating": 1}),
        "accepted": ("app", {"text": "Всё виснет", "rating": 1}),
    }
    suggestions, feedback = [], []
    for outcome, (scenario, review) in reviews.items():
        one = service().suggest(Review.model_validate({"id": outcome, "platform": "2gis"} | review), scenario)
        suggestions.append(one.model_dump_json())
        told = {"suggestion_id": one.id, "revision": 1, "outcome": outcome, "agent": "Иван"}
        more = {"overruled": {"scenario": "delivery"}, "edited": {"text": "Здравствуйте, Анна! Ждём на a@b.ru"}}.get(
            outcome, {}
        )
        feedback.append(json.dumps(told | more))
    (tmp_path / "s.jsonl").write_text("\n".join(suggestions), encoding="utf-8")
    (tmp_path / "f.jsonl").write_text("\n".join(feedback), encoding="utf-8")
    drafts = tmp_path / "drafts.jsonl"
    assert (
        main(["from-feedback", "--files", str(tmp_path / "f.jsonl"), str(tmp_path / "s.jsonl"), "--out", str(drafts)])
        == 0
    )
    told = [json.loads(line) for line in drafts.read_text(encoding="utf-8").splitlines()]
    assert [draft["outcome"] for draft in told] == ["overruled", "rejected", "edited"]
    assert told[0]["expect"]["scenario"] == "delivery"
    assert told[0]["danger"] == ["жалоба отвечена как похвала"]
    for word in ("Анна", "Петрова", "Ивановна", "448812", "Абая", "555", "petrova", "Сергей", "Иван", "a@b.ru"):
        assert word not in drafts.read_text(encoding="utf-8")
    assert "не привезли" in told[0]["review"]["text"]
    with pytest.raises(CasesError, match="draft"):
        load([drafts], BANK)


def test_feedback_in_the_store_becomes_drafts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUGGEST_DATABASE_URL", f"sqlite:///{tmp_path / 'store.db'}")
    with closing(build_store(Settings.read())) as store:
        desk = Desk(service(), store.suggestions, store.records, store.histories)
        kept = desk.receive(
            Review.model_validate({"id": "1", "platform": "2gis", "rating": 5, "text": "Не привезли"}), "positive"
        )
        desk.receive(Review.model_validate({"id": "2", "platform": "2gis", "rating": 1, "text": "Всё плохо"}))
        desk.feedback(kept.id, Feedback(outcome=Outcome.OVERRULED, revision=kept.revision, scenario="delivery"))
    drafts = tmp_path / "drafts.jsonl"
    assert main(["from-feedback", "--out", str(drafts)]) == 0
    (told,) = map(json.loads, drafts.read_text(encoding="utf-8").splitlines())
    assert (told["was"], told["expect"]["scenario"], told["outcome"]) == ("positive", "delivery", "overruled")
    assert told["danger"] == ["жалоба отвечена как похвала"]


def test_feedback_without_its_suggestion_is_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "f.jsonl").write_text(
        '{"suggestion_id": "x", "revision": 1, "outcome": "edited", "text": "t"}', encoding="utf-8"
    )
    (tmp_path / "s.jsonl").write_text("", encoding="utf-8")
    assert main(["from-feedback", "--files", str(tmp_path / "f.jsonl"), str(tmp_path / "s.jsonl")]) == 2
    assert "f.jsonl:1" in capsys.readouterr().err


def test_the_report_is_one_page_that_escapes_reviews(tmp_path: Path) -> None:
    hostile = case("evil", "<script>alert(1)</script> не привезли", "delivery")
    path = tmp_path / "cases.jsonl"
    path.write_text(hostile.model_dump_json() + "\n", encoding="utf-8")
    written = ["--json", str(tmp_path / "out.json"), "--log-dir", str(tmp_path), "--robustness"]
    assert main(["run", "--cases", str(path), *written], building(matcher=Always("positive"))) == 0
    assert main(["report", str(tmp_path / "out.json"), "--out", str(tmp_path / "report.html")]) == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "жалоба отвечена как похвала" in page
    assert "000 §3" in page
    assert page.count("<svg") == page.count("</svg>") >= 3
    assert "http://" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )


def test_the_page_of_a_whole_run_tells_gates_and_comparison(tmp_path: Path, blessed: Path) -> None:
    commanded("bless", tmp_path, many())
    result = tmp_path / "result.json"
    result.write_text(json.dumps(a_result(many(wrong=8))), encoding="utf-8")
    assert main(["report", str(result), "--out", str(tmp_path / "r.html")]) == 0
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Принять нельзя" in page
    assert "Ворота" in page


def test_a_meter_counts_what_the_model_side_reports() -> None:
    meter = Meter()
    meter.called("choose", "ok", 0.1)
    meter.called("tone", "timeout", 0.1)
    meter.refused("choose", "unknown_id")
    meter.used("m", Usage(calls=1, tokens_in=10, tokens_out=5, cost=0.5))
    assert meter.shown() == {"calls": 2, "failures": 1, "refusals": 1, "tokens": 15, "cost": 0.5}
