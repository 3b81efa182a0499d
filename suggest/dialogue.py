"""What a client is written in private after the first reply, out of approved phrases: by the stage of the case (002, 004).

The wordings stand in `phrasebank/phrases/dialogue.yaml`, those of 002 in `interim.yaml`; the card for talking to a client in
`last.yaml`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, get_args

from pydantic import TypeAdapter

from suggest.datafile import both, read
from suggest.domain import Frozen, PhrasebankError
from suggest.regulation import Approval, Phrasebank, variables_of

FILE, CARD = "phrases/dialogue.yaml", "last.yaml"
Part = Literal["greeting", "data_thanks", "missing", "result", "closing"]
VARIABLES: Mapping[str, frozenset[str]] = {"greeting": frozenset({"client_name"}), "missing": frozenset({"data"})}
LAST = ("listen", "apologise", "solve", "thank")


class DialoguePhrase(Frozen):
    """An approved wording for one stage of a dialogue."""

    id: str
    stage: Part
    text: str
    lang: Literal["ru"]
    source: str
    note: str | None = None
    approved: Approval | None = None
    status: Literal["draft", "approved", "retired"]

    @property
    def variables(self) -> frozenset[str]:
        return frozenset(variables_of(self.text))


class TalkStep(Frozen):
    """A step of L.A.S.T. for the agent who talks to a client."""

    id: str
    title: str
    text: str
    source: str


class Dialogue(Frozen):
    """The wordings and the card, as read."""

    phrases: tuple[DialoguePhrase, ...]
    card: tuple[TalkStep, ...]

    def say(self, stage: Part, **facts: str) -> str:
        """The first approved wording of a stage that these facts can fill."""
        known = {name: value for name, value in facts.items() if value}
        fitting = (one for one in self.phrases if one.stage == stage and one.status == "approved")
        return next((one.text.format_map(known) for one in fitting if one.variables <= known.keys()), "")


def load_dialogue(phrasebank: Path) -> Dialogue:
    """The wordings in a phrasebank's folder; raises PhrasebankError with every fault of their form."""
    phrases, card = both(
        lambda: read(phrasebank, FILE, TypeAdapter(tuple[DialoguePhrase, ...]), empty=()),
        lambda: read(phrasebank, CARD, TypeAdapter(tuple[TalkStep, ...]), empty=()),
    )
    return Dialogue(phrases=phrases, card=card)


def compose(dialogue: Dialogue, stage: str, name: str = "", data: str = "", interim: str = "") -> str:
    """What the client is written at a stage of `suggest.case`; `interim` is 002's wording of now, `data` what is missing."""
    parts: Mapping[str, tuple[str, ...]] = {
        "missing": (dialogue.say("greeting", client_name=name), dialogue.say("missing", data=data) if data else ""),
        "interim": (dialogue.say("data_thanks"), interim),
        "overdue": (interim,),
        "result": (dialogue.say("greeting", client_name=name), dialogue.say("result"), dialogue.say("closing")),
        "closing": (dialogue.say("closing"),),
    }
    return " ".join(part for part in parts.get(stage, ()) if part)


def faults(bank: Phrasebank) -> Iterator[str]:
    """Every fault of the wordings and the card, for `suggest lint`."""
    try:
        dialogue = load_dialogue(bank.path)
    except PhrasebankError as error:
        yield from error.faults
        return
    seen: set[str] = set()
    for phrase in dialogue.phrases:
        if phrase.id in seen:
            yield f"{FILE}: {phrase.id}: the id occurs twice"
        seen.add(phrase.id)
        if not phrase.variables <= VARIABLES.get(phrase.stage, frozenset()):
            yield f"{FILE}: {phrase.id}: a variable that is not known at the stage {phrase.stage}"
        if phrase.status == "approved" and phrase.approved is None:
            yield f"{FILE}: {phrase.id}: approved by whom and when is missing"
    for stage in get_args(Part):
        if not dialogue.say(stage, data="данные"):
            yield f"{FILE}: {stage}: an approved wording that needs no name is missing"
    if tuple(step.id for step in dialogue.card) != LAST:
        yield f"{CARD}: the steps {', '.join(LAST)} are expected, in this order"
