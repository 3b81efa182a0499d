"""Parts of tickets in the shapes that Usedesk documents: ids and flags now as numbers, now as strings, as there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from suggest.demo.account import FIELDS

MOSCOW = timezone(timedelta(hours=3))


def now() -> str:
    """The time as Usedesk writes it: without a zone."""
    return datetime.now(MOSCOW).strftime("%Y-%m-%d %H:%M:%S")


def named(kept: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A ticket's fields with the names that webhooks and lists, unlike /ticket, tell."""
    names = {field["custom_field"]["id"]: field["custom_field"]["name"] for field in FIELDS}
    values = {str(row["id"]): row["value"] for field in FIELDS for row in field["field_options"]}
    return [
        {"id": number, "name": names[number], "value": values.get(row["value"], row["value"])}
        for row in kept["custom_fields"]
        for number in (row["ticket_field_id"],)
    ]


def comment(
    kept: Mapping[str, Any],
    message: str,
    writer: str,
    kind: str,
    user_id: object,
    first: bool = False,
    files: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """A comment as /ticket and webhooks show it; of its files they tell no bytes."""
    number = kept["ticket"]["id"] * 100 + len(kept["comments"])
    return {
        "id": number,
        "message": message,
        "from": writer,
        "type": kind,
        "user_id": int(str(user_id)) if user_id else None,
        "client_id": kept["ticket"]["client_id"] if writer == "client" else None,
        "ticket_id": kept["ticket"]["id"],
        "is_first": "1" if first else "0",
        "delivered": 1,
        "published_at": now(),
        "files": [{"id": number * 10 + place, "name": file["name"]} for place, file in enumerate(files)],
    }
