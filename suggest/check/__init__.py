"""Checks a reply, assembled or edited by hand, against the rules of `phrasebank/rules.yaml`. Nothing is ever altered.

Every rule is one function; what it looks for, its paragraph, severity and message are data. A rule that has nothing but
a word list `find` needs no function of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from suggest.check import form, private, slots, wording
from suggest.check.reading import Check, Draft, Reading
from suggest.check.slots_in_text import CUE_SLOTS, CUES, LITERAL
from suggest.check.wording import said
from suggest.check.wordlist import Expression
from suggest.domain import Finding, Severity
from suggest.regulation import Phrasebank, Rule

__all__ = ["CHECKS", "Draft", "check", "unimplemented"]

CHECKS: Mapping[str, Check] = {
    **slots.CHECKS,
    **wording.CHECKS,
    **private.CHECKS,
    **form.CHECKS,
}
"""The function of each rule that is more than a list of words."""

MOST = 20
"""One rule tells at most so many findings on one reply."""

_GRAVITY = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def check(draft: Draft, bank: Phrasebank) -> tuple[Finding, ...]:
    """Every finding on the reply, the gravest first, then in the order of the text; those on the whole text before."""
    reading = Reading(draft, bank)
    findings = (
        Finding(
            rule=rule.id,
            severity=rule.severity,
            message=rule.message.replace("{detail}", detail or ""),
            source=rule.source,
            span=span,
        )
        for rule in bank.rules.values()
        for span, detail in islice(CHECKS.get(rule.id, said)(reading, rule), MOST)
    )
    return tuple(sorted(findings, key=lambda finding: (_GRAVITY[finding.severity], finding.span or (-1, -1))))


def unimplemented(bank: Phrasebank) -> list[str]:
    """Every rule that nothing implements, every function without its rule, every expression that cannot be read."""
    faults = [
        f"rules.yaml: {id_}: the rule is missing, the program has a function for it"
        for id_ in CHECKS
        if id_ not in bank.rules
    ]
    for rule in bank.rules.values():
        if rule.id not in CHECKS and not rule.words.get("find"):
            faults.append(f"rules.yaml: {rule.id}: neither a function in the program nor a list `find`")
        faults += _unreadable(rule)
    if CUES in bank.rules:
        faults += [
            f"rules.yaml: {CUES}: {cue}: the list is missing" for cue in CUE_SLOTS if cue not in bank.rules[CUES].words
        ]
    return faults


def _unreadable(rule: Rule) -> list[str]:
    faults = []
    for name, entries in rule.words.items():
        for entry in () if (rule.id, name) in LITERAL else entries:
            try:
                Expression(entry)
            except ValueError as error:
                faults.append(f"rules.yaml: {rule.id}: {name}: {entry}: {error}")
    return faults
