"""Many reviews at once: JSON lines in, JSON lines out, in order, resumed where an earlier run stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from suggest import parse
from suggest.domain import InputError, SuggestError
from suggest.pipeline import Suggester


def run(lines: list[bytes], target: Path, suggester: Suggester) -> int:
    """Writes one line to `target` for each of `lines`; a bad one becomes `{line, error}`. Returns how many were bad.

    Complete lines that `target` already has are kept and counted as done; a torn last one is made again.
    """
    done, bad = _done(target)
    if done > len(lines):
        raise InputError(
            str(target), f"has {done} lines, more than the {len(lines)} that came in: not an earlier run of them"
        )
    with target.open("ab") as out:
        for number, line in _progressing(lines, done):
            result, failed = _answer(line, number, suggester)
            out.write(result.encode() + b"\n")
            out.flush()
            bad += failed
    return bad


def _answer(line: bytes, number: int, suggester: Suggester) -> tuple[str, bool]:
    try:
        return suggester.suggest(parse.review(line)).model_dump_json(), False
    except SuggestError as error:
        return json.dumps({"line": number, "error": str(error)}, ensure_ascii=False), True


def _done(target: Path) -> tuple[int, int]:
    """How many complete lines there are, and how many of them tell of an error; a torn last line is cut off."""
    if not target.exists():
        return 0, 0
    content = target.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        with target.open("r+b") as file:
            file.truncate(len(whole))
    lines = whole.splitlines()
    return len(lines), sum(line.startswith(b'{"line"') for line in lines)


def _progressing(lines: list[bytes], done: int) -> Iterator[tuple[int, bytes]]:
    from suggest.show import progress

    with progress() as tell:
        for number, line in enumerate(lines[done:], done + 1):
            tell("suggesting", (number - 1) / len(lines))
            yield number, line
