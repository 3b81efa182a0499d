"""What an agent does in the widget: copies, confirms, rejects, has it signed off, takes the ticket and brings it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse

from suggest.domain import Status, StoreUnavailable, Suggestion
from suggest.feedback import Feedback, Outcome
from suggest.store.fold import Kind, fold
from suggest.store.register import Filter
from suggest.titles import APPEALS, REASONS
from suggest.usedesk.errors import UsedeskError
from suggest.usedesk.steps import Closing, proposed
from suggest.usedesk.ticket import User
from suggest.web.counter import Counter, Opened, digest
from suggest.web.pages import Agent, Said, Shown, page
from suggest.web.panel import appeal, steps
from suggest.web.signers import Signer, known

AT_ONCE = 10
"""So many skipped reviews are closed with one press: Usedesk takes two writes a second."""

Closed = Annotated[Closing | None, Form()]
"""None: what the regulation proposes here."""
Reason = Literal["wrong_scenario", "tone", "facts", "not_needed", "other"]


class Acts:
    """The routes of what agents do; each answers with the fragment of the page that changes."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.client = counter.service.usedesk.client if counter.service.usedesk else None

    def router(self) -> APIRouter:
        router = APIRouter(default_response_class=HTMLResponse)
        routes: dict[str, Callable[..., HTMLResponse]] = {
            "opened": self.opened,
            "take": self.take,
            "copied": self.copied,
            "accept": self.accept,
            "way-back": self.again,
            "skipped": self.skipped,
            "reject": self.reject,
            "sign-off": self.sign_off,
            "appeal": self.appealed,
        }
        for path, endpoint in routes.items():
            router.add_api_route(f"/{{token}}/{path}", endpoint, methods=["POST"])
        return router

    def opened(self, token: str, agent: Agent = "") -> HTMLResponse:
        """Who may be at work here, and who is: the ticket's assignee, else the one remembered."""
        here = self.counter.open(token)
        assigned = self._assignee(here)
        chosen = self.counter.agents.find(agent) or (self.counter.agents.find(str(assigned)) if assigned else None)
        self._shown(here, chosen)
        users = self.counter.agents.all()
        return page(
            "widget_agents.html.j2", base=f"/widget/{token}", users=users, chosen=chosen, assigned=assigned, said=""
        )

    def take(self, token: str, agent: Agent = "") -> HTMLResponse:
        """Assigns the ticket."""
        here, user = self.counter.open(token), self.counter.agents.find(agent)
        said = "Сначала выберите себя в списке."
        if self.client and user:
            self.client.update(int(here.made.review.ticket_id or 0), user.id, {"assignee_id": user.id})
            self.counter.note(here, Kind.TAKEN, user)
            said = "Тикет взят в работу."
        return page(
            "widget_agents.html.j2",
            base=f"/widget/{token}",
            users=self.counter.agents.all(),
            chosen=user,
            assigned=user.id if user else None,
            said=said,
        )

    def copied(self, token: str, text: Said, revision: Shown = 0, agent: Agent = "") -> HTMLResponse:
        """The reply was copied; an agent's own wording is kept as an edit."""
        self.counter.tell(self.counter.open(token, revision), Outcome.COPIED, self.counter.agents.find(agent), text)
        return page("widget_said.html.j2", said="Скопировано и отмечено.")

    def accept(
        self,
        token: str,
        text: Said = "",
        closing: Closed = None,
        revision: Shown = 0,
        agent: Agent = "",
    ) -> HTMLResponse:
        """The reply was posted: put on record, and the way back taken."""
        here, user = self.counter.open(token, revision), self.counter.agents.find(agent)
        self.counter.tell(here, Outcome.ACCEPTED, user, text)
        return self._brought_back(here, closing, user)

    def again(self, token: str, closing: Closed = None, agent: Agent = "") -> HTMLResponse:
        """The way back alone: resumed after a failure, or for a review that needs no reply."""
        return self._brought_back(self.counter.open(token), closing, self.counter.agents.find(agent))

    def skipped(self, token: str, agent: Agent = "") -> HTMLResponse:
        """Closes reviews that need no reply, several at once."""
        self.counter.open(token)
        if self.counter.service.store is None or self.counter.way_back is None:
            raise StoreUnavailable("the register needs the database")
        waiting = self.counter.service.store.register.find(Filter(status=Status.SKIPPED, state="open"), AT_ONCE).items
        found = [self.counter.service.desk.suggestions.get(entry.id) for entry in waiting]
        closed = sum(self._closed(made, self.counter.agents.find(agent)) for made in found if made)
        return page("widget_said.html.j2", said=f"Закрыто отзывов без ответа: {closed} из {len(waiting)}.")

    def reject(
        self, token: str, reason: Annotated[Reason, Form()], revision: Shown = 0, agent: Agent = ""
    ) -> HTMLResponse:
        """The suggestion does not serve, and why."""
        here, user = self.counter.open(token, revision), self.counter.agents.find(agent)
        name = user.name if user else None
        revision = here.made.revision
        self.counter.service.desk.feedback(
            here.made.id, Feedback(outcome=Outcome.REJECTED, revision=revision, reason=reason, agent=name)
        )
        return page("widget_said.html.j2", said=f"Отмечено: {REASONS[reason]}. Спасибо, это учтут.")

    def sign_off(
        self,
        token: str,
        text: Said,
        name: Annotated[str, Form(max_length=100)] = "",
        agreed: Annotated[bool, Form()] = False,
        agent: Agent = "",
    ) -> HTMLResponse:
        """A lead or a named deputy, who has no hand in the reply, agrees to exactly this wording."""
        here, user = self.counter.open(token), self.counter.agents.find(agent)
        signer = next((signer for signer in self.counter.signers(here) if known(signer.name) == known(name)), None)
        refused = self._not_signed(here, user, signer, agreed)
        if refused or signer is None:
            return page("widget_said.html.j2", 422, said=f"Не согласовано: {refused}")
        self.counter.note(here, Kind.SIGNED_OFF, user, detail={"digest": digest(text), "by": signer.name})
        return page("widget_said.html.j2", said=f"Согласовано: {signer.name}.")

    def appealed(self, token: str, state: Annotated[str, Form()], agent: Agent = "") -> HTMLResponse:
        """How an appeal stands now."""
        here = self.counter.open(token)
        if state in APPEALS:
            self.counter.note(here, Kind.APPEALED, self.counter.agents.find(agent), reason=state)
        return page("widget_appeal.html.j2", **appeal(self.counter, here))

    def _not_signed(self, here: Opened, user: User | None, signer: Signer | None, agreed: bool) -> str:
        """Why a sign-off does not count; "" where it does."""
        if not self.counter.signers(here):
            return "список согласующих пуст. Пусть администратор впишет их в phrasebank/sign_off.yaml."
        if signer is None:
            return "выберите руководителя или заместителя из списка."
        if user is None and self.counter.agents.all():
            return "сначала выберите себя в списке сотрудников: согласует не тот, кто пишет."
        if known(signer.name) in self.counter.wrote(here, user):
            return f"{signer.name} — автор ответа, согласовать его должен кто-то другой."
        return "" if agreed else "поставьте отметку."

    def _assignee(self, here: Opened) -> int | None:
        if self.client is None or not self.client.usable:
            return None
        try:
            return self.client.ticket(int(here.made.review.ticket_id or 0), urgent=True).assignee_id
        except UsedeskError:
            return None

    def _shown(self, here: Opened, user: User | None) -> None:
        try:
            given = Feedback(outcome=Outcome.SHOWN, revision=here.made.revision, agent=user.name if user else None)
            self.counter.service.desk.feedback(here.made.id, given)
        except StoreUnavailable:
            return

    def _brought_back(self, here: Opened, closing: Closing | None, user: User | None) -> HTMLResponse:
        results = None
        closing = closing or proposed(here.made, fold(self.counter.events(here)).pending)
        if self.counter.way_back:
            who = (user.name, user.id) if user else (None, None)
            results = self.counter.way_back.run(here.made, closing, *who)
        return page("widget_way_back.html.j2", **steps(self.counter, here, closing, results))

    def _closed(self, made: Suggestion, user: User | None) -> bool:
        who = (user.name, user.id) if user else (None, None)
        results = self.counter.way_back.run(made, Closing.SOLVED, *who) if self.counter.way_back else ()
        return bool(results) and all(result.result == "done" for result in results)
