"""Learning without drifting: candidates wait for the owner and come out as a patch; nothing comes into use by itself."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from suggest.desk import Desk
from suggest.domain import InputError, Suggestion
from suggest.feedback import Feedback
from suggest.phrasebank import load, load_exemplars
from suggest.regulation import Phrasebank
from suggest.store.approval import Candidates
from suggest.store.patch import patch
from suggest.store.store import Store
from tests.fakes import Clock, a_review, a_suggester

NEW = "Нам искренне жаль, что ожидание так затянулось."


@pytest.fixture
def bank(tmp_path: Path) -> Phrasebank:
    """A copy of the phrasebank that a patch may be applied to."""
    shutil.copytree(a_suggester().bank.path, tmp_path / "phrasebank")
    return load(tmp_path / "phrasebank")


@pytest.fixture
def desk(store: Store, clock: Clock, bank: Phrasebank) -> Desk:
    return Desk(a_suggester(clock, bank), store.suggestions, store.records)


@pytest.fixture
def queue(store: Store, bank: Phrasebank) -> Candidates:
    return store.candidates(bank)


def edit(desk: Desk, review_id: str, slot: str, wording: str, **changes: object) -> Suggestion:
    """Puts a wording in place of a slot's and tells so."""
    made = desk.receive(a_review(id=review_id, **changes))
    old = next(segment.text for segment in made.segments if segment.slot == slot)
    desk.feedback(made.id, Feedback(outcome="edited", revision=made.revision, text=made.text.replace(old, wording)))
    return made


def applied(text: str, bank: Phrasebank) -> Phrasebank:
    """The phrasebank after `patch -p1`."""
    command = ["patch", "-p1", "--no-backup-if-mismatch", "--quiet"]
    subprocess.run(command, input=text.encode(), cwd=bank.path.parent, check=True)
    return load(bank.path)


def test_an_edit_that_repeats_is_proposed_once(desk: Desk, queue: Candidates) -> None:
    edit(desk, "1", "empathy", NEW)
    edit(desk, "2", "empathy", NEW.upper())
    edit(desk, "2", "empathy", NEW.upper() + "!")
    assert queue.queue() == ()
    edit(desk, "3", "empathy", f"{NEW} ", text="Верните деньги, курьер не приехал.")
    (candidate,) = queue.queue()
    assert (candidate.kind, candidate.slot, candidate.times) == ("phrase", "empathy", 3)
    assert candidate.scenarios == ("delivery", "refund")
    assert candidate.text == NEW
    edit(desk, "4", "empathy", NEW)
    assert [again.times for again in queue.queue()] == [4]


def test_what_was_erased_undecided_does_not_stand_before_the_others(
    desk: Desk, queue: Candidates, store: Store
) -> None:
    for number in range(4):
        edit(desk, f"gone-{number}", "empathy", NEW, author="Ушедший")
    assert len(queue.queue()) == 1
    store.retention.erase(author="Ушедший")
    for number in range(3):
        edit(desk, f"here-{number}", "empathy", "Очень жаль, что так вышло с заказом.", author="Ольга")
    assert [candidate.text for candidate in queue.queue(limit=1)] == ["Очень жаль, что так вышло с заказом."]


def test_facts_are_taken_out_of_a_wording(desk: Desk, queue: Candidates) -> None:
    for number, author in enumerate(["Мария Петрова", "Пётр Иванов", "Ольга"]):
        name = author.split()[0]
        edit(desk, str(number), "greeting", f"Доброго здоровья, {name}!", author=author)
    (candidate,) = queue.queue()
    assert candidate.text == "Доброго здоровья, {client_name}!"


def test_what_is_a_phrase_already_is_not_proposed(desk: Desk, queue: Candidates, bank: Phrasebank) -> None:
    for number in range(3):
        made = desk.receive(a_review(id=str(number)))
        slot = next(segment for segment in made.segments if segment.slot == "empathy")
        edit(desk, str(number), "empathy", slot.alternatives[0].text)
    assert queue.queue() == ()


def test_an_overruled_review_is_proposed_as_an_exemplar(desk: Desk, queue: Candidates) -> None:
    made = desk.receive(a_review())
    desk.feedback(made.id, Feedback(outcome="overruled", revision=1, scenario="store"))
    desk.feedback(made.id, Feedback(outcome="overruled", revision=2, scenario="refund"))
    (candidate,) = queue.queue()
    assert (candidate.kind, candidate.scenarios, candidate.text) == ("exemplar", ("refund",), a_review().text)
    assert desk.receive(a_review(id="other")).match.scenario == "delivery"


def test_approved_and_withdrawn_come_out_as_a_patch(
    desk: Desk, queue: Candidates, bank: Phrasebank, store: Store, clock: Clock
) -> None:
    for number in range(3):
        edit(desk, str(number), "empathy", NEW)
    made = desk.receive(a_review(id="x", text="Курьер\u2028не приехал,\nи «деньги» \\ не отдают", rating=2))
    desk.feedback(made.id, Feedback(outcome="overruled", revision=1, scenario="refund"))
    store.phrases.withdraw("empathy-very-sorry", "lead")
    assert patch(bank, queue.queue("approved"), ()) == ""
    for candidate in queue.queue():
        queue.approve(candidate.id, "Анна: владелец")
    text = patch(bank, queue.queue("approved"), store.phrases.withdrawn())
    assert "empathy-very-sorry" in bank.phrases
    after = applied(text, bank)
    (added,) = after.phrases.keys() - bank.phrases.keys()
    phrase = after.phrases[added]
    assert (phrase.text, phrase.slot, phrase.status, phrase.scenarios) == (NEW, "empathy", "approved", ("delivery",))
    assert phrase.approved
    assert (phrase.approved.by, phrase.approved.on) == ("Анна: владелец", clock().date())
    assert after.phrases["empathy-very-sorry"].status == "retired"
    changed = [key for key in bank.phrases if bank.phrases[key] != after.phrases[key]]
    assert changed == ["empathy-very-sorry"]
    exemplar = next(exemplar for exemplar in load_exemplars(after.path) if exemplar.hand == "store")
    assert (exemplar.scenario, exemplar.rating, exemplar.text) == ("refund", 2, made.review.text)
    assert patch(after, store.candidates(after).queue("approved"), store.phrases.withdrawn()) == ""


def test_a_patch_minds_a_file_without_a_last_line_feed(desk: Desk, queue: Candidates, bank: Phrasebank) -> None:
    path = bank.path / "exemplars" / "refund.jsonl"
    path.write_text(path.read_text(encoding="utf-8").rstrip("\n"), encoding="utf-8")
    made = desk.receive(a_review())
    desk.feedback(made.id, Feedback(outcome="overruled", revision=1, scenario="refund"))
    queue.approve(queue.queue()[0].id, "owner")
    applied(patch(bank, queue.queue("approved"), ()), bank)
    assert [exemplar.text for exemplar in load_exemplars(bank.path) if exemplar.hand == "store"] == [a_review().text]


def test_personal_data_is_not_approved_as_it_is(desk: Desk, queue: Candidates, bank: Phrasebank) -> None:
    made = desk.receive(a_review(text="Курьер не приехал, мой телефон +7 916 123-45-67"))
    desk.feedback(made.id, Feedback(outcome="overruled", revision=1, scenario="refund"))
    (candidate,) = queue.queue()
    assert candidate.personal
    with pytest.raises(InputError, match="personal data"):
        queue.approve(candidate.id, "owner")
    approved = queue.approve(candidate.id, "owner", "Курьер не приехал")
    assert [found.text for found in queue.queue("approved")] == [approved.text] == ["Курьер не приехал"]


def test_an_approved_exemplar_is_erased_with_its_person(desk: Desk, queue: Candidates, store: Store) -> None:
    made = desk.receive(a_review())
    desk.feedback(made.id, Feedback(outcome="overruled", revision=1, scenario="refund"))
    queue.approve(queue.queue()[0].id, "owner")
    store.retention.erase(suggestion_id=made.id)
    assert patch(queue._bank, queue.queue("approved"), ()) == ""


def test_a_decision_is_taken_once(desk: Desk, queue: Candidates) -> None:
    for number in range(3):
        edit(desk, str(number), "empathy", NEW)
    (candidate,) = queue.queue()
    queue.decline(candidate.id, "owner")
    assert queue.queue() == ()
    for decide in (lambda: queue.decline(candidate.id, "x"), lambda: queue.approve(candidate.id, "x")):
        with pytest.raises(InputError):
            decide()
    with pytest.raises(InputError):
        queue.decline(999_999, "x")


@pytest.mark.parametrize("wording", ["Жаль, {nobody}!", "Жаль, {client_name.x}", "Жаль {", " "])
def test_a_wording_must_be_a_phrase(desk: Desk, queue: Candidates, wording: str) -> None:
    for number in range(3):
        edit(desk, str(number), "empathy", NEW)
    with pytest.raises(InputError):
        queue.approve(queue.queue()[0].id, "owner", wording)


def test_acceptance_by_phrase_has_its_interval(desk: Desk, store: Store) -> None:
    for number in range(4):
        made = desk.receive(a_review(id=str(number)))
        desk.feedback(made.id, Feedback(outcome="copied" if number else "rejected", revision=1))
    uses = {use.phrase_id: use for use in store.phrases.uses()}
    assert sum(use.shown for use in uses.values()) == 4 * len(made.segments)
    assert sum(use.accepted for use in uses.values()) == 3 * len(made.segments)
    for use in uses.values():
        low, high = use.between
        assert use.acceptance is not None
        assert 0 <= low <= use.acceptance <= high <= 1
