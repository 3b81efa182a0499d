"""What the hand-over section knows of one suggestion: its tickets, its hand-overs, what may be sent now and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from suggest.domain import InputError, StoreUnavailable, Suggestion
from suggest.hand_over import STORE, Mode, Purpose, Recipient, called_for, forbidden
from suggest.hand_over_letter import Request, request
from suggest.pictures import Picture
from suggest.store.fold import Kind
from suggest.store.hand_overs import HandOver
from suggest.store.store import Store
from suggest.usedesk.casebook import Casebook, is_own
from suggest.usedesk.handing import Handing
from suggest.usedesk.sending import Parcel
from suggest.web.counter import Counter, Opened

NOBODY = "Выберите, кому передать: магазин или отдел с адресом."
ERASED = "Текст отзыва удалён, передать нечего."


@dataclass(frozen=True)
class Order:
    """What the form says; `again`: a doubtful letter never came."""

    department: str = ""
    store: str = ""
    purpose: Purpose = "check"
    data: str = ""
    received: bool = False
    mode: Mode | None = None
    again: bool = False


class Refused(Exception):
    """It cannot be sent now; the text tells the agent why."""


@dataclass(frozen=True)
class Case:
    """One suggestion, opened. Raises StoreUnavailable where there is no database."""

    counter: Counter
    here: Opened

    @cached_property
    def made(self) -> Suggestion:
        """What is handed over: the review that this ticket is about, or brought."""
        return self.book.about(self.here.made)[0]

    @property
    def book(self) -> Casebook:
        return Casebook(self.store, self.counter.service.bank)

    @property
    def store(self) -> Store:
        if self.counter.service.store is None:
            raise StoreUnavailable("hand-overs need the database")
        return self.counter.service.store

    @property
    def handing(self) -> Handing:
        if self.counter.service.handing is None:
            raise StoreUnavailable("hand-overs need the database")
        return self.counter.service.handing

    @cached_property
    def overs(self) -> tuple[HandOver, ...]:
        """Those of the review, and those that this ticket asked for before it was linked to it; in order."""
        return self.book.hand_overs(self.here.made, self.made)

    @cached_property
    def linked(self) -> int | None:
        """The client's own ticket: this one, or the newest one linked."""
        found = self.store.links.of(self.made.id)
        own = is_own(self.here.made)
        return _number(self.here.made.review.ticket_id if own else found[0].ticket_id if found else None)

    @property
    def home(self) -> int | None:
        """The ticket in which the client is answered, or the review's; None without Usedesk."""
        return (self.linked or _number(self.made.review.ticket_id)) if self.handing.client.usable else None

    @cached_property
    def received(self) -> bool:
        """Whether the client's data are known to have arrived (000 §9), but for an agent's word in the form."""
        known = self.made.review.client.known or self.book.data_received(self.here.made)
        return known or bool(self.store.links.of(self.made.id))

    @property
    def called_for(self) -> bool:
        """Whether the regulation asks to hand this over."""
        return called_for(self.made)

    @cached_property
    def writes_again(self) -> bool:
        """Whether the client wrote after a hand-over was sent, or says so in the review (000 §8)."""
        sent = [over.sent_at for over in self.overs if over.sent_at]
        said = self.made.match is not None and "follow_up" in self.made.match.flags
        if not sent:
            return False
        letters = [contact.at for contact in self.store.contacts.of(self.made.id) if contact.direction == "in"]
        letters = letters or [link.at for link in self.store.links.of(self.made.id)]
        return said or any(at > max(sent) for at in letters)

    def proposed(self) -> Order:
        """What the form begins with: an unsent hand-over as it was asked for, else what the regulation asks for."""
        if left := next((over for over in reversed(self.overs) if over.sent_at is None), None):
            return Order(left.department, left.store or "", left.purpose, mode=left.mode, received=self.received)
        if self.writes_again:
            last = next(over for over in reversed(self.overs) if over.sent_at)
            return Order(last.department, last.store or "", "solved", received=self.received)
        known = self.handing.rules.store_of(self.made.review.branch)
        return Order(self.made.department or STORE, known.id if known else "", "check", received=self.received)

    def recipient(self, order: Order) -> Recipient | None:
        return self.handing.rules.recipient(self.counter.service.bank, order.department, order.store or None)

    def why_not(self, order: Order) -> str | None:
        """Why this cannot be sent now; None where it may."""
        if self.made.erased:
            return ERASED
        return forbidden(order.department, order.received or self.received)

    def request(self, order: Order, screenshot: bool) -> Request:
        rules, bank = self.handing.rules, self.counter.service.bank
        zone = self.counter.service.settings.zone
        return request(self.made, bank, rules, order.purpose, screenshot, order.data, zone)

    def parcel(self, order: Order, picture: Picture | None) -> Parcel:
        """Everything for `Handing.send`; raises Refused."""
        recipient = self.recipient(order)
        if recipient is None:
            raise Refused(NOBODY)
        if reason := self.why_not(order):
            raise Refused(reason)
        key = self.key(order)
        thread = self._thread(order)
        picture = None if thread else picture or self.kept_picture(key)
        return Parcel(
            key=key,
            recipient=recipient,
            mode=order.mode or self.handing.modes[0],
            purpose=order.purpose,
            request=self.request(order, picture is not None),
            picture=picture,
            home=self.home,
            thread=thread,
            again=order.again,
        )

    def key(self, order: Order) -> str:
        """The same however often it is pressed; another once the review changed, or the last question was answered."""
        left = [over for over in self._to(order) if over.purpose == order.purpose and over.sent_at is None]
        if before := next((over.key for over in left if over.suggestion_id != self.made.id), None):
            return before  # asked for in the client's ticket before it was linked, and perhaps sent
        whom = f"{order.department}:{order.store or '-'}"
        if order.purpose == "check":
            changes = [
                e for e in self.store.events.of(self.made.id) if e.kind is Kind.SUGGESTED and e.reason == "changed"
            ]
            turn = len(changes)
        else:
            settled = [over for over in self._to(order) if over.purpose == "solved"]
            turn = sum(bool(over.answered_at or over.outcome_sent_at) for over in settled)
        return f"{self.made.id}:{order.purpose}:{whom}:{turn}"

    def kept_picture(self, key: str) -> Picture | None:
        """The screenshot that came with an earlier try."""
        over = next((over for over in self.overs if over.key == key), None)
        files = self.store.attachments.of(over.suggestion_id) if over else ()
        files = tuple(file for file in files if over and file.hand_over == over.id)
        data = self.store.attachments.data(files[-1].id) if files else None
        return Picture(files[-1].name or "screenshot.png", files[-1].media_type, data) if data else None

    def of(self, hand_over_id: int) -> HandOver:
        """One of this suggestion's own; raises InputError for any other."""
        found = next((over for over in self.overs if over.id == hand_over_id), None)
        if found is None:
            raise InputError("hand_over", "no such hand-over of this review")
        return found

    def _thread(self, order: Order) -> int | None:
        """The outgoing ticket in which this recipient was asked before, where a question belongs into it."""
        mode = order.mode or self.handing.modes[0]
        unsent = (over for over in self.overs if over.key == self.key(order) and over.sent_at is None)
        doubtful = (over.mode for over in unsent if over.uncertain or over.tried_at)
        if order.purpose == "check" or next(doubtful, mode) != "usedesk":
            return None
        asked = [over.ticket_id for over in self._to(order) if over.mode == "usedesk" and over.sent_at]
        return _number(asked[-1]) if asked else None

    def _to(self, order: Order) -> list[HandOver]:
        return [over for over in self.overs if (over.department, over.store or "") == (order.department, order.store)]


def _number(ticket_id: str | None) -> int | None:
    return int(ticket_id) if ticket_id and ticket_id.isascii() and ticket_id.isdigit() else None
