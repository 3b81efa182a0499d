"""Tone-check cases: replies, good and bad, and how well a judge tells them apart.

A judge is anything that names the rules a reply breaks: the service's rule checks, or a model's tone check beside them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from evals.dataset import CasesError
from evals.metrics import share
from suggest.checker import Checker
from suggest.domain import Client, Finding, Match, MatchedBy, Platform, Review
from suggest.plan import topic_of
from suggest.regulation import Phrasebank

FOLDER = Path(__file__).parent / "replies"
"""Replies that nobody looked at while writing the checks; those of `tests/data` serve their making."""


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.jsonl"))


class Reply(BaseModel):
    """A reply and the rules it breaks.

    An error or warning that is not expected is false; a hint only where `not_expect` names it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    platform: Platform | None = None
    scenario: str | None = None
    client_known: bool = False
    review: dict[str, Any] | None = None
    flags: tuple[str, ...] = ()
    return_code: bool = False
    """Whether the company asks for the code of the review."""
    expect: tuple[str, ...]
    not_expect: tuple[str, ...] = ()
    note: str | None = None


Judge = Callable[[Reply], frozenset[str]]
"""The ids of the rules that a reply breaks, as the judge sees it."""


def load(paths: Sequence[Path], bank: Phrasebank) -> tuple[Reply, ...]:
    """Every reply of the files; raises CasesError with every fault."""
    replies, faults = [], []
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            if not line.strip():
                continue
            try:
                reply = Reply.model_validate(json.loads(line))
            except (ValidationError, ValueError) as error:
                faults.append(f"{path}:{number}: {' '.join(str(error).split())}")
                continue
            unknown = {*reply.expect, *reply.not_expect} - set(bank.rules)
            faults += [f"{path}:{number}: no such rule: {rule}" for rule in sorted(unknown)]
            replies.append(reply)
    if faults:
        raise CasesError(faults)
    return tuple(replies)


def rule_judge(checker: Checker) -> Judge:
    """The service's own rule checks as a judge."""

    asking = replace(checker, company=lambda branch: checker.company(branch).model_copy(update={"return_code": True}))

    def judge(reply: Reply) -> frozenset[str]:
        review = _review(reply)
        findings = (asking if reply.return_code else checker).check(
            reply.text, review, reply.scenario, _match(reply, checker.bank)
        )
        return frozenset(finding.rule for finding in findings)

    return judge


TONED: Mapping[str, frozenset[str]] = {
    "blame": frozenset({"blame"}),
    "coldness": frozenset({"coldness"}),
    "false-cheer": frozenset({"false-cheer"}),
    "irony": frozenset({"irony", "rudeness"}),
    "pleading": frozenset({"pleading", "repeated-apology"}),
    "over-promising": frozenset({"money-promise", "remedy-promise", "term-promise", "improvement-promise"}),
    "internal-kitchen": frozenset({"internal-kitchen", "excuse", "department-in-public"}),
    "wrong-register": frozenset({"familiarity", "chancery", "rudeness"}),
    "off-point": frozenset({"phrase-out-of-place"}),
    "argument": frozenset({"blame", "excuse"}),
}
"""The rules that a flag of `phrasebank/tone.yaml` may stand for: a model and the rules are measured on the same replies."""


def about_tone(replies: Sequence[Reply]) -> tuple[Reply, ...]:
    """The replies in which nothing but the tone is wrong, or nothing at all."""
    known = frozenset[str]().union(*TONED.values())
    return tuple(reply for reply in replies if known.issuperset(reply.expect))


def model_judge(tone: Callable[[str, Review | None], Sequence[Finding]]) -> Judge:
    """A model's tone check as a judge: a flag names what it may stand for and the reply breaks, else only itself."""

    def judge(reply: Reply) -> frozenset[str]:
        flags = [finding.rule.removeprefix("tone-") for finding in tone(reply.text, _review(reply))]
        named = [TONED.get(flag, frozenset()) & frozenset(reply.expect) or {f"tone-{flag}"} for flag in flags]
        return frozenset[str]().union(*named)

    return judge


def both(first: Judge, second: Judge) -> Judge:
    """What either judge names."""
    return lambda reply: first(reply) | second(reply)


def remembered(judge: Judge) -> Judge:
    """The same judge, asked once about each text."""
    known: dict[str, frozenset[str]] = {}

    def asked(reply: Reply) -> frozenset[str]:
        if reply.text not in known:
            known[reply.text] = judge(reply)
        return known[reply.text]

    return asked


def _review(reply: Reply) -> Review | None:
    if reply.platform is None:
        return None
    given = {"platform": reply.platform, "client": Client(known=reply.client_known)} | (reply.review or {})
    return Review.model_validate(given)


def _match(reply: Reply, bank: Phrasebank) -> Match | None:
    if reply.scenario is None:
        return None
    topic = topic_of(bank.scenarios[reply.scenario], (), bank)
    return Match(
        scenario=reply.scenario, topic=topic.id if topic else None, by=MatchedBy.AGENT, confidence=1, flags=reply.flags
    )


def measure(replies: Sequence[Reply], judge: Judge, bank: Phrasebank) -> dict[str, Any]:
    """Precision and recall over all findings and by rule, and the replies that were misjudged."""
    found: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    false: Counter[str] = Counter()
    wrong = []
    for reply in replies:
        raised = judge(reply)
        expected = frozenset(reply.expect)
        mistaken = {rule for rule in raised - expected if rule in reply.not_expect or _grave(rule, bank)}
        found.update(raised & expected)
        missed.update(expected - raised)
        false.update(mistaken)
        if mistaken or expected - raised:
            wrong.append({"text": reply.text, "missed": sorted(expected - raised), "false": sorted(mistaken)})
    return {
        "n": len(replies),
        "clean": sum(not reply.expect for reply in replies),
        "precision": share((found.total(), found.total() + false.total())),
        "recall": share((found.total(), found.total() + missed.total())),
        "rules": {rule: _line(found[rule], missed[rule], false[rule]) for rule in bank.rules},
        "wrong": wrong,
    }


def _grave(rule: str, bank: Phrasebank) -> bool:
    return rule not in bank.rules or bank.rules[rule].severity != "info"


def _line(found: int, missed: int, false: int) -> Mapping[str, float | int | None]:
    return {"n": found + missed, "precision": share((found, found + false)), "recall": share((found, found + missed))}
