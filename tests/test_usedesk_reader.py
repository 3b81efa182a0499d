"""The reader on samples of every kind of ticket (`tests/data/tickets`), written by us after the letters of the platforms."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suggest.domain import PhrasebankError
from suggest.settings import PROJECT
from suggest.usedesk.html import letter
from suggest.usedesk.reader import Reader, Reading, missing
from suggest.usedesk.rules import load_rules, rule_faults
from suggest.usedesk.stars import rating
from suggest.usedesk.ticket import FieldValue, Message, Ticket, ticket
from tests.fakes import the_bank

SAMPLES = sorted((Path(__file__).parent / "data" / "tickets").glob("*.json"))
READER = Reader(load_rules(PROJECT / "phrasebank"))


def read(sample: dict[str, Any]) -> Reading:
    found = ticket(sample["answer"])
    assert found is not None
    return READER.read(found.hinted(sample["hints"]))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_sample(path: Path) -> None:
    sample = json.loads(path.read_text(encoding="utf-8"))
    expect, reading = sample["expect"], read(sample)
    assert (reading.source, reading.robot, reading.unreadable) == (
        expect["source"],
        expect["robot"],
        expect["unreadable"],
    ), sample["about"]
    if reading.review is None:
        assert reading.url == expect.get("url")
        return
    got = reading.review.model_dump(mode="json")
    assert {name: got[name] for name in expect["review"]} == expect["review"], sample["about"]
    assert list(missing(reading.review)) == expect["missing"]
    assert got["client"] == {"known": False, "name": None}
    assert got["ticket_id"] == str(sample["answer"]["ticket"]["id"])


def test_there_are_many_samples() -> None:
    assert len(SAMPLES) >= 30


def test_two_notifications_of_one_robot_are_two_reviews() -> None:
    robots = [json.loads(path.read_text(encoding="utf-8")) for path in SAMPLES if path.stem.startswith("2gis-")]
    ids = [reading.review.id for reading in map(read, robots) if reading.review]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("text", "stars"),
    [
        ("★★☆☆☆", 2),
        ("⭐⭐⭐⭐⭐", 5),
        ("4★", 4),
        ("★ 3", 3),
        ("Оценка: 1 из 5", 1),
        ("2/5", 2),
        ("4,0 из 5", 4),
        ("3 звезды", 3),
        ("5 — отлично", 5),
        ("Rated 1 star", 1),
        ("две звезды", 2),
        ("пятёрка", 5),
        ("Рейтинг 4,7", None),
        ("0", None),
        ("6", None),
        ("10 из 10", None),
        ("от 1 до 5", None),
        ("", None),
        ("★★★★★★", None),
    ],
)
def test_stars(text: str, stars: int | None) -> None:
    assert rating(text) == stars


def test_letter_keeps_lines_and_links_and_drops_what_is_hidden() -> None:
    said = letter(
        '<p>Раз<br>два</p><div style="display: none">нет</div><script>нет</script>'
        '<p><a href="https://2gis.ru/x?a=1&amp;b=2"><b>Отве</b>тить</a></p>'
    )
    assert said.text == "Раз\nдва\nОтветить"
    assert [(link.caption, link.href) for link in said.links] == [("Ответить", "https://2gis.ru/x?a=1&b=2")]


def test_plain_text_keeps_its_lines_and_signs() -> None:
    assert letter("5 < 6 & 7 > 2\r\n\r\n\r\n\r\nдва").text == "5 < 6 & 7 > 2\n\nдва"


def test_comments_are_left_out_however_they_end() -> None:
    said = letter(
        "<p>Раз<!-- <p>нет</p> --> два<![if !mso]> три<![endif]></p><!--[if mso]>нет<![endif]--><p>четыре<!-- нет"
    )
    assert said.text == "Раз два три\nчетыре"


@pytest.mark.parametrize("piece", ["<!--", "<!", "<", "<a ", "&#", "</", '<a x="', "<div>", "★\n", "Оценка: 1\n", "\n"])
@pytest.mark.parametrize("contact", ["noreply@2gis.ru", "noreply@business.yandex.ru", "x@mail.example"])
def test_no_message_takes_long(piece: str, contact: str) -> None:
    message = "<br>" + piece * (60_000 // len(piece))
    started = time.thread_time()
    READER.read(Ticket(1, contact=contact, messages=(Message(1, message, True),)))
    assert time.thread_time() - started < 1.5


@given(
    message=st.text(max_size=400) | st.sampled_from(["<td><tr>", "<a href='x", "<!--", "&#xD800;", "</p>" * 50]),
    subject=st.text(max_size=80),
    contact=st.sampled_from(["noreply@2gis.ru", "noreply@business.yandex.ru", "x@google.com", "", "noreply@"]),
    tags=st.lists(st.text(max_size=20), max_size=3),
    field=st.text(max_size=50),
)
def test_any_ticket_is_read(message: str, subject: str, contact: str, tags: list[str], field: str) -> None:
    fields = (FieldValue(1, "Оценка", field), FieldValue(2, "Ссылка", field), FieldValue(3, "Текст отзыва", field))
    raw = {"ticket": {"id": 1, "subject": subject, "email": contact}, "tags": tags, "custom_fields": []}
    found = ticket(raw | {"comments": [{"id": 1, "message": message, "from": "client"}]})
    assert found is not None
    for fuzzed in (found, Ticket(1, fields=fields, messages=(Message(1, message, True),))):
        reading = READER.read(fuzzed)
        assert (reading.review is None) == (reading.unreadable is not None)
        if reading.review and reading.review.url:
            assert reading.review.url.startswith(("http://", "https://"))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("sources: []", "platform_names"),
        ("{", "reader.yaml"),
        ("platform_names: {2gis: '('}\nfacts: {}\nsources: [{id: a, title: b, robot: true}]", "not a pattern"),
        (
            "platform_names: {}\nfacts: {rating: [{tag: a, subject: b}]}\nsources: [{id: a, title: b, robot: true}]",
            "exactly one place",
        ),
        ("platform_names: {}\nfacts: {}\nsources: [{id: a, title: b, robot: true, nonsense: 1}]", "nonsense"),
    ],
)
def test_bad_rules_are_refused_with_the_place(tmp_path: Path, content: str, fault: str) -> None:
    (tmp_path / "reader.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(PhrasebankError, match=r"reader\.yaml") as caught:
        load_rules(tmp_path)
    assert fault in str(caught.value)


def test_missing_rules_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PhrasebankError, match=r"reader\.yaml"):
        load_rules(tmp_path)


def test_lint_names_the_faults_of_both_files(tmp_path: Path) -> None:
    assert list(rule_faults(the_bank())) == []
    faults = list(rule_faults(replace(the_bank(), path=tmp_path)))
    assert [fault.partition(":")[0] for fault in faults] == ["reader.yaml", "filing.yaml"]
