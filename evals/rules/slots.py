"""000 §3–7 and 004, steps 1–6: which slots a reply has, in which order, and which it has not."""

from __future__ import annotations

import re
from collections.abc import Mapping

from evals.regulation import channel_of, flags_of, folded, scenario_of, shape_of, slots_of
from evals.rules.base import Rule, Score, Scorer, passes
from suggest.domain import Suggestion
from suggest.regulation import Phrasebank

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|\+?\d[\d ()-]{8,}\d")
_PHONE = re.compile(r"\+?\d[\d ()-]{8,}\d")
_PLACE = re.compile(r"\[[^\]]+\]")


def required(slot: str, part: str | None = None) -> Scorer:
    """The scorer for a slot, or a part of it, that the regulation asks for here."""

    def score(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
        if slot not in shape_of(suggestion):
            return None
        found = any(segment.slot == slot and part in {None, segment.part} for segment in suggestion.segments)
        return passes(found, f"в ответе нет части «{bank.slots[slot].title}»")

    return score


def unasked(slot: str) -> Scorer:
    """The scorer for a slot that a public reply to a complaint does without."""

    def score(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
        shape = shape_of(suggestion)
        if "empathy" not in shape or slot in shape or channel_of(suggestion) != "public":
            return None
        return passes(slot not in slots_of(suggestion), f"лишняя часть «{bank.slots[slot].title}»")

    return score


def in_order(suggestion: Suggestion) -> Score:
    given = [slot for slot in slots_of(suggestion) if slot in shape_of(suggestion)]
    expected = [slot for slot in shape_of(suggestion) if slot in given]
    return passes(given == expected, f"порядок {' → '.join(given)}, а по регламенту {' → '.join(expected)}")


def slot_order(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    return in_order(suggestion) if shape_of(suggestion) and channel_of(suggestion) == "public" else None


def dm_order(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    return in_order(suggestion) if shape_of(suggestion) and channel_of(suggestion) == "dm" else None


def greeting_first(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    if scenario_of(suggestion) is None:
        return None
    first = suggestion.segments[0].slot if suggestion.segments else None
    return passes(first == "greeting", f"ответ начинается с «{first}», а не с приветствия")


def no_forbidden_slot(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """A slot that the regulation does not have in a reply of this scenario never comes."""
    if scenario_of(suggestion) is None:
        return None
    extra = [bank.slots[slot].title for slot in slots_of(suggestion) if slot not in shape_of(suggestion)]
    return passes(not extra, f"лишние части: {', '.join(extra)}")


def known_is_not_asked(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    if scenario_of(suggestion) is None or not suggestion.review.client.known:
        return None
    return passes("identification" not in slots_of(suggestion), "клиент известен, а данные запрошены")


def identification_not_needed(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """Nothing is to be found out in praise, questions, violations, resolved and unfair cases."""
    if scenario_of(suggestion) not in {"positive", "question", "violation", "resolved", "unfair"}:
        return None
    return passes("identification" not in slots_of(suggestion), "разбираться не в чем, а данные запрошены")


def wish_before_request(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    if "identification" not in shape_of(suggestion):
        return None
    parts = [segment.part for segment in suggestion.segments if segment.slot == "identification"]
    return passes(parts in (["wish", "request"], ["wish", "request", "code"]), f"части запроса данных: {parts}")


def contact_given(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """Who is asked in public to write is told where to."""
    if channel_of(suggestion) != "public" or "identification" not in shape_of(suggestion):
        return None
    return passes(bool(_ADDRESS.search(suggestion.text)), "просим написать, но не сказано куда")


def safety_direct_contact(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """Where people are in danger a public complaint's reply gives the phone."""
    if "safety" not in flags_of(suggestion) or "empathy" not in shape_of(suggestion) or channel_of(suggestion) == "dm":
        return None
    return passes(bool(_PHONE.search(suggestion.text)), "нет телефона для прямой связи")


def answer_place(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """A question is answered by the agent: the place waits for it and is pointed at."""
    if scenario_of(suggestion) != "question":
        return None
    pointed = any(finding.rule == "unfilled-place" for finding in suggestion.findings)
    return passes(bool(_PLACE.search(suggestion.text)) and pointed, "нет отмеченного места для ответа на вопрос")


def once_sorry(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """Only the slot for it apologises, and does so in one phrase."""
    if "empathy" not in shape_of(suggestion):
        return None
    sorry = [s.slot for s in suggestion.segments if re.search("извин|прости|жаль|сожале", folded(s.text))]
    return passes(len(sorry) <= 1, f"извинения в частях: {', '.join(sorry)}")


CHECKED: Mapping[str, Scorer] = {
    "greeting-missing": required("greeting"),
    "empathy-missing": required("empathy"),
    "identification-missing": required("identification", "request"),
    "identification-wish-missing": required("identification", "wish"),
    "resolution-missing": required("resolution"),
    "explanation-missing": required("explanation"),
    "thanks-missing": required("thanks"),
    "closing-missing": required("closing"),
    "thanks-in-complaint": unasked("thanks"),
    "closing-not-needed": unasked("closing"),
    "slot-order": slot_order,
    "identification-of-known-client": known_is_not_asked,
    "identification-not-needed": identification_not_needed,
    "contact-missing": contact_given,
    "repeated-apology": once_sorry,
}
"""Scorers of rules of rules.yaml."""

RULES = (
    Rule("greeting-first", "000 §3; 004 шаг 1", "Ответ начинается с приветствия", greeting_first),
    Rule("no-forbidden-slot", "000 §3–7", "Нет частей, которых регламент здесь не знает", no_forbidden_slot),
    Rule("wish-before-request", "000 §5", "Сначала желание разобраться, потом просьба", wish_before_request),
    Rule("dm-order", "004 шаги 1–6", "Порядок частей в личной переписке", dm_order),
    Rule("safety-direct-contact", "house", "При угрозе безопасности дан телефон", safety_direct_contact),
    Rule("answer-place", "000 §2", "На вопрос отвечает агент: место отмечено", answer_place),
)
