"""The command line as a user meets it: a real process, exit codes, one line of error."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from suggest.batch import run
from tests.fakes import a_suggester

REVIEW = {"platform": "2gis", "rating": 1, "text": "Доставку ждали неделю"}


def suggest(*arguments: str, given: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    import os

    command = [sys.executable, "-m", "suggest", *arguments]
    return subprocess.run(
        command, input=given, capture_output=True, timeout=120, env=os.environ | environment, check=False
    )


def test_check_tells_what_is_wrong_and_fails_on_errors() -> None:
    bad = suggest("check", "-", "--platform", "2gis", given="Вы сами виноваты, вернём деньги завтра".encode())
    assert bad.returncode == 1
    assert "money-promise" in bad.stdout.decode()
    good = suggest("check", "-", given="Нам очень жаль, что так произошло.".encode())
    assert (good.returncode, good.stdout.decode().strip()) == (0, "Замечаний нет.")


def test_check_answers_in_json_with_spans_in_code_points() -> None:
    text = "👍 Вернём деньги"
    found = json.loads(suggest("check", "-", "--json", given=text.encode()).stdout)["findings"]
    spans = {finding["rule"]: finding["span"] for finding in found}
    assert text[slice(*spans["money-promise"])] == "Вернём деньги"


def test_check_knows_the_scenarios_slots() -> None:
    asked = suggest("check", "-", "--scenario", "delivery", "--json", given="Здравствуйте!".encode())
    known = suggest("check", "-", "--scenario", "delivery", "--client-known", "--json", given="Здравствуйте!".encode())
    assert b"identification-missing" in asked.stdout
    assert b"identification-missing" not in known.stdout


def test_the_phrasebank_is_sound() -> None:
    done = suggest("lint")
    assert (done.stdout.decode(), done.returncode) == ("", 0)


def test_lint_lists_every_fault_with_its_file(tmp_path: Path) -> None:
    import shutil

    shutil.copytree("phrasebank", tmp_path / "bank")
    (tmp_path / "bank/topics.yaml").write_text("- {id: store, title: x}\n")
    scenario = tmp_path / "bank/scenarios/store.yaml"
    scenario.write_text(scenario.read_text().replace("empathy", "sympathy"))
    done = suggest("lint", SUGGEST_PHRASEBANK=str(tmp_path / "bank"))
    assert done.returncode == 1
    told = done.stderr.decode()
    assert "topics.yaml: store: department: Field required" in told
    assert "scenarios/store.yaml: no such slot: sympathy" in told


@pytest.mark.parametrize(
    ("arguments", "given", "told"),
    [
        (("one", "-"), b"{", "not JSON"),
        (("one", "-"), b"\xff", "not UTF-8"),
        (("one", "-"), b'{"platform": "2gis", "rating": 7}', "rating: must be at most 5, not 7"),
        (("one", "-"), b'{"platform": "2gis", "rating": 5, "x": 1}', "x: no such field"),
        (("one", "no-such-file.json"), b"", "no-such-file.json"),
        (("check", "-"), b"\xff", "not UTF-8"),
        (("check", "-", "--scenario", "nope"), b"text", "no such scenario: nope"),
        (("check", "-"), "а".encode() * 20_001, "at most 20,000"),
    ],
)
def test_bad_input_is_one_line_on_stderr_and_exit_2(arguments: tuple[str, ...], given: bytes, told: str) -> None:
    done = suggest(*arguments, given=given)
    assert done.returncode == 2
    assert done.stdout == b""
    assert told in done.stderr.decode()
    assert len(done.stderr.decode().strip().splitlines()) == 1


def test_a_setting_that_cannot_be_read_is_named() -> None:
    done = suggest("config", SUGGEST_PORT="many")
    assert (done.returncode, "SUGGEST_PORT" in done.stderr.decode()) == (2, True)


def test_secrets_are_not_shown() -> None:
    shown = suggest("config", SUGGEST_API_KEYS="topsecret").stdout.decode()
    assert "topsecret" not in shown
    assert json.loads(shown)["api_keys"] == "set"


def test_without_an_encoder_it_says_what_to_run(tmp_path: Path) -> None:
    done = suggest("one", "-", given=json.dumps(REVIEW).encode(), SUGGEST_CACHE=str(tmp_path))
    assert (done.returncode, 'run "make setup"' in done.stderr.decode()) == (2, True)


def test_importing_the_walk_loads_nothing_heavy() -> None:
    heavy = "torch sentence_transformers litellm fastapi sqlalchemy sklearn scipy onnxruntime transformers pymorphy3"
    code = f"import sys, suggest.pipeline; print([name for name in {heavy.split()!r} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"[]"


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_batch_answers_line_by_line_and_marks_the_bad(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b"\n".join([json.dumps(REVIEW).encode(), b"{", b"\xff", json.dumps(REVIEW).encode()]) + b"\n")
    assert run(source.read_bytes().splitlines(), target, a_suggester()) == 2
    first, second, third, fourth = lines(target)
    assert first["id"] == fourth["id"]
    assert (second["line"], third["line"]) == (2, 3)
    assert "not JSON" in str(second["error"])
    assert "not UTF-8" in str(third["error"])


def test_a_batch_resumes_after_the_last_complete_line(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(json.dumps(REVIEW | {"id": str(number)}) for number in range(4)))
    run(source.read_bytes().splitlines(), target, a_suggester())
    whole = target.read_bytes()
    target.write_bytes(whole[: len(whole) // 2])
    kept = target.read_bytes().count(b"\n")
    assert run(source.read_bytes().splitlines(), target, a_suggester()) == 0
    assert target.read_bytes() == whole
    assert kept >= 1


def test_a_batch_refuses_a_target_that_is_no_earlier_run(tmp_path: Path) -> None:
    from suggest.domain import InputError

    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps(REVIEW))
    target.write_text("{}\n{}\n")
    with pytest.raises(InputError, match="not an earlier run"):
        run(source.read_bytes().splitlines(), target, a_suggester())
