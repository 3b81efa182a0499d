"""Two tickets that bring one and the same review: each keeps a suggestion, and takes none from the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from suggest.demo.tickets import SAMPLES
from tests.widget_fakes import FIRST, a_site

SAMPLE = next(sample for sample in SAMPLES if sample.additional_id)


def test_two_tickets_of_one_review_keep_a_suggestion_each(tmp_path: Path) -> None:
    with a_site(tmp_path, SAMPLE, SAMPLE) as site:
        first, second = site.made(FIRST), site.made(FIRST + 1)
        assert first.id != second.id
        assert (first.review.ticket_id, second.review.ticket_id) == (str(FIRST), str(FIRST + 1))
        for _ in range(2):
            again, other = site.made(FIRST), site.made(FIRST + 1)
            assert (again.id, again.revision) == (first.id, 1)
            assert (other.id, other.revision) == (second.id, 1)


def test_one_ticket_of_a_changed_review_keeps_its_suggestion(tmp_path: Path) -> None:
    """The control: the ticket that brought the review is known again, and another review has its own."""
    with a_site(tmp_path, SAMPLE, replace(SAMPLE, additional_id="2gis-1")) as site:
        assert site.made(FIRST).id != site.made(FIRST + 1).id
        assert "#" not in str(site.made(FIRST + 1).review.id)
