"""The evaluation beside a model, over HTTP: its own column, what it decided, and its ear for the tone of replies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evals import replies
from evals.__main__ import main
from suggest.domain import Finding, Review, Severity
from tests.evals_fakes import BANK, Oracle, building, service
from tests.model_server import Exchange, ModelServer, model_server, well

# inspect_ai leaves streams of its own unclosed, which only shows where LiteLLM makes the garbage collector run.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with model_server() as running:
        yield running


def run(folder: Path, model: ModelServer, monkeypatch: pytest.MonkeyPatch, matcher: Oracle) -> dict[str, Any]:
    """The result of a run of ten cases beside the model."""
    monkeypatch.setenv("SUGGEST_MODEL_API_BASE", model.url)
    monkeypatch.setenv("SUGGEST_CACHE", str(folder))
    written = ["--json", str(folder / "out.json"), "--log-dir", str(folder)]
    main(["run", "--slice", "10", "--parallel", "2", "--model", "openai/A", *written], building(matcher=matcher))
    told: dict[str, Any] = json.loads((folder / "out.json").read_text(encoding="utf-8"))
    return told


def first_candidate(exchange: Exchange) -> None:
    """Decides for the matcher's own first guess, and flags any reply that says «врань»."""
    schema = exchange.schema or {}
    if "findings" in schema["properties"]:
        said = exchange.body["messages"][-1]["content"]
        found = [{"flag": "wrong-register", "quote": "вранье"}] if "вранье" in said else []
        exchange.says(json.dumps({"findings": found}, ensure_ascii=False))
    else:
        first = {name: form["enum"][0] for name, form in schema["properties"].items()}
        exchange.says(json.dumps(well(schema, first), ensure_ascii=False))


def test_what_the_model_decides_has_a_column_of_its_own(
    tmp_path: Path, model: ModelServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model.behaviour = first_candidate
    told = run(tmp_path, model, monkeypatch, Oracle(threshold=1.0))
    column = told["columns"]["openai/A"]
    assert "matcher" not in told["by"]
    assert "model" not in told["by"]
    assert column["by"]["model"]["n"] > 0
    assert column["coverage"] > told["coverage"]
    assert {case["by"] for case in column["cases"] if case["ready"]} <= {"model", "triage"}
    assert column["usage"]["calls"] > column["by"]["model"]["n"]
    said = capsys.readouterr().out
    for row in ("answered by model", "answered by matcher", "tone by both"):
        assert row in said


def test_a_sure_match_is_never_put_to_the_model(
    tmp_path: Path, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.behaviour = first_candidate
    told = run(tmp_path, model, monkeypatch, Oracle(threshold=0.0))
    column = told["columns"]["openai/A"]
    assert column["by"] == told["by"]
    assert column["top1"] == told["top1"]


def test_rules_model_and_both_are_measured_on_the_same_replies(
    tmp_path: Path, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.behaviour = first_candidate
    tone = run(tmp_path, model, monkeypatch, Oracle())["columns"]["openai/A"]["tone"]
    assert {judge: line["n"] for judge, line in tone.items()} == {"rules": 10, "model": 10, "both": 10}
    assert tone["both"]["recall"] >= tone["rules"]["recall"] > (tone["model"]["recall"] or 0)


def test_a_models_flag_counts_for_the_rule_that_the_reply_breaks_and_else_as_false() -> None:
    told = [
        replies.Reply(text="Ну конечно, вы правы.", expect=("irony",)),
        replies.Reply(text="Мы всё проверим.", expect=()),
        replies.Reply(text="Вернём деньги завтра.", expect=("money-promise", "term-promise")),
    ]
    flags = {
        "Ну конечно, вы правы.": "irony",
        "Мы всё проверим.": "coldness",
        "Вернём деньги завтра.": "over-promising",
    }

    def tone(text: str, review: Review | None) -> list[Finding]:
        return [Finding(rule=f"tone-{flags[text]}", severity=Severity.ERROR, message="", source="house")]

    measured = replies.measure(told, replies.model_judge(tone), BANK)
    assert (measured["recall"], measured["precision"]) == (1.0, 0.75)
    silent = replies.measure(told, replies.model_judge(lambda text, review: []), BANK)
    assert silent["recall"] == 0.0


def test_every_flag_of_the_tone_stands_for_known_rules() -> None:
    assert set(replies.TONED) == set(BANK.tone)
    assert set(BANK.rules) >= {rule for rules in replies.TONED.values() for rule in rules}
    about = replies.about_tone(replies.load(replies.files(), BANK))
    assert len(about) > 60
    judge = replies.rule_judge(service().checker)
    assert replies.both(judge, replies.remembered(judge))(about[0]) == judge(about[0])
