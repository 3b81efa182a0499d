"""The section of the widget that hands a review over to a store or a department, and follows it to its outcome."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.routing import APIRoute

from suggest.domain import InputError
from suggest.hand_over import STORE, Mode, Purpose
from suggest.mail import MailError, eml
from suggest.pictures import LARGEST, TOO_LARGE, Picture, picture
from suggest.store.hand_overs import HandOver
from suggest.usedesk.client_data import client_data
from suggest.usedesk.errors import UsedeskError
from suggest.usedesk.outgoing import external_id
from suggest.usedesk.sending import as_letter
from suggest.usedesk.ticket import User
from suggest.web.counter import Counter
from suggest.web.hand_over_case import Case, Order, Refused
from suggest.web.hand_over_view import section, state
from suggest.web.pages import Agent, page

MOST = LARGEST + 200_000
"""Bytes of a form with its screenshot."""

LONGEST = 20_000
Chosen = Annotated[int, Form(ge=1)]
Upload = Annotated[UploadFile | None, File()]


class Measured(APIRoute):
    """A route whose form is refused unread where it is too large, or does not say how large it is."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def measured(request: Request) -> Response:
            length = request.headers.get("content-length", "")
            if not length.isdigit() or int(length) > MOST:
                return page("widget_said.html.j2", 413, said=TOO_LARGE)
            return await handle(request)

        return measured


def ordered(
    department: Annotated[str, Form(max_length=100)] = "",
    store: Annotated[str, Form(max_length=100)] = "",
    purpose: Annotated[Purpose, Form()] = "check",
    data: Annotated[str, Form(max_length=LONGEST)] = "",
    received: Annotated[bool, Form()] = False,
    mode: Annotated[Mode | None, Form()] = None,
    again: Annotated[bool, Form()] = False,
) -> Order:
    """What the form says."""
    return Order(department, store if department == STORE else "", purpose, data, received, mode, again)


Ordered = Annotated[Order, Depends(ordered)]


class HandOvers:
    """The routes; each answers with the section, its state, or what a script asked for."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter

    def router(self) -> APIRouter:
        router = APIRouter(default_response_class=HTMLResponse)
        routes: tuple[tuple[str, str, Callable[..., Response]], ...] = (
            ("GET", "", self.shown),
            ("GET", "/state", self.state),
            ("GET", "/data", self.data),
            ("POST", "/preview", self.preview),
            ("POST", "/mailed", self.mailed),
            ("POST", "/resume", self.resume),
            ("POST", "/answered", self.answered),
            ("POST", "/outcome", self.outcome),
        )
        for method, path, endpoint in routes:
            router.add_api_route(f"/{{token}}/hand-over{path}", endpoint, methods=[method])
        for path, endpoint in (("/send", self.send), ("/letter", self.letter)):
            place = f"/{{token}}/hand-over{path}"
            router.add_api_route(place, endpoint, methods=["POST"], route_class_override=Measured)
        return router

    def shown(self, token: str) -> HTMLResponse:
        """The whole section."""
        return page("widget_hand_over.html.j2", **section(self._case(token)))

    def state(self, token: str) -> HTMLResponse:
        """How the hand-overs stand."""
        return page("widget_hand_over_state.html.j2", **state(self._case(token)))

    def data(self, token: str) -> JSONResponse:
        """What the client gave in their own ticket, fetched from Usedesk now."""
        case = self._case(token)
        if case.linked is None or not case.handing.client.usable:
            return JSONResponse({"text": "", "said": "Клиент ещё не написал: данных нет."})
        try:
            found = client_data(case.handing.client, case.linked)
        except UsedeskError as error:
            return JSONResponse({"text": "", "said": f"Данные клиента взять не удалось. {error.advice}"})
        return JSONResponse({"text": found[:LONGEST], "said": f"Из тикета № {case.linked}. Уберите лишнее."})

    def preview(self, token: str, order: Ordered, shot: Annotated[bool, Form()] = False) -> JSONResponse:
        """What would be sent, to whom, and why it may not be sent now."""
        case = self._case(token)
        recipient = case.recipient(order)
        made = case.request(order, shot or case.kept_picture(case.key(order)) is not None)
        to = f"{recipient.title} <{recipient.mail}>" if recipient else ""
        return JSONResponse(
            {"to": to, "subject": made.subject, "text": made.text, "why_not": case.why_not(order) or ""}
        )

    def send(self, token: str, order: Ordered, shot: Upload = None, agent: Agent = "") -> HTMLResponse:
        """Sends it, or goes on where an earlier press stopped."""
        case, user = self._case(token), self.counter.agents.find(agent)
        try:
            given = _picture(shot)
            parcel = case.parcel(order, given)
        except (Refused, InputError) as error:
            said = error.reason if isinstance(error, InputError) else str(error)
            return page("widget_hand_over.html.j2", 422, **section(case, order, said))
        handed = case.handing.send(case.made, parcel, *_who(user))
        if given and handed.mine and handed.hand_over:
            self._keep(case, given, handed.hand_over)
        fresh = self._case(token)
        return page("widget_hand_over.html.j2", **section(fresh, order if handed.said else None, handed.said))

    def letter(self, token: str, order: Ordered, shot: Upload = None, agent: Agent = "") -> Response:
        """The request as a file that a mail program opens; on record as not yet sent."""
        case, user = self._case(token), self.counter.agents.find(agent)
        try:
            given = _picture(shot)
            parcel = case.parcel(Order(**{**vars(order), "mode": "eml"}), given)
            handed = case.handing.send(case.made, parcel, *_who(user))
            over = handed.hand_over
            content = eml(as_letter(parcel, external_id(over) if over else ""))
        except (Refused, InputError, MailError) as error:
            said = error.reason if isinstance(error, InputError) else getattr(error, "advice", str(error))
            return page("widget_said.html.j2", 422, said=said)
        if over and over.mode != "eml":
            return page("widget_said.html.j2", 409, said=handed.said or "Этот запрос уже отправлен.")
        if given and handed.mine and over:
            self._keep(case, given, over)
        return Response(content, media_type="message/rfc822", headers={"Cache-Control": "no-store"})

    def mailed(self, token: str, hand_over: Chosen, agent: Agent = "") -> HTMLResponse:
        """The agent sent the file by hand."""
        case = self._case(token)
        over = case.of(hand_over)
        if over.mode != "eml":
            raise InputError("hand_over", "is not a letter that the agent sends")
        case.handing.mailed(over, case.home, *_who(self.counter.agents.find(agent)))
        return page("widget_hand_over.html.j2", **section(self._case(token)))

    def resume(self, token: str, hand_over: Chosen, agent: Agent = "") -> HTMLResponse:
        """The steps that are left after the request."""
        case = self._case(token)
        case.handing.resume(case.of(hand_over), case.home, *_who(self.counter.agents.find(agent)))
        return self.state(token)

    def answered(self, token: str, hand_over: Chosen, agent: Agent = "") -> HTMLResponse:
        """The department answered, the agent says."""
        case, user = self._case(token), self.counter.agents.find(agent)
        case.store.hand_overs.answered(case.of(hand_over).id, user.name if user else None)
        return self.state(token)

    def outcome(self, token: str, hand_over: Chosen, agent: Agent = "") -> HTMLResponse:
        """The client was told the outcome: everything that this recipient was asked is closed with it."""
        case, user = self._case(token), self.counter.agents.find(agent)
        chosen, name = case.of(hand_over), user.name if user else None
        for over in case.overs:
            if over.open and (over.department, over.store) == (chosen.department, chosen.store):
                case.store.hand_overs.outcome_sent(over.id, name)
        return self.state(token)

    def _case(self, token: str) -> Case:
        return Case(self.counter, self.counter.open(token))

    def _keep(self, case: Case, given: Picture, over: HandOver) -> None:
        case.store.attachments.add(case.made.id, given.name, given.media_type, given.data, over.id)


def _picture(shot: UploadFile | None) -> Picture | None:
    """The screenshot of a form, None where there is none; raises InputError for what is no picture."""
    if shot is None or not (shot.filename or shot.size):
        return None
    return picture(shot.file.read(LARGEST + 1), shot.filename or "screenshot")


def _who(user: User | None) -> tuple[str | None, int | None]:
    return (user.name, user.id) if user else (None, None)
