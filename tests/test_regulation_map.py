"""The regulation sentence by sentence: the map is whole, up to date and true."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from suggest.domain import PhrasebankError, Status
from suggest.folding import fold
from suggest.lint import situations
from suggest.plan import Situation, actions, plan
from suggest.regulation import InterimPhrase, Phrase
from suggest.regulation_map import FILE, PAGE, Sentence, faults, read, render
from suggest.settings import PROJECT
from tests.fakes import the_bank

SENTENCES = read(PROJECT / "phrasebank" / FILE)
DOCUMENTS = PROJECT.parent / "shared" / "regulation"
COMPLAINTS = (
    "store",
    "delivery",
    "refund",
    "price",
    "service",
    "warranty",
    "product",
    "app",
    "support",
    "no_details",
    "mixed",
)

needs_documents = pytest.mark.skipif(
    not DOCUMENTS.is_dir(), reason=f"the documents of the regulation are not at {DOCUMENTS}"
)


def ids(sentence: Sentence) -> str:
    return sentence.id


# ── The map itself ──


def test_the_page_is_up_to_date() -> None:
    page = (PROJECT / "phrasebank" / PAGE).read_text(encoding="utf-8")
    assert page == render(SENTENCES), "run: python -m suggest.regulation_map"


def test_all_that_is_named_exists_and_all_that_cites_the_regulation_is_named() -> None:
    assert faults(SENTENCES, the_bank()) == []


def test_nothing_is_only_planned_and_every_rule_is_tested_or_left_to_people() -> None:
    """What the regulation asks for is kept by something that exists; what nobody can test says why in its note."""
    assert [one.id for one in SENTENCES if any(entry.startswith("later:") for entry in one.by)] == []
    assert [one.id for one in SENTENCES if one.kind in {"rule", "wording"} and not one.tests] == []
    assert [one.id for one in SENTENCES if one.kind == "people" and not one.note] == []


def test_every_phrase_that_is_not_of_the_house_is_named() -> None:
    named = {entry for sentence in SENTENCES for entry in sentence.by}
    bank = the_bank()
    phrases: list[Phrase | InterimPhrase] = [*bank.phrases.values(), *bank.interim.values()]
    assert [phrase.id for phrase in phrases if phrase.source != "house" and f"phrase:{phrase.id}" not in named] == []


def test_every_test_that_is_named_exists() -> None:
    named = {test for sentence in SENTENCES for test in sentence.tests}
    there = {f"{file}::{name}" for file in {test.partition("::")[0] for test in named} for name in functions(file)}
    assert sorted(named - there) == []


def functions(file: str) -> set[str]:
    path = PROJECT / file
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_no_login_or_password_is_quoted() -> None:
    assert [
        sentence.id for sentence in SENTENCES if re.search("логин|парол|login|password", sentence.quote, re.I)
    ] == []


@needs_documents
@pytest.mark.parametrize("document", sorted({sentence.document for sentence in SENTENCES}))
def test_the_quotes_are_the_document_and_nothing_is_left_out(document: str) -> None:
    """In order, each found after the one before; between them nothing but marks and the tails of what was cut."""
    text, done, cut = document_text(document), 0, False
    for sentence in (sentence for sentence in SENTENCES if sentence.document == document):
        start = text.find(sentence.quote.removesuffix("…"), done)
        assert start >= 0, sentence.id
        assert left_out(text[done:start], cut) == "", sentence.id
        done, cut = start + len(sentence.quote.removesuffix("…")), sentence.quote.endswith("…")
    assert left_out(text[done:], cut) == ""


def document_text(document: str) -> str:
    """The document in one line, without the lines on logins and passwords."""
    (path,) = DOCUMENTS.glob(f"{document}_*.txt")
    lines = path.read_text(encoding="utf-8").splitlines()
    return " ".join(" ".join(line.split()) for line in lines if not re.match(r"[\s•]*(?:Логин|Пароль):", line))


def left_out(between: str, after_a_cut: bool) -> str:
    """The letters between two quotes; after a cut one only those behind the end of its sentence."""
    return re.sub(r"[\W\d_]+", "", re.sub(r"^[^.!?:]*", "", between) if after_a_cut else between)


def test_a_row_that_cannot_be_read_is_told_with_its_id(tmp_path: Path) -> None:
    row = '{id: "000-01", document: "000", paragraph: "000", kind: rule, quote: '
    (tmp_path / FILE).write_text(f'- {row}"{"я" * 141}"}}\n- {row}"я", why: x}}\n- text\n', encoding="utf-8")
    with pytest.raises(PhrasebankError) as told:
        read(tmp_path / FILE)
    for expected in ("000-01: quote: ", "000-01: why: ", "entry 3: "):
        assert expected in str(told.value)


@pytest.mark.parametrize("content", [b"- {", b"\xff", b"text", b"", None])
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    with pytest.raises(PhrasebankError, match=f"^{FILE}: "):
        read(tmp_path / FILE)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"by": ("rule:nope",)}, "000-04: no such rule: nope"),
        ({"by": ("code:suggest/nope.py",)}, "000-04: no such code: suggest/nope.py"),
        ({"by": ("trial",)}, "000-04: no such step: trial"),
        ({"by": ("wish:x",)}, "000-04: no such wish: x"),
        ({"by": ()}, "000-04: nothing keeps it"),
        ({"kind": "people"}, "000-04: left to people without a note why"),
        ({"id": "000-99"}, "000-05: comes after 000-99"),
        ({"document": "001"}, "000-04: id, document and paragraph are not of one document"),
        ({"by": ("triage",)}, "action:open-review: cites 000 «Действия агента», and no sentence of it names it"),
    ],
)
def test_a_fault_of_the_map_is_told(change: dict[str, Any], fault: str) -> None:
    """Negative control: the fourth sentence is kept by the action `open-review` alone."""
    changed = [one.model_copy(update=change) if one.id == "000-04" else one for one in SENTENCES]
    assert f"{FILE}: {fault}" in faults(changed, the_bank())


def test_a_phrase_must_be_named_where_it_says_that_it_comes_from() -> None:
    moved = [one.model_copy(update={"paragraph": "000 §6"}) if "§4" in one.paragraph else one for one in SENTENCES]
    assert f"{FILE}: phrase:empathy-very-sorry: cites 000 §4, and no sentence of it names it" in faults(
        moved, the_bank()
    )


# ── What the map says of actions, departments and wordings ──


def here(scenario: str, **changes: Any) -> Situation:
    bank = the_bank()
    topic = bank.topics.get(changes.pop("topic", None) or bank.scenarios[scenario].topic or "store")
    given: dict[str, Any] = {"channel": "public", "client_known": False, "flags": (), "facts": {}}
    return Situation(topic=topic, **given | changes)


def told(scenario: str = "store", status: Status = Status.READY, **changes: Any) -> set[str]:
    """The actions that the agent is told of."""
    bank = the_bank()
    return {action.id for action in actions(status, bank.scenarios[scenario], here(scenario, **changes), bank)}


SKIPPED = {"scenario": "positive", "status": Status.SKIPPED}
DM = {"channel": "dm"}
KNOWN = {"scenario": "service", "client_known": True}
ACTIONS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("take-ticket", {}, SKIPPED),
    ("check-related-tickets", {}, SKIPPED),
    ("open-review", {}, DM),
    ("read-review", {}, SKIPPED),
    ("consider-help", {}, {"scenario": "positive"}),
    ("tell-manager-safety", {"flags": ("safety",)}, {"flags": ("legal",)}),
    ("tell-manager-legal", {"flags": ("legal",)}, {}),
    ("check-facts", {"scenario": "unfair"}, {}),
    ("ask-store-first", {"flags": ("follow_up",)}, {}),
    ("ask-department-first", {"scenario": "app", "flags": ("follow_up",)}, {"flags": ("follow_up",)}),
    ("appeal", {"scenario": "violation"}, {"scenario": "unfair"}),
    ("hide-personal-data", {"flags": ("personal_data",)}, {"flags": ("personal_data",), **DM}),
    ("greet-after-bot", DM, {}),
    ("fill-answer", {"scenario": "question"}, {}),
    ("verify-by-call", DM, {}),
    ("call-listen", DM, {}),
    ("reply-public", {}, DM),
    ("send-to-store", {"scenario": "mixed", "topic": "delivery"}, {"scenario": "mixed", "topic": "app"}),
    ("add-client-data", {}, {"scenario": "app"}),
    ("forward-after-data", {"scenario": "service"}, KNOWN),
    ("forward-service", KNOWN, {"scenario": "service"}),
    ("department-request", {"scenario": "app"}, {}),
    ("reminder-24h", {}, {"scenario": "positive"}),
    ("interim-reply", DM, {}),
    ("overdue-reply", {"scenario": "app", **DM}, {"scenario": "app"}),
    ("comment-answered", {}, SKIPPED),
    ("category-mailing", SKIPPED, DM),
    ("category-by-outcome", DM, {}),
    ("priority-medium", DM, {}),
    ("status-by-outcome", DM, {}),
    ("gsis-entry", DM, {}),
    ("not-a-client", DM, {}),
]


@pytest.mark.parametrize(("action", "there", "elsewhere"), ACTIONS, ids=[action for action, _, _ in ACTIONS])
def test_an_action_is_offered_where_the_regulation_asks_for_it(
    action: str, there: dict[str, Any], elsewhere: dict[str, Any]
) -> None:
    assert action in told(**there)
    assert action not in told(**elsewhere)


def test_every_action_is_in_that_table() -> None:
    assert [action for action, _, _ in ACTIONS] == [action.id for action in the_bank().actions]


@pytest.mark.parametrize("scenario", COMPLAINTS)
def test_direct_messages_go_by_the_steps_of_004(scenario: str) -> None:
    bank = the_bank()
    places = plan(bank.scenarios[scenario], here(scenario, **DM), bank).slots
    slots = list(dict.fromkeys(place.slot for place in places))
    assert slots == ["greeting", "thanks", "empathy", "identification", "resolution", "closing"]
    assert {"closing-come-again", "closing-good-day"} <= {phrase.id for phrase in places[-1].offered}


@pytest.mark.parametrize(
    ("topic", "department"),
    [
        ("store", "brand_store"),
        ("delivery", "brand_store"),
        ("refund", "brand_store"),
        ("price", "brand_store"),
        ("service", "service_centre"),
        ("warranty", "service_department"),
        ("product", "service_department"),
        ("app", "app_developers"),
        ("support", "service_department"),
    ],
)
def test_a_topic_goes_to_its_department(topic: str, department: str) -> None:
    assert the_bank().topics[topic].department == department


def test_the_departments_are_those_of_002() -> None:
    named = {
        entry: one.quote for one in SENTENCES for entry in one.by if one.paragraph == "002 «Запрос в смежный отдел»"
    }
    titles = {f"department:{one.id}": one.title for one in the_bank().departments.values()}
    assert titles == {entry: quote for entry, quote in named.items() if entry.startswith("department:")}


def test_the_wordings_of_000_7_serve_the_resolved_scenario_only() -> None:
    own = {phrase.id for phrase in the_bank().phrases.values() if phrase.source == "000 §7"}
    offered = {
        (scenario.id, phrase.id)
        for scenario, situation in situations(the_bank())
        for place in plan(scenario, situation, the_bank()).slots
        for phrase in place.offered
        if phrase.id in own
    }
    assert offered == {("resolved", phrase) for phrase in own}


def requests(channel: str) -> Iterator[Phrase]:
    """The house's requests for data, for any review that raises no grave flag."""
    for phrase in the_bank().phrases.values():
        calm = not {"safety", "legal"} & set(phrase.when)
        if calm and phrase.part == "request" and channel in phrase.channels and phrase.source == "house":
            yield phrase


def test_a_public_request_says_what_000_5_asks() -> None:
    """That the client could not be identified; to write to the mail; the data left in the brand store."""
    for phrase in requests("public"):
        for said in ("идентифицир", "{company_email}", "магазин"):
            assert said in phrase.text.lower(), phrase.id


def test_after_a_visit_its_day_and_time_are_asked_for() -> None:
    asked = [phrase for phrase in requests("public") if "visit" in phrase.when]
    assert asked
    for phrase in asked:
        assert re.search("день и (?:время|час)", phrase.text), phrase.id


def test_the_data_of_002_are_asked_for_in_direct_messages() -> None:
    """For the app: the serial number and the MAC address, said in Russian."""
    asked = [phrase for phrase in requests("dm") if phrase.topics == ("app",)]
    assert {"серийный номер", "MAC-адрес"} <= set(the_bank().topics["app"].private_data)
    assert asked
    for phrase in asked:
        assert re.search("серийный номер и сетевой адрес", phrase.text), phrase.id


def test_in_direct_messages_alone_a_living_person_greets() -> None:
    people = [
        phrase for phrase in the_bank().phrases.values() if phrase.slot == "greeting" and "сотрудник" in phrase.text
    ]
    assert people
    assert {phrase.channels for phrase in people} == {("dm",)}


@pytest.mark.parametrize("sentence", [one for one in SENTENCES if one.kind == "wording"], ids=ids)
def test_a_wording_is_said_in_the_words_of_its_sentence(sentence: Sentence) -> None:
    """Misspellings are mended and sentences are parted, so a tenth or two of the words may be others."""
    bank = the_bank()
    quoted = set(words(sentence.quote))
    for name in (entry.removeprefix("phrase:") for entry in sentence.by if entry.startswith("phrase:")):
        text = (bank.phrases.get(name) or bank.interim[name]).text
        said = [words(part) for part in re.split(r"(?<=[.!?])\s", text)]
        assert any(sum(word in quoted for word in part) >= 0.8 * len(part) for part in said), name


def words(text: str) -> list[str]:
    return re.findall(r"[а-я]+", fold(re.sub(r"\{.*?\}", "", text)))
