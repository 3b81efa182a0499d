"""The rules on wording: tone, promises, admissions. Most only look for the word list `find` of the rule."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from suggest.check.reading import Check, Hit, Reading
from suggest.check.slots_in_text import Sentence
from suggest.domain import Span
from suggest.regulation import Rule


def said(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """Anything of the rule's list `find`, except in verbatim wordings where the regulation uses them."""
    return ((span, None) for span in reading.said(rule))


def in_public(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """The same, where the reply is known to be public."""
    return said(reading, rule) if reading.channel == "public" else iter(())


def excuse(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """Excuses, which 004 warns of for what everybody reads; in direct messages reasons may be told."""
    return said(reading, rule) if reading.channel != "dm" else iter(())


def false_cheer(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """Joy at a complaint; where the scenario thanks in public there is something to be glad of."""
    scenario = reading.plan.scenario if reading.plan else None
    asked = {use.slot for use in scenario.public} if scenario else set()
    return said(reading, rule) if "empathy" in asked and "thanks" not in asked else iter(())


def sensitive_wording(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """Words too small for danger to people, verbatim wordings included."""
    if reading.plan and "safety" in reading.plan.flags:
        yield from ((span, None) for span in reading.said(rule, exempting=False))


def improvement_promise(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """«Больше не повторится», which 000 §7 says only where nothing is left to be resolved."""
    if reading.plan and any(use.slot == "resolution" for use in reading.plan.scenario.slots(reading.plan.channel)):
        yield from said(reading, rule)


def repeated_apology(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """A second sentence that apologises; the sentences of one approved phrase count as one."""
    first: dict[Sentence, Span] = {}
    for hit in reading.found(rule, exempting=False):
        if sentence := reading.sentence_at(hit[0]):
            first.setdefault(sentence, hit)
    for before, sentence in pairwise(first):
        if not set(before.phrases) & set(sentence.phrases):
            yield reading.folded.span(*first[sentence]), None


def repetition(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """A sentence of more than a word or two that was there before."""
    seen: set[str] = set()
    for sentence in reading.sentences:
        words = re.findall(r"\w+", reading.folded.text[sentence.start : sentence.end])
        key = " ".join(words)
        if len(words) > 1 and key in seen:
            yield reading.folded.span(sentence.start, sentence.end), None
        seen.add(key)


def term_promise(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """A promise and a term in one sentence, with nothing between them that keeps them apart."""
    promises: dict[Sentence | None, list[Span]] = defaultdict(list)
    for promise in reading.found(rule, "promise"):
        promises[reading.sentence_at(promise[0])].append(promise)
    barriers = [start for start, _ in reading.found(rule, "barrier")]
    for term in reading.found(rule, "term"):
        nearby = promises[reading.sentence_at(term[0])]
        if any(not _barred(promise, term, barriers, reading.folded.text) for promise in nearby):
            yield reading.folded.span(*term), None


def _barred(promise: Span, term: Span, barriers: Sequence[int], text: str) -> bool:
    """Whether a barrier begins between the two, or a comma parts a term from a promise after it."""
    start, end = min(promise[1], term[1]), max(promise[0], term[0])
    index = bisect_left(barriers, start)
    return (index < len(barriers) and barriers[index] < end) or (term < promise and "," in text[start:end])


CHECKS: Mapping[str, Check] = {
    **dict.fromkeys(
        (
            "blame",
            "rudeness",
            "irony",
            "coldness",
            "pleading",
            "familiarity",
            "chancery",
            "money-promise",
            "remedy-promise",
            "legal-admission",
            "review-removal",
            "bargaining",
            "internal-kitchen",
        ),
        said,
    ),
    "department-in-public": in_public,
    "data-request-in-public": in_public,
    "excuse": excuse,
    "false-cheer": false_cheer,
    "sensitive-wording": sensitive_wording,
    "improvement-promise": improvement_promise,
    "repeated-apology": repeated_apology,
    "repetition": repetition,
    "term-promise": term_promise,
}
