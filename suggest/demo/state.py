"""What the stand-in holds: tickets in the shapes that Usedesk documents, in memory until the process ends."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from suggest.demo.account import (
    CATEGORY,
    CHANNELS,
    COMPANY,
    PRIORITIES,
    STATUSES,
    SUBCATEGORY,
    TYPES,
    USERS,
    field_id,
    option,
)
from suggest.demo.shapes import comment, named, now
from suggest.demo.tickets import SAMPLES, Sample

NEW, OPEN = 8, 1
FIRST_TICKET = 153341101
ROBOT_CLIENT = 175888649
"""All notifications of a platform come from one client: its robot."""


class Refused(Exception):
    """An error that Usedesk reports inside HTTP 200."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class Helpdesk:
    """The tickets; every method may be called from any thread and raises Refused as Usedesk would."""

    def __init__(self, samples: tuple[Sample, ...] = SAMPLES) -> None:
        self._lock = threading.RLock()
        self._tickets: dict[int, dict[str, Any]] = {}
        self._files: dict[int, Mapping[str, Any]] = {}
        self._ids = iter(range(FIRST_TICKET, FIRST_TICKET + 10_000_000))
        for sample in samples:
            self.receive(sample)

    def receive(self, sample: Sample) -> int:
        """A ticket that comes in by itself."""
        fields = {field_id(name): value for name, value in sample.fields.items()}
        facts = {"email": sample.email, "channel_id": CHANNELS[sample.channel], "additional_id": sample.additional_id}
        return self._open(sample.subject, sample.message, sample.client, "client", facts, list(sample.tags), fields)

    def create(self, asked: Mapping[str, Any]) -> int:
        """POST /create/ticket."""
        subject, message = _needed(asked, "subject"), _needed(asked, "message")
        status = int(asked.get("status") or NEW)
        if status not in STATUSES:
            raise Refused("Unknown status", 132)
        facts = {
            "email": asked.get("client_email", ""),
            "additional_id": asked.get("additional_id", ""),
            "status_id": status,
        }
        facts["channel_id"] = int(asked.get("channel_id") or CHANNELS["api"])
        writer = "user" if asked.get("from") == "user" else "client"
        tags = [tag.strip() for tag in str(asked.get("tag") or "").split(",") if tag.strip()]
        client = str(asked.get("client_name") or "Клиент")
        user_id = _user(asked) if writer == "user" else None
        return self._open(subject, message, client, writer, facts, tags, {}, user_id, asked.get("files") or [])

    def file(self, file_id: int) -> Mapping[str, Any]:
        """A file that came with a ticket: its name, type and bytes."""
        if file_id not in self._files:
            raise Refused("File not found", 161)
        return self._files[file_id]

    def ticket(self, ticket_id: object) -> dict[str, Any]:
        """POST /ticket."""
        with self._lock:
            number = int(str(ticket_id)) if str(ticket_id).isdigit() else 0
            if number not in self._tickets:
                raise Refused("Ticket not found", 121)
            return self._tickets[number]

    def tickets(self, updated_after: str = "", offset: int = 0, client_id: object = None) -> list[dict[str, Any]]:
        """POST /tickets: a hundred rows at most, the longest unchanged first."""
        with self._lock:
            rows = [
                {**kept["ticket"], "ticket_fields": named(kept), "tags": [{"name": tag} for tag in kept["tags"]]}
                for kept in self._tickets.values()
                if kept["ticket"]["last_updated_at"] >= updated_after
                and str(client_id or kept["ticket"]["client_id"]) == str(kept["ticket"]["client_id"])
            ]
            return sorted(rows, key=lambda row: str(row["last_updated_at"]))[offset : offset + 100]

    def comment(self, asked: Mapping[str, Any]) -> int:
        """POST /create/comment."""
        kept, message = self.ticket(_needed(asked, "ticket_id")), _needed(asked, "message")
        writer = "client" if asked.get("from") == "client" else "user"
        if writer == "user":
            _user(asked)
        with self._lock:
            kind = "public" if asked.get("type") == "public" else "private"
            written = comment(kept, message, writer, kind, asked.get("user_id"))
            kept["comments"].append(written)
            self._touch(kept)
            return int(written["id"])

    def update(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """POST /update/ticket; returns what changed, as a webhook tells it."""
        kept, facts = self.ticket(_needed(asked, "ticket_id")), {}
        for name, allowed in (("priority", PRIORITIES), ("type", TYPES)):
            if asked.get(name):
                if asked[name] not in allowed:
                    raise Refused(f"Unknown {name}", 131)
                facts[name] = asked[name]
        if asked.get("status"):
            if int(asked["status"]) not in STATUSES:
                raise Refused("Unknown status", 132)
            facts["status_id"] = int(asked["status"])
        facts |= {name: asked[name] for name in ("subject", "assignee_id", "group", "client_id") if asked.get(name)}
        with self._lock:
            changes = [
                {"target": name, "value": value, "old_value": kept["ticket"].get(name)} for name, value in facts.items()
            ]
            kept["ticket"] |= facts
            changes += self._tagged(kept, str(asked.get("tag") or "")) + self._filled(kept, asked)
            self._touch(kept, silent=str(asked.get("silent")).lower() in {"1", "true"} or "status_id" in facts)
            return changes

    def _open(
        self,
        subject: str,
        message: str,
        client: str,
        writer: str,
        facts: Mapping[str, Any],
        tags: list[str],
        fields: dict[int, str],
        user_id: object = None,
        files: Sequence[Mapping[str, Any]] = (),
    ) -> int:
        with self._lock:
            ticket = {**_ticket(next(self._ids), subject, client), **facts}
            ticket["client_id"] = self._client(str(facts.get("email") or ""), ticket["id"])
            kept: dict[str, Any] = {"ticket": ticket, "comments": [], "tags": tags, "changes": [], "custom_fields": []}
            kept["comments"].append(comment(kept, message, writer, "public", user_id, first=True, files=files))
            ids = [row["id"] for row in kept["comments"][0]["files"]]
            self._files |= dict(zip(ids, files, strict=True))
            for number, value in fields.items():
                self._fill(kept, number, value)
            self._tickets[ticket["id"]] = kept
            return int(ticket["id"])

    def _client(self, email: str, ticket_id: int) -> int:
        """One for each address; all that platforms send come from their robot."""
        if "noreply" in email.replace("-", ""):
            return ROBOT_CLIENT
        known = (kept["ticket"] for kept in self._tickets.values() if email and kept["ticket"]["email"] == email)
        return next((int(ticket["client_id"]) for ticket in known), ROBOT_CLIENT + ticket_id)

    def _tagged(self, kept: dict[str, Any], asked: str) -> list[dict[str, Any]]:
        fresh = [tag.strip() for tag in asked.split(",") if tag.strip() and tag.strip() not in kept["tags"]]
        kept["tags"] += fresh
        return [{"target": "new_tags", "value": fresh, "old_value": None}] if fresh else []

    def _filled(self, kept: dict[str, Any], asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        ids, values = str(asked.get("field_id") or "").split(";"), str(asked.get("field_value") or "").split(";")
        pairs = [(int(number), value) for number, value in zip(ids, values, strict=False) if number.isdigit()]
        lists = [(int(row["id"]), str(row.get("value") or "")) for row in asked.get("lists") or []]
        if SUBCATEGORY in dict(lists) and CATEGORY not in dict(lists):
            raise Refused("Parent list value is required", 151)
        for number, value in (*pairs, *lists):
            self._fill(kept, number, value)
        return [{"target": "ticket_field", "value": value, "old_value": None} for _, value in (*pairs, *lists)]

    def _fill(self, kept: dict[str, Any], number: int, value: str) -> None:
        chosen = option(number, value)
        stored = str(chosen["id"]) if chosen else value
        kept["custom_fields"] = [row for row in kept["custom_fields"] if row["ticket_field_id"] != number]
        kept["custom_fields"].append(
            {"id": number * 1000, "ticket_id": kept["ticket"]["id"], "ticket_field_id": number, "value": stored}
        )

    def _touch(self, kept: dict[str, Any], silent: bool = False) -> None:
        kept["ticket"]["last_updated_at"] = now()
        if kept["ticket"]["status_id"] == NEW and not silent:
            kept["ticket"]["status_id"] = OPEN


def _ticket(ticket_id: int, subject: str, client: str) -> dict[str, Any]:
    at = now()
    return {
        "id": ticket_id,
        "status_id": NEW,
        "subject": subject[:255],
        "client_name": client,
        "assignee_id": None,
        "group": None,
        "priority": "low",
        "type": "question",
        "published_at": at,
        "last_updated_at": at,
        "company_id": COMPANY,
    }


def _user(asked: Mapping[str, Any]) -> object:
    """The user in whose name something is written."""
    if str(asked.get("user_id")) not in {str(user["id"]) for user in USERS}:
        raise Refused("Unknown user_id", 141)
    return asked["user_id"]


def _needed(asked: Mapping[str, Any], name: str) -> str:
    if not asked.get(name):
        raise Refused(f"The {name} field is required", 100)
    return str(asked[name])
