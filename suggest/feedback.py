"""What an agent did with a suggestion, and what an edit changed: nouns and pure functions, no database.

"Accepted" means copied, or confirmed as posted where the agent confirmed it: agents answer inside 2GIS, so what was
really posted is not seen by the service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Literal

from pydantic import Field

from suggest.domain import MAX_TEXT, Finding, Frozen, InputError, Segment, Text

_WORD = re.compile(r"\S+")

Op = tuple[Literal["equal", "replace", "delete", "insert"], str, str]
"""A step of a word-level diff: what is done, the old words, the new ones."""


class Outcome(StrEnum):
    """What was done with a suggestion; `copied` and `accepted` (confirmed as posted) both count as accepted."""

    SHOWN = "shown"
    COPIED = "copied"
    ACCEPTED = "accepted"
    EDITED = "edited"
    REJECTED = "rejected"
    OVERRULED = "overruled"


class Feedback(Frozen):
    """An agent's act on one revision of a suggestion."""

    outcome: Outcome
    revision: int = Field(ge=1)
    scenario: str | None = None
    text: Text | None = Field(default=None, max_length=MAX_TEXT)
    reason: Literal["wrong_scenario", "tone", "facts", "not_needed", "other"] | None = None
    agent: Text | None = Field(default=None, max_length=200)
    key: str | None = Field(default=None, max_length=200)
    """Of the caller's own: the same act under the same key is kept once, however late it comes again."""


class SlotChange(Frozen):
    """A slot that an edit touched; `text` is its new wording, None where it cannot be told from its neighbours."""

    slot: str
    part: str | None
    phrase_id: str
    change: Literal["changed", "deleted"]
    text: str | None = None


class Recorded(Frozen):
    """What is now on record: the event, the newest revision, the review's state, and what an edit changed.

    `state` is the register's: `open` is «исполнение», `done` is «исполнено».
    """

    event: int
    outcome: Outcome
    revision: int
    newest: int
    state: Literal["open", "done"]
    at: datetime
    diff: tuple[Op, ...] = ()
    slots: tuple[SlotChange, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Edit:
    """What an agent made of a suggested text; `templates` are the new wordings of `slots` with the facts taken out."""

    diff: tuple[Op, ...]
    slots: tuple[SlotChange, ...]
    templates: tuple[str | None, ...]


def complete(given: Feedback) -> None:
    """Raises InputError naming the field that the outcome needs and lacks, or has and cannot use."""
    for field, value, outcome in (
        ("text", given.text, Outcome.EDITED),
        ("scenario", given.scenario, Outcome.OVERRULED),
    ):
        if given.outcome is outcome and not (value or "").strip():
            raise InputError(field, f"is required with the outcome {outcome}")
        if given.outcome is not outcome and value is not None:
            raise InputError(field, f"belongs to the outcome {outcome}, not to {given.outcome}")


def compare(segments: Sequence[Segment], text: str, edited: str, facts: Mapping[str, str]) -> Edit:
    """The edit that turned a suggested text, made of these segments with these facts, into another one."""
    old, new = list(_WORD.finditer(text)), list(_WORD.finditer(edited))
    steps = SequenceMatcher(None, [word[0] for word in old], [word[0] for word in new], autojunk=False).get_opcodes()
    diff = tuple((tag, _slice(text, old, i, j), _slice(edited, new, k, m)) for tag, i, j, k, m in steps)
    slots = tuple(_changes(segments, edited, new, steps))
    return Edit(diff, slots, tuple(template(slot.text, facts) if slot.text else None for slot in slots))


def template(text: str, facts: Mapping[str, str]) -> str:
    """The wording as a phrase would have it: a `{variable}` for each fact that stands in it, other braces doubled."""
    text = text.replace("{", "{{").replace("}", "}}")
    for name, value in sorted(facts.items(), key=lambda fact: len(fact[1]), reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", f"{{{name}}}", text) if value else text
    return text


Step = tuple[Literal["equal", "replace", "delete", "insert"], int, int, int, int]


def _changes(
    segments: Sequence[Segment], edited: str, new: Sequence[re.Match[str]], steps: Sequence[Step]
) -> Iterator[SlotChange]:
    """The slots whose words did not all stay, in order."""
    end = 0
    for segment in segments:
        start, end = end, end + len(_WORD.findall(segment.text))
        kept = [step for step in steps if step[1] < end and step[2] > start]
        inserted = [step for step in steps if step[0] == "insert" and start < step[1] < end]
        if all(step[0] == "equal" for step in kept) and not inserted:
            continue
        if all(step[0] == "delete" for step in kept):
            yield _change(segment, "deleted")
        else:
            yield _change(segment, "changed", _wording(edited, new, [*kept, *inserted], start, end))


def _change(segment: Segment, change: Literal["changed", "deleted"], text: str | None = None) -> SlotChange:
    return SlotChange(slot=segment.slot, part=segment.part, phrase_id=segment.phrase_id, change=change, text=text)


def _wording(edited: str, new: Sequence[re.Match[str]], steps: Sequence[Step], start: int, end: int) -> str | None:
    """What stands in the edited text for the old words [start, end); None where a replacement crosses their bounds."""
    if any(tag == "replace" and (i < start or j > end) for tag, i, j, _, _ in steps):
        return None
    first = min(k + max(0, start - i) if tag == "equal" else k for tag, i, _, k, _ in steps)
    last = max(m - max(0, j - end) if tag == "equal" else m for tag, _, j, _, m in steps)
    return _slice(edited, new, first, last)


def _slice(text: str, words: Sequence[re.Match[str]], start: int, end: int) -> str:
    return text[words[start].start() : words[end - 1].end()] if end > start else ""
