"""The block in the sidebar of a ticket: whatever happens, HTML that an agent understands, in less than 1.5 seconds."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from traceback import format_tb
from typing import Any, TypeVar

from suggest.domain import Suggestion
from suggest.usedesk import messages
from suggest.usedesk.errors import UsedeskError
from suggest.usedesk.payload import Unreadable, authentic, mapping, number, read, text
from suggest.usedesk.preparing import Prepared, Preparer
from suggest.usedesk.view import Message, View

DEADLINE = 1.0
"""Seconds that an opening may wait, the rest of 1.5 left for a busy machine and for the way there and back."""

LOOKUPS = 4
log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class Opening:
    """What an opening of a ticket tells us: which one, whether the refresh button was pressed, and hints."""

    ticket_id: int
    refresh: bool
    hints: Mapping[str, str] = field(repr=False)
    base: str = ""
    """The address at which the service was called."""


@dataclass
class Block:
    """`secret` "" lets nobody in, unless the block is `open` to all."""

    preparer: Preparer
    view: View
    secret: str
    open: bool = False
    deadline: float = DEADLINE
    case: Callable[[Suggestion], tuple[str, ...]] | None = None
    """Where the case of a suggestion stands, in a few lines; asked in a thread, for it asks the database."""
    _lookups: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(LOOKUPS, "usedesk-lookup"))

    async def answer(self, body: bytes, content_type: str, base: str = "") -> str:
        """The HTML for a request of any kind; `base` is the address of the service, for the widget's frame."""
        until = time.monotonic() + self.deadline
        try:
            asked = self._asked(body, content_type)
            if isinstance(asked, Message):
                return self.view.message(asked)
            return await self._opened(replace(asked, base=base), until)
        except Exception as error:
            log.error("the block failed: %s\n%s", type(error).__name__, "".join(format_tb(error.__traceback__)))
            return self.view.message(messages.BROKEN)

    def close(self) -> None:
        self._lookups.shutdown(cancel_futures=True)

    def _asked(self, body: bytes, content_type: str) -> Opening | Message:
        try:
            fields = read(body, content_type)
        except Unreadable:
            return messages.UNREADABLE
        if self.secret:
            if not authentic(fields, self.secret):
                return messages.WRONG_SECRET
        elif not self.open:
            return messages.NO_SECRET
        return opening(fields) or messages.NO_TICKET

    async def _opened(self, asked: Opening, until: float) -> str:
        kept = await _within(self._lookups.submit(self.preparer.kept, asked.ticket_id), until)
        if kept and not asked.refresh and self.preparer.fresh(asked.ticket_id):
            return self.view.suggestion(kept, base=asked.base, case=await self._case(kept, until))
        prepared = await _within(self.preparer.now(asked.ticket_id, asked.hints), until)
        made = prepared.suggestion if prepared and prepared.suggestion else kept
        return self._shown(prepared, kept, asked.base, await self._case(made, until) if made else ())

    async def _case(self, made: Suggestion, until: float) -> tuple[str, ...]:
        """Nothing where it does not come in time: the widget asks for itself."""
        return (await _within(self._lookups.submit(self.case, made), until) or ()) if self.case else ()

    def _shown(self, prepared: Prepared | None, kept: Suggestion | None, base: str, case: tuple[str, ...]) -> str:
        if prepared and prepared.suggestion:
            return self.view.suggestion(prepared.suggestion, base=base, case=case)
        if prepared is None:
            if kept is None:
                return self.view.message(messages.LATE)
            return self.view.suggestion(kept, messages.KEPT_WHILE_LATE, base, case)
        if prepared.reading:
            return self.view.message(messages.unreadable(prepared.reading))
        advice = prepared.error.advice if isinstance(prepared.error, UsedeskError) else messages.BROKEN.text
        return (
            self.view.suggestion(kept, messages.KEPT_AFTER_ERROR + advice, base, case)
            if kept
            else self.view.message(Message(messages.FAILED, advice))
        )


def opening(fields: Mapping[str, Any]) -> Opening | None:
    """The opening in a body of the block, whichever way its values were sent; None without a ticket's id."""
    ticket_id = number(fields.get("ticket_id"))
    if ticket_id is None:
        return None
    hints = {
        "subject": text(fields.get("subject"), 1000),
        "contact": text(fields.get("from_email")) or text(fields.get("contact")),
        "channel_type": text(mapping(fields.get("channel_data")).get("type")) or text(fields.get("channel_type")),
    }
    return Opening(ticket_id, text(fields.get("is_auto_load")) == "0", hints)


async def _within(future: Future[T], until: float) -> T | None:
    """The result, or None where it does not come in time; the work goes on."""
    waiting = asyncio.wrap_future(future)
    done, _ = await asyncio.wait({waiting}, timeout=max(0.0, until - time.monotonic()))
    return waiting.result() if done else None
