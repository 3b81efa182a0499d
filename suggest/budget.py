"""What a day's questions to a model may cost, counted in a file so that restarts and other processes count too."""

from __future__ import annotations

import fcntl
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from suggest.domain import InputError, Usage

Unit = Literal["calls", "tokens", "cost"]
_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*(calls|tokens|cost)?")


@dataclass(frozen=True)
class Limit:
    """So many of a unit a day; `cost` is in the currency of the price list."""

    amount: float
    unit: Unit = "calls"

    @classmethod
    def read(cls, text: str) -> Limit | None:
        """From «1000», «2000000 tokens» or «500 cost»; None for nothing. Raises InputError for anything else."""
        if not text.strip():
            return None
        match = _FORM.fullmatch(text.strip())
        if not match:
            raise InputError("model_budget", "a number is expected, followed by calls, tokens or cost")
        units: dict[str | None, Unit] = {None: "calls", "calls": "calls", "tokens": "tokens", "cost": "cost"}
        return cls(float(match[1]), units[match[2]])


class Budget:
    """Counts what was used today; without a limit it only counts. Safe among threads and processes.

    What is under way when the limit is reached still goes through: a few calls more than it allows are possible.
    """

    def __init__(self, limit: Limit | None, file: Path, today: Callable[[], date]) -> None:
        self.limit = limit
        self._file = file
        self._today = today

    @property
    def spent(self) -> float:
        """How much of the limit's unit (calls, where there is no limit) was used today."""
        return self._read(self._content())[self.limit.unit if self.limit else "calls"]

    @property
    def exhausted(self) -> bool:
        return self.limit is not None and self.spent >= self.limit.amount

    def add(self, usage: Usage) -> None:
        """Counts one more."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            total = self._read(file.read())
            total["calls"] += usage.calls
            total["tokens"] += usage.tokens_in + usage.tokens_out
            total["cost"] += usage.cost or 0
            file.seek(0)
            file.truncate()
            file.write(json.dumps({"day": self._today().isoformat(), **total}))

    def _content(self) -> str:
        try:
            return self._file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def _read(self, content: str) -> dict[Unit, float]:
        """The day's counts; another day's, and a torn file, count as none."""
        units: tuple[Unit, ...] = ("calls", "tokens", "cost")
        with suppress(ValueError, KeyError, TypeError):
            kept = json.loads(content)
            if kept["day"] == self._today().isoformat():
                return {unit: float(kept[unit]) for unit in units}
        return dict.fromkeys(units, 0.0)
