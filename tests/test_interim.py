"""Interim replies of 002 by department, hour and day; the term of a department; who says «напомнила»."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from suggest.check import Draft, check
from suggest.domain import InputError, Platform, Severity
from suggest.interim import GENDERS, due, faults, interim, overdue
from suggest.settings import PROJECT
from suggest.workdays import Workdays, load_calendar
from tests.fakes import the_bank

BANK = the_bank()
MOSCOW, ALMATY, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Asia/Almaty"), ZoneInfo("Europe/Berlin")
CALENDAR = load_calendar(PROJECT / "phrasebank")
RUSSIA, KAZAKHSTAN = Workdays("ru", MOSCOW, CALENDAR), Workdays("kz", ALMATY, CALENDAR)
GERMANY = Workdays("de", BERLIN, CALENDAR)
TODAY, TOMORROW, REST = "до конца дня или завтра", "Так как уже вечер", "в первый рабочий день"


def moscow(at: str) -> datetime:
    return datetime.fromisoformat(at).replace(tzinfo=MOSCOW)


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ("2026-11-25T00:00:00", TODAY),
        ("2026-11-25T16:59:59", TODAY),
        ("2026-11-25T17:00:00", TOMORROW),
        ("2026-11-25T23:59:59", TOMORROW),
        ("2026-11-27T16:59:59", TODAY),
        ("2026-11-27T17:00:00", REST),
        ("2026-11-28T10:00:00", REST),
        ("2026-11-29T23:59:59", REST),
        ("2026-11-30T00:00:00", TODAY),
        # The eve of 4 November, a holiday in the middle of a week, and the holiday itself.
        ("2026-11-03T16:59:59", TODAY),
        ("2026-11-03T17:00:00", REST),
        ("2026-11-04T12:00:00", REST),
        # 31 December: a day off by a moved day in 2026; its eve.
        ("2026-12-31T12:00:00", REST),
        ("2026-12-30T17:00:00", REST),
        # Saturday 28 December 2024 was worked, so the Friday evening before it was an evening like any other.
        ("2024-12-27T17:00:00", TOMORROW),
        ("2024-12-28T12:00:00", TODAY),
        ("2024-12-28T17:00:00", REST),
        # Saturday 29 December 2018 was worked, with days off after it.
        ("2018-12-29T17:30:00", REST),
    ],
)
def test_the_wording_follows_hour_and_day(at: str, says: str) -> None:
    assert says in interim(BANK, "technical", moscow(at), RUSSIA)


def test_kazakhstan_has_its_own_holidays_and_hours() -> None:
    at = datetime(2026, 12, 15, 12, 0, tzinfo=UTC)
    assert REST in interim(BANK, "technical", at, KAZAKHSTAN), "17:00 in Almaty, the eve of Independence Day"
    assert TODAY in interim(BANK, "technical", at, RUSSIA), "15:00 in Moscow"
    assert TODAY in interim(BANK, "technical", datetime(2026, 11, 4, 7, tzinfo=UTC), KAZAKHSTAN)


def test_almaty_changed_its_zone() -> None:
    """Until 1 March 2024 at UTC+6, from then on at UTC+5: the same hour of UTC is another hour of the day."""
    before, after = datetime(2024, 2, 28, 11, 30, tzinfo=UTC), datetime(2024, 3, 5, 11, 30, tzinfo=UTC)
    assert TOMORROW in interim(BANK, "technical", before, KAZAKHSTAN)
    assert TODAY in interim(BANK, "technical", after, KAZAKHSTAN)


@pytest.mark.parametrize("department", BANK.departments)
def test_every_department_is_named_in_its_accusative(department: str) -> None:
    said = interim(BANK, department, moscow("2026-11-25T12:00:00"), RUSSIA)
    assert f"мне надо подключить {BANK.departments[department].accusative}. Постараемся" in said


def test_an_unknown_department_is_refused() -> None:
    with pytest.raises(InputError, match="no such department"):
        interim(BANK, "kitchen", moscow("2026-11-25T12:00:00"), RUSSIA)


def test_the_overdue_wording_has_the_agents_form() -> None:
    assert "Я уже напомнил про срочность" in overdue(BANK, "he")
    assert "Я уже напомнила про срочность" in overdue(BANK, "she")


@pytest.mark.parametrize(
    ("sent", "late"),
    [
        ("2026-11-25T10:15:00", "2026-11-26T10:15:00"),
        ("2026-11-25T17:59:59", "2026-11-26T17:59:59"),
        ("2026-11-25T18:00:00", "2026-11-27T09:00:00"),
        ("2026-11-25T03:00:00", "2026-11-26T09:00:00"),
        ("2026-11-26T12:00:00", "2026-11-27T12:00:00"),
        ("2026-11-27T12:00:00", "2026-11-30T09:00:00"),
        ("2026-11-28T12:00:00", "2026-11-30T09:00:00"),
        ("2026-12-30T12:00:00", "2027-01-11T09:00:00"),
        ("2024-12-27T12:00:00", "2024-12-28T12:00:00"),
    ],
)
def test_a_department_is_late_after_24_hours_at_a_working_minute(sent: str, late: str) -> None:
    assert due(moscow(sent), RUSSIA) == moscow(late)


def test_24_hours_pass_however_the_clock_is_put() -> None:
    """Berlin's clock goes from 02:00 to 03:00 on Sunday 29 March 2026; on Monday 10:00 it is 24 hours since Sunday 10:00."""
    assert due(datetime(2026, 3, 29, 10, tzinfo=BERLIN), GERMANY).isoformat() == "2026-03-30T10:00:00+02:00"
    assert due(datetime(2026, 3, 28, 20, tzinfo=UTC), GERMANY).isoformat() == "2026-03-30T09:00:00+02:00"


def test_no_interim_reply_is_fit_for_the_public() -> None:
    """Negative control: the same texts are fine in private."""
    texts = [overdue(BANK, gender) for gender in GENDERS]
    for department in BANK.departments:
        for at in ("2026-11-25T12:00:00", "2026-11-25T18:00:00", "2026-11-28T12:00:00"):
            texts.append(interim(BANK, department, moscow(at), RUSSIA))
    for text in texts:
        for platform in BANK.platforms.values():
            findings = check(Draft(text, platform, BANK.company()), BANK)
            errors = [finding for finding in findings if finding.severity is Severity.ERROR]
            assert bool(errors) is (platform.id is not Platform.DM), (platform.id, text)


def test_lint_misses_a_wording_that_is_gone_or_lost_its_department() -> None:
    assert list(faults(BANK)) == []
    evening = BANK.interim["interim-evening"]
    for broken in (
        evening.model_copy(update={"status": "retired"}),
        evening.model_copy(update={"text": "Так как уже вечер, вернёмся завтра."}),
        evening.model_copy(update={"channels": ("public", "dm")}),
    ):
        assert list(faults(replace(BANK, interim={**BANK.interim, evening.id: broken})))
