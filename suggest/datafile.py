"""Reads one file of a phrasebank's folder beside the phrases: typed, or refused with every fault and its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from suggest.domain import PhrasebankError

Shape = TypeVar("Shape")
First = TypeVar("First")
Second = TypeVar("Second")


def read(phrasebank: Path, name: str, shape: TypeAdapter[Shape], empty: Any = None) -> Shape:
    """The content of a file in that shape; `empty` stands for a file without content. Raises PhrasebankError."""
    try:
        content = yaml.safe_load((phrasebank / name).read_text(encoding="utf-8"))
        return shape.validate_python(empty if content is None else content)
    except ValidationError as error:
        raise PhrasebankError(
            f"{name}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        ) from error
    except OSError as error:
        raise PhrasebankError([f"{name}: {error.strerror}"]) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise PhrasebankError([f"{name}: {' '.join(str(error).split())}"]) from error


def both(first: Callable[[], First], second: Callable[[], Second]) -> tuple[First, Second]:
    """What both readings give; raises PhrasebankError with the faults of both."""
    faults: list[str] = []
    found: list[Any] = []
    for reading in (first, second):
        try:
            found.append(reading())
        except PhrasebankError as error:
            faults += error.faults
    if faults:
        raise PhrasebankError(faults)
    return found[0], found[1]
