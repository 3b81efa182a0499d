"""The port `Adviser` over a model: each question at most once or twice a suggestion, and what agents are told of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from suggest.domain import Finding, Match, Reason, Review, Severity, Usage, Why
from suggest.mask import Masker
from suggest.model import choose, scenario, tone
from suggest.model.choose import ModelChooser, Picked
from suggest.model.pace import Paces
from suggest.model.questions import Deadline, Meter, Model
from suggest.model.scenario import ModelScenario
from suggest.model.session import Session
from suggest.model.shown import Shown, shown
from suggest.model.tone import ModelTone
from suggest.regulation import Plan, PlannedSlot, SlotKey

TASKS = (scenario.NAME, choose.NAME, tone.NAME)
"""What a model may be asked for."""

HOUSE = "house"
QUOTED = 120
"""Characters of a suspicious sentence that an agent is shown."""

FAILED: Mapping[Why, str] = {
    Why.TIMEOUT: "не успела ответить",
    Why.AWAY: "не отвечает",
    Why.LIMITED: "просит подождать",
    Why.DENIED: "не принимает ключ",
    Why.REFUSED: "отклонила запрос",
    Why.GARBLED: "ответила не по форме",
    Why.RESTING: "не отвечает, её пока не спрашиваем",
    Why.BUSY: "занята другими отзывами",
    Why.SPENT: "дневной лимит обращений исчерпан",
}


@dataclass(frozen=True)
class ModelAdviser:
    """Begins advice, each with `seconds` for all of it; `tasks` are what the model is asked for."""

    model: Model
    chooser: ModelChooser
    decider: ModelScenario
    judge: ModelTone
    masker: Masker
    meter: Meter
    seconds: float
    tasks: Collection[str] = TASKS
    deadline: Callable[[float], Deadline] = Deadline.after
    paces: Paces = field(default_factory=Paces)

    def begin(self) -> ModelAdvice:
        return ModelAdvice(self, Session(self.model, self.deadline(self.seconds), self.meter, self.paces))


class ModelAdvice:
    """The advice on one suggestion."""

    def __init__(self, adviser: ModelAdviser, session: Session) -> None:
        self._adviser, self._session = adviser, session
        self._shown: Shown | None = None
        self._findings: list[Finding] = []
        self._reasons: list[Reason] = []

    def scenario(self, review: Review, matched: Match) -> str | None:
        if scenario.NAME not in self._adviser.tasks:
            return None
        decided = self._adviser.decider.decide(self._session, self._see(review), review, matched)
        if decided is False:
            self._reasons.append(Reason(code="model_none", text="Модель: не подходит ни один из ближайших сценариев."))
        elif decided:
            self._reasons.append(Reason(code="model", text="Программа сомневалась, сценарий выбрала модель."))
        return decided or None

    def phrases(self, review: Review, plan: Plan) -> Mapping[SlotKey, str]:
        if choose.NAME not in self._adviser.tasks:
            return {}
        failures = len(self._session.failures)
        picked = self._adviser.chooser.choose(self._session, self._see(review), review, plan)
        if picked is None:
            self._findings += map(_no_answer, self._session.failures[failures:])
            return {}
        self._findings += _told(picked, self._see(review))
        return picked.choice

    def tone(self, review: Review, text: str) -> tuple[Finding, ...]:
        if tone.NAME not in self._adviser.tasks or self.failures:
            return ()
        return self._adviser.judge.check(self._session, self._see(review), review, text) or ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(self._findings)

    @property
    def reasons(self) -> tuple[Reason, ...]:
        return tuple(self._reasons)

    @property
    def failures(self) -> tuple[Why, ...]:
        """Why questions were not answered, in their order."""
        return tuple(self._session.failures)

    @property
    def model(self) -> str | None:
        return ", ".join(self._session.models) or None

    @property
    def prompt(self) -> str | None:
        return " ".join(self._session.prompts) or None

    @property
    def usage(self) -> Usage | None:
        return self._session.usage

    def _see(self, review: Review) -> Shown:
        if self._shown is None:
            self._shown = shown(review, self._adviser.masker)
        return self._shown


def _no_answer(why: Why) -> Finding:
    message = f"Модель {FAILED[why]}: фразы выбраны по очереди, как без неё."
    return Finding(rule="model-away", severity=Severity.INFO, message=message, source=HOUSE)


def _told(picked: Picked, review: Shown) -> list[Finding]:
    found = []
    if picked.refused:
        places = ", ".join(_place(place) for place in picked.refused)
        message = f"Модель назвала фразу не из предложенных ({places}): здесь фраза выбрана по очереди."
        found.append(Finding(rule="model-choice-refused", severity=Severity.INFO, message=message, source=HOUSE))
    if review.suspicious:
        message = f"В отзыве есть слова, похожие на указания программе: {_quoted(review)}. {_compared(picked)}"
        found.append(Finding(rule="injection-suspected", severity=Severity.WARNING, message=message, source=HOUSE))
    return found


def _quoted(review: Shown) -> str:
    """The first suspicious sentences, as an agent is shown them."""
    cut = [sentence if len(sentence) <= QUOTED else f"{sentence[:QUOTED]}…" for sentence in review.suspicious[:2]]
    return "; ".join(f"«{sentence}»" for sentence in cut)


def _compared(picked: Picked) -> str:
    if not picked.choice:
        return "Других слов в отзыве нет, и модель о фразах не спрашивали."
    if picked.steered is None:
        return "Модель выбирала фразы без них; сравнить с выбором по всему тексту не удалось."
    if picked.steered:
        return f"Модель выбирала фразы без них; с ними выбор был бы другим, мест: {len(picked.steered)}."
    return "Модель выбирала фразы без них, и с ними выбор тот же."


def _place(place: PlannedSlot) -> str:
    return f"{place.slot}: {place.part}" if place.part else place.slot
