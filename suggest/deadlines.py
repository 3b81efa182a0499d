"""By when a review is to be answered: so many working hours by its priority, as `phrasebank/targets.yaml` says. Pure.

answer_by(entry.priority, entry.received_at, service.targets, service.workdays) -> datetime | None
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, TypeAdapter, model_validator

from suggest.datafile import read
from suggest.domain import Frozen
from suggest.workdays import Workdays

FILE = "targets.yaml"
PRIORITIES = (0, 1, 2)


class Targets(Frozen):
    """Working hours until the first answer, by priority."""

    first_answer: Mapping[int, Annotated[float, Field(gt=0, le=1000)]]

    @model_validator(mode="after")
    def _all(self) -> Self:
        if set(self.first_answer) != set(PRIORITIES):
            raise ValueError(f"hours are expected for the priorities {PRIORITIES}, and no others")
        return self


def load_targets(phrasebank: Path) -> Targets:
    """The targets in a phrasebank's folder; raises PhrasebankError with every fault."""
    return read(phrasebank, FILE, TypeAdapter(Targets))


def answer_by(priority: int | None, received_at: datetime, targets: Targets, workdays: Workdays) -> datetime | None:
    """The moment by which a review of this priority, received then, is to be answered; None for one that needs no reply.

    In the company's zone. Overdue: still unanswered (`answered_at` None, `state` open) after it. `received_at` is the
    register's: when the review reached us, so that an old review that comes late is not late at once.
    """
    if priority is None:
        return None
    return workdays.after(received_at, timedelta(hours=targets.first_answer[priority]))
