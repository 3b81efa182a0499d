"""Agents' edits and overrulings as draft cases: anonymised, the dangerous ones first, to be finished by a person."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evals.dataset import Case, CasesError, Expectation
from evals.harm import HARMS, harms
from suggest.domain import Suggestion
from suggest.regulation import Phrasebank

TOLD = ("overruled", "rejected", "edited")
"""The outcomes that say something was wrong, the plainest first."""

_STREETS = "ул|улица|улице|пр|проспект|проспекте|пер|переулок|мкр"
_NUMBERED = "заказ|договор|заявк|обращени|чек|тикет|накладн"
_SURNAME = r"[А-ЯЁ][а-яё]+(?:[оеё]в|[иы]н|ск|енко|[ви]ч|вн)[а-яё]{0,3}"
_MASKS = (
    (r"[\w.+-]+@[\w-]+\.[\w.-]+", "[почта]"),
    (r"https?://\S+|www\.\S+|\bt\.me/\S+", "[ссылка]"),
    (r"\+?\d(?:[\s().–-]{0,2}\d){8,}", "[телефон]"),
    (rf"(?i)(?:{_NUMBERED})\w*\W{{1,4}}(?:номер\W{{1,3}})?[№#]?\s?[\w-]*\d[\w/-]*", "[номер]"),
    (r"\d{5,}", "[номер]"),
    (rf"(?i)\b(?:{_STREETS})\b\.?\s+[\w-]+(?:,?\s*(?:д|дом)?\.?\s*\d+\w?)?(?:,?\s*кв\.?\s*\d+)?", "[адрес]"),
)
_CAPITALISED = re.compile(r"\b[А-ЯЁӘҒҚҢӨҰҮҺІ][а-яёәғқңөұүһі]+\b")


def drafts(feedback: Path, suggestions: Path, bank: Phrasebank) -> list[dict[str, Any]]:
    """A draft case for each suggestion that agents overruled, rejected or edited; raises CasesError for bad lines.

    A feedback line is the body of `POST …/feedback` with the suggestion's id as `suggestion_id`; a suggestions line is a
    Suggestion. Drafts say what a person must decide (`todo`) and are refused by `run` until `draft` is taken out.
    """
    known = {(given.id, given.revision): given for given in _suggestions(suggestions)}
    found: dict[str, tuple[tuple[int, int], dict[str, Any]]] = {}
    faults = []
    for number, told in _lines(feedback):
        if told.get("outcome") not in TOLD:
            continue
        suggestion = known.get((str(told.get("suggestion_id")), int(told.get("revision") or 0)))
        if suggestion is None:
            faults.append(
                f"{feedback}:{number}: no such suggestion: {told.get('suggestion_id')} revision {told.get('revision')}"
            )
            continue
        draft = _draft(told, suggestion, bank)
        rank = (not draft["danger"], TOLD.index(told["outcome"]))
        if draft["id"] not in found or rank < found[draft["id"]][0]:
            found[draft["id"]] = rank, draft
    if faults:
        raise CasesError(faults)
    return [draft for _, draft in sorted(found.values(), key=lambda entry: entry[0])]


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


def _draft(told: Mapping[str, Any], suggestion: Suggestion, bank: Phrasebank) -> dict[str, Any]:
    """The case as far as the feedback settles it."""
    matched = suggestion.match
    given = matched.scenario if matched else None
    expected = told.get("scenario") or (given if told["outcome"] == "edited" else None)
    review = suggestion.review
    kept = {
        "platform": review.platform,
        "rating": review.rating,
        "text": anonymised(review.text, suggestion, bank),
        "author": None,
    }
    expect = {"scenario": expected, "also": [], "flags": list(matched.flags) if matched else []}
    danger = _danger(expect, suggestion)
    return {
        "id": f"fb-{hashlib.blake2b(review.text.encode(), digest_size=4).hexdigest()}",
        "review": kept | ({"client": {"known": True}} if review.client.known else {}),
        "expect": expect,
        "kind": "feedback",
        "draft": True,
        "todo": "проверьте обезличивание, сценарий и признаки; уберите draft",
        "danger": danger,
        "was": given,
        "outcome": told["outcome"],
        "reason": told.get("reason"),
        "edited": anonymised(told["text"], suggestion, bank) if told.get("text") else None,
    }


def _danger(expect: Mapping[str, Any], suggestion: Suggestion) -> list[str]:
    """The harms that the suggestion would count as, and the urgent flags on it."""
    flags = [flag for flag in expect["flags"] if flag in {"safety", "legal"}]
    if expect["scenario"] is None:
        return flags
    case = Case(id="draft", review=suggestion.review, expect=Expectation.model_validate(expect), kind="feedback")
    return [HARMS[harm] for harm in harms(case, suggestion)] + flags


def anonymised(text: str, suggestion: Suggestion, bank: Phrasebank) -> str:
    """The text without contacts, numbers, addresses, given names and the names of its author and client."""
    for pattern, mask in _MASKS:
        text = re.sub(pattern, mask, text)
    review = suggestion.review
    own = set(re.findall(r"\w{2,}", f"{review.author or ''} {review.client.name or ''}".lower()))
    text = re.sub(r"\w{2,}", lambda word: "[имя]" if word[0].lower() in own else word[0], text)
    text = _CAPITALISED.sub(lambda word: "[имя]" if _given(word[0], bank) else word[0], text)
    return re.sub(rf"(?:{_SURNAME}\s+)?\[имя\](?:\s+(?:\[имя\]|{_SURNAME}))*", "[имя]", text)


def _given(word: str, bank: Phrasebank) -> bool:
    """Whether a capitalised word is a given name in any of its cases."""
    stems = (word[: len(word) - cut] for cut in range(3) if len(word) - cut > 2)
    return any(stem + ending in bank.given_names for stem in stems for ending in ("", "а", "я", "й", "ь"))
