"""`suggest summary`: the week's complaints as text, as a file, and by mail."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from suggest import upkeep
from suggest.__main__ import main
from suggest.desk import Desk
from suggest.mail import Letter
from suggest.store.store import open_store
from tests.fakes import Clock, a_suggester
from tests.test_trends import fill


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six weeks with a spike in the last, in a database that the settings name."""
    url = f"sqlite:///{tmp_path / 'kept.db'}"
    monkeypatch.setenv("SUGGEST_DATABASE_URL", url)
    clock = Clock()
    store = open_store(url, clock)
    desk = Desk(a_suggester(clock), store.suggestions, store.records)
    for week in range(1, 6):
        fill(desk, clock, week * 7 + 1, 1)
    fill(desk, clock, 1, 9)
    store.close()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["summary", *arguments])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--until", "2026-11-22")
    assert code == 0
    assert "Жалоб за неделю 16–22\u00a0ноя: 9." in out
    assert "- Казань: доставка — 9, обычно 1,0" in out
    assert "Всплесков нет." in run(capsys, "--until", "2026-11-15")[1]


def test_as_a_file_that_needs_nothing_beside_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "week.html"
    assert run(capsys, "--until", "2026-11-22", "--out", str(path))[0] == 0
    text = path.read_text(encoding="utf-8")
    assert text.count("<svg") == 2
    assert text.count("<table>") == 3
    assert "курьер так и не приехал" in text
    assert "http" not in text.replace("http://www.w3.org", "")


def test_an_empty_week_is_a_summary_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "week.html"
    assert run(capsys, "--until", "2020-01-01", "--out", str(path))[0] == 0
    assert "жалоб 0" in path.read_text(encoding="utf-8")


def test_without_a_mail_server_it_says_what_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = run(capsys, "--mail", "lead@company.example")
    assert (code, "SUGGEST_SMTP_URL" in error) == (2, True)


def test_by_mail_the_letter_has_the_text_and_the_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Letter] = []

    class Post:
        """A mailer that keeps what it is given."""

        def send(self, letter: Letter) -> None:
            sent.append(letter)

    def post(_: Any) -> Post:
        return Post()

    monkeypatch.setattr(upkeep, "build_mailer", post)
    assert run(capsys, "--until", "2026-11-22", "--mail", "lead@company.example")[0] == 0
    (letter,) = sent
    assert letter.subject == "Что исправить компании, 16–22\u00a0ноя: жалоб 9, всплесков: 1"
    assert "доставка — 9" in letter.text
    assert [one.name for one in letter.attachments] == ["summary-2026-11-22.html"]


def test_the_week_is_the_one_that_ended_yesterday(capsys: pytest.CaptureFixture[str]) -> None:
    from suggest.weeks import label

    before, told, after = yesterday(), run(capsys)[1], yesterday()
    assert any(label(day - timedelta(days=6)) in told for day in (before, after)), "midnight may pass in between"


def yesterday() -> date:
    return (datetime.now(UTC) + timedelta(hours=3)).date() - timedelta(days=1)
