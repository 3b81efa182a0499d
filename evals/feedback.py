"""Agents' edits and overrulings as draft cases: anonymised, the dangerous ones first, to be finished by a person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from evals.dataset import Case, CasesError, Expectation
from evals.harm import HARMS, URGENT, harms
from suggest.domain import Suggestion
from suggest.mask import Masker
from suggest.regulation import Phrasebank

if TYPE_CHECKING:
    from suggest.store.store import Store

TELLING = ("overruled", "rejected", "edited")
"""The outcomes that say something was wrong, the plainest first."""


@dataclass(frozen=True)
class Told:
    """What an agent did with a suggestion; `scenario` is the one they named, `text` what they made of the reply."""

    outcome: str
    suggestion: Suggestion
    scenario: str | None = None
    reason: str | None = None
    text: str | None = None


def from_store(store: Store) -> Iterator[Told]:
    """Every telling outcome on record whose review was not erased; edited texts stay in the store."""
    from suggest.store.register import Filter

    for entry in store.register.every(Filter()):
        for event in store.events.of(entry.id) if entry.outcome or entry.overruled else ():
            suggestion = store.suggestions.get(entry.id, event.revision) if event.kind in TELLING else None
            if suggestion is not None and not entry.erased:
                yield Told(event.kind.value, suggestion, event.scenario, event.reason)


def from_files(feedback: Path, suggestions: Path) -> Iterator[Told]:
    """Every telling line of a file of feedback: the body of `POST …/feedback` with `suggestion_id`.

    A line of `suggestions` is a Suggestion. Raises CasesError for a line that cannot be read or joined.
    """
    known = {(given.id, given.revision): given for given in _suggestions(suggestions)}
    for number, line in _lines(feedback):
        if line.get("outcome") not in TELLING:
            continue
        suggestion = known.get((str(line.get("suggestion_id")), int(line.get("revision") or 0)))
        if suggestion is None:
            named = f"{line.get('suggestion_id')} revision {line.get('revision')}"
            raise CasesError([f"{feedback}:{number}: no such suggestion: {named}"])
        yield Told(line["outcome"], suggestion, line.get("scenario"), line.get("reason"), line.get("text"))


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if line.strip():
            try:
                value = json.loads(line)
            except ValueError as error:
                raise CasesError([f"{path}:{number}: not JSON: {error}"]) from error
            if not isinstance(value, dict):
                raise CasesError([f"{path}:{number}: a JSON object is expected"])
            yield number, value


def _suggestions(path: Path) -> Iterator[Suggestion]:
    for number, value in _lines(path):
        try:
            yield Suggestion.model_validate(value)
        except ValidationError as error:
            raise CasesError([f"{path}:{number}: not a suggestion: {' '.join(str(error).split())}"]) from error


def drafts(told: Iterable[Told], bank: Phrasebank) -> list[dict[str, Any]]:
    """One draft case a review, the dangerous first, then by outcome.

    Drafts say what a person must decide (`todo`) and are refused by `run` until `draft` is taken out.
    """
    masker = Masker(bank.given_names)
    found: dict[str, tuple[tuple[bool, int], dict[str, Any]]] = {}
    for one in told:
        draft = _draft(one, masker)
        rank = (not draft["danger"], TELLING.index(one.outcome))
        if draft["id"] not in found or rank < found[draft["id"]][0]:
            found[draft["id"]] = rank, draft
    return [draft for _, draft in sorted(found.values(), key=lambda entry: entry[0])]


def _draft(told: Told, masker: Masker) -> dict[str, Any]:
    """The case as far as the feedback settles it; a rejection leaves the scenario open."""
    review, matched = told.suggestion.review, told.suggestion.match
    given = matched.scenario if matched else None
    people = (review.author, review.client.name)
    kept = {"platform": review.platform, "rating": review.rating, "text": masker.mask(review.text, people).text}
    expect = {
        "scenario": told.scenario or (given if told.outcome == "edited" else None),
        "also": [],
        "flags": list(matched.flags) if matched else [],
    }
    return {
        "id": f"fb-{hashlib.blake2b(review.text.encode(), digest_size=4).hexdigest()}",
        "review": kept | {"author": None} | ({"client": {"known": True}} if review.client.known else {}),
        "expect": expect,
        "kind": "feedback",
        "draft": True,
        "todo": "проверьте обезличивание, сценарий и признаки; уберите draft",
        "danger": _danger(expect, told.suggestion),
        "was": given,
        "outcome": told.outcome,
        "reason": told.reason,
        "edited": masker.mask(told.text, people).text if told.text else None,
    }


def _danger(expect: dict[str, Any], suggestion: Suggestion) -> list[str]:
    """The harms that the suggestion would count as, and the urgent flags on it."""
    flags = [flag for flag in expect["flags"] if flag in URGENT]
    if expect["scenario"] is None:
        return flags
    case = Case(id="draft", review=suggestion.review, expect=Expectation.model_validate(expect), kind="feedback")
    return [HARMS[harm] for harm in harms(case, suggestion)] + flags
