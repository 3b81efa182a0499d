"""The whole store: what `bootstrap` opens and the service, the command line and the console work with."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from suggest.domain import NewerSchema, StoreUnavailable
from suggest.pipeline import now
from suggest.regulation import Phrasebank
from suggest.store.acceptance import Acceptances
from suggest.store.accounts import Accounts
from suggest.store.approval import Candidates
from suggest.store.audit import Audit
from suggest.store.contacts import Attachments, Contacts
from suggest.store.details import Details
from suggest.store.engine import Database
from suggest.store.events import Events
from suggest.store.feedback import StoredRecords
from suggest.store.freshness import StoredHistories
from suggest.store.hand_overs import HandOvers
from suggest.store.links import Links
from suggest.store.notices import Notices
from suggest.store.phrases import Phrases
from suggest.store.register import Register
from suggest.store.reminders import AgentForms, Reminders
from suggest.store.retention import Retention
from suggest.store.scores import Scores
from suggest.store.suggestions import StoredSuggestions
from suggest.store.trace import Traces
from suggest.store.trends import Trends


@dataclass(frozen=True)
class Store:
    """Everything that is kept, each part with its own job; any call may raise StoreUnavailable."""

    database: Database
    suggestions: StoredSuggestions
    records: StoredRecords
    events: Events
    histories: StoredHistories
    phrases: Phrases
    register: Register
    acceptances: Acceptances
    retention: Retention
    hand_overs: HandOvers
    contacts: Contacts
    attachments: Attachments
    links: Links
    accounts: Accounts
    audit: Audit
    traces: Traces
    scores: Scores
    reminders: Reminders
    notices: Notices
    agent_forms: AgentForms
    clock: Callable[[], datetime]

    @property
    def details(self) -> Details:
        """One review of the register with all that is around it."""
        return Details(self.database, self.contacts, self.hand_overs, self.attachments)

    def candidates(self, bank: Phrasebank) -> Candidates:
        """The approval queue of those who keep this phrasebank."""
        return Candidates(self.database, bank, self.clock)

    def trends(self, bank: Phrasebank) -> Trends:
        """Counts by week, as this phrasebank tells complaints from the rest."""
        return Trends(self.database, bank.complaining)

    def close(self) -> None:
        """Closes every connection."""
        self.database.dispose()


def open_store(url: str, clock: Callable[[], datetime] = now, needed: bool = True) -> Store:
    """The store at `url`, its schema brought up to date; raises StoreUnavailable where it cannot be reached.

    Unless it is `needed`: then that is no reason not to start, and it is tried again with every call. Raises NewerSchema,
    and InputError for an address that is none.
    """
    database = Database(url)
    try:
        database.prepare()
    except (NewerSchema, StoreUnavailable) as error:
        database.dispose()
        if needed or isinstance(error, NewerSchema):
            raise
        logging.getLogger(__name__).warning("%s: suggestions are served, but not kept", error)
    return store_over(database, clock)


def store_over(database: Database, clock: Callable[[], datetime]) -> Store:
    """The store over a database that is open already."""
    return Store(
        database=database,
        suggestions=StoredSuggestions(database),
        records=StoredRecords(database, clock),
        events=Events(database),
        histories=StoredHistories(database),
        phrases=Phrases(database, clock),
        register=Register(database),
        acceptances=Acceptances(database),
        retention=Retention(database),
        hand_overs=HandOvers(database, clock),
        contacts=Contacts(database),
        attachments=Attachments(database, clock),
        links=Links(database, clock),
        accounts=Accounts(database, clock),
        audit=Audit(database, clock),
        traces=Traces(database),
        scores=Scores(database, clock),
        reminders=Reminders(database),
        notices=Notices(database),
        agent_forms=AgentForms(database),
        clock=clock,
    )
