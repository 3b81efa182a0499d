"""Out of a ticket the review that it brings, by the rules of `reader.yaml`; what cannot be found is named."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from suggest.domain import MAX_TEXT, Platform, Review
from suggest.review_code import codes_in
from suggest.usedesk.html import Letter, letter, unquoted
from suggest.usedesk.rules import Fact, ReaderRules, Rule, Source
from suggest.usedesk.stars import rating
from suggest.usedesk.ticket import Ticket

Unreadable = Literal["no_message", "no_text", "unknown_robot", "outgoing"]
Missing = Literal["rating", "branch", "url", "platform"]

CLIENTS_OWN = frozenset({Platform.DM})


@dataclass(frozen=True)
class Reading:
    """What a ticket was found to be: its review, or why there is none (`unreadable`).

    `robot`: the ticket's client is a platform's robot, so nothing known of that client concerns the reviewer.
    """

    ticket_id: int
    source: str
    robot: bool
    review: Review | None = field(default=None, repr=False)
    unreadable: Unreadable | None = None
    url: str | None = field(default=None, repr=False)
    """Where the review can be opened, when that is all that was found of it."""
    codes: tuple[str, ...] = ()
    """The codes of reviews that a client's own ticket names, in its subject or in any message of the client."""


def missing(review: Review) -> tuple[Missing, ...]:
    """What an agent should fill in, as it bears on the answer; a client's own message lacks none of it."""
    if review.platform in CLIENTS_OWN:
        return ()
    lacking: dict[Missing, bool] = {
        "rating": review.rating is None,
        "platform": review.platform is Platform.OTHER,
        "branch": review.branch is None,
        "url": review.url is None,
    }
    return tuple(name for name, lacks in lacking.items() if lacks)


@dataclass(frozen=True)
class Reader:
    """Reads tickets; total: any ticket gives a Reading."""

    rules: ReaderRules

    def read(self, ticket: Ticket) -> Reading:
        source = next((source for source in self.rules.sources if _fits(source, ticket)), self.rules.sources[-1])
        opening = ticket.opening
        said = letter(opening.html) if opening else Letter("")
        page = _Page(ticket, said, source, self.rules)
        if not source.readable:
            return Reading(ticket.id, source.title, source.robot, unreadable="unknown_robot")
        text, rest = page.split()
        facts = _Page(ticket, Letter(rest, said.links), source, self.rules)
        review = facts.review(text or "")
        if text is None or (not text and review.rating is None):
            why: Unreadable = "no_message" if opening is None else "no_text"
            return Reading(ticket.id, source.title, source.robot, unreadable=why, url=review.url)
        return Reading(ticket.id, source.title, source.robot, review, codes=() if source.robot else _codes(ticket))


@dataclass(frozen=True)
class _Page:
    """A ticket, its first message and the source that it comes from: where facts are looked for."""

    ticket: Ticket
    said: Letter
    source: Source
    rules: ReaderRules

    def review(self, text: str) -> Review:
        stars = (rating(found) for found in self.all("rating"))
        named = self.first("platform") or ""
        platform = self.source.platform or self._platform(named) or Platform.OTHER
        return Review(
            id=self.first("id") or f"usedesk-{self.ticket.id}",
            platform=platform,
            rating=next((found for found in stars if found), None),
            text=text[:MAX_TEXT],
            author=_short(self.first("author")),
            branch=_short(self.first("branch")),
            url=self.first("url"),
            ticket_id=str(self.ticket.id),
        )

    def split(self) -> tuple[str | None, str]:
        """The review's text (None: not found, "": the ticket says there is none) and the rest of the message."""
        given = self.first("text")
        if given is not None:
            return given, self.said.text
        cut, text = self.source.cut, self.said.text
        if cut is None:
            return unquoted(text), ""
        starts = (pattern.search(text) for pattern in cut.after)
        start = next((found.end() for found in starts if found), None)
        if start is None and not cut.whole:
            return ("" if any(pattern.search(text) for pattern in cut.without) else None), text
        start = start or 0
        ends = [
            found[-1] for pattern in cut.before if (found := [hit.start() for hit in pattern.finditer(text, start)])
        ]
        end = min(ends, default=len(text))
        review, rest = text[start:end].strip(' \n«»"“”'), f"{text[:start]}\n{text[end:]}"
        silent = any(pattern.fullmatch(review) for pattern in cut.without)
        return "" if silent else review, rest

    def first(self, fact: Fact) -> str | None:
        return next(self.all(fact), None)

    def all(self, fact: Fact) -> Iterator[str]:
        for rule in (*self.rules.facts.get(fact, ()), *self.source.find.get(fact, ())):
            for found in self._found(rule):
                clean = found.strip(' \n\t«»"“”')
                if clean and (fact != "url" or self._leads_home(clean)):
                    yield clean

    def _found(self, rule: Rule) -> Iterator[str]:
        ticket = self.ticket
        if rule.field:
            names = {_folded(name) for name in rule.field}
            yield from (value.value for value in ticket.fields if names & {_folded(value.name), str(value.id)})
        elif rule.link:
            yield from (link.href for link in self.said.links if rule.link.search(link.caption))
        elif rule.client:
            yield ticket.client_name
        else:
            places: tuple[tuple[re.Pattern[str] | None, tuple[str, ...]], ...] = (
                (rule.tag, ticket.tags),
                (rule.subject, (ticket.subject,)),
                (rule.message, (self.said.text,)),
                (rule.address, tuple(link.href for link in self.said.links)),
                (rule.additional, (ticket.additional_id,)),
            )
            for pattern, texts in places:
                yield from (_group(hit) for said in texts for hit in (pattern.finditer(said) if pattern else ()))

    def _leads_home(self, url: str) -> bool:
        """Whether an address is a web page of the platform: another one in a review's ticket is bait."""
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").lower()
        except ValueError:
            return False
        hosts = self.source.hosts or tuple(host for source in self.rules.sources for host in source.hosts)
        at_home = any(host == known or host.endswith("." + known) for known in hosts)
        return parts.scheme in {"http", "https"} and at_home and len(url) <= 2000 and url.isprintable()

    def _platform(self, said: str) -> Platform | None:
        return next((name for name, pattern in self.rules.platform_names.items() if pattern.search(said)), None)


def _codes(ticket: Ticket) -> tuple[str, ...]:
    return codes_in(ticket.subject, *(letter(message.html).text for message in ticket.messages if message.by_client))


def _fits(source: Source, ticket: Ticket) -> bool:
    when = source.when
    if source.letter and ticket.additional_id:
        return False
    if not when.model_fields_set:
        return True
    names = {_folded(value.name) for value in ticket.fields} | {str(value.id) for value in ticket.fields}
    return (
        any(pattern.search(ticket.contact) for pattern in when.contact)
        or any(pattern.search(ticket.subject) for pattern in when.subject)
        or ticket.channel_type.lower() in when.channel
        or any(_folded(name) in names for name in when.field)
        or any(pattern.search(tag) for pattern in when.tag for tag in ticket.tags)
        or any(pattern.search(ticket.additional_id) for pattern in when.additional if ticket.additional_id)
    )


def _group(hit: re.Match[str]) -> str:
    return next((group for group in hit.groups() if group is not None), hit[0])


def _folded(name: str) -> str:
    return " ".join(name.casefold().replace("ё", "е").split())


def _short(value: str | None) -> str | None:
    return " ".join(value.split())[:200] or None if value else None
