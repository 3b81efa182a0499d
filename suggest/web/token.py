"""Signed, expiring tokens that open the widget: each for one ticket and the one suggestion made for it."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from suggest.domain import Suggestion

LIFE_SECONDS = 12 * 3600
"""A working day: the block makes a fresh token with every opening of the ticket."""


class TokenRefused(Exception):
    """The token does not open anything; its text tells the agent in Russian why and what helps."""


EXPIRED = "Срок ссылки истёк. Нажмите «Обновить» над подсказкой в тикете: откроется новая, ваш текст останется."
FORGED = "Ссылка подсказки повреждена или выдана не этим сервисом. Нажмите «Обновить» над подсказкой в тикете."
OTHER_TICKET = "Ссылка выдана для другого тикета. Нажмите «Обновить» над подсказкой в своём тикете."


@dataclass(frozen=True)
class Pass:
    """What a token opens."""

    ticket_id: str
    suggestion_id: str


class Tokens:
    """Makes and reads tokens; `secret` "" means a random one, so that they end with the process."""

    def __init__(self, secret: str, life: int = LIFE_SECONDS) -> None:
        if not secret:
            logging.getLogger(__name__).warning("SUGGEST_SECRET is not set: open widgets end with this process")
        self._serializer = URLSafeTimedSerializer(secret or secrets.token_urlsafe(32), salt="widget")
        self._life = life

    def sign(self, ticket_id: str, suggestion_id: str) -> str:
        return self._serializer.dumps([ticket_id, suggestion_id])

    def path(self, made: Suggestion) -> str:
        """Where the widget of a suggestion opens."""
        return f"/widget/{self.sign(made.review.ticket_id or '', made.id)}"

    def read(self, token: str) -> Pass:
        """Raises TokenRefused."""
        try:
            ticket_id, suggestion_id = self._serializer.loads(token, max_age=self._life)
        except SignatureExpired:
            raise TokenRefused(EXPIRED) from None
        except (BadSignature, ValueError, TypeError):
            raise TokenRefused(FORGED) from None
        return Pass(str(ticket_id), str(suggestion_id))
