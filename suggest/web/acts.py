"""What an agent does in the widget: copies, confirms, rejects, has it signed off, takes the ticket and brings it back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse

from suggest.bootstrap import Service
from suggest.domain import Status, StoreUnavailable, Suggestion
from suggest.feedback import Feedback, Outcome
from suggest.store.fold import Kind
from suggest.store.register import Filter
from suggest.usedesk.errors import UsedeskError
from suggest.usedesk.ticket import User
from suggest.usedesk.way_back import Closing
from suggest.web.appeals import STATES
from suggest.web.counter import Counter, Opened, digest
from suggest.web.pages import Agent, Said, page
from suggest.web.panel import REASONS, appeal, steps

AT_ONCE = 10
"""So many skipped reviews are closed with one press: Usedesk takes two writes a second."""

Closed = Annotated[Closing, Form()]


def acting(service: Service, counter: Counter) -> APIRouter:
    router = APIRouter()
    client = service.usedesk.client if service.usedesk else None

    @router.post("/{token}/opened")
    def opened(token: str, agent: Agent = "") -> HTMLResponse:
        """Who may be at work here, and who is: the ticket's assignee, else the one remembered."""
        here = counter.open(token)
        assigned = _assignee(here)
        chosen = counter.agents.find(agent) or (counter.agents.find(str(assigned)) if assigned else None)
        _shown(here, chosen)
        users = counter.agents.all()
        return page(
            "widget_agents.html.j2", base=f"/widget/{token}", users=users, chosen=chosen, assigned=assigned, said=""
        )

    @router.post("/{token}/take")
    def take(token: str, agent: Agent = "") -> HTMLResponse:
        """Assigns the ticket."""
        here, user = counter.open(token), counter.agents.find(agent)
        said = "Сначала выберите себя в списке."
        if client and user:
            client.update(int(here.made.review.ticket_id or 0), user.id, {"assignee_id": user.id})
            counter.note(here, Kind.TAKEN, user)
            said = "Тикет взят в работу."
        return page(
            "widget_agents.html.j2",
            base=f"/widget/{token}",
            users=counter.agents.all(),
            chosen=user,
            assigned=user.id if user else None,
            said=said,
        )

    @router.post("/{token}/copied")
    def copied(token: str, text: Said, agent: Agent = "") -> HTMLResponse:
        """The reply was copied; an agent's own wording is kept as an edit."""
        counter.tell(counter.open(token), Outcome.COPIED, counter.agents.find(agent), text)
        return page("widget_said.html.j2", said="Скопировано и отмечено.")

    @router.post("/{token}/accept")
    def accept(token: str, text: Said = "", closing: Closed = Closing.SOLVED, agent: Agent = "") -> HTMLResponse:
        """The reply was posted: put on record, and the way back taken."""
        here, user = counter.open(token), counter.agents.find(agent)
        counter.tell(here, Outcome.ACCEPTED, user, text)
        return _brought_back(here, closing, user)

    @router.post("/{token}/way-back")
    def again(token: str, closing: Closed = Closing.SOLVED, agent: Agent = "") -> HTMLResponse:
        """The way back alone: resumed after a failure, or for a review that needs no reply."""
        return _brought_back(counter.open(token), closing, counter.agents.find(agent))

    @router.post("/{token}/skipped")
    def skipped(token: str, agent: Agent = "") -> HTMLResponse:
        """Closes reviews that need no reply, several at once."""
        counter.open(token)
        if service.store is None or counter.way_back is None:
            raise StoreUnavailable("the register needs the database")
        waiting = service.store.register.find(Filter(status=Status.SKIPPED, state="open"), AT_ONCE).items
        found = [service.desk.suggestions.get(entry.id) for entry in waiting]
        closed = sum(_closed(made, counter.agents.find(agent)) for made in found if made)
        return page("widget_said.html.j2", said=f"Закрыто отзывов без ответа: {closed} из {len(waiting)}.")

    @router.post("/{token}/reject")
    def reject(token: str, reason: Annotated[str, Form()], agent: Agent = "") -> HTMLResponse:
        """The suggestion does not serve, and why."""
        here, user = counter.open(token), counter.agents.find(agent)
        facts: dict[str, Any] = {"reason": reason, "agent": user.name if user else None}
        service.desk.feedback(here.made.id, Feedback(outcome=Outcome.REJECTED, revision=here.made.revision, **facts))
        return page("widget_said.html.j2", said=f"Отмечено: {REASONS[reason]}. Спасибо, это учтут.")

    @router.post("/{token}/sign-off")
    def sign_off(
        token: str,
        text: Said,
        name: Annotated[str, Form(max_length=100)] = "",
        agreed: Annotated[bool, Form()] = False,
        agent: Agent = "",
    ) -> HTMLResponse:
        """A lead or a named deputy agrees to exactly this wording."""
        here = counter.open(token)
        if not name.strip() or not agreed:
            return page(
                "widget_said.html.j2", 422, said="Не согласовано: впишите имя руководителя и поставьте отметку."
            )
        detail = {"digest": digest(text), "by": name.strip()}
        counter.note(here, Kind.SIGNED_OFF, counter.agents.find(agent), detail=detail)
        return page("widget_said.html.j2", said=f"Согласовано: {name.strip()}.")

    @router.post("/{token}/appeal")
    def appealed(token: str, state: Annotated[str, Form()], agent: Agent = "") -> HTMLResponse:
        """How an appeal stands now."""
        here = counter.open(token)
        if state in STATES:
            counter.note(here, Kind.APPEALED, counter.agents.find(agent), reason=state)
        return page("widget_appeal.html.j2", **appeal(counter, here))

    def _assignee(here: Opened) -> int | None:
        if client is None or not client.usable:
            return None
        try:
            return client.ticket(int(here.made.review.ticket_id or 0), urgent=True).assignee_id
        except UsedeskError:
            return None

    def _shown(here: Opened, user: User | None) -> None:
        try:
            given = Feedback(outcome=Outcome.SHOWN, revision=here.made.revision, agent=user.name if user else None)
            service.desk.feedback(here.made.id, given)
        except StoreUnavailable:
            return

    def _brought_back(here: Opened, closing: Closing, user: User | None) -> HTMLResponse:
        results = None
        if counter.way_back:
            who = (user.name, user.id) if user else (None, None)
            results = counter.way_back.run(here.made, closing, *who)
        return page("widget_way_back.html.j2", **steps(counter, here, closing, results))

    def _closed(made: Suggestion, user: User | None) -> bool:
        who = (user.name, user.id) if user else (None, None)
        results = counter.way_back.run(made, Closing.SOLVED, *who) if counter.way_back else ()
        return bool(results) and all(result.result == "done" for result in results)

    return router
