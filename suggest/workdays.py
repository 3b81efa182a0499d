"""Working days and hours of a country: weekends, public holidays with their moved days, and what a company adds.

Public holidays are the package `holidays`'; `phrasebank/workdays.yaml` holds the hours, and days that the package lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from pydantic import Field, TypeAdapter, field_validator, model_validator

from suggest.datafile import read
from suggest.domain import Frozen, InputError

if TYPE_CHECKING:
    from holidays import HolidayBase

FILE = "workdays.yaml"
DAY = timedelta(days=1)
LONGEST_BREAK = 60
"""Days; a calendar without a single working day in so many is a mistake in the data."""


class Hours(Frozen):
    """When work begins and ends, local time; `till` is no longer work."""

    since: time = Field(alias="from")
    till: time = Field(alias="to")

    @field_validator("since", "till", mode="before")
    @classmethod
    def _clock(cls, value: object) -> object:
        if not isinstance(value, str | time):
            raise ValueError("a time in quotes is expected, such as '09:00'")
        return value

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.since >= self.till:
            raise ValueError("work ends before it begins")
        return self


class Moved(Frozen):
    """Days that differ from the calendar: `working` are worked though it says otherwise, `free` are not."""

    working: frozenset[date] = frozenset()
    free: frozenset[date] = frozenset()

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if both := self.working & self.free:
            raise ValueError(f"working and free at once: {min(both)}")
        return self


class CalendarFile(Frozen):
    hours: Hours
    moved: Mapping[str, Moved] = {}
    """By country, in small letters."""


def load_calendar(phrasebank: Path) -> CalendarFile:
    """The hours and moved days in a phrasebank's folder; raises PhrasebankError with every fault."""
    return read(phrasebank, FILE, TypeAdapter(CalendarFile))


class Workdays:
    """The calendar of one country in one time zone; moments are taken in any zone and given in this one."""

    def __init__(self, country: str, zone: ZoneInfo, extra: CalendarFile) -> None:
        """Raises InputError for a country whose public holidays are not known; `country` as in SUGGEST_COUNTRY."""
        self.country, self.zone, self.hours = country.lower(), zone, extra.hours
        self._moved = extra.moved.get(self.country, Moved())
        if self.country.upper() not in _countries():
            raise InputError("SUGGEST_COUNTRY", f"no public holidays are known of «{country}»")

    def is_working(self, day: date) -> bool:
        """Whether a day is worked."""
        if day in self._moved.working or day in self._moved.free:
            return day in self._moved.working
        return bool(self._holidays.is_working_day(day))

    def local(self, at: datetime) -> datetime:
        """A moment in the calendar's own zone; one without a zone is taken for UTC."""
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(self.zone)

    def opens(self, at: datetime) -> datetime:
        """The first working minute at or after `at`: `at` itself during working hours."""
        local = self.local(at)
        day = local.date()
        for _ in range(LONGEST_BREAK):
            begins, ends = self._hours(day)
            if self.is_working(day) and local < ends:
                return max(local, begins)
            day += DAY
        raise InputError(FILE, f"not one working day in {LONGEST_BREAK} after {local:%d.%m.%Y}")

    def after(self, at: datetime, work: timedelta) -> datetime:
        """When so much working time has passed since `at`."""
        now = self.opens(at)
        while True:
            ends = self._hours(now.date())[1]
            left = ends.astimezone(UTC) - now.astimezone(UTC)
            if work <= left:
                return (now.astimezone(UTC) + work).astimezone(self.zone)
            work -= left
            now = self.opens(ends)

    def _hours(self, day: date) -> tuple[datetime, datetime]:
        since, till = (datetime.combine(day, at, self.zone) for at in (self.hours.since, self.hours.till))
        return since, till

    @cached_property
    def _holidays(self) -> HolidayBase:
        from holidays import country_holidays

        return country_holidays(self.country.upper())


def _countries() -> Mapping[str, object]:
    from holidays import list_supported_countries

    return list_supported_countries()
