"""The register as files: JSON lines, and CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal, TextIO

from suggest.store.register import Entry

Format = Literal["csv", "jsonl"]

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell must not begin with: spreadsheets would run it (OWASP «CSV injection»)."""

_INSIDE = re.compile(r'([;\t\r\n])(?=[\s"]*(?:[=@＝＠]|[+＋－-][^;\r\n]*[|(]))')
"""Where a spreadsheet that splits at semicolons, as a Russian one does, would begin a cell with what it runs."""


def write(entries: Iterable[Entry], out: TextIO, form: Format) -> int:
    """Writes the entries and returns how many."""
    written = -1 if form == "csv" else 0
    for line in lines(entries, form):
        out.write(line)
        written += 1
    return written


def lines(entries: Iterable[Entry], form: Format) -> Iterator[str]:
    """The file line by line; CSV has a header and the mark by which Excel knows UTF-8."""
    if form == "jsonl":
        yield from (entry.model_dump_json() + "\n" for entry in entries)
    else:
        yield "\ufeff" + _row(Entry.model_fields)
        yield from (_row(_cell(value) for value in entry.model_dump(mode="json").values()) for entry in entries)


def _row(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(defused(cell) for cell in cells)
    return line.getvalue()


def defused(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would run, at its beginning or after a semicolon or a break."""
    cell = _INSIDE.sub(r"\1'", cell)
    return f"'{cell}" if cell.startswith(FORMULA) or cell.lstrip().startswith(FORMULA) else cell


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else str(value).replace("\0", "")
