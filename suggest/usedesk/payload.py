"""Bodies as Usedesk sends them: JSON or a form, PHP's arrays for objects and the other way round, numbers as strings.

Every accessor here is total: whatever the value is, it gives what is asked for or nothing.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

MAX_BODY = 1_000_000
"""The longest body we read, in bytes."""

MAX_ID = 10**18
SECRETS = ("token", "secret_key", "secret")
"""The names under which Usedesk may send the block's secret: which one it is, is not documented."""

_KEY = re.compile(r"[^\[\]]+")


class Unreadable(Exception):
    """The body is neither JSON nor a form that we can read."""


def read(body: bytes, content_type: str = "") -> dict[str, Any]:
    """The body as a mapping; raises Unreadable. A list in place of an object is PHP's way to send none."""
    if len(body) > MAX_BODY:
        raise Unreadable("too long")
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind == "multipart/form-data":
            return nested(_multipart(body, content_type))
        if kind == "application/x-www-form-urlencoded" and body.lstrip()[:1] not in (b"{", b"["):
            return nested(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=2000))
        return mapping(json.loads(body.decode("utf-8-sig") or "{}"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(type(error).__name__) from None


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Form fields with PHP's keys (`client[emails][0]`) as nested mappings."""
    whole: dict[str, Any] = {}
    for key, value in pairs:
        path = _KEY.findall(key)[:8]
        place = whole
        for step in path[:-1]:
            below = place.get(step)
            if not isinstance(below, dict):
                below = place[step] = {}
            place = below
        if path:
            place[path[-1]] = value
    return whole


def mapping(value: object) -> dict[str, Any]:
    """A JSON object, or an empty one in place of anything else; one sent as a JSON string inside a form is read."""
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def items(value: object) -> Iterator[Any]:
    """The items of a list, or the values of the mapping that PHP made of one."""
    if isinstance(value, str) and value.lstrip()[:1] == "[":
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def number(value: object) -> int | None:
    """A positive whole number, sent as one or as a string; None for anything else."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value.strip()) < 19:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < MAX_ID:
        return value
    return None


def text(value: object, limit: int = 500) -> str:
    """A text of at most so many characters, without what no text may hold; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    clean = str(value) if not isinstance(value, int) or abs(value) < MAX_ID else ""
    return clean[:limit].encode("utf-8", "replace").decode().replace("\0", "")


def authentic(body: Mapping[str, Any], secret: str, names: Iterable[str] = SECRETS) -> bool:
    """Whether the body holds the secret under one of its names; takes the same time whatever it holds."""
    given = [text(body.get(name)).encode() for name in names]
    matches = [hmac.compare_digest(value, secret.encode()) for value in given]
    return any(matches)


def _multipart(body: bytes, content_type: str) -> Iterator[tuple[str, str]]:
    """The text fields of a multipart form; files are not read."""
    from email.message import Message
    from email.parser import BytesParser
    from email.policy import HTTP

    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    parsed: Message = BytesParser(policy=HTTP).parsebytes(head + body)
    for part in parsed.get_payload() if parsed.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]
        content = part.get_payload(decode=True)  # type: ignore[union-attr]
        if isinstance(name, str) and isinstance(content, bytes):
            yield name, content.decode("utf-8", "replace").rstrip("\r\n")
