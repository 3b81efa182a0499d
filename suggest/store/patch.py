"""What was approved or withdrawn in the running service, as a unified patch to the files of the phrasebank in git."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import unified_diff
from pathlib import Path

import yaml

from suggest.phrasebank import load_exemplars
from suggest.regulation import Phrasebank
from suggest.store.approval import Candidate
from suggest.store.learning import EXEMPLAR, digest
from suggest.store.phrases import Withdrawal

HAND = "store"
"""The hand under which exemplars from the service are filed, so that validation can leave them out as a whole."""

_BREAKS = re.compile("[\x85\u2028\u2029]")


def patch(bank: Phrasebank, approved: Iterable[Candidate], withdrawn: Iterable[Withdrawal]) -> str:
    """For `patch -p1` or `git apply` in the project: new exemplars, new phrases, retired ones.

    What the files have already is left out; nothing to do: an empty text.
    """
    changed: dict[str, str] = {}
    for name, lines in _additions(bank, approved).items():
        changed[name] = _ended(_read(bank.path, name)) + "".join(lines)
    for withdrawal in withdrawn:
        phrase = bank.phrases.get(withdrawal.phrase_id)
        if phrase is not None and phrase.status != "retired":
            name = f"phrases/{phrase.slot}.yaml"
            changed[name] = _retired(changed.get(name) or _read(bank.path, name), phrase.id)
    return "".join(_diff(name, _read(bank.path, name), text) for name, text in sorted(changed.items()))


def _additions(bank: Phrasebank, approved: Iterable[Candidate]) -> Mapping[str, list[str]]:
    """The new lines by file."""
    lines: dict[str, list[str]] = {}
    approved = tuple(approved)
    learnt = any(candidate.kind == EXEMPLAR for candidate in approved)
    known = {digest(exemplar.text) for exemplar in load_exemplars(bank.path)} if learnt else set()
    phrased = {digest(phrase.text) for phrase in bank.phrases.values()}
    for candidate in approved:
        text = candidate.text or ""
        if candidate.kind == EXEMPLAR and text and digest(text) not in known:
            lines.setdefault(f"exemplars/{candidate.scenarios[0]}.jsonl", []).append(_exemplar(candidate))
        elif candidate.kind != EXEMPLAR and digest(text) not in phrased:
            lines.setdefault(f"phrases/{candidate.slot}.yaml", []).extend(_phrase(candidate, bank))
    return lines


def _exemplar(candidate: Candidate) -> str:
    row = {"rating": candidate.rating, "voice": "real", "trade": "own", "hand": HAND, "text": candidate.text}
    line = json.dumps(row, ensure_ascii=False)
    return _BREAKS.sub(lambda match: f"\\u{ord(match[0]):04x}", line) + "\n"


def _phrase(candidate: Candidate, bank: Phrasebank) -> Iterator[str]:
    """The entry of a phrase that may stand where the one it replaces may, in the scenarios it was written in."""
    old = bank.phrases.get(candidate.phrase_id or "")
    part = [f"  part: {candidate.part}\n"] if candidate.part else []
    text = json.dumps(candidate.text, ensure_ascii=False)
    on = candidate.on.date() if candidate.on else ""
    yield f"- id: {candidate.slot}-edit-{candidate.id}\n"
    yield from part
    yield f"  text: {text}\n"
    yield f"  scenarios: {_list(candidate.scenarios)}\n"
    yield f"  topics: {_list(old.topics) if old else 'any'}\n"
    yield f"  tone: {old.tone if old else 'neutral'}\n"
    yield f"  channels: {_list(old.channels if old else ('public',))}\n"
    yield f"  when: {_list(old.when if old else ())}\n"
    yield f"  fits: {_list(old.fits if old else ())}\n"
    yield "  lang: ru\n  source: house\n"
    yield f'  note: "из правок агентов: {candidate.times}; вместо {candidate.phrase_id}"\n'
    yield f'  approved: {{by: {json.dumps(candidate.by, ensure_ascii=False)}, "on": {on}}}\n  status: approved\n'


def _list(names: str | Iterable[str]) -> str:
    return names if isinstance(names, str) else f"[{', '.join(names)}]"


def _retired(content: str, phrase_id: str) -> str:
    """The file with the status of one entry changed, and not a character beside it."""
    lines = content.split("\n")
    root = yaml.compose(content, yaml.SafeLoader)
    for entry in root.value if root else ():
        values = {key.value: value for key, value in entry.value}
        if values["id"].value == phrase_id:
            mark = values["status"].start_mark
            line = lines[mark.line]
            lines[mark.line] = line[: mark.column] + line[mark.column :].replace(values["status"].value, "retired", 1)
    return "\n".join(lines)


def _read(root: Path, name: str) -> str:
    path = root / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _ended(content: str) -> str:
    return content if not content or content.endswith("\n") else content + "\n"


def _diff(name: str, old: str, new: str) -> str:
    before, after = (f"{side}/phrasebank/{name}" for side in "ab")
    lines = unified_diff(_lines(old), _lines(new), before if old else "/dev/null", after)
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(content: str) -> list[str]:
    """Its lines with their ends; unlike `splitlines` only a line feed ends one."""
    return [f"{line}\n" for line in content.split("\n")[:-1]] + ([last] if (last := content.split("\n")[-1]) else [])
