"""A draft reply and what a check needs to know of it, read once: folded text, sentences, slots, exempt wordings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from suggest.check.slots_in_text import Lexicon, ListKey, Sentence, Slots, lexicon, sentence_at
from suggest.check.wordlist import Folded, fold
from suggest.domain import Review, Span
from suggest.regulation import Channel, Company, Phrasebank, Plan, PlatformRules, Rule


@dataclass(frozen=True)
class Draft:
    """A reply to be checked, with what is known of its surroundings.

    Without a platform only the rules that need none are checked; without a plan only the rules on the text itself.
    """

    text: str
    platform: PlatformRules | None
    company: Company
    plan: Plan | None = None
    review: Review | None = None


@dataclass(frozen=True)
class Reading:
    """A draft as the rules see it. Spans are in code points of the draft's text unless said otherwise."""

    draft: Draft
    bank: Phrasebank

    @property
    def text(self) -> str:
        return self.draft.text

    @property
    def plan(self) -> Plan | None:
        return self.draft.plan

    @property
    def channel(self) -> Channel | None:
        """Where the reply will stand, if known."""
        if self.plan:
            return self.plan.channel
        return self.draft.platform.channel if self.draft.platform else None

    @property
    def lexicon(self) -> Lexicon:
        return lexicon(self.bank)

    @cached_property
    def folded(self) -> Folded:
        return fold(self.text)

    @cached_property
    def hits(self) -> Mapping[ListKey, tuple[Span, ...]]:
        """Where every word list hits, in places of the folded text."""
        return self.lexicon.index.find(self.folded.text)

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        return self.lexicon.sentences(self.folded.text, self.draft.company)

    @cached_property
    def slots(self) -> Slots:
        return Slots(self.folded, self.sentences, self.lexicon, self.hits)

    @cached_property
    def offered(self) -> frozenset[str]:
        """The ids of the phrases that the plan offers."""
        planned = self.plan.slots if self.plan else ()
        return frozenset(phrase.id for slot in planned for phrase in slot.offered)

    @cached_property
    def exempt(self) -> frozenset[int]:
        """Where the sentences begin that the regulation itself words so, standing where it uses them."""
        return frozenset(
            sentence.start for sentence in self.sentences if any(map(self._verbatim_here, sentence.phrases))
        )

    def _verbatim_here(self, id_: str) -> bool:
        if id_ in self.bank.interim:
            return self.channel in {None, *self.bank.interim[id_].channels}
        phrase = self.bank.phrases[id_]
        if phrase.source == "house":
            return False
        return id_ in self.offered if self.plan else self.channel in {None, *phrase.channels}

    def found(self, rule: Rule, name: str = "find", exempting: bool = True) -> list[Span]:
        """Where a word list of the rule hits, in places of the folded text; by default not in exempt sentences."""
        hits = self.hits.get((rule.id, name), ())
        if not exempting or not hits or not self.exempt:
            return list(hits)
        return [hit for hit in hits if (at := self.sentence_at(hit[0])) is None or at.start not in self.exempt]

    def sentence_at(self, place: int) -> Sentence | None:
        """The sentence in which a place of the folded text lies."""
        return sentence_at(self.sentences, place)

    def said(self, rule: Rule, name: str = "find", exempting: bool = True) -> Iterator[Span]:
        """The same in places of the draft's text."""
        return (self.folded.span(*hit) for hit in self.found(rule, name, exempting))


Hit = tuple[Span | None, str | None]
"""Where a rule is broken, if at one place, and what its message says in place of `{detail}`."""

Check = Callable[[Reading, Rule], Iterator[Hit]]
