"""The register as files: JSON lines, and CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import Any, Literal, TextIO

from suggest.store.register import Entry

Format = Literal["csv", "jsonl"]

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell must not begin with: spreadsheets would run it (OWASP «CSV injection»)."""


def write(entries: Iterable[Entry], out: TextIO, form: Format) -> int:
    """Writes the entries and returns how many; CSV has a header and the mark by which Excel knows UTF-8."""
    return _csv(entries, out) if form == "csv" else _jsonl(entries, out)


def _jsonl(entries: Iterable[Entry], out: TextIO) -> int:
    written = 0
    for entry in entries:
        out.write(entry.model_dump_json() + "\n")
        written += 1
    return written


def _csv(entries: Iterable[Entry], out: TextIO) -> int:
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(Entry.model_fields)
    written = 0
    for entry in entries:
        writer.writerow(defused(_cell(value)) for value in entry.model_dump(mode="json").values())
        written += 1
    return written


def defused(cell: str) -> str:
    """The cell with an apostrophe before it where a spreadsheet would run it."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else str(value).replace("\0", "")
