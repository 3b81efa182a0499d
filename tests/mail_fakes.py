"""A real SMTP server for tests, with TLS and a login, whose certificate only `trusted` trusts."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache
from typing import Any, cast

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.fakes import PATIENCE

USER, PASSWORD = "robot@company.example", "p@ss:word/geheim"
QUOTED = "robot%40company.example:p%40ss%3Aword%2Fgeheim"


@cache
def authority() -> trustme.CA:
    return trustme.CA()


def trusted() -> ssl.SSLContext:
    """What a client trusts that knows the tests' own authority."""
    context = ssl.create_default_context()
    authority().configure_trust(context)
    return context


@dataclass
class Mailbox:
    """What the server got; `refuse` is what it answers to a letter instead of taking it, `drop` breaks off."""

    url: str = ""
    letters: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    refuse: str = ""
    drop: bool = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.drop:
            server.transport.abort()
        if self.refuse:
            return self.refuse
        self.letters.append(cast(EmailMessage, message_from_bytes(envelope.content, policy=default)))
        self.to.append(envelope.rcpt_tos)
        return "250 taken"

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        if address.startswith("nobody"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 known"


def _login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    good = mechanism in {"LOGIN", "PLAIN"} and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


class Listening(Controller):
    """Serves a socket that is open already: a free port that is only named may be taken by another process."""

    listener: socket.socket

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self.listener, ssl=self.ssl_context)


@contextmanager
def mailbox(tls: bool = False, plain: bool = False) -> Iterator[Mailbox]:
    """A running server: STARTTLS, or TLS from the first byte, or `plain` without any."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority().issue_cert("127.0.0.1").configure_cert(context)
    box = Mailbox()
    given: dict[str, Any] = {"ssl_context": context} if tls else {} if plain else {"tls_context": context}
    if not plain:
        given |= {"authenticator": _login, "auth_required": not tls, "auth_require_tls": not tls}
        given |= {} if tls else {"require_starttls": True}
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    controller = Listening(box, hostname="127.0.0.1", port=port, ready_timeout=PATIENCE, **given)
    controller.listener = listener
    controller.start()
    try:
        box.url = f"{'smtps' if tls else 'smtp+starttls'}://{QUOTED}@127.0.0.1:{port}"
        yield box
    finally:
        controller.stop()
