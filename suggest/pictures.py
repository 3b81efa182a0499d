"""Screenshots that agents paste: told by their first bytes whatever they call themselves, and never too large. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from suggest.domain import InputError

LARGEST = 5 * 1024 * 1024
"""Bytes."""

NOT_A_PICTURE = "Это не снимок экрана: годятся картинки PNG, JPEG и WebP."
TOO_LARGE = "Картинка больше 5 МБ: уменьшите её или сохраните в JPEG."
EMPTY = "Файл пуст: вставьте снимок ещё раз."


@dataclass(frozen=True)
class Picture:
    """A screenshot; `name` is ours, with the ending of its kind."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


def picture(data: bytes, name: str = "screenshot") -> Picture:
    """The picture in these bytes; raises InputError whose reason tells an agent in Russian what is wrong."""
    if not data:
        raise InputError("picture", EMPTY)
    if len(data) > LARGEST:
        raise InputError("picture", TOO_LARGE)
    kind = _kind(data)
    if kind is None:
        raise InputError("picture", NOT_A_PICTURE)
    stem = re.sub(r"[^\w-]+", "-", name.rpartition("/")[2].partition(".")[0]).strip("-")[:60] or "screenshot"
    return Picture(f"{stem}.{kind}", f"image/{'jpeg' if kind == 'jpg' else kind}", data)


def _kind(data: bytes) -> str | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpg"
    return "webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None
