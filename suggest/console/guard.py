"""Who sits before a page: session cookies, the tokens of forms, and how many guesses at a password are allowed."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from suggest.console import passwords
from suggest.store.accounts import LONGEST, User
from suggest.store.store import Store

SESSION = "suggest_session"
VISIT = "suggest_visit"
"""A visitor who is not signed in: only so that the sign-in form cannot be sent from elsewhere."""

WINDOW = timedelta(minutes=15)
OF_ONE = 5
"""Wrong passwords of one user within the window; then nobody gets in under that name until it has passed."""
OF_ADDRESS = 50
"""Wrong passwords from one address, whoever they are for; a whole office may share it."""

REFUSED, THROTTLED, SIGNED_IN, SIGNED_OUT = "sign_in_refused", "sign_in_throttled", "signed_in", "signed_out"


class TooMany(Exception):
    """Too many wrong passwords: nobody is let in for a while."""


@dataclass(frozen=True)
class Guard:
    """Begins, reads and ends sessions; `secret` keys every digest, so a new one ends them all."""

    store: Store
    secret: str
    https: bool
    """Whether browsers reach the service by https only, wherever its last leg ends."""

    def user(self, request: Request) -> User | None:
        """Who is signed in; a page that refreshes itself does not keep the session from growing old."""
        token = request.cookies.get(SESSION)
        asked = "HX-Request" not in request.headers
        return self.store.accounts.signed_in(self._digest(token), asked) if token else None

    def csrf(self, request: Request) -> str:
        """What each form of this visitor must send; "" for one without a cookie yet."""
        token = request.cookies.get(SESSION) or request.cookies.get(VISIT)
        return self._keyed("csrf", token) if token else ""

    def visit(self, request: Request, response: Response) -> None:
        """Gives a cookie to a visitor who has none."""
        if not self.csrf(request):
            self._set(request, response, VISIT, request.state.visit)

    def csrf_of(self, token: str) -> str:
        return self._keyed("csrf", token)

    def enter(self, request: Request, name: str, password: str) -> User | None:
        """The user whose password this is, or None; raises TooMany."""
        audit, since = self.store.audit, self.store.clock() - WINDOW
        found = self.store.accounts.find(name)
        who = found[0].name if found else None
        address = {"address": self._keyed("address", request.client.host if request.client else "")[:12]}
        if (who and audit.count(REFUSED, since, who) >= OF_ONE) or (
            audit.count(REFUSED, since, detail=address) >= OF_ADDRESS
        ):
            if not audit.count(THROTTLED, since, who, address):
                audit.write(THROTTLED, who, **address)
            raise TooMany
        kept = found[1] if found else passwords.NOBODY
        if not passwords.fits(password, kept) or found is None or found[0].disabled_at:
            audit.write(REFUSED, who, **address)
            return None
        if passwords.aged(kept):
            self.store.accounts.set_password(name, passwords.hashed(password, name), end_sessions=False)
        return found[0]

    def begin(self, request: Request, response: Response, user: User) -> None:
        """A new session, never one that was there before the sign-in."""
        self._end(request)
        token = secrets.token_urlsafe(32)
        self.store.accounts.begin(user, self._digest(token))
        self.store.audit.write(SIGNED_IN, user.name)
        self._set(request, response, SESSION, token)
        response.delete_cookie(VISIT, path="/console")

    def leave(self, request: Request, response: Response, user: User) -> None:
        """Ends the session, on our side too."""
        self._end(request)
        self.store.audit.write(SIGNED_OUT, user.name)
        response.delete_cookie(SESSION, path="/console")

    def _end(self, request: Request) -> None:
        if token := request.cookies.get(SESSION):
            self.store.accounts.end(self._digest(token))

    def _set(self, request: Request, response: Response, name: str, token: str) -> None:
        response.set_cookie(
            name,
            token,
            max_age=int(LONGEST.total_seconds()),
            path="/console",
            secure=self.https or request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )

    def _digest(self, token: str) -> str:
        return self._keyed("session", token)

    def _keyed(self, use: str, value: str) -> str:
        return hmac.new(self.secret.encode(), f"{use}:{value}".encode(), hashlib.sha256).hexdigest()
