"""By what a suggestion is known: the same id for the same review, however often it comes."""

from __future__ import annotations

import json
from uuid import UUID, uuid5

from suggest.domain import Review

NAMESPACE = UUID("6f3e2b52-7d0c-5d0e-9a51-6e2f3c1b8a70")
"""Of the uuid5."""


def suggestion_id(review: Review, key: str | None = None) -> str:
    """The same for the same review: by platform and `key` or the review's id, else by its content."""
    if key or review.id:
        named: dict[str, object] = {"key": key} if key else {"id": review.id}
    else:
        named = review.model_dump(mode="json", exclude={"id", "client"})
    return str(uuid5(NAMESPACE, json.dumps({"platform": review.platform, **named}, sort_keys=True)))
