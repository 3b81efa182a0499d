"""000 «Обработка отзыва»: what is answered, what is not, and in which order; and what silence still owes the agent."""

from __future__ import annotations

from evals.regulation import flags_of, regulation, scenario_of
from evals.rules.base import Rule, Score, passes
from suggest.domain import Disposition, Status, Suggestion
from suggest.regulation import Phrasebank

LOW = {1, 2, 3}
URGENT = {"safety", "legal"}
CALM = {"positive", "question"}


def has_words(suggestion: Suggestion) -> bool:
    return any(char.isalpha() for char in suggestion.review.text)


def triage_order(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """1–3 stars first, 4–5 second; unrated ones first unless calm; an urgent flag before all."""
    if suggestion.status is Status.SKIPPED:
        return None
    rating, scenario = suggestion.review.rating, scenario_of(suggestion)
    expected = 1 if rating in LOW or (rating is None and scenario not in CALM) else 2
    if URGENT & set(flags_of(suggestion)):
        expected = 0
    given = suggestion.triage.priority
    return passes(given == expected, f"очередь {given}, а по регламенту {expected}")


def urgent_first(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    if not URGENT & set(flags_of(suggestion)):
        return None
    return passes(suggestion.triage.priority == 0, f"срочный признак, а очередь {suggestion.triage.priority}")


def skip_high_without_text(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    if suggestion.review.rating in LOW or has_words(suggestion):
        return None
    return passes(suggestion.status is Status.SKIPPED, "высокая оценка без текста не обрабатывается, а ответ предложен")


def answer_low_without_text(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    if suggestion.review.rating not in LOW or has_words(suggestion):
        return None
    answered = suggestion.status is Status.READY and scenario_of(suggestion) == "no_details"
    return passes(answered, "низкая оценка без текста обрабатывается обязательно, а ответа нет")


def answer_with_text(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    if not has_words(suggestion):
        return None
    return passes(suggestion.triage.disposition is Disposition.ANSWER, "отзыв с текстом пропущен")


def silence_is_silent(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """No reply pretends to fit: what is skipped or abstained from has no text at all."""
    if suggestion.status is Status.READY:
        return None
    silent = not suggestion.text and not suggestion.segments and scenario_of(suggestion) is None
    return passes(silent, "ответа быть не должно, а текст есть")


def abstention_helps(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """An abstention says why, names the nearest scenarios and carries priority and routing."""
    if suggestion.status is not Status.ABSTAINED:
        return None
    matched = suggestion.match
    if matched is None or not matched.reasons or len(matched.runners_up) < 2:
        return Score(False, "нет причины молчания или ближайших сценариев")
    routed = suggestion.department is not None or matched.topic is None
    return passes(suggestion.triage.priority is not None and routed, "нет очереди или маршрута")


def topic_of_scenario(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    """A topical scenario has its own topic, praise and violations none, any other some topic."""
    scenario = scenario_of(suggestion)
    if scenario is None or suggestion.match is None:
        return None
    topic = suggestion.match.topic
    if scenario in {"positive", "violation"}:
        return passes(topic is None, f"у сценария нет темы, а стоит «{topic}»")
    if scenario in regulation().departments:
        return passes(topic == scenario, f"тема «{topic}» вместо «{scenario}»")
    return passes(topic in regulation().departments, f"нет темы из списка: «{topic}»")


def department_by_topic(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
    if suggestion.match is None:
        return None
    topic = suggestion.match.topic
    expected = regulation().departments.get(topic) if topic else None
    return passes(suggestion.department == expected, f"отдел «{suggestion.department}» вместо «{expected}»")


REVIEW = "000 «Обработка отзыва»"

RULES = (
    Rule("triage-order", REVIEW, "Сначала оценки 1–3, потом 4–5", triage_order),
    Rule("urgent-first", "house", "Безопасность и право — раньше всех", urgent_first),
    Rule("skip-high-without-text", REVIEW, "Высокая оценка без текста не обрабатывается", skip_high_without_text),
    Rule("answer-low-without-text", REVIEW, "Низкая оценка без текста обрабатывается", answer_low_without_text),
    Rule("answer-with-text", REVIEW, "Отзыв с текстом не пропускается", answer_with_text),
    Rule("silence-is-silent", REVIEW, "Где ответа нет, нет и текста", silence_is_silent),
    Rule("abstention-helps", "house", "Молчание называет причину, ближайшие сценарии и маршрут", abstention_helps),
    Rule("topic-of-scenario", "000 §8–9", "Тема соответствует сценарию", topic_of_scenario),
    Rule("department-by-topic", "000 §8–9; 002", "Отдел соответствует теме", department_by_topic),
)
