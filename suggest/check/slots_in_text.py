"""Recognises the slots of the regulation in a reply text, assembled or edited by hand.

A sentence that is an approved phrase is that phrase's slot; in any other sentence the cue words of the rule
`slot-order` tell the slots, several in one sentence if need be.
"""

from __future__ import annotations

import re
import weakref
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from suggest.check.wordlist import Folded, Index, fold
from suggest.domain import Span
from suggest.regulation import Company, Phrasebank, SlotKey

LITERAL = frozenset({("caps", "allowed"), ("foreign-link", "free_mail")})
"""The lists of a rule that are plain words rather than expressions."""

CUES = "slot-order"
"""The rule whose word lists tell the slots, one list by the name of each kind of cue."""

CUE_SLOTS: Mapping[str, SlotKey] = {
    "greeting": ("greeting", None),
    "empathy": ("empathy", None),
    "understanding": ("empathy", None),
    "wish": ("identification", "wish"),
    "contact": ("identification", "request"),
    "identification": ("identification", "request"),
    "explanation": ("explanation", None),
    "resolution": ("resolution", None),
    "done": ("resolution", None),
    "thanks": ("thanks", None),
    "closing": ("closing", None),
}

_NAME = "client_name"
_CODE = re.compile(r"\b\d{5}\b")
_LONGEST_NAMED = 12
_END = re.compile(r"[.!?…]+[)\]»”\"]*(?=\s|$)|\][.!?…]*(?=\s|$)|\n\s*")
_ABBREVIATION = re.compile(
    r"\b(?:\w|ул|пр|просп|пер|им|тел|руб|коп|стр|корп|кв|обл|т\.\s?[дпек]|см|др|гр|мин|сек|час)$"
)


@dataclass(frozen=True)
class Sentence:
    """A sentence at [start, end) of a folded text, with the ids of the approved phrases it is a sentence of."""

    start: int
    end: int
    phrases: tuple[str, ...]


def sentence_at(sentences: Sequence[Sentence], place: int) -> Sentence | None:
    """The sentence in which a place of the folded text lies."""
    index = bisect_right(sentences, place, key=lambda sentence: sentence.start) - 1
    return sentences[index] if index >= 0 and place < sentences[index].end else None


@dataclass(frozen=True)
class Place:
    """A slot found in a text: by the approved phrases `phrases`, or by the cue words of the list `cue`."""

    key: SlotKey
    span: Span
    phrases: tuple[str, ...] = ()
    cue: str | None = None


ListKey = tuple[str, str]
"""A word list: its rule and its name there."""


class Lexicon:
    """The word lists and the approved sentences of one phrasebank, made ready once."""

    def __init__(self, bank: Phrasebank) -> None:
        lists = {(rule.id, name): words for rule in bank.rules.values() for name, words in rule.words.items()}
        self.lists = {key: words for key, words in lists.items() if key not in LITERAL}
        self.index = Index(self.lists)
        self._indexes: dict[ListKey, Index[ListKey]] = {}
        self._texts = [(phrase.id, phrase.text) for phrase in bank.phrases.values() if phrase.status == "approved"]
        self._texts += [
            (phrase.id, phrase.text.replace("{department}", department.accusative))
            for phrase in bank.interim.values()
            for department in bank.departments.values()
            if phrase.status == "approved"
        ]
        self._approved: dict[Company, Mapping[str, tuple[str, ...]]] = {}
        self.slot_of = {phrase.id: (phrase.slot, phrase.part) for phrase in bank.phrases.values()}

    def find(self, rule: str, name: str, text: str) -> tuple[Span, ...]:
        """Where one list hits in a folded text other than the reply."""
        key = (rule, name)
        if key not in self._indexes:
            self._indexes[key] = Index({key: self.lists.get(key, ())})
        return self._indexes[key].find(text).get(key, ())

    def sentences(self, text: str, company: Company) -> tuple[Sentence, ...]:
        """The sentences of a folded text, each with the approved phrases it belongs to."""
        if company not in self._approved:
            self._approved[company] = _by_key(self._texts, company)
        approved = self._approved[company]
        return tuple(Sentence(*span, _phrases(_key(text[slice(*span)]), approved)) for span in split(text))


_lexicons: dict[int, Lexicon] = {}


def lexicon(bank: Phrasebank) -> Lexicon:
    """The bank's lexicon, made once for each bank."""
    if id(bank) not in _lexicons:
        _lexicons[id(bank)] = Lexicon(bank)
        weakref.finalize(bank, _lexicons.pop, id(bank), None)
    return _lexicons[id(bank)]


def split(text: str) -> Iterator[Span]:
    """The sentences of a text, without the spaces around them."""
    start, last = 0, len(text.rstrip())
    for end in _END.finditer(text):
        if end[0] == "." and end.end() < last and _ABBREVIATION.search(text[max(start, end.start() - 8) : end.start()]):
            continue
        yield from _stripped(text, start, end.end())
        start = end.end()
    yield from _stripped(text, start, len(text))


def _stripped(text: str, start: int, end: int) -> Iterator[Span]:
    sentence = text[start:end]
    if sentence.strip():
        yield start + len(sentence) - len(sentence.lstrip()), start + len(sentence.rstrip())


def _key(sentence: str) -> str:
    """What makes two sentences the same: their words."""
    return " ".join(re.findall(r"\w+", sentence))


def _by_key(texts: Iterable[tuple[str, str]], company: Company) -> Mapping[str, tuple[str, ...]]:
    """The ids of the phrases that each sentence is a part of, with the company's own fields filled in."""
    found: dict[str, list[str]] = defaultdict(list)
    fields = {"{company_name}": company.name, "{company_email}": company.email, "{company_phone}": company.phone}
    for phrase, text in texts:
        for field, value in fields.items():
            text = text.replace(field, value)
        folded = fold(text).text
        for start, end in split(folded):
            found[_key(folded[start:end])].append(phrase)
    return {key: tuple(dict.fromkeys(phrases)) for key, phrases in found.items()}


def _phrases(key: str, approved: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The approved phrases of a sentence; any one word may stand where the phrase has the client's name, any code for its."""
    key = _CODE.sub("code", key)
    if key in approved:
        return approved[key]
    words = key.split()
    if len(words) <= _LONGEST_NAMED:
        for place in range(len(words)):
            named = " ".join((*words[:place], _NAME, *words[place + 1 :]))
            if named in approved:
                return approved[named]
    return ()


@dataclass(frozen=True)
class Slots:
    """The slots found in one text; `hits` are those of every word list in it."""

    folded: Folded
    sentences: tuple[Sentence, ...]
    lexicon: Lexicon
    hits: Mapping[ListKey, tuple[Span, ...]]

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every slot that was found, in the order of the text."""
        return tuple(sorted((*self._approved(), *self._cued()), key=lambda place: place.span))

    def _approved(self) -> Iterator[Place]:
        slot_of = self.lexicon.slot_of
        for sentence in self.sentences:
            for key in dict.fromkeys(slot_of[id_] for id_ in sentence.phrases if id_ in slot_of):
                phrases = tuple(id_ for id_ in sentence.phrases if slot_of.get(id_) == key)
                yield Place(key, self.folded.span(sentence.start, sentence.end), phrases)

    def _cued(self) -> Iterator[Place]:
        for cue, key in CUE_SLOTS.items():
            for start, end in self.hits.get((CUES, cue), ()):
                sentence = sentence_at(self.sentences, start)
                if not sentence or not any(id_ in self.lexicon.slot_of for id_ in sentence.phrases):
                    yield Place(key, self.folded.span(start, end), cue=cue)

    def of(self, slot: str, part: str | None = None) -> tuple[Place, ...]:
        """The places of a slot, or of one part of it."""
        return tuple(place for place in self.places if place.key[0] == slot and part in {None, place.key[1]})
