"""The matcher on a toy world: it finds, doubts, explains, and keeps to itself what it has not learnt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from suggest.domain import EncoderError
from suggest.features import Array, build_vocabulary, grams
from suggest.fit import Held, fit, thresholds
from suggest.fitted import key, load, save
from suggest.match import Matcher
from suggest.regulation import Exemplar

AXES = ("достав", "ремонт", "спасибо", "рецепт")
SAID = {
    "delivery": "доставка опоздала на {} дня",
    "service": "ремонт длится {} неделю",
    "positive": "спасибо, довольны {} раз",
    None: "рецепт пирога номер {}",
}


def encode(texts: Sequence[str]) -> Array:
    """Words as axes: what a text says, and a little of its length so that no two are the same."""
    rows = [[float(word in text.lower()) for word in AXES] + [0.1 + len(text) / 1000] for text in texts]
    array = np.array(rows, np.float32)
    return np.asarray(array / np.linalg.norm(array, axis=1, keepdims=True), dtype=np.float32)


def exemplar(scenario: str | None, text: str, number: int) -> Exemplar:
    rating = 5 if scenario == "positive" else 1
    return Exemplar(
        scenario=scenario, text=text, rating=rating, voice="plain", trade="appliances", hand="abcd"[number % 4]
    )


PLAIN = [exemplar(scenario, said.format(number), number) for scenario, said in SAID.items() for number in range(24)]
TORN = [
    exemplar(("delivery", "service")[number // 4 % 2], f"доставка и ремонт, случай {number}", number)
    for number in range(48)
]
ODD = [exemplar((None, "positive")[number // 4 % 2], f"прочее {number}", number) for number in range(16)]
EXEMPLARS = (*PLAIN, *TORN, *ODD)


def fitted() -> tuple[Matcher, Held]:
    return fit(EXEMPLARS, encode, "toy", lambda what, part: None)


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return fitted()[0]


@pytest.mark.parametrize(
    ("text", "rating", "scenario"),
    [
        ("Доставка опоздала", 1, "delivery"),
        ("ремонт длится неделю", 1, "service"),
        ("Спасибо, мы довольны", 5, "positive"),
        ("СПАСИБО\u200b, довольны раз", 5, "positive"),
    ],
)
def test_it_finds_the_scenario_and_what_it_resembles(
    matcher: Matcher, text: str, rating: int | None, scenario: str
) -> None:
    found = matcher.match(text, rating)
    assert found.scenario == scenario
    assert {near.scenario for near in found.nearest} == {scenario}
    assert [near.similarity for near in found.nearest] == sorted(
        (near.similarity for near in found.nearest), reverse=True
    )
    assert len(found.runners_up) == 2
    assert scenario not in {other.scenario for other in found.runners_up}


def test_it_abstains_on_what_belongs_to_no_scenario(matcher: Matcher) -> None:
    found = matcher.match("рецепт пирога", None)
    assert found.scenario is None
    assert [reason.code for reason in found.reasons] == ["out_of_scope"]
    assert len(found.runners_up) == 3


def test_it_abstains_between_two(matcher: Matcher) -> None:
    found = matcher.match("доставка и ремонт", 1)
    assert found.scenario is None
    assert [reason.code for reason in found.reasons] == ["unsure"]
    assert {other.scenario for other in found.runners_up[:2]} == {"delivery", "service"}
    assert {near.scenario for near in found.nearest} <= {"delivery", "service"}


def test_fields_of_a_form_that_say_nothing_are_read_nowhere_and_shown_where_they_stood() -> None:
    encoded: list[str] = []

    def noted(texts: Sequence[str]) -> Array:
        encoded.extend(texts)
        return encode(texts)

    form = exemplar("positive", "Достоинства: спасибо, довольны\nНедостатки: нет", 0)
    made, _ = fit((*EXEMPLARS, form), noted, "toy", lambda what, part: None)
    assert form.text in made.exemplars.texts
    assert {text for text in encoded if "Достоинства" in text} == {"Достоинства: спасибо, довольны"}
    encoded.clear()
    assert made.match(form.text, 5) == made.match("Достоинства: спасибо, довольны", 5)
    assert encoded == ["Достоинства: спасибо, довольны"] * 2


def test_the_same_exemplars_give_the_same_predictions(matcher: Matcher) -> None:
    again, _ = fitted()
    for text in ("доставка", "ремонт", "что-то ещё", "спасибо за ремонт"):
        assert again.match(text, 3) == matcher.match(text, 3)


def test_it_survives_being_saved(matcher: Matcher, tmp_path: Path) -> None:
    save(matcher, tmp_path / "m.npz")
    again = load(tmp_path / "m.npz", encode)
    assert again.match("доставка опоздала", 1) == matcher.match("доставка опоздала", 1)
    assert (again.version, again.limits) == (matcher.version, matcher.limits)


@pytest.mark.parametrize("content", [None, b"", b"not an archive"])
def test_a_missing_or_broken_file_says_what_to_run(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "m.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EncoderError, match="make setup"):
        load(path, encode)


def test_the_key_changes_with_exemplars_and_encoder_alone() -> None:
    changed = (EXEMPLARS[0].model_copy(update={"text": "другое"}), *EXEMPLARS[1:])
    assert key(EXEMPLARS, (), "a") == key(list(EXEMPLARS), [], "a")
    assert len({key(EXEMPLARS, (), "a"), key(changed, (), "a"), key(EXEMPLARS, (), "b")}) == 3


def test_thresholds_keep_the_risk_and_answer_as_much_as_it_allows() -> None:
    sure, unsure = [0.9, 0.1], [0.6, 0.4]
    held = Held(np.array([sure] * 50 + [unsure] * 50, np.float32), np.array([0] * 50 + [0, 1] * 25))
    strict = thresholds(held, ("a", "b"), risk=0.05)
    lax = thresholds(held, ("a", "b"), risk=0.5)
    assert strict.confidence == pytest.approx(0.9)
    assert lax.confidence == pytest.approx(0.6)


def test_praise_is_answered_only_where_few_complaints_are_taken_for_it() -> None:
    praise, surely_praise, other = [0.8, 0.2], [0.95, 0.05], [0.1, 0.9]
    said = [praise] * 20 + [surely_praise] * 20 + [other] * 160
    truth = np.array([0, 1] * 10 + [0] * 20 + [1] * 160)
    limits = thresholds(Held(np.array(said, np.float32), truth), ("positive", "store"), risk=0.05)
    assert limits.praise == pytest.approx(0.95)
    assert limits.confidence == pytest.approx(0.9)


def test_it_is_silent_rather_than_thank_for_what_may_be_a_complaint(matcher: Matcher) -> None:
    sure = matcher.match("спасибо, довольны", 5)
    assert sure.scenario == "positive"
    strict = replace(matcher.thresholds, praise=sure.confidence + 0.001)
    careful = Matcher(encode, matcher.vocabulary, matcher.head, matcher.exemplars, strict, matcher.version)
    doubted = careful.match("спасибо, довольны", 5)
    assert doubted.scenario is None
    assert [reason.code for reason in doubted.reasons] == ["unsure"]
    assert "похвал" in doubted.reasons[0].text
    assert careful.match("доставка опоздала", 1).scenario == "delivery"


def test_ngrams_are_of_words_folded_and_padded() -> None:
    assert set(grams("Ёж")) == {" е", "еж", "ж ", " еж", "еж ", " еж "}
    vocabulary = build_vocabulary(["ёж", "еж", "уж"], at_least=2)
    indices, values = vocabulary.row("ёж ЁЖ нечто")
    assert set(indices) == set(range(len(vocabulary.ids)))
    assert float(np.linalg.norm(values)) == pytest.approx(1)
    assert len(vocabulary.row("")[0]) == 0
