"""The commands on what is kept, run as the command line runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from suggest.__main__ import main
from suggest.demo.account import TOKEN, USERS
from suggest.desk import Desk
from suggest.feedback import Feedback
from suggest.pipeline import now
from suggest.store.hand_overs import Asked
from suggest.store.store import Store, open_store
from tests.fakes import Clock, a_review, a_suggester
from tests.usedesk_fakes import COMPLAINT, standin
from tests.widget_fakes import FIRST


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A database with an overruled suggestion, which the settings name."""
    monkeypatch.setenv("SUGGEST_DATABASE_URL", f"sqlite:///{tmp_path / 'kept.db'}")
    clock = Clock(now())
    store = open_store(f"sqlite:///{tmp_path / 'kept.db'}", clock)
    desk = Desk(a_suggester(clock), store.suggestions, store.records)
    made = desk.receive(a_review(author="=Мария"))
    desk.feedback(made.id, Feedback(outcome="overruled", revision=1, scenario="refund"))
    return store


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_export(kept: Store, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "export")
    assert code == 0
    assert "'=Мария" in out
    code, out, _ = run(capsys, "export", "--format", "jsonl", "--scenario", "refund", "--search", "курьер")
    assert [json.loads(line)["author"] for line in out.splitlines()] == ["=Мария"]
    assert run(capsys, "export", "--format", "jsonl", "--since", "2030-01-01")[1] == ""


def test_erase_and_purge(kept: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "purge")[:2] == (0, "0 suggestions emptied of texts older than 180 days\n")
    assert run(capsys, "erase", "--author", "=мария")[:2] == (0, "1 suggestions emptied of texts\n")
    assert run(capsys, "erase", "--ticket", "1001")[0] == 1


def test_the_queue_is_worked_off_and_printed_as_a_patch(kept: Store, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "candidates")
    number, kind, scenario = out.split("\t")[:3]
    assert (code, kind, scenario) == (0, "exemplar", "refund")
    assert run(capsys, "candidates", "--approve", number)[0] == 2
    assert run(capsys, "candidates", "--approve", number, "--by", "Анна")[0] == 0
    assert run(capsys, "candidates", "--decline", number, "--by", "Анна")[0] == 2
    code, out, _ = run(capsys, "candidates", "--patch")
    assert "+++ b/phrasebank/exemplars/refund.jsonl" in out


def test_withdraw(kept: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "withdraw", "empathy-very-sorry", "--by", "lead")[:2] == (0, "done\n")
    assert [row.phrase_id for row in kept.phrases.withdrawn()] == ["empathy-very-sorry"]
    assert run(capsys, "withdraw", "empathy-very-sorry", "--by", "lead", "--restore")[:2] == (0, "done\n")
    code, _, err = run(capsys, "withdraw", "none", "--by", "lead")
    assert (code, "no such phrase" in err) == (2, True)


def test_a_database_that_is_away_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUGGEST_DATABASE_URL", "postgresql://127.0.0.1:1/none")
    code, _, err = run(capsys, "purge")
    assert code == 2
    assert "suggest purge: the database does not answer" in err


def test_remind(kept: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Reminds once, however often it runs, and says what is not set."""
    code, _, said = run(capsys, "remind")
    assert (code, "SUGGEST_USEDESK_API_TOKEN" in said) == (2, True)
    made = Desk(a_suggester(), kept.suggestions).receive(a_review(id="late", ticket_id=str(FIRST)))
    sent = kept.hand_overs.claim(
        Asked(suggestion_id=made.id, key="k", department="technical", mode="usedesk")
    ).hand_over
    kept.hand_overs.sent(sent.id, Clock()())
    with standin(COMPLAINT) as helpdesk:
        for name, value in (("API_BASE", helpdesk.url), ("API_TOKEN", TOKEN), ("USER_ID", str(USERS[0]["id"]))):
            monkeypatch.setenv(f"SUGGEST_USEDESK_{name}", value)
        assert run(capsys, "remind") == (0, f"hand-over {sent.id}, reminder 1, ticket {FIRST}: done\n", "")
        assert run(capsys, "remind") == (0, "", "")
    assert kept.reminders.sent(made.id) == {sent.id: 1}
