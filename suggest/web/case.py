"""The section `case` of the widget: which review a client's ticket is about, what was promised, which data are there,
where the case stands, and what the client is to be told now (000 §8-9, 002, 004).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from html import escape
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse, Response

from suggest.case import Next, Stage, next_step, steps, wanted
from suggest.dialogue import Dialogue, compose
from suggest.domain import InputError, Severity, StoreUnavailable, Suggestion
from suggest.interim import Gender, interim, overdue
from suggest.likely import Letter, same_name
from suggest.names import given_name
from suggest.review_code import codes_in
from suggest.store.contacts import Contact
from suggest.store.fold import Event, Kind
from suggest.store.store import Store
from suggest.usedesk.casebook import Case, Casebook, is_own
from suggest.usedesk.errors import UsedeskError
from suggest.usedesk.html import letter
from suggest.usedesk.ticket import Ticket, User, ticket_address
from suggest.web.counter import Counter, Opened
from suggest.web.pages import Agent, Said, page

MOST_CANDIDATES = 3
NEEDS_STORE = "the case is kept in the database"
Name = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True)
class Proposed:
    """A review that the ticket may be about, and what speaks for it."""

    made: Suggestion
    reasons: tuple[str, ...]


class Cases:
    """The routes of the section; each answers with the section anew."""

    def __init__(self, counter: Counter, dialogue: Dialogue) -> None:
        self.counter = counter
        self.dialogue = dialogue
        self.client = counter.service.usedesk.client if counter.service.usedesk else None

    def router(self) -> APIRouter:
        router = APIRouter()
        posts: dict[str, Callable[..., Response]] = {
            "link": self.link,
            "unlink": self.unlink,
            "tick": self.tick,
            "informed": self.informed,
            "form": self.form,
            "call": self.call,
        }
        router.add_api_route("/{token}/case", self.shown, methods=["GET"])
        # Looks, not acts: no POST, so that the page is not told that something was done and asks for all of it again.
        looks: dict[str, Callable[..., Response]] = {"check": self.check, "find": self.find}
        for path, look in looks.items():
            router.add_api_route(f"/{{token}}/case/{path}", look, methods=["PUT"])
        for path, endpoint in posts.items():
            router.add_api_route(f"/{{token}}/case/{path}", endpoint, methods=["POST"])
        return router

    def shown(self, token: str, agent: Annotated[str, Query(max_length=40)] = "") -> HTMLResponse:
        """The section as it stands, in the words of whoever is before it."""
        return self._page(self.counter.open(token), said=None, user=self.counter.agents.find(agent))

    def link(self, token: str, review: Name, agent: Agent = "") -> HTMLResponse:
        """The agent says which review this ticket is about."""
        here, user = self.counter.open(token), self.counter.agents.find(agent)
        found = self._store.suggestions.get(review)
        if not is_own(here.made) or found is None or is_own(found):
            raise InputError("review", "no public review of that id")
        self._store.links.link(_ticket_id(here), review, "agent", user.name if user else None)
        return self._page(here)

    def unlink(self, token: str, agent: Agent = "") -> HTMLResponse:
        """The link was wrong; from a review's ticket it is undone for the newest of its clients' tickets."""
        here, user = self.counter.open(token), self.counter.agents.find(agent)
        case = self._book.open(here.made)
        if case.link:
            self._store.links.unlink(case.link.ticket_id, user.name if user else None)
        return self._page(here)

    def find(self, token: str, code: Annotated[str, Form(max_length=100)]) -> HTMLResponse:
        """The reviews of a code that the agent was told, by telephone for instance."""
        here = self.counter.open(token)
        found = self._store.links.coded(codes_in(code, f"отзыв {code}"))
        proposed = [Proposed(made, ("номер совпадает",)) for made in map(self._store.suggestions.get, found) if made]
        said = "" if proposed else "Отзыва с таким номером нет."
        return self._page(here, proposed, said)

    def tick(self, token: str, item: Name, given: Annotated[bool, Form()] = False, agent: Agent = "") -> HTMLResponse:
        """The agent says that the client gave these data, or did not; the data themselves are not kept."""
        here, user = self.counter.open(token), self.counter.agents.find(agent)
        case = self._book.open(here.made)
        if case.client_ticket and item in {datum.item for datum in case.standing.data}:
            self._store.links.tick(case.client_ticket, item, given, user.name if user else None)
        return self._page(here)

    def check(self, token: str, text: Said = "") -> HTMLResponse:
        """What the regulation has against a text for the client."""
        return page("widget_case_findings.html.j2", findings=self._findings(self.counter.open(token), text))

    def informed(self, token: str, stage: Annotated[Stage, Form()], text: Said, agent: Agent = "") -> HTMLResponse:
        """The client was written to: put on record, unless something stands in the text that must not."""
        here, user = self.counter.open(token), self.counter.agents.find(agent)
        grave = [one.message for one in self._findings(here, text) if one.severity is Severity.ERROR]
        if grave:
            return self._page(here, said=f"Не отмечено. {grave[0]}", bad=True)
        case = self._book.open(here.made)
        self._note(case.about, Kind.INFORMED, stage, user)
        own = self._store.events.state(here.made.id)
        if case.about.id != here.made.id and own and own.state == "open":
            # The letter is answered: from now on the register follows it in the review's own line.
            self._note(here.made, Kind.CLOSED, "linked", user)
        ticket = case.client_ticket
        contact = Contact(
            at=self._store.clock(),
            channel="dm",
            direction="out",
            agent=user.name if user else None,
            ticket_id=ticket,
        )
        self._store.contacts.add(case.about.id, contact)
        return self._page(here, said="Скопировано и отмечено.")

    def form(self, token: str, gender: Annotated[Gender, Form()], agent: Agent = "") -> HTMLResponse:
        """How the agent writes of oneself, from now on."""
        here, user = self.counter.open(token), self.counter.agents.find(agent)
        if user is None:
            return self._page(here, said="Сначала выберите себя в списке сотрудников.", bad=True)
        self._store.agent_forms.put(str(user.id), gender)
        return self._page(here, user=user)

    def call(self, token: str, note: Annotated[str, Form(max_length=4000)], agent: Agent = "") -> HTMLResponse:
        """The result of a talk: a private comment in the ticket, and a contact on record (002 §8)."""
        here, user = self.counter.open(token), self.counter.agents.find(agent)
        told = note.strip()
        if not told:
            return self._page(here, said="Запишите результат разговора.", bad=True)
        about, _ = self._book.about(
            here.made
        )  # asked before the comment is written: without the database there is none
        said = "Записано. Usedesk не подключён: добавьте комментарий в тикет сами."
        writer = user.id if user else self.counter.service.settings.usedesk_user_id
        if self.client and self.client.usable and writer:
            html = "<br>".join(escape(line) for line in ("Результат разговора с клиентом:", *told.splitlines()))
            self.client.comment(int(_ticket_id(here)), html, writer)
            said = "Записано в комментарий тикета."
        contact = Contact(
            at=self._store.clock(),
            channel="call",
            direction="out",
            agent=user.name if user else None,
            ticket_id=_ticket_id(here),
            note=told,
        )
        self._store.contacts.add(about.id, contact)
        return self._page(here, said=said)

    @property
    def _store(self) -> Store:
        if self.counter.service.store is None:
            raise StoreUnavailable(NEEDS_STORE)
        return self.counter.service.store

    @property
    def _book(self) -> Casebook:
        return Casebook(self._store, self.counter.service.bank)

    def _page(
        self,
        here: Opened,
        proposed: Sequence[Proposed] | None = None,
        said: str | None = "",
        bad: bool = False,
        user: User | None = None,
    ) -> HTMLResponse:
        if self.counter.service.store is None:
            return HTMLResponse("")
        ticket = self._client_ticket(here)
        case = self._book.open(here.made, _letters(ticket))
        if proposed is None:
            proposed = self._candidates(case, ticket) if case.own and not case.link else ()
        now = next_step(case.standing)
        bank = self.counter.service.bank
        return page(
            "widget_case.html.j2",
            base=f"/widget/{here.token}",
            case=case,
            standing=case.standing,
            proposed=proposed,
            sure=_sure(case),
            promise=_promise(case),
            steps=steps(case.standing),
            now=now,
            words=self._words(case, now, user),
            platforms=bank.platforms,
            card=self.dialogue.card if case.own else (),
            ticket_url=partial(ticket_address, self.counter.service.settings.usedesk_ticket_url),
            local=self._local,
            said=said,
            bad=bad,
        )

    def _local(self, at: datetime) -> str:
        return f"{at.astimezone(self.counter.service.settings.zone):%d.%m, %H:%M}"

    def _client_ticket(self, here: Opened) -> Ticket | None:
        """The client's own ticket as Usedesk has it, for its letters; None where it cannot be read now."""
        about, _link = self._book.about(here.made)
        links = () if is_own(here.made) else self._store.links.of(about.id)
        number = _ticket_id(here) if is_own(here.made) else links[0].ticket_id if links else ""
        if not (number.isdigit() and self.client and self.client.usable):
            return None
        try:
            return self.client.ticket(int(number), urgent=True)
        except UsedeskError:
            return None

    def _candidates(self, case: Case, ticket: Ticket | None) -> tuple[Proposed, ...]:
        """By the codes that the letter names where several reviews share one, then by what it resembles."""
        review = case.made.review
        subject = ticket.subject if ticket else ""
        coded = self._store.links.coded(codes_in(subject, *(_letters(ticket) or (review.text,))))
        told = Letter(
            name=review.client.name or review.author or "",
            text=" ".join((subject, *(_letters(ticket) or (review.text,)))),
            at=review.posted_at or case.made.created_at,
            topic=case.made.match.topic if case.made.match else None,
        )
        found = dict.fromkeys(coded, ("номер совпадает",))
        for likely in self._store.links.candidates(told):
            found[likely.suggestion_id] = (*found.get(likely.suggestion_id, ()), *likely.reasons)
        reviews = ((self._store.suggestions.get(id_), reasons) for id_, reasons in found.items())
        return tuple(Proposed(made, reasons) for made, reasons in reviews if made)[:MOST_CANDIDATES]

    def _words(self, case: Case, now: Next | None, user: User | None) -> str:
        """What the client is to be written now, of approved phrases."""
        if now is None or now.stage is None:
            return ""
        service, standing = self.counter.service, case.standing
        review = case.made.review
        name = given_name(review.client.name or review.author, service.bank.given_names) if case.own else None
        told = ""
        sent = standing.sent
        if now.stage == "interim" and sent:
            told = interim(service.bank, sent.department, standing.now, service.workdays)
        if now.stage == "overdue":
            told = overdue(service.bank, self._gender(user))
        return compose(self.dialogue, now.stage, name or "", wanted(standing.data), told)

    def _gender(self, user: User | None) -> Gender:
        """«напомнил» or «напомнила»: as the agent chose, else by the given name as far as it tells."""
        chosen = self._store.agent_forms.get(str(user.id)) if user else None
        if chosen:
            return chosen
        names = self.counter.service.bank.given_names
        known = [names[word] for word in (user.name.split() if user else ()) if word in names]
        return "she" if known[:1] == ["f"] else "he"

    def _findings(self, here: Opened, text: str) -> tuple[Any, ...]:
        """Only the rules on the text itself: a dialogue goes on after its first reply."""
        review = here.made.review
        if not is_own(here.made):
            review = review.model_copy(update={"platform": "dm"})
        return self.counter.service.desk.suggester.checker.check(text, review) if text.strip() else ()

    def _note(self, about: Suggestion, kind: Kind, reason: str, user: User | None) -> None:
        who = user.name if user else None
        event = Event(kind=kind, revision=about.revision, at=self._store.clock(), agent=who, reason=reason)
        self._store.events.append(about.id, event)


def _ticket_id(here: Opened) -> str:
    return here.made.review.ticket_id or ""


def _letters(ticket: Ticket | None) -> tuple[str, ...]:
    """What the client has written, message by message."""
    return tuple(letter(message.html).text for message in ticket.messages if message.by_client) if ticket else ()


def _sure(case: Case) -> tuple[str, bool]:
    """How sure a link is, in words, and whether the agent should look twice: anybody may type a number."""
    if case.link is None:
        return "", False
    if case.link.by == "agent":
        return f"связал: {case.link.agent}" if case.link.agent else "связано вручную", False
    client = case.made.review.client.name or case.made.review.author if case.own else None
    if client is None:
        return "по номеру отзыва", False
    if same_name(case.about.review.author or "", client) > 1:
        return "по номеру отзыва, имя совпадает", False
    return "по номеру отзыва, но имя другое: убедитесь, что пишет автор отзыва", True


def _promise(case: Case) -> str:
    """What the public reply promised: the sentences on how the question is going to be solved, if they were left in it."""
    return " ".join(_kept(case))


def _kept(case: Case) -> Iterator[str]:
    for segment in case.about.segments:
        if segment.slot == "resolution" and segment.text in case.posted:
            yield segment.text
