"""Who may agree to an urgent reply: the leads and deputies of `sign_off.yaml`, by branch, and the leads of the console."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, TypeAdapter

from suggest.datafile import read
from suggest.domain import Frozen
from suggest.folding import fold

FILE = "sign_off.yaml"
LEAD = "руководитель"


class Signer(Frozen):
    """Somebody who may agree; `name` as in Usedesk."""

    name: str = Field(min_length=1, max_length=100)
    role: str = LEAD


class Signers(Frozen):
    """The list; a branch's people come before those who may agree to everything."""

    default: tuple[Signer, ...] = ()
    branches: dict[str, tuple[Signer, ...]] = {}

    def of(self, branch: str | None, leads: Iterable[str] = ()) -> tuple[Signer, ...]:
        """Who may agree to a reply for a branch, each once; `leads` are the names of the console's."""
        named = (*self.branches.get(branch or "", ()), *self.default, *(Signer(name=name) for name in leads))
        once: dict[str, Signer] = {}
        for signer in named:
            once.setdefault(known(signer.name), signer)
        return tuple(once.values())


def load_signers(phrasebank: Path) -> Signers:
    """The list in a phrasebank's folder; raises PhrasebankError."""
    return read(phrasebank, FILE, TypeAdapter(Signers), empty={})


def known(name: str) -> str:
    """A name by which a person is known again, however it is spaced and spelt."""
    return " ".join(fold(name).split())
