"""Has suggestions made for tickets: at once for an agent who waits, in turn for what webhooks and the poll bring."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from traceback import format_tb

from suggest.desk import Desk
from suggest.domain import Client, Review, StoreUnavailable, Suggestion
from suggest.lookup import Asked, Lookup, LookupFailed, asked_of
from suggest.usedesk.backlog import Backlog, Job
from suggest.usedesk.client import UsedeskClient
from suggest.usedesk.dictionary import Dictionary
from suggest.usedesk.errors import UsedeskBusy, UsedeskError, UsedeskUnreachable
from suggest.usedesk.filing import Filing
from suggest.usedesk.html import letter
from suggest.usedesk.linking import Linking
from suggest.usedesk.outgoing import Answers
from suggest.usedesk.reader import Reader, Reading
from suggest.usedesk.ticket import Ticket

FRESH_SECONDS = 600.0
"""So long what was read of a ticket is trusted, unless a webhook or the poll says that it changed."""

REMEMBERED = 20_000
WORKERS = 4
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """What came of a ticket: its reading and suggestion, or the error that prevented it."""

    reading: Reading | None = None
    suggestion: Suggestion | None = None
    error: Exception | None = None


@dataclass(frozen=True)
class _Read:
    """When a ticket was read, and when it had last changed by then, in Usedesk's time."""

    at: float
    updated_at: str


NEVER = _Read(float("-inf"), "")


class Preparer:
    """Safe to call from any thread."""

    def __init__(
        self,
        client: UsedeskClient,
        reader: Reader,
        desk: Desk,
        filing: Filing | None = None,
        clock: Callable[[], float] = time.monotonic,
        linking: Linking | None = None,
        answers: Answers | None = None,
        lookup: Lookup | None = None,
    ) -> None:
        self.client = client
        self.reader = reader
        self.dictionary = Dictionary(client)
        self.backlog = Backlog(self._in_turn, clock)
        self._desk = desk
        self._filing = filing
        self._linking = linking
        self.lookup = lookup
        self._answers = answers
        self._clock = clock
        self._pool = ThreadPoolExecutor(WORKERS, "usedesk-urgent")
        self._running: dict[int, Future[Prepared]] = {}
        self._reads: OrderedDict[int, _Read] = OrderedDict()
        self._lock = threading.Lock()
        # One suggestion at a time: several at once are made no sooner, and keep the thread that answers agents waiting.
        self._thinking = threading.Lock()

    def kept(self, ticket_id: int) -> Suggestion | None:
        """The suggestion on record for a ticket, unless its texts were erased."""
        try:
            found = self._desk.suggestions.of_ticket(str(ticket_id))
        except StoreUnavailable:
            return None
        return found if found and not found.erased else None

    def fresh(self, ticket_id: int) -> bool:
        """Whether the ticket was read lately and nothing was heard of it since."""
        return ticket_id not in self.backlog and self._clock() - self._last_read(ticket_id).at < FRESH_SECONDS

    def knows(self, row: Ticket) -> bool:
        """Whether the ticket was read since it changed as this row of a list has it."""
        return self._last_read(row.id).updated_at == row.updated_at != ""

    def now(self, ticket_id: int, hints: Mapping[str, str]) -> Future[Prepared]:
        """Reads the ticket for an agent who waits; several who ask at once share one reading. The future never fails.

        `hints` are what only the block tells of the ticket.
        """
        with self._lock:
            if ticket_id not in self._running:
                self._running[ticket_id] = self._pool.submit(self._at_once, ticket_id, hints)
            return self._running[ticket_id]

    def later(self, ticket_id: int, reading: Reading | None = None) -> bool:
        """Puts a ticket in the queue; False where it is full. `reading` serves where Usedesk cannot be asked."""
        return self.backlog.add(ticket_id, reading)

    def close(self) -> None:
        """Ends the threads; what waits is dropped."""
        self._pool.shutdown(cancel_futures=True)
        self.backlog.close()

    def _at_once(self, ticket_id: int, hints: Mapping[str, str]) -> Prepared:
        try:
            before = self.kept(ticket_id)
            prepared = self._prepare(ticket_id, hints, urgent=True)
            if self._filing and before is None and prepared.suggestion:
                self.later(ticket_id)
            return prepared
        finally:
            with self._lock:
                self._running.pop(ticket_id, None)

    def _in_turn(self, job: Job) -> bool:
        """Whether a job of the queue is done with; an agent's opening may have read the ticket since, but filed nothing."""
        if self._last_read(job.ticket_id).at > job.since and not self._filing:
            return True
        error = self._prepare(job.ticket_id, {}, job.reading).error
        return not isinstance(error, UsedeskBusy | UsedeskUnreachable)

    def _prepare(
        self, ticket_id: int, hints: Mapping[str, str], given: Reading | None = None, urgent: bool = False
    ) -> Prepared:
        started = self._clock()
        try:
            ticket = self._ticket(ticket_id, hints, given, urgent)
            if ticket and self._answers and self._answers.take(ticket):
                self._remember(ticket_id, _Read(started, ticket.updated_at))
                return Prepared(Reading(ticket_id, "outgoing", robot=False, unreadable="outgoing"))
            reading = self.reader.read(ticket) if ticket else given
            suggestion = self._suggested(reading, ticket, urgent) if reading else None
            if reading and self._linking:
                self._linking.read(reading, ticket, suggestion)
        except UsedeskError as error:
            log.info("ticket %d: %s", ticket_id, type(error).__name__)
            return Prepared(error=error)
        except Exception as error:
            log.error("ticket %d: %s\n%s", ticket_id, type(error).__name__, "".join(format_tb(error.__traceback__)))
            return Prepared(error=error)
        if ticket:
            self._remember(ticket_id, _Read(started, ticket.updated_at))
        return Prepared(reading, suggestion)

    def _ticket(self, ticket_id: int, hints: Mapping[str, str], given: Reading | None, urgent: bool) -> Ticket | None:
        """The ticket as Usedesk has it; None where it cannot be asked and a webhook already told what is needed."""
        try:
            return self.dictionary.named(self.client.ticket(ticket_id, urgent), urgent).hinted(hints)
        except UsedeskError:
            if given is None:
                raise
            return None

    def _suggested(self, reading: Reading, ticket: Ticket | None, urgent: bool) -> Suggestion | None:
        if reading.review is None:
            return None
        before = self.kept(reading.ticket_id)
        review = _as_told(reading.review, before)
        if ticket and self.lookup and not reading.robot:
            review = _known(review, ticket, self.lookup)
        with self._thinking:
            suggestion = self._desk.receive(review)
        to_file = None if urgent else ticket
        if self._filing and to_file:
            fresh = before is None or (before.id, before.revision) != (suggestion.id, suggestion.revision)
            try:
                self._filing.file(to_file, suggestion, fresh)
            except UsedeskError as error:
                log.warning("ticket %d was not filed: %s", to_file.id, type(error).__name__)
        return suggestion

    def _last_read(self, ticket_id: int) -> _Read:
        with self._lock:
            return self._reads.get(ticket_id, NEVER)

    def _remember(self, ticket_id: int, read: _Read) -> None:
        with self._lock:
            self._reads[ticket_id] = read
            self._reads.move_to_end(ticket_id)
            while len(self._reads) > REMEMBERED:
                self._reads.popitem(last=False)


def asked_about(ticket: Ticket) -> Asked:
    """What a client's own ticket can be looked up by."""
    return asked_of(ticket.contact, (letter(message.html).text for message in ticket.messages if message.by_client))


def _known(review: Review, ticket: Ticket, lookup: Lookup) -> Review:
    """The review with what the company's own system knows of its client; as it is where that does not answer."""
    if review.client.known:
        return review
    try:
        found = lookup.ask(asked_about(ticket))
    except LookupFailed:
        return review
    return review.model_copy(update={"client": Client(known=True, name=found.name)}) if found.known else review


def _as_told(review: Review, before: Suggestion | None) -> Review:
    """The review as read, with what an agent has told of its client: that stands in no ticket."""
    told = before is not None and before.review.id == review.id and before.review.client.known
    return review.model_copy(update={"client": before.review.client}) if before and told else review
