"""Where a case stands: data told by signs and ticks, steps and the next one, and the words for the client by stage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from suggest.case import Standing, next_step, steps, wanted
from suggest.check import Draft, check
from suggest.dialogue import compose, faults, load_dialogue
from suggest.domain import Platform
from suggest.given_data import Datum, data_of, missing, received
from suggest.settings import PROJECT
from tests.fakes import the_bank

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
ORDER, PHONE = Datum("номер заказа", True, "sign"), Datum("номер телефона, указанный при покупке", False)


@dataclass(frozen=True)
class Over:
    """A hand-over as a case sees it."""

    department: str = "brand_store"
    sent_at: datetime | None = NOW - timedelta(hours=2)
    due_at: datetime | None = NOW + timedelta(hours=22)
    answered_at: datetime | None = None
    outcome_sent_at: datetime | None = None


def a_case(**changes: object) -> Standing:
    """A review that was answered, whose client has written with an order's number; nothing handed over."""
    case = Standing(
        own=False,
        answered_at=NOW - timedelta(days=1),
        linked_at=NOW - timedelta(hours=3),
        data=(ORDER, PHONE),
        department="service_centre",
        department_title="Руководство авторизованного сервисного центра",
        hand_overs=(),
        informed={},
        done=False,
        now=NOW,
        wrote_at=NOW - timedelta(hours=3),
    )
    return replace(case, **changes)  # type: ignore[arg-type]


def advice(case: Standing) -> tuple[str, str | None]:
    found = next_step(case)
    return (found.text, found.stage) if found else ("", None)


@pytest.mark.parametrize("topic", [topic.id for topic in the_bank().topics.values()])
def test_everything_a_topic_asks_for_is_told_by_a_sign_or_left_to_the_agent(topic: str) -> None:
    told = (
        "Заказ № 7744551, заявка 88231, телефон 8 900 123-45-67. Модель RF-5000, серийный номер SN12345678, мак 00:1A:2B:3C:4D:5E."
        " Купили 12 ноября, оплата картой, по акции. Живу: ул. Баумана, д. 12, кв. 5. Пользуюсь с айфона."
    )
    asked = the_bank().topics[topic].private_data
    assert [datum.item for datum in data_of(asked, [told], {}) if not datum.given] == []
    assert not any(datum.given for datum in data_of(asked, ["Всё плохо, верните мне хорошее настроение!"], {}))


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ("номер заказа", "Заказал вчера 2 чайника за 5000 рублей"),
        ("номер телефона, указанный при покупке", "Стоил 89 000 рублей"),
        ("серийный номер", "Серийный убийца настроения"),
        ("модель техники", "Модель поведения у вас странная"),
        ("дату покупки", "Купил давно"),
        ("дату покупки", "Телефон 8 900 123-45-67"),
        ("дату покупки", "Живу в доме 12/3, стоил 12.5 тысяч"),
        ("MAC-адрес", "Мак мне не нужен"),
    ],
)
def test_a_sign_is_not_seen_where_there_is_none(item: str, text: str) -> None:
    assert not data_of([item], [text], {})[0].given


def test_a_tick_counts_over_a_sign_both_ways() -> None:
    asked = ("номер заказа", "дату покупки")
    data = data_of(asked, ["Заказ 7744551"], {"номер заказа": False, "дату покупки": True})
    assert data == (Datum("номер заказа", False, "agent"), Datum("дату покупки", True, "agent"))


def test_what_identifies_the_client_is_enough_and_the_rest_is_still_named() -> None:
    assert received((ORDER, PHONE))
    assert not received((Datum("дату покупки", True, "agent"), PHONE))
    optional = Datum("номер заказа, если он был", False)
    assert missing((ORDER, PHONE, optional)) == (PHONE.item,)
    assert wanted((PHONE, Datum("дату покупки", False))) == f"{PHONE.item} и дату покупки"


def test_the_next_step_goes_from_the_reply_to_the_result() -> None:
    over = Over(sent_at=NOW - timedelta(minutes=5))
    silent = replace(over, due_at=NOW - timedelta(minutes=1))
    told = {"interim": NOW - timedelta(hours=1)}
    expected = [
        (a_case(answered_at=None, linked_at=None, wrote_at=None), "Ответьте на отзыв", None),
        (a_case(department="brand_store", linked_at=None, data=()), "Передайте отзыв в фирменный магазин", None),
        (a_case(data=(PHONE,)), "Попросите у клиента недостающие данные", "missing"),
        (a_case(), "Данные есть: передайте вопрос в отдел", None),
        (a_case(hand_overs=(over,)), "Сообщите клиенту, кто занимается", "interim"),
        (a_case(hand_overs=(over,), informed=told), "Ждём ответа отдела", None),
        (a_case(hand_overs=(silent,), informed=told), "Отдел молчит больше суток", "overdue"),
        (a_case(hand_overs=(silent,), informed=told | {"overdue": NOW}), "Ждём ответа отдела", None),
        (a_case(hand_overs=(replace(over, answered_at=NOW),), informed=told), "Отдел ответил", "result"),
    ]
    for case, words, stage in expected:
        said, words_of = advice(case)
        assert (said[: len(words)], words_of) == (words, stage)
    assert next_step(a_case(done=True))
    assert next_step(a_case(done=True, informed={"result": NOW})) is None
    assert next_step(a_case(done=True, linked_at=None, data=())) is None


def test_where_the_client_writes_again_the_store_is_asked_first() -> None:
    again = a_case(hand_overs=(Over(),), wrote_at=NOW - timedelta(hours=1))
    found = next_step(again)
    assert found
    assert "сначала уточните в фирменном магазине" in found.text
    assert found.source == "000 §8"
    asked_since = replace(again, hand_overs=(Over(), Over(sent_at=NOW)))
    assert "кто занимается" in advice(asked_since)[0]


def test_a_department_other_than_the_store_waits_for_the_data() -> None:
    assert next_step(a_case(linked_at=None, wrote_at=None, data=())) is None


def test_steps_are_told_with_their_time_and_lateness() -> None:
    late = a_case(hand_overs=(Over(sent_at=NOW - timedelta(hours=30), due_at=NOW - timedelta(hours=6)),))
    told = {step.title: step for step in steps(late)}
    assert told["Ответ на отзыв дан"].done
    assert told["Данные клиента"].note == "1 из 2"
    assert told["Ответ отдела получен"].late
    assert not told["Исполнено"].done
    own = [step.title for step in steps(a_case(own=True))]
    assert "Клиент написал нам" not in own


def test_the_words_of_every_stage_pass_the_checks_of_a_private_channel() -> None:
    bank, dialogue = the_bank(), load_dialogue(PROJECT / "phrasebank")
    promised = bank.interim["interim-before-17"].text.format(department=bank.departments["brand_store"].accusative)
    for stage in ("missing", "interim", "overdue", "result", "closing"):
        text = compose(dialogue, stage, "Мария", "номер заказа и дату покупки", promised)
        found = {finding.rule for finding in check(Draft(text, bank.platforms[Platform.DM], bank.company()), bank)}
        assert text
        assert found == ({"unfilled-place"} if stage == "result" else set()), (stage, text)


def test_a_client_is_greeted_by_name_where_it_is_known() -> None:
    dialogue = load_dialogue(PROJECT / "phrasebank")
    assert compose(dialogue, "result", "Мария").startswith("Мария, здравствуйте. ")
    assert compose(dialogue, "result").startswith("Здравствуйте. ")


def test_the_words_and_the_card_are_linted() -> None:
    assert list(faults(the_bank())) == []


def test_a_direct_message_goes_on_as_a_dialogue() -> None:
    """First reply → data → hand-over → interim → result → closing (004)."""
    now, over = NOW, Over("service_centre", sent_at=NOW - timedelta(minutes=5))
    dm = a_case(own=True, linked_at=None, answered_at=None, data=(PHONE,), wrote_at=now - timedelta(hours=2))
    asked = replace(dm, answered_at=now - timedelta(hours=1))
    wrote = replace(asked, wrote_at=now - timedelta(minutes=10))
    given = replace(wrote, data=(ORDER, PHONE))
    sent = replace(given, hand_overs=(over,))
    told = replace(sent, informed={"interim": now})
    heard = replace(told, hand_overs=(replace(over, answered_at=now),))
    expected = [
        (dm, "Ответьте клиенту и отметьте это", None),
        (asked, "Ждём данных от клиента", None),
        (wrote, "Попросите у клиента недостающие данные", "missing"),
        (given, "Данные есть: передайте вопрос в отдел", None),
        (sent, "Сообщите клиенту, кто занимается", "interim"),
        (told, "Ждём ответа отдела", None),
        (heard, "Отдел ответил", "result"),
        (replace(given, department=None), "Ответьте клиенту по существу", "result"),
        (replace(given, department=None, informed={"result": now}), "Попрощайтесь и закройте тикет", "closing"),
    ]
    for case, words, stage in expected:
        said, words_of = advice(case)
        assert (said[: len(words)], words_of) == (words, stage)
    closed = replace(heard, hand_overs=(replace(over, answered_at=now, outcome_sent_at=now),), done=True)
    assert next_step(closed) is None
