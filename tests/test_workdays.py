"""Working days and hours: public holidays of Russia and Kazakhstan, moved days, zones, and what a company adds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from suggest.domain import InputError, PhrasebankError
from suggest.settings import PROJECT
from suggest.workdays import FILE, CalendarFile, Workdays, load_calendar

MOSCOW, ALMATY, BERLIN = ZoneInfo("Europe/Moscow"), ZoneInfo("Asia/Almaty"), ZoneInfo("Europe/Berlin")
PLAIN = load_calendar(PROJECT / "phrasebank")


def calendar(country: str = "ru", zone: ZoneInfo = MOSCOW, **moved: list[str]) -> Workdays:
    return Workdays(country, zone, CalendarFile.model_validate({"hours": PLAIN.hours, "moved": {country: moved}}))


@pytest.mark.parametrize(
    ("country", "day", "works"),
    [
        ("ru", "2026-11-25", True),
        ("ru", "2026-11-28", False),
        ("ru", "2026-11-04", False),
        ("ru", "2025-12-31", False),
        ("ru", "2024-12-28", True),
        ("ru", "2024-12-30", False),
        ("ru", "2025-11-01", True),
        ("ru", "2025-11-03", False),
        ("kz", "2026-11-04", True),
        ("kz", "2026-12-16", False),
        ("kz", "2026-12-31", True),
        ("kz", "2026-03-24", False),
        ("kz", "2025-10-27", False),
        ("kz", "2024-05-04", True),
    ],
)
def test_public_holidays_and_moved_days_are_known(country: str, day: str, works: bool) -> None:
    assert calendar(country).is_working(date.fromisoformat(day)) is works


def test_a_company_adds_days_of_its_own() -> None:
    own = calendar(working=["2026-12-05"], free=["2026-12-07"])
    assert own.is_working(date(2026, 12, 5))
    assert not own.is_working(date(2026, 12, 7))
    assert not calendar().is_working(date(2026, 12, 5))


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-11-25T08:59:59", "2026-11-25T09:00:00"),
        ("2026-11-25T09:00:00", "2026-11-25T09:00:00"),
        ("2026-11-25T17:59:59", "2026-11-25T17:59:59"),
        ("2026-11-25T18:00:00", "2026-11-26T09:00:00"),
        ("2026-11-27T18:00:00", "2026-11-30T09:00:00"),
        ("2025-12-30T19:00:00", "2026-01-12T09:00:00"),
    ],
)
def test_work_opens_at_the_first_working_minute(at: str, opens: str) -> None:
    given = datetime.fromisoformat(at).replace(tzinfo=MOSCOW)
    assert calendar().opens(given) == datetime.fromisoformat(opens).replace(tzinfo=MOSCOW)


def test_a_moment_of_any_zone_is_read_in_the_calendars_own() -> None:
    at = datetime(2026, 11, 25, 20, 30, tzinfo=UTC)
    assert calendar().opens(at).isoformat() == "2026-11-26T09:00:00+03:00"
    assert calendar("kz", ALMATY).opens(at).isoformat() == "2026-11-26T09:00:00+05:00"
    assert calendar().opens(at.replace(tzinfo=None)) == calendar().opens(at)


@pytest.mark.parametrize(
    ("at", "hours", "until"),
    [
        ("2026-11-25T10:00:00", 4, "2026-11-25T14:00:00"),
        ("2026-11-25T16:00:00", 4, "2026-11-26T11:00:00"),
        ("2026-11-27T16:00:00", 4, "2026-11-30T11:00:00"),
        ("2026-11-28T12:00:00", 1, "2026-11-30T10:00:00"),
        ("2026-11-25T09:00:00", 9, "2026-11-25T18:00:00"),
        ("2025-12-30T17:30:00", 16, "2026-01-13T15:30:00"),
    ],
)
def test_only_working_hours_pass(at: str, hours: int, until: str) -> None:
    given = datetime.fromisoformat(at).replace(tzinfo=MOSCOW)
    assert calendar().after(given, timedelta(hours=hours)) == datetime.fromisoformat(until).replace(tzinfo=MOSCOW)


def test_a_clock_that_is_put_forward_takes_no_working_time() -> None:
    """Berlin's clock is moved on a Sunday: nine hours from Friday noon still end on Monday noon."""
    friday = datetime(2026, 3, 27, 12, tzinfo=BERLIN)
    assert calendar("de", BERLIN).after(friday, timedelta(hours=9)).isoformat() == "2026-03-30T12:00:00+02:00"


def test_an_unknown_country_is_refused() -> None:
    with pytest.raises(InputError, match="SUGGEST_COUNTRY"):
        calendar("narnia")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hours: {from: '18:00', to: '09:00'}", "ends before it begins"),
        ("hours: {from: 09:00, to: 18:00}", "in quotes"),
        ("hours: {from: '09:00', to: '18:00'}\nmoved: {ru: {working: [2026-12-05], free: [2026-12-05]}}", "at once"),
        ("hours: {from: '09:00', to: '18:00'}\nmoved: {ru: {working: [soon]}}", "date"),
        ("[", "workdays.yaml"),
    ],
)
def test_a_faulty_file_is_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(PhrasebankError, match=said):
        load_calendar(tmp_path)
