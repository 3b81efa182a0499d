"""The nouns of the service, frozen, and the tree of its errors.

Names follow the regulation and ``design.md`` section 4; JSON written by `Suggestion` is that section's contract.

    SuggestError
    ├── InputError        what a caller sent cannot be read (names the field)
    ├── PhrasebankError   the phrasebank is refused, with every fault listed
    ├── EncoderError      the encoder or the fitted matcher is missing or does not fit
    ├── ChooserFailed     a chooser gave no usable choice
    ├── ModelFailed       a model gave no usable answer (`why` says what was the matter)
    ├── StaleRevision     a newer revision of the suggestion exists
    ├── StoreUnavailable  the database does not answer, or there is none
    └── NewerSchema       the database was made by a newer release
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MAX_TEXT = 20_000
"""The longest review or reply we read, in characters."""


class SuggestError(Exception):
    """The root: its text is fit to be shown to the caller."""


class InputError(SuggestError):
    """What the caller sent is not a review, a reply or a known id; `field` says where."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


class PhrasebankError(SuggestError):
    """The phrasebank is refused whole; `faults` holds every fault, each with its file."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class EncoderError(SuggestError):
    """The encoder or the fitted matcher is missing, broken, or made for other data."""


class ChooserFailed(SuggestError):
    """A chooser gave no usable choice for one or more slots."""


class Why(StrEnum):
    """Why a model gave no usable answer."""

    TIMEOUT = "timeout"
    """Not within the deadline."""
    AWAY = "away"
    """Cannot be reached, or broke down."""
    LIMITED = "limited"
    """Asks to be left alone for a while (429)."""
    DENIED = "denied"
    """The key, or its owner's account, is not accepted."""
    REFUSED = "refused"
    """Accepts the key but not the request: its form, its size, its content."""
    GARBLED = "garbled"
    """Answered something other than the one JSON object that was asked for."""
    RESTING = "resting"
    """Not asked: it failed again and again, and is left alone for a while."""
    BUSY = "busy"
    """Not asked: as many calls as allowed are under way."""
    SPENT = "spent"
    """Not asked: the day's budget is spent."""


class ModelFailed(SuggestError):
    """A model gave no usable answer; everything goes on without it. `calls` is how often it was asked in vain."""

    def __init__(self, why: Why, detail: str = "", calls: int = 0) -> None:
        super().__init__(f"the model gave no answer: {why}{f' ({detail})' if detail else ''}")
        self.why = why
        self.calls = calls


class StaleRevision(SuggestError):
    """A write named a revision that is no longer the newest; `newest` is."""

    def __init__(self, newest: int) -> None:
        super().__init__(f"a newer revision exists: {newest}")
        self.newest = newest


class StoreUnavailable(SuggestError):
    """The database does not answer, or there is none: nothing was kept; trying again later may work."""


class NewerSchema(SuggestError):
    """The database was made by a newer release; this one must not write to it."""


class Platform(StrEnum):
    """Where a review was written; `dm` are direct messages, the one private channel."""

    TWOGIS = "2gis"
    YANDEX = "yandex"
    GOOGLE = "google"
    OTZOVIK = "otzovik"
    DM = "dm"
    OTHER = "other"


class Status(StrEnum):
    READY = "ready"
    SKIPPED = "skipped"
    ABSTAINED = "abstained"


class Disposition(StrEnum):
    ANSWER = "answer"
    SKIP = "skip"


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class ChosenBy(StrEnum):
    ROTATION = "rotation"
    MODEL = "model"
    AGENT = "agent"


class MatchedBy(StrEnum):
    TRIAGE = "triage"
    MATCHER = "matcher"
    MODEL = "model"
    AGENT = "agent"


class Frozen(BaseModel):
    """A value: never changed, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _encodable(value: Any) -> Any:
    """Lone surrogates are legal in JSON escapes but belong to no text; refuse them at the door."""
    if isinstance(value, str) and any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError("is not valid Unicode text (a lone surrogate)")
    return value


Text = Annotated[str, BeforeValidator(_encodable)]


class Client(Frozen):
    """What is known of the reviewer; a notification's robot is never one."""

    known: bool = False
    name: Text | None = Field(default=None, max_length=200)


class Review(Frozen):
    """One customer review as it reached us."""

    id: Text | None = Field(default=None, max_length=200)
    platform: Platform
    rating: int | None = Field(default=None, ge=1, le=5, strict=True)
    text: Text = Field(default="", max_length=MAX_TEXT)
    author: Text | None = Field(default=None, max_length=200)
    url: Text | None = Field(default=None, max_length=2000)
    posted_at: datetime | None = None
    ticket_id: Text | None = Field(default=None, max_length=64)
    branch: Text | None = Field(default=None, max_length=200)
    client: Client = Client()

    @property
    def link(self) -> str | None:
        """`url` where it leads to a web page: whatever else it holds must not become a link in an agent's page."""
        try:
            parts = urlsplit(self.url or "")
        except ValueError:
            return None
        return self.url if parts.scheme in {"http", "https"} and parts.netloc else None


class Reason(Frozen):
    """Why something was decided: a stable code, and a sentence in Russian for the agent."""

    code: str
    text: str


class Triage(Frozen):
    """Whether and how soon a review is answered (000 «Обработка отзыва»)."""

    disposition: Disposition
    priority: Literal[0, 1, 2] | None
    reasons: tuple[Reason, ...] = ()


class Candidate(Frozen):
    """A scenario the review might be, with the calibrated probability of that."""

    scenario: str
    confidence: float = Field(ge=0, le=1)


class Neighbour(Frozen):
    """An exemplar near to the review: what the match resembles. `similarity` is a cosine, from -1 to 1."""

    scenario: str
    text: str
    similarity: float


class Match(Frozen):
    """The scenario a review was found to be, or an abstention (`scenario` None), and why."""

    scenario: str | None
    topic: str | None
    by: MatchedBy
    confidence: float = Field(ge=0, le=1)
    runners_up: tuple[Candidate, ...] = ()
    nearest: tuple[Neighbour, ...] = ()
    flags: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()


class Alternative(Frozen):
    """Another approved phrase that fits the same place."""

    phrase_id: str
    text: str


class Segment(Frozen):
    """One slot of the reply, filled by one approved phrase."""

    slot: str
    part: str | None = None
    phrase_id: str
    text: str
    chosen_by: ChosenBy
    alternatives: tuple[Alternative, ...] = ()


class Action(Frozen):
    """Something the agent does beside replying; `source` is its paragraph."""

    id: str
    text: str
    source: str


Span = tuple[int, int]
"""[start, end) in code points of the checked text."""


class Finding(Frozen):
    """What a check found in a reply: what, how severe, where and by which paragraph."""

    rule: str
    severity: Severity
    message: str
    source: str
    span: Span | None = None


class Usage(Frozen):
    """What asking a model took, all calls together; `cost` in the currency of the price list, None where unknown."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = None
    latency_ms: float = 0

    def __add__(self, other: Usage) -> Usage:
        costs = [cost for cost in (self.cost, other.cost) if cost is not None]
        return Usage(
            calls=self.calls + other.calls,
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_out=self.tokens_out + other.tokens_out,
            cost=sum(costs) if costs else None,
            latency_ms=round(self.latency_ms + other.latency_ms, 1),
        )


class Provenance(Frozen):
    """Which data and which models a suggestion was made by.

    `prompt`: the prompts a model answered, each with the hash of its wording; `usage`: what that took.
    """

    phrasebank: str
    matcher: str | None = None
    prompt: str | None = None
    model: str | None = None
    thresholds: dict[str, float] = {}
    usage: Usage | None = None


class Suggestion(Frozen):
    """The result of every stage of the walk, and so its own trace."""

    id: str
    revision: int = Field(ge=1)
    status: Status
    review: Review
    triage: Triage
    match: Match | None = None
    segments: tuple[Segment, ...] = ()
    text: str = ""
    actions: tuple[Action, ...] = ()
    department: str | None = None
    findings: tuple[Finding, ...] = ()
    chosen_by: ChosenBy = ChosenBy.ROTATION
    provenance: Provenance
    created_at: datetime
    erased: Literal["request", "retention"] | None = None
    """Why its texts are gone: a person asked for it, or their time was over. Everything else stays."""
