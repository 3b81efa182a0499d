"""The nouns of the regulation: what the folder `phrasebank/` holds, typed, and the plan of one reply.

Rows are read by `suggest.phrasebank`; nothing here reads a file.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator

from suggest.domain import Frozen, Platform, Severity, Status

Channel = Literal["public", "dm"]
Condition = Literal["client_known", "client_unknown", "visit", "remote", "safety", "legal"]
ANY: Literal["any"] = "any"
NO_TOPIC = "none"
EMPATHY = "empathy"


def variables_of(text: str) -> tuple[str, ...]:
    """The names in `{braces}`; raises ValueError for anything but a plain name, such as `{x.attr}` or `{x!r}`."""
    names = []
    for _, name, spec, conversion in string.Formatter().parse(text):
        if name is None:
            continue
        if spec or conversion or not name.isascii() or not name.replace("_", "").isalpha():
            raise ValueError(f"only plain {{variables}} are allowed, not {{{name}}}")
        names.append(name)
    return tuple(names)


class Part(Frozen):
    id: str
    title: str
    optional: bool = False
    """Whether it is left out where no phrase can be filled."""


class Slot(Frozen):
    id: str
    title: str
    parts: tuple[Part, ...] = ()

    @property
    def part_ids(self) -> tuple[str | None, ...]:
        return tuple(part.id for part in self.parts) or (None,)


class Variable(Frozen):
    id: str
    title: str
    example: str


class Ground(Frozen):
    """A rule of a review platform that a review may break: the ground of an appeal."""

    id: str
    title: str
    source: str


class Appeal(Frozen):
    url: str
    grounds: tuple[Ground, ...]


class PlatformRules(Frozen):
    """What a platform asks of a reply; `limit` counts `unit`s."""

    id: Platform
    title: str
    channel: Channel
    limit: int
    unit: Literal["characters", "bytes"] = "characters"
    comment: str | None = None
    source: str
    appeal: Appeal | None = None


class Department(Frozen):
    """A department of 002's list; `accusative` completes «мне надо подключить …».

    `mail` is where requests go; None for the brand store, whose addresses go by branch (`stores.yaml`).
    """

    id: str
    title: str
    accusative: str
    mail: str | None = None
    source: str


class OtherDepartment(Frozen):
    department: str
    when: str


class Topic(Frozen):
    """What a complaint is about: who solves it, and which data are asked for in private."""

    id: str
    title: str
    department: str
    visit: bool
    private_data: tuple[str, ...]
    source: str
    other_departments: tuple[OtherDepartment, ...] = ()


class FlagRules(Frozen):
    id: str
    title: str
    effect: str
    urgent: bool
    source: str


class SlotUse(Frozen):
    """A slot as a scenario asks for it: always, or only under a condition."""

    slot: str
    when: Condition | None = None


class Scenario(Frozen):
    """A branch of the regulation: which slots its reply has, in order, in public and in direct messages."""

    id: str
    title: str
    paragraph: str
    describes: str
    topic: str | None
    public: tuple[SlotUse, ...]
    dm: tuple[SlotUse, ...]
    may: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    @field_validator("public", "dm", mode="before")
    @classmethod
    def _bare_names(cls, value: Any) -> Any:
        return [{"slot": item} if isinstance(item, str) else item for item in value]

    def slots(self, channel: Channel) -> tuple[SlotUse, ...]:
        return self.public if channel == "public" else self.dm


class Selector(Frozen):
    """Where something applies; what is not named applies everywhere, but to a skipped review only what names it."""

    statuses: tuple[Status, ...] = (Status.READY, Status.ABSTAINED)
    scenarios: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    channels: tuple[Channel, ...] = ()
    departments: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()


class ActionRule(Frozen):
    id: str
    text: str
    source: str
    only_for: Selector = Selector()


class Approval(Frozen):
    by: str
    on: date


class Phrase(Frozen):
    """An approved wording: text with `{variables}` and no logic.

    It may be used where all of `when` hold and, under the flags `safety` and `legal`, only where `when` or `fits` names the flag.
    """

    id: str
    slot: str
    part: str | None = None
    text: str
    scenarios: Literal["any"] | tuple[str, ...] = ANY
    topics: Literal["any"] | tuple[str, ...] = ANY
    tone: Literal["neutral", "warm", "formal"]
    channels: tuple[Channel, ...]
    when: tuple[Condition, ...] = ()
    fits: tuple[Literal["safety", "legal"], ...] = ()
    lang: Literal["ru"]
    source: str
    note: str | None = None
    approved: Approval | None = None
    status: Literal["draft", "approved", "retired"]

    @cached_property
    def variables(self) -> frozenset[str]:
        return frozenset(variables_of(self.text))

    def serves(self, scenario: str) -> bool:
        return self.scenarios == ANY or scenario in self.scenarios

    @property
    def closeness(self) -> tuple[bool, bool, int]:
        """How closely it is made for its place: by name before nameless, for this scenario before any, narrower first."""
        return "client_name" in self.variables, self.scenarios != ANY or self.topics != ANY, len(self.when)


class InterimPhrase(Frozen):
    """A wording of 002 for the client while a department works; takes `{department}` in the accusative."""

    id: str
    text: str
    channels: tuple[Channel, ...]
    lang: Literal["ru"]
    source: str
    note: str | None = None
    approved: Approval | None = None
    status: Literal["draft", "approved", "retired"]


class Rule(Frozen):
    """A check of a reply: its paragraph, severity and message, and the words its function looks for."""

    id: str
    title: str
    source: str
    severity: Severity
    message: str
    words: dict[str, tuple[str, ...]] = {}


class ToneFlag(Frozen):
    """A fault of tone that a model may report; its rule is called `tone-` and its id.

    `looks_like` tells the model what to look for, `message` the agent what to do; `bad` and `fine` are examples.
    """

    id: str
    title: str
    looks_like: str
    severity: Severity
    message: str
    source: str
    bad: str
    fine: str

    @property
    def rule(self) -> str:
        return f"tone-{self.id}"


class Company(Frozen):
    name: str
    email: str
    phone: str
    feed_window: int = Field(default=10, ge=1)
    return_code: bool = False
    """Whether public replies ask the client to name the review's code in the subject of their letter."""
    manager: str = ""
    """Whom reviews about safety or law are told to at once: mail addresses, a comma between them."""


class CompanyOverride(Frozen):
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    return_code: bool | None = None
    manager: str | None = None


class CompanyFile(Frozen):
    default: Company
    countries: dict[str, CompanyOverride] = {}
    branches: dict[str, CompanyOverride] = {}


class Exemplar(Frozen):
    """A review written by us that shows what a scenario sounds like.

    `scenario` None: a text that belongs to no scenario. `hand`: who wrote it, so that validation can leave a whole hand out.
    `counter_to`: the scenario that it resembles and must not be matched to.
    """

    text: str
    scenario: str | None
    rating: int | None = Field(default=None, ge=1, le=5)
    voice: str
    trade: str
    hand: str
    counter_to: str | None = None


SlotKey = tuple[str, str | None]
"""A place in a reply: the slot and, where it has parts, the part."""


class FlagExemplar(Frozen):
    """A review written by us that raises a flag, or one that only sounds as if it did."""

    flag: str
    raises: bool
    text: str
    rating: int | None = Field(default=None, ge=1, le=5)


@dataclass(frozen=True)
class Phrasebank:
    """Everything the regulation says, loaded and cross-checked. Mappings keep the order of the files."""

    slots: Mapping[str, Slot]
    variables: Mapping[str, Variable]
    platforms: Mapping[Platform, PlatformRules]
    departments: Mapping[str, Department]
    topics: Mapping[str, Topic]
    flags: Mapping[str, FlagRules]
    scenarios: Mapping[str, Scenario]
    actions: tuple[ActionRule, ...]
    phrases: Mapping[str, Phrase]
    interim: Mapping[str, InterimPhrase]
    rules: Mapping[str, Rule]
    tone: Mapping[str, ToneFlag]
    company_file: CompanyFile
    given_names: Mapping[str, Literal["f", "m", "fm"]]
    version: str
    path: Path

    def company(self, country: str | None = None, branch: str | None = None) -> Company:
        """The company's name, mail and phone for a country and a branch; the branch wins."""
        merged = self.company_file.default.model_dump()
        for override in (
            self.company_file.countries.get(country or ""),
            self.company_file.branches.get(branch or ""),
        ):
            merged |= override.model_dump(exclude_none=True) if override else {}
        return Company(**merged)

    @cached_property
    def complaining(self) -> frozenset[str]:
        """The scenarios of complaints: those whose public reply joins in the client's trouble (000 §4)."""
        scenarios = self.scenarios.values()
        return frozenset(s.id for s in scenarios if any(use.slot == EMPATHY for use in s.public))

    @cached_property
    def approved(self) -> Mapping[SlotKey, tuple[Phrase, ...]]:
        """The approved phrases by place, in the order of their files."""
        places: dict[SlotKey, tuple[Phrase, ...]] = {
            (slot.id, part): () for slot in self.slots.values() for part in slot.part_ids
        }
        for phrase in self.phrases.values():
            if phrase.status == "approved":
                places[phrase.slot, phrase.part] += (phrase,)
        return places


@dataclass(frozen=True)
class PlannedSlot:
    """A place that the regulation asks for here, with the phrases that can fill it, the most fitting first."""

    slot: str
    part: str | None
    offered: tuple[Phrase, ...]

    @property
    def key(self) -> SlotKey:
        return self.slot, self.part


@dataclass(frozen=True)
class Plan:
    """What the regulation requires of one reply, and what may be said in it."""

    scenario: Scenario
    topic: Topic | None
    department: str | None
    channel: Channel
    client_known: bool
    flags: tuple[str, ...]
    slots: tuple[PlannedSlot, ...]
    facts: Mapping[str, str]
    """The values of the variables that may be filled here."""
