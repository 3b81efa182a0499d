"""The stand-in's pages: a list of tickets, and the ticket page with our block in its sidebar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from suggest.demo.account import PRIORITIES, STATUSES, USERS
from suggest.demo.rest import Rest
from suggest.demo.shapes import named
from suggest.demo.state import Refused
from suggest.demo.tickets import Sample, notification
from suggest.usedesk.html import letter

AGENT = USERS[0]
SEE_OTHER = 303


class Pages:
    """Renders what agents of the stand-in see; what they do goes through the same state as the REST calls."""

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self.helpdesk = rest.helpdesk
        loader = PackageLoader("suggest.demo", "templates")
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)

    def router(self) -> APIRouter:
        router = APIRouter(default_response_class=HTMLResponse)
        router.add_api_route("/", self.tickets, methods=["GET"])
        router.add_api_route("/tickets/{ticket_id}", self.ticket, methods=["GET"])
        router.add_api_route("/tickets/{ticket_id}/block", self.block, methods=["GET"])
        router.add_api_route("/tickets/{ticket_id}/comment", self.comment, methods=["POST"])
        router.add_api_route("/tickets/{ticket_id}/answer", self.answer, methods=["POST"])
        router.add_api_route("/files/{file_id}", self.file, methods=["GET"])
        router.add_api_route("/reviews", self.review, methods=["POST"])
        router.add_api_route("/letters", self.mail, methods=["POST"])
        return router

    def tickets(self) -> str:
        """Every ticket, the newest on top."""
        rows = sorted(self.helpdesk.tickets(), key=lambda row: int(row["id"]), reverse=True)
        sent = {row["id"] for row in rows if _outgoing(self.helpdesk.ticket(row["id"]))}
        return self._page("tickets.html.j2", tickets=rows, outgoing=sent)

    def ticket(self, ticket_id: int) -> str:
        """A ticket, its messages, and beside them the client and the block."""
        kept = self._kept(ticket_id)
        messages = [{**comment, "letter": letter(comment["message"])} for comment in kept["comments"]]
        about = {"fields": named(kept), "outgoing": _outgoing(kept)}
        return self._page("ticket.html.j2", **about, kept=kept, ticket=kept["ticket"], messages=messages)

    def block(self, ticket_id: int, refresh: bool = False) -> str:
        """The HTML of the block, for the page to put in."""
        return self.rest.teller.block(self._kept(ticket_id), refresh)

    def comment(
        self, ticket_id: int, message: Annotated[str, Form()], kind: Annotated[str, Form()] = "private"
    ) -> RedirectResponse:
        """The agent writes."""
        kept = self._kept(ticket_id)
        self.helpdesk.comment({"ticket_id": ticket_id, "message": message, "type": kind, "user_id": AGENT["id"]})
        self.rest.teller.comment(kept)
        return RedirectResponse(f"/tickets/{ticket_id}", SEE_OTHER)

    def answer(self, ticket_id: int, message: Annotated[str, Form()]) -> RedirectResponse:
        """The other side writes: the store in an outgoing request, the client in any other ticket."""
        kept = self._kept(ticket_id)
        self.helpdesk.comment({"ticket_id": ticket_id, "message": message, "from": "client", "type": "public"})
        self.rest.teller.comment(kept)
        return RedirectResponse(f"/tickets/{ticket_id}", SEE_OTHER)

    def file(self, file_id: int) -> Response:
        """A file that came with a ticket."""
        try:
            kept = self.helpdesk.file(file_id)
        except Refused as error:
            raise HTTPException(404, str(error)) from error
        return Response(kept["data"], media_type=kept["type"], headers={"X-Content-Type-Options": "nosniff"})

    def review(
        self,
        platform: Annotated[str, Form()],
        stars: Annotated[int, Form(ge=1, le=5)],
        author: Annotated[str, Form()] = "Гость",
        text: Annotated[str, Form()] = "",
    ) -> RedirectResponse:
        """Somebody writes a review, and its notification comes in."""
        ticket_id = self.helpdesk.receive(notification(platform, stars, author or "Гость", text))
        self.rest.teller.ticket(self.helpdesk.ticket(ticket_id))
        return RedirectResponse(f"/tickets/{ticket_id}", SEE_OTHER)

    def mail(
        self,
        name: Annotated[str, Form()] = "Гость",
        email: Annotated[str, Form()] = "",
        subject: Annotated[str, Form()] = "",
        text: Annotated[str, Form(min_length=1)] = "Здравствуйте!",
    ) -> RedirectResponse:
        """A client writes to the company's mail, and a ticket of their own opens."""
        sample = Sample(subject or "Без темы", text, name or "Гость", email or "client@client.example")
        ticket_id = self.helpdesk.receive(sample)
        self.rest.teller.ticket(self.helpdesk.ticket(ticket_id))
        return RedirectResponse(f"/tickets/{ticket_id}", SEE_OTHER)

    def _kept(self, ticket_id: int) -> dict[str, Any]:
        try:
            return self.helpdesk.ticket(ticket_id)
        except Refused as error:
            raise HTTPException(404, str(error)) from error

    def _page(self, name: str, **context: Any) -> str:
        shared = {"statuses": STATUSES, "priorities": PRIORITIES, "agent": AGENT}
        return self._templates.get_template(name).render(**shared, **context)


def _outgoing(kept: Mapping[str, Any]) -> bool:
    """Whether the company opened a ticket, to ask somebody."""
    return bool(kept["comments"][0]["from"] == "user")
