"""By when a review is to be answered: working hours by priority, out of a file that an owner changes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from suggest.deadlines import FILE, Targets, answer_by, load_targets
from suggest.domain import PhrasebankError
from suggest.settings import PROJECT
from suggest.workdays import Workdays, load_calendar

MOSCOW = ZoneInfo("Europe/Moscow")
RUSSIA = Workdays("ru", MOSCOW, load_calendar(PROJECT / "phrasebank"))
TARGETS = Targets(first_answer={0: 1, 1: 4, 2: 16})


@pytest.mark.parametrize(
    ("priority", "received", "by"),
    [
        (0, "2026-11-25T10:00", "2026-11-25T11:00"),
        (1, "2026-11-25T10:00", "2026-11-25T14:00"),
        (2, "2026-11-25T10:00", "2026-11-26T17:00"),
        (0, "2026-11-27T17:30", "2026-11-30T09:30"),
        (1, "2026-11-28T03:00", "2026-11-30T13:00"),
    ],
)
def test_a_review_is_answered_within_the_hours_of_its_priority(priority: int, received: str, by: str) -> None:
    given, wanted = (datetime.fromisoformat(at).replace(tzinfo=MOSCOW) for at in (received, by))
    assert answer_by(priority, given, TARGETS, RUSSIA) == wanted


def test_what_needs_no_reply_is_never_late() -> None:
    assert answer_by(None, datetime(2026, 11, 25, tzinfo=MOSCOW), TARGETS, RUSSIA) is None


def test_the_files_of_the_phrasebank_are_sound() -> None:
    assert set(load_targets(PROJECT / "phrasebank").first_answer) == {0, 1, 2}


@pytest.mark.parametrize("text", ["first_answer: {0: 1, 1: 4}", "first_answer: {0: 0, 1: 4, 2: 8}", "[", "{}"])
def test_a_faulty_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(PhrasebankError, match=FILE):
        load_targets(tmp_path)
