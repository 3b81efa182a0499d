"""The promise: every character of a reply is an approved phrase or a whitelisted field, verbatim where it cites."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping

from evals.regulation import channel_of, flags_of, folded, regulation, scenario_of
from evals.rules.base import Rule, Score, Scorer, passes
from suggest.domain import Segment, Suggestion
from suggest.regulation import Phrase, Phrasebank

_FIELDS = {
    "client_name": r"[^\W\d_][\w' -]*",
    "company_name": r".+",
    "company_email": r"[\w.+-]+@[\w-]+\.[\w.-]+",
    "company_phone": r"\+?[\d ()-]+",
}


def fields_in(phrase: Phrase, text: str) -> dict[str, str] | None:
    """The values a phrase was filled with to give the text; None where the text is not that phrase."""
    pattern = ""
    for literal, name, _, _ in string.Formatter().parse(phrase.text):
        pattern += re.escape(literal) + (f"(?P<{name}>{_FIELDS[name]})" if name else "")
    found = re.fullmatch(pattern, text)
    return found.groupdict() if found else None


def approved_only(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """Each segment is an approved phrase of its slot, filled with nothing but whitelisted fields."""
    if not suggestion.segments:
        return None
    wrong = [segment.phrase_id for segment in suggestion.segments if not _approved(segment, bank)]
    return passes(not wrong, f"не одобренные фразы: {', '.join(wrong)}")


def _approved(segment: Segment, bank: Phrasebank) -> bool:
    phrase = bank.phrases.get(segment.phrase_id)
    return (
        phrase is not None
        and phrase.status == "approved"
        and phrase.approved is not None
        and (phrase.slot, phrase.part) == (segment.slot, segment.part)
        and fields_in(phrase, segment.text) is not None
    )


def assembled_verbatim(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    if scenario_of(suggestion) is None:
        return None
    whole = " ".join(segment.text for segment in suggestion.segments)
    return passes(bool(whole) and suggestion.text == whole, "текст ответа не равен своим частям")


def verbatim_source(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """What cites 000 §4–7 says it word for word."""
    cited = [
        (segment, wordings[paragraph])
        for segment in suggestion.segments
        for wordings in [regulation().verbatim.get(segment.slot, {})]
        for paragraph in wordings
        if segment.phrase_id in bank.phrases
        and bank.phrases[segment.phrase_id].source == paragraph
        and segment.part != "request"
    ]
    wrong = [s.phrase_id for s, allowed in cited if folded(s.text) not in map(folded, allowed)]
    return passes(not wrong, f"не дословно: {', '.join(wrong)}") if cited else None


def verbatim_in_bank(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """Every wording of 000 §4–7 for the slots of this reply is an approved phrase that cites its paragraph."""
    slots = {segment.slot for segment in suggestion.segments} & regulation().verbatim.keys()
    missing = [
        text
        for slot in sorted(slots)
        for paragraph, wordings in regulation().verbatim[slot].items()
        for text in wordings
        if not any(_is(phrase, text, paragraph) for phrase in bank.phrases.values())
    ]
    return passes(not missing, f"нет дословной формулировки: «{'», «'.join(missing)}»") if slots else None


def _is(phrase: Phrase, text: str, paragraph: str) -> bool:
    return phrase.status == "approved" and phrase.source == paragraph and folded(phrase.text) == folded(text)


def interim_wordings(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """002's interim wordings are there for a conversation in private, and for nowhere else."""
    if channel_of(suggestion) != "dm" or scenario_of(suggestion) is None:
        return None
    known = {folded(phrase.text): phrase for phrase in bank.interim.values() if phrase.status == "approved"}
    missing = [text for text in regulation().interim if folded(text) not in known]
    public = [phrase.id for phrase in known.values() if phrase.channels != ("dm",)]
    return passes(not missing and not public, f"нет: {missing}; разрешены публично: {public}")


def resolved_wordings(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """The wordings of 000 §7 serve the resolved scenario only, and it is thanked by a phrase of its own."""
    scenario = scenario_of(suggestion)
    if scenario is None:
        return None
    own = {folded(text) for text in regulation().verbatim["thanks"]["000 §7"]}
    said = {folded(segment.text) for segment in suggestion.segments} & own
    return passes(scenario == "resolved" or not said, "формулировка 000 §7 вне своего сценария")


def phrase_in_place(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """Each phrase serves this scenario, channel and topic."""
    scenario = scenario_of(suggestion)
    if scenario is None or suggestion.match is None:
        return None
    wrong = []
    for phrase in _phrases(suggestion, bank):
        serves = phrase.scenarios == "any" or scenario in phrase.scenarios
        topical = phrase.topics == "any" or suggestion.match.topic in phrase.topics
        if not (serves and topical and channel_of(suggestion) in phrase.channels):
            wrong.append(phrase.id)
    return passes(not wrong, f"одобрены для другого случая: {', '.join(wrong)}")


def sober_phrases(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """Under safety and legal only phrases made fit for the flag are said."""
    grave = {"safety", "legal"} & set(flags_of(suggestion))
    if not grave or not suggestion.segments:
        return None
    wrong = [phrase.id for phrase in _phrases(suggestion, bank) if not grave <= {*phrase.when, *phrase.fits}]
    return passes(not wrong, f"не для такого случая: {', '.join(wrong)}")


def _phrases(suggestion: Suggestion, bank: Phrasebank) -> Iterator[Phrase]:
    return (bank.phrases[s.phrase_id] for s in suggestion.segments if s.phrase_id in bank.phrases)


def right_name(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """A client greeted by name has that name."""
    names = [
        fields["client_name"]
        for segment in suggestion.segments
        if segment.phrase_id in bank.phrases
        and (fields := fields_in(bank.phrases[segment.phrase_id], segment.text))
        and "client_name" in fields
    ]
    review = suggestion.review
    own = folded(f"{review.author or ''} {review.client.name or ''}")
    return passes(all(folded(name) in own for name in names), f"имени {names} у клиента нет") if names else None


CHECKED: Mapping[str, Scorer] = {"phrase-out-of-place": phrase_in_place, "wrong-name": right_name}
"""Scorers of rules of rules.yaml."""

RULES = (
    Rule("approved-only", "house", "Только одобренные фразы и разрешённые поля", approved_only),
    Rule("assembled-verbatim", "house", "Ответ собран из частей без добавлений", assembled_verbatim),
    Rule("verbatim-source", "000 §4–7", "Что ссылается на пункт, сказано дословно", verbatim_source),
    Rule("verbatim-in-bank", "000 §4–7", "Формулировки регламента есть среди одобренных", verbatim_in_bank),
    Rule(
        "interim-wordings",
        "002 «Промежуточный ответ»",
        "Промежуточные формулировки есть, только лично",
        interim_wordings,
    ),
    Rule("resolved-wordings", "000 §7", "Формулировки §7 только где вопрос решён", resolved_wordings),
    Rule("sober-phrases", "house", "При угрозе и претензии только подходящие фразы", sober_phrases),
)
