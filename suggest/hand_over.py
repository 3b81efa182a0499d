"""Hand-overs, what the regulation says of them: to whom, when allowed, in which approved words (000 §8-9, 002). Pure.

Addresses stand in `phrasebank/stores.yaml` by branch and in `departments.yaml`, wordings in `phrases/hand_over.yaml`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field, TypeAdapter

from suggest.datafile import both, read
from suggest.domain import Frozen, PhrasebankError, Suggestion
from suggest.folding import fold
from suggest.regulation import Approval, Phrasebank, variables_of

STORES, PHRASES = "stores.yaml", "phrases/hand_over.yaml"
STORE = "brand_store"
"""The department of the brand stores: asked at once, at the address of the branch (000 §8)."""

ACTIONS = frozenset({"send-to-store", "forward-after-data", "forward-service", "department-request"})
"""The actions by which the regulation asks for a hand-over."""

Mode = Literal["usedesk", "smtp", "eml"]
"""How a request goes out: as a ticket of Usedesk, by mail, or as a file that the agent sends."""

Purpose = Literal["check", "solved"]
"""`check`: to look into the review. `solved`: whether it is, since the client writes again. Both of 000 §8."""

Use = Literal["greeting", "check", "solved", "answer", "screenshot", "card", "data", "no_data", "link_out", "link_back"]
VARIABLES: Mapping[str, frozenset[str]] = {
    "link_out": frozenset({"whom", "request"}),
    "link_back": frozenset({"ticket"}),
}
AFTER_DATA = "Сначала данные клиента: этому отделу вопрос передают после их получения (000 §9)."
NO_STORE = "Выберите магазин: по филиалу отзыва его не узнать."
_MAIL = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+\.[^@\s<>,;\".]+")
_WORD = re.compile(r"\w+")


class BrandStore(Frozen):
    """A brand store: its address, and what its branch is called in reviews."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str
    mail: str
    branches: tuple[str, ...] = ()


class HandOverPhrase(Frozen):
    """An approved wording of a request, or of a note about it; `use` is its place."""

    id: str
    use: Use
    text: str
    source: str
    note: str | None = None
    approved: Approval | None = None
    status: Literal["draft", "approved", "retired"]


class Recipient(Frozen):
    """Whom a request goes to. `store`: the id of the brand store, if it is one."""

    department: str
    store: str | None
    title: str
    mail: str


class HandOverRules(Frozen):
    """The directory and the wordings, as read."""

    stores: tuple[BrandStore, ...]
    phrases: tuple[HandOverPhrase, ...]

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The approved wording of each place, the first of several."""
        return {phrase.use: phrase.text for phrase in reversed(self.phrases) if phrase.status == "approved"}

    def store_of(self, branch: str | None) -> BrandStore | None:
        """The store that a review's branch names; None where none does, or more than one."""
        said = _words(branch or "")
        found = [store for store in self.stores if any(_words(name) <= said for name in (store.title, *store.branches))]
        return found[0] if len(found) == 1 else None

    def recipient(self, bank: Phrasebank, department: str, store: str | None = None) -> Recipient | None:
        """Where a request to this department goes, a brand store being named by its id; None where nobody is known."""
        if department not in bank.departments:
            return None
        title, mail = bank.departments[department].title, bank.departments[department].mail
        if department == STORE:
            found = next((known for known in self.stores if known.id == store), None)
            return Recipient(department=department, store=store, title=found.title, mail=found.mail) if found else None
        return Recipient(department=department, store=None, title=title, mail=mail) if mail else None


def load_hand_over(phrasebank: Path) -> HandOverRules:
    """The directory and the wordings in a phrasebank's folder; raises PhrasebankError with every fault of their form."""
    stores, phrases = both(
        lambda: read(phrasebank, STORES, TypeAdapter(tuple[BrandStore, ...]), empty=()),
        lambda: read(phrasebank, PHRASES, TypeAdapter(tuple[HandOverPhrase, ...]), empty=()),
    )
    return HandOverRules(stores=stores, phrases=phrases)


def called_for(made: Suggestion) -> bool:
    """Whether the regulation asks to hand this review over."""
    return any(action.id in ACTIONS for action in made.actions)


def forbidden(department: str, data_received: bool) -> str | None:
    """Why a request may not go to this department now, in Russian; None where it may.

    The store is asked at once (000 §8), every other department once the client's data have arrived (000 §9).
    """
    return None if department == STORE or data_received else AFTER_DATA


def faults(bank: Phrasebank) -> Iterator[str]:
    """Every fault of the directory and the wordings, for `suggest lint`."""
    try:
        rules = load_hand_over(bank.path)
    except PhrasebankError as error:
        yield from error.faults
        return
    yield from _store_faults(rules.stores)
    yield from _phrase_faults(rules)
    for department in bank.departments.values():
        where = f"departments.yaml: {department.id}: mail"
        if department.id == STORE and department.mail is not None:
            yield f"{where}: the addresses of brand stores stand in {STORES}"
        if department.id != STORE and not _MAIL.fullmatch(department.mail or ""):
            yield f"{where}: not an address of mail"


def _store_faults(stores: tuple[BrandStore, ...]) -> Iterator[str]:
    if not stores:
        yield f"{STORES}: at least one store is needed"
    for store_id, times in Counter(store.id for store in stores).items():
        if times > 1:
            yield f"{STORES}: {store_id}: the id occurs twice"
    named: dict[frozenset[str], str] = {}
    for store in stores:
        if not _MAIL.fullmatch(store.mail):
            yield f"{STORES}: {store.id}: mail: not an address of mail"
        for name in store.branches:
            words = frozenset(_words(name))
            if not words:
                yield f"{STORES}: {store.id}: branches: a name without words"
            if named.setdefault(words, store.id) != store.id:
                yield f"{STORES}: {store.id}: «{name}» names {named[words]} too"


def _phrase_faults(rules: HandOverRules) -> Iterator[str]:
    for use in get_args(Use):
        if use not in rules.texts:
            yield f"{PHRASES}: an approved wording for {use} is needed"
    for phrase_id, times in Counter(phrase.id for phrase in rules.phrases).items():
        if times > 1:
            yield f"{PHRASES}: {phrase_id}: the id occurs twice"
    for phrase in rules.phrases:
        where = f"{PHRASES}: {phrase.id}"
        try:
            given = set(variables_of(phrase.text))
        except ValueError as error:
            yield f"{where}: {error}"
            continue
        if given != VARIABLES.get(phrase.use, frozenset()):
            yield f"{where}: {', '.join(sorted(VARIABLES.get(phrase.use, {'no variable'})))} must stand in it, and no other"
        if phrase.status == "approved" and phrase.approved is None:
            yield f"{where}: approved by whom and when is missing"


def _words(text: str) -> set[str]:
    return set(_WORD.findall(fold(text)))
