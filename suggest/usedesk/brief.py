"""A case in three lines for the plain block: what it is about, what is missing, what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo

from suggest.case import next_step, wanted
from suggest.domain import StoreUnavailable, Suggestion
from suggest.usedesk.casebook import Case, Casebook


@dataclass(frozen=True)
class Brief:
    """Tells of cases as far as the database does; nothing where it does not answer."""

    book: Casebook
    zone: tzinfo

    def lines(self, made: Suggestion) -> tuple[str, ...]:
        """The lines for a ticket; none where there is no more than the review itself."""
        try:
            return tuple(self._lines(self.book.open(made))) if self.book.begun(made) else ()
        except StoreUnavailable:
            return ()

    def _lines(self, case: Case) -> Iterator[str]:
        review = case.about.review
        if case.own and case.link:
            stars = f"{review.rating}★, " if review.rating else ""
            since = f", {review.posted_at.astimezone(self.zone):%d.%m.%Y}" if review.posted_at else ""
            yield f"Клиент пишет по отзыву: {stars}{self.book.bank.platforms[review.platform].title}{since}."
        elif case.link:
            yield f"Клиент написал: тикет {case.link.ticket_id}."
        lacking = wanted(case.standing.data)
        if lacking:
            yield f"Нет данных: {lacking}."
        now = next_step(case.standing)
        if now:
            yield f"Дальше: {now.text[0].lower()}{now.text[1:]}"
        elif case.standing.finished:
            yield "Вопрос исполнен."
