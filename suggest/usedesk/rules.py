"""The rules by which tickets are read and filed: `reader.yaml` and `filing.yaml` of the phrasebank, typed and checked.

A source says how to recognise a kind of ticket and where its facts stand; the first one that fits is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

from suggest.datafile import read
from suggest.domain import Frozen, PhrasebankError, Platform
from suggest.regulation import Phrasebank

READER, FILING = "reader.yaml", "filing.yaml"
Fact = Literal["rating", "author", "branch", "url", "id", "platform", "text"]


def _compiled(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a pattern is expected")
    try:
        return re.compile(value, re.IGNORECASE | re.MULTILINE)
    except re.error as error:
        raise ValueError(f"not a pattern: {error}") from error


Pattern = Annotated[re.Pattern[str], BeforeValidator(_compiled)]


class _Rules(Frozen):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Rule(_Rules):
    """Where a fact may stand: exactly one place. A pattern gives its first group that matched, or all of it."""

    field: tuple[str, ...] | None = None
    """Names (or ids) of custom fields; their value is the fact."""
    tag: Pattern | None = None
    subject: Pattern | None = None
    message: Pattern | None = None
    link: Pattern | None = None
    """The caption of a link; its address is the fact."""
    address: Pattern | None = None
    """The address of a link."""
    client: Literal[True] | None = None
    """The client's name."""
    additional: Pattern | None = None
    """The external id of a ticket opened by API."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("exactly one place is expected")
        return self


Found = dict[Fact, tuple[Rule, ...]]


class When(_Rules):
    """What a source is recognised by: any of these. Nothing named: every ticket."""

    contact: tuple[Pattern, ...] = ()
    subject: tuple[Pattern, ...] = ()
    channel: tuple[str, ...] = ()
    field: tuple[str, ...] = ()
    tag: tuple[Pattern, ...] = ()
    additional: tuple[Pattern, ...] = ()


class Cut(_Rules):
    """Where the review begins and ends in the message; `without` is how it says that there is no text.

    `whole`: where no beginning is marked, the whole message is the review.
    """

    whole: bool = False
    after: tuple[Pattern, ...] = ()
    before: tuple[Pattern, ...] = ()
    without: tuple[Pattern, ...] = ()


class Source(_Rules):
    """A kind of ticket. `robot`: its client is the platform's robot; `readable` False: recognised, yet never read.

    `letter`: it comes by mail, so a ticket with an external id, which only the API gives, is none.
    """

    id: str
    title: str
    when: When = When()
    platform: Platform | None = None
    robot: bool
    letter: bool = False
    readable: bool = True
    hosts: tuple[str, ...] = ()
    cut: Cut | None = None
    find: Found = {}


class ReaderRules(_Rules):
    """All of them; `facts` are looked for in every ticket, before those of its source."""

    platform_names: dict[Platform, Pattern]
    facts: Found
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]


class FilingRules(Frozen):
    """`priority`: Usedesk's by ours; `scenario`: whether the scenario's id becomes a tag; `flags`: those that do."""

    priority: dict[int, Literal["low", "medium", "urgent", "extreme"]]
    scenario: bool
    flags: tuple[str, ...]


def load_rules(phrasebank: Path) -> ReaderRules:
    """The reader's rules in a phrasebank's folder; raises PhrasebankError with every fault."""
    return read(phrasebank, READER, TypeAdapter(ReaderRules))


def load_filing(phrasebank: Path) -> FilingRules:
    """The filing's rules in a phrasebank's folder; raises PhrasebankError with every fault."""
    return read(phrasebank, FILING, TypeAdapter(FilingRules))


def rule_faults(bank: Phrasebank) -> Iterator[str]:
    """Every fault of both files, for `suggest lint`."""
    for load in (load_rules, load_filing):
        try:
            load(bank.path)
        except PhrasebankError as error:
            yield from error.faults
