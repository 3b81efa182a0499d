"""Reviews and other JSON from outside, read with messages that name the field and the reason."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from suggest.domain import InputError, Review

Model = TypeVar("Model", bound=BaseModel)


def review(data: bytes) -> Review:
    """The review in a JSON document; raises InputError naming what is wrong and where."""
    return model(Review, document(data))


def document(data: bytes) -> Any:
    """The content of a JSON document; raises InputError if it is not UTF-8 or not JSON."""
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError("", f"not UTF-8: byte {error.start} cannot be read") from error
    except json.JSONDecodeError as error:
        raise InputError("", f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise InputError("", "not JSON we read: nested too deep") from error


def model(kind: type[Model], value: Any) -> Model:
    """`value` as a `kind`; raises InputError for the first fault, with the others counted."""
    if not isinstance(value, dict):
        raise InputError("", f"a JSON object is expected, not {type(value).__name__}")
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise faults(error.errors()) from error


def faults(errors: Iterable[Mapping[str, Any]]) -> InputError:
    """Pydantic's errors as one InputError: the first, in words, and how many more there are."""
    first, *others = errors
    field = ".".join(str(part) for part in first["loc"] if part != "body")
    more = f" (and {len(others)} more)" if others else ""
    return InputError(field, _reason(first) + more)


def _reason(error: Mapping[str, Any]) -> str:
    context = error.get("ctx") or {}
    match error["type"]:
        case "extra_forbidden":
            return "no such field"
        case "missing":
            return "is required"
        case "string_too_long":
            return f"at most {context['max_length']:,} characters are allowed, here are {len(error['input']):,}"
        case "greater_than_equal" | "less_than_equal":
            bound = "at least" if error["type"].startswith("greater") else "at most"
            return f"must be {bound} {next(iter(context.values()))}, not {error['input']}"
        case "enum" | "literal_error":
            return f"must be one of {context['expected']}, not {error['input']!r}"
        case _:
            return str(error["msg"]).removeprefix("Value error, ")
