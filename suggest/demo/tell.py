"""The stand-in's calls to the service: webhooks, and the block's request for an opened ticket."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx

from suggest.demo.account import CHANNELS
from suggest.demo.shapes import named

TIMEOUT = 60
"""Usedesk waits so many seconds for a block."""

NOTHING = '<div class="alert alert-warning">Подсказчик не отвечает: запустите его и нажмите «Обновить».</div>'


class Teller:
    """Calls the service at `address` with the secrets that it expects; an empty address: nobody is told anything."""

    def __init__(self, address: str = "", block_secret: str = "", webhook_secret: str = "") -> None:
        self.address = address.rstrip("/")
        self._block_secret = block_secret
        self._webhook_secret = webhook_secret
        self._http = httpx.Client(timeout=TIMEOUT)
        self._pool = ThreadPoolExecutor(1, "webhooks")

    def ticket(self, kept: Mapping[str, Any]) -> None:
        """The webhook of a new ticket, as the vendor's page shows it: fields inside the ticket."""
        message = kept["comments"][0]["message"]
        self._tell(
            {"ticket": {**kept["ticket"], "message": message, "custom_fields": named(kept)}, "client": _client(kept)}
        )

    def comment(self, kept: Mapping[str, Any]) -> None:
        """The webhook of a new comment."""
        self._tell({"comment": kept["comments"][-1], "client": _client(kept), "custom_fields": named(kept)})

    def change(self, kept: Mapping[str, Any], changes: list[dict[str, Any]]) -> None:
        """The webhook of a change."""
        if changes:
            trigger = {"id": 1, "ticket_id": kept["ticket"]["id"], "data": changes}
            self._tell({"trigger": trigger, "client": _client(kept), "custom_fields": named(kept)})

    def block(self, kept: Mapping[str, Any], refresh: bool) -> str:
        """The HTML of the block for a ticket, asked for from server to server like the real one."""
        ticket = kept["ticket"]
        channel = next(name for name, number in CHANNELS.items() if number == ticket["channel_id"])
        body = {
            "ticket_id": ticket["id"],
            "subject": ticket["subject"],
            "client_id": ticket["client_id"],
            "contact": ticket["email"],
            "client_data": {"name": ticket["client_name"], "emails": [], "phones": []},
            "channel_data": {"type": channel, "data": "", "id": ticket["channel_id"]},
            "is_auto_load": "0" if refresh else "1",
            "secret_key": self._block_secret,
        }
        try:
            return str(self._http.post(f"{self.address}/usedesk/block", json=body).json()["html"])
        except (httpx.HTTPError, ValueError, KeyError):
            return NOTHING

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._http.close()

    def _tell(self, body: dict[str, Any]) -> None:
        if self.address:
            self._pool.submit(self._post, {"secret": self._webhook_secret, **body})

    def _post(self, body: dict[str, Any]) -> None:
        with suppress(httpx.HTTPError):
            self._http.post(f"{self.address}/usedesk/webhook", json=body)


def _client(kept: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": kept["ticket"]["client_id"], "name": kept["ticket"]["client_name"], "emails": [], "phones": []}
