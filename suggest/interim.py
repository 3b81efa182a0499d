"""Interim replies of 002: what the client is told while a department works, and when the department is late.

Wordings are those of `phrasebank/phrases/interim.yaml`; they name departments and terms, so they are for private channels
only, which the check guards. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Literal, get_args

from suggest.domain import InputError
from suggest.regulation import Phrasebank
from suggest.workdays import DAY, Workdays

EVENING = time(17)
"""002: «до 17:00», «после 17:00»; from 17:00:00 on it is evening."""

TERM = timedelta(hours=24)
"""002: how long a department has before it is reminded."""

Gender = Literal["he", "she"]
"""How an agent writes of oneself: «напомнил» or «напомнила»."""

GENDERS: tuple[Gender, ...] = get_args(Gender)
BY_DAY, AT_EVENING, BEFORE_REST = "interim-before-17", "interim-evening", "interim-weekend"
OVERDUE: Mapping[Gender, str] = {"he": "interim-overdue-he", "she": "interim-overdue-she"}


def interim(bank: Phrasebank, department: str, at: datetime, workdays: Workdays) -> str:
    """What the client is told when a question goes to a department at this moment (002 «Запрос в смежный отдел»).

    Raises InputError for an id that is no department's.
    """
    if department not in bank.departments:
        raise InputError("department", f"no such department: {department}")
    return bank.interim[_wording(at, workdays)].text.format(department=bank.departments[department].accusative)


def overdue(bank: Phrasebank, gender: Gender) -> str:
    """What the client is told when a department has been silent for 24 hours (002 «Смежный отдел не ответил»)."""
    return bank.interim[OVERDUE[gender]].text


def due(sent_at: datetime, workdays: Workdays) -> datetime:
    """When a department is late: 24 hours later on the clock or, off-hours, at the first working minute (002 §7)."""
    return workdays.opens(workdays.local(sent_at).astimezone(UTC) + TERM)


def faults(bank: Phrasebank) -> Iterator[str]:
    """Every wording that is needed and not there, not approved, or lacks the place of the department."""
    for name in (BY_DAY, AT_EVENING, BEFORE_REST, *OVERDUE.values()):
        where, phrase = f"phrases/interim.yaml: {name}", bank.interim.get(name)
        if phrase is None or phrase.status != "approved":
            yield f"{where}: an approved wording of this id is needed"
        elif (name not in OVERDUE.values()) != ("{department}" in phrase.text):
            yield f"{where}: {{department}} must stand in the wordings that name one, and in no other"
    for phrase in bank.interim.values():
        if phrase.channels != ("dm",):
            yield f"phrases/interim.yaml: {phrase.id}: only for private channels (dm)"


def _wording(at: datetime, workdays: Workdays) -> str:
    """By hour and day. A Friday's evening is that of any day before one off: tomorrow nobody could answer."""
    local = workdays.local(at)
    if not workdays.is_working(local.date()):
        return BEFORE_REST
    if local.time() < EVENING:
        return BY_DAY
    return AT_EVENING if workdays.is_working(local.date() + DAY) else BEFORE_REST
