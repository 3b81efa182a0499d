"""Our side of Usedesk, put together: the block, the webhook, the poll, and what they share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from suggest.desk import Desk
from suggest.domain import Suggestion
from suggest.lookup import Lookup
from suggest.regulation import Phrasebank
from suggest.usedesk import messages
from suggest.usedesk.block import Block
from suggest.usedesk.client import UsedeskClient
from suggest.usedesk.filing import Filing
from suggest.usedesk.linking import Linking
from suggest.usedesk.outgoing import Answers
from suggest.usedesk.poll import Poll
from suggest.usedesk.preparing import Preparer
from suggest.usedesk.reader import Reader
from suggest.usedesk.rules import ReaderRules
from suggest.usedesk.view import View
from suggest.usedesk.webhook import Webhook


@dataclass(frozen=True)
class Secrets:
    """What Usedesk must show us; `open_block` lets the block in without any."""

    block: str = ""
    webhook: str = ""
    open_block: bool = False


@dataclass(frozen=True)
class Side:
    """What `suggest.usedesk.routes` serves."""

    client: UsedeskClient
    preparer: Preparer
    block: Block
    webhook: Webhook
    poll: Poll
    public_url: str = ""
    """Where agents' browsers reach the service; "": where the block was called."""

    def start(self) -> None:
        """Begins to poll; the template is compiled now and not while the first agent waits."""
        self.block.view.message(messages.LATE)
        self.poll.start()

    def close(self) -> None:
        """Ends every thread and connection."""
        self.poll.close()
        self.preparer.close()
        self.block.close()
        self.client.close()
        if self.preparer.lookup:
            self.preparer.lookup.close()


def build_side(
    client: UsedeskClient,
    rules: ReaderRules,
    bank: Phrasebank,
    desk: Desk,
    secrets: Secrets,
    filing: Filing | None = None,
    widget: Callable[[Suggestion], str] | None = None,
    public_url: str = "",
    linking: Linking | None = None,
    answers: Answers | None = None,
    case: Callable[[Suggestion], tuple[str, ...]] | None = None,
    lookup: Lookup | None = None,
) -> Side:
    """The parts, built on each other; `widget` as in `View`."""
    reader = Reader(rules)
    preparer = Preparer(client, reader, desk, filing, linking=linking, answers=answers, lookup=lookup)
    block = Block(preparer, View(bank, widget), secrets.block, secrets.open_block, case=case)
    return Side(client, preparer, block, Webhook(preparer, reader, secrets.webhook), Poll(preparer), public_url)
