"""Quality control: the checklist, who is drawn for a sample, scores kept, and agreement with the rule checks."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from suggest.desk import Desk
from suggest.domain import Finding, InputError, PhrasebankError, Severity
from suggest.feedback import Feedback
from suggest.phrasebank import load
from suggest.quality import agreement, load_checklist, share, verdicts
from suggest.store.store import Store
from tests.fakes import Clock, a_review, a_suggester, the_bank


@pytest.fixture
def desk(store: Store, clock: Clock) -> Desk:
    return Desk(a_suggester(clock), store.suggestions, store.records)


def answered(desk: Desk, agent: str, count: int, outcome: str = "copied") -> list[str]:
    """So many replies of an agent, by their suggestions' ids."""
    made = [desk.receive(a_review(id=f"{agent}{outcome}{number}")) for number in range(count)]
    for one in made:
        text = one.text + " Ждём вас!" if outcome == "edited" else None
        desk.feedback(one.id, Feedback(outcome=outcome, revision=1, agent=agent, text=text))
    return [one.id for one in made]


def test_a_sample_has_some_of_every_agent_and_only_what_was_published(desk: Desk, store: Store, clock: Clock) -> None:
    own = set(answered(desk, "Анна", 6)) | set(answered(desk, "Борис", 2))
    answered(desk, "Анна", 3, "rejected")
    since, until = clock.at - timedelta(days=1), clock.at + timedelta(days=1)
    drawn = store.scores.sample(since, until, 3)
    assert [one.agent for one in drawn] == ["Анна"] * 3 + ["Борис"] * 2
    assert {one.suggestion_id for one in drawn} <= own
    assert store.scores.sample(since, until, 3) == drawn
    assert any(store.scores.sample(since, until, 3, str(seed)) != drawn for seed in range(5))
    assert store.scores.sample(until, until + timedelta(days=1)) == ()


def test_what_was_forgotten_is_drawn_no_more_and_its_scores_stay(desk: Desk, store: Store, clock: Clock) -> None:
    (made,) = answered(desk, "Анна", 1)
    store.scores.give(made, "Вера", {"tone": "no"}, {"tone": "yes"})
    store.retention.erase(suggestion_id=made)
    since, until = clock.at - timedelta(days=1), clock.at + timedelta(days=1)
    assert store.scores.sample(since, until) == ()
    assert [score.answers for score in store.scores.given(since, until)] == [{"tone": "no"}]


def test_the_last_score_of_a_lead_stands(desk: Desk, store: Store, clock: Clock) -> None:
    (made,) = answered(desk, "Анна", 1)
    store.scores.give(made, "Вера", {"tone": "no"}, {"tone": "yes"})
    clock.forward(hours=1)
    store.scores.give(made, "Вера", {"tone": "yes"}, {"tone": "yes"})
    store.scores.give(made, "Глеб", {"tone": "na"}, {"tone": "yes"})
    assert {score.by: score.answers["tone"] for score in store.scores.of(made)} == {"Вера": "yes", "Глеб": "na"}
    assert {score.agent for score in store.scores.of(made)} == {"Анна"}
    (drawn,) = store.scores.sample(clock.at - timedelta(days=1), clock.at + timedelta(days=1))
    assert set(drawn.scored) == {"Вера", "Глеб"}


def test_only_a_published_reply_is_scored(desk: Desk, store: Store) -> None:
    (made,) = answered(desk, "Анна", 1, "rejected")
    for unknown in (made, "none"):
        with pytest.raises(InputError):
            store.scores.give(unknown, "Вера", {"tone": "no"}, {})


def test_the_text_that_is_scored_is_the_edited_one(desk: Desk, store: Store) -> None:
    (edited,) = answered(desk, "Анна", 1, "edited")
    (copied,) = answered(desk, "Борис", 1)
    assert (store.scores.published(edited) or "").endswith("Ждём вас!")
    assert store.scores.published(copied) is None
    store.retention.erase(suggestion_id=edited)
    assert store.scores.published(edited) is None


def test_the_checklist_is_of_the_regulation() -> None:
    items = load_checklist(the_bank())
    assert {"greeting", "empathy", "identification", "tone"} <= {item.id for item in items}
    assert all(item.source for item in items)
    assert [item.id for item in items if not item.rules] == ["understood"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("- {id: x, title: y, source: z, rules: [nope]}", "x: no such rule: nope"),
        ("- {id: x, title: y, source: z}\n- {id: x, title: y, source: z}", "x: twice"),
        ("", "no items"),
        ("- {id: x}", "quality.yaml"),
        ("[", "quality.yaml"),
    ],
)
def test_a_faulty_checklist_is_refused(tmp_path: Path, line: str, told: str) -> None:
    shutil.copytree(the_bank().path, tmp_path / "bank")
    (tmp_path / "bank" / "quality.yaml").write_text(line)
    with pytest.raises(PhrasebankError, match=told):
        load_checklist(load(tmp_path / "bank"))


def test_what_the_checks_say_to_an_item() -> None:
    items = load_checklist(the_bank())
    found = [
        Finding(rule="blame", severity=Severity.ERROR, message="", source=""),
        Finding(rule="thanks-missing", severity=Severity.INFO, message="", source=""),
    ]
    said = verdicts(items, found)
    assert (said["tone"], said["thanks"], said["greeting"]) == ("no", "yes", "yes")
    assert "understood" not in said


def test_a_score_leaves_out_what_does_not_concern_the_reply() -> None:
    assert share({"a": "yes", "b": "no", "c": "na", "d": "yes"}) == pytest.approx(2 / 3)
    assert share({"a": "na"}) is None


def test_agreement_is_counted_and_corrected_for_chance() -> None:
    pairs = (
        [("yes", "yes")] * 40 + [("no", "no")] * 10 + [("no", "yes")] * 5 + [("yes", "no")] * 5 + [("na", "yes")] * 9
    )
    told = agreement(pairs)
    assert (told.both, told.same, told.missed, told.alarms) == (60, 50, 5, 5)
    assert told.kappa == pytest.approx(0.5556, abs=1e-3)
    assert told.between is not None
    assert told.between[0] < 0.5556 < told.between[1]


def test_where_one_side_never_differs_there_is_no_kappa() -> None:
    told = agreement([("yes", "yes")] * 9 + [("no", "yes")])
    assert (told.share, told.kappa, told.between) == (0.9, None, None)
    assert agreement([]).share is None
