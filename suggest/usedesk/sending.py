"""The request of a hand-over on its way: as an outgoing ticket, a question in one, or a letter, and never twice.

An answer of Usedesk that says no, or mail refused before its end, was surely not sent and may be sent again at once.
Where no answer came, the request is looked for first; a letter cannot be looked for, so the agent has to say it never came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from suggest.hand_over import Mode, Purpose, Recipient
from suggest.hand_over_letter import Request
from suggest.mail import Attachment, Letter, MailError
from suggest.pictures import Picture
from suggest.store.hand_overs import ClaimLost, HandOver, HandOvers
from suggest.usedesk.client import UsedeskClient
from suggest.usedesk.errors import UsedeskError, UsedeskGarbled, UsedeskUnreachable
from suggest.usedesk.outgoing import Search, external_id
from suggest.usedesk.ticket import TicketStatus
from suggest.usedesk.writing import NO_USER

SETTLED = timedelta(seconds=60)
"""So long after a send without an answer it may still be worked off: only then «not found» means that it never came."""

NO_MAIL = "Почта подсказчика не настроена. Скачайте письмо и отправьте его сами."
NOT_KNOWN = "Usedesk не подтвердил отправку. Через минуту нажмите «Продолжить»: сначала проверим, не ушёл ли запрос."
ON_YOUR_WORD = "Неизвестно, ушло ли письмо, и проверить это нельзя. Если его не получили, отправьте ещё раз."


@dataclass(frozen=True)
class Parcel:
    """What is to be sent, to whom and how; `again`: the agent says that a doubtful letter never came.

    `home` is the ticket in which the client is answered, `thread` an earlier outgoing request to ask again in.
    """

    key: str
    recipient: Recipient
    mode: Mode
    purpose: Purpose
    request: Request
    picture: Picture | None = None
    home: int | None = None
    thread: int | None = None
    again: bool = False


class Mailing(Protocol):
    """Sends letters."""

    def send(self, letter: Letter) -> None:
        """Raises MailError."""
        ...


class NotSent(Exception):
    """It was not sent, for the reason in the text (Russian), or where `uncertain` nobody knows."""

    def __init__(self, reason: str, uncertain: bool = False) -> None:
        super().__init__(reason)
        self.uncertain = uncertain


@dataclass(frozen=True)
class Sending:
    """Sends requests; `channel_id` is the mail channel of Usedesk that they leave through, None: Usedesk's choice."""

    client: UsedeskClient
    hand_overs: HandOvers
    clock: Callable[[], datetime]
    mail: Mailing | None = None
    channel_id: int | None = None

    def send(self, over: HandOver, parcel: Parcel, user: int | None) -> str | None:
        """Sends a claimed hand-over unless it is found to have gone; its outgoing ticket, if any. Raises NotSent."""
        if over.uncertain and (found := self._found(over, parcel)):
            return found
        if over.mode == "usedesk" and user is None:
            raise NotSent(f"Не отправлено: {NO_USER}.")
        mail = self.mail if over.mode == "smtp" else None
        if over.mode == "smtp" and mail is None:
            raise NotSent(NO_MAIL)
        try:
            self.hand_overs.trying(over.id, over)
        except ClaimLost:
            raise NotSent(NOT_KNOWN, uncertain=True) from None
        try:
            if mail is None:
                return self._asked(over, parcel, user or 0)
            mail.send(as_letter(parcel, external_id(over)))
        except UsedeskError as error:
            doubtful = isinstance(error, UsedeskUnreachable | UsedeskGarbled)
            raise NotSent(NOT_KNOWN if doubtful else error.advice, doubtful) from error
        except MailError as error:
            raise NotSent(error.advice if error.sure else ON_YOUR_WORD, not error.sure) from error
        return None

    def _found(self, over: HandOver, parcel: Parcel) -> str | None:
        """The request that an earlier try may have sent; None where it surely is not there. Raises NotSent while unsure."""
        if over.mode == "smtp":
            if parcel.again:
                return None
            raise NotSent(ON_YOUR_WORD, uncertain=True)
        search = Search(self.client, self.hand_overs)
        try:
            found = search.asked_again(parcel.thread, parcel.request) if parcel.thread else search.opened(over)
        except UsedeskError as error:
            raise NotSent(error.advice, uncertain=True) from error
        if found is None and over.tried_at and self.clock() - over.tried_at < SETTLED:
            raise NotSent(NOT_KNOWN, uncertain=True)
        return found

    def _asked(self, over: HandOver, parcel: Parcel, user: int) -> str:
        if parcel.thread:
            self.client.comment(parcel.thread, parcel.request.html, user, private=False)
            return str(parcel.thread)
        facts: dict[str, object] = {
            "client_email": parcel.recipient.mail,
            "client_name": parcel.recipient.title,
            "from": "user",
            "user_id": user,
            "additional_id": external_id(over),
            "status": int(TicketStatus.OPEN),
        }
        if self.channel_id:
            facts["channel_id"] = self.channel_id
        pictures = [parcel.picture] if parcel.picture else []
        subject = f"{parcel.request.subject} · запрос {over.id}"
        return str(self.client.create(subject, parcel.request.html, facts, pictures))


def as_letter(parcel: Parcel, key: str) -> Letter:
    """The request as a letter."""
    picture = parcel.picture
    files = (Attachment(picture.name, picture.media_type, picture.data),) if picture else ()
    request = parcel.request
    return Letter(parcel.recipient.mail, request.subject, request.text, request.html, files, key)
