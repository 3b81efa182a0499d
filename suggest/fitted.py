"""A fitted matcher as one file of plain arrays: written by `make setup`, read by the service."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suggest.domain import EncoderError
from suggest.features import FORMAT, Vocabulary
from suggest.match import Alarm, Encode, Exemplars, Head, Matcher, Thresholds, Weights
from suggest.phrasebank import exemplar_hash
from suggest.regulation import Exemplar, FlagExemplar


def key(exemplars: Sequence[Exemplar], flag_exemplars: Sequence[FlagExemplar], encoder: str) -> str:
    """What a fitted matcher depends on, and nothing else: exemplars, the encoder's fingerprint, the format."""
    return f"{exemplar_hash([*exemplars, *flag_exemplars])}-{encoder[:12]}-{FORMAT}"


def save(matcher: Matcher, path: Path) -> None:
    """Writes the matcher, whole or not at all."""
    head, exemplars = matcher.head, matcher.exemplars
    words = {
        "version": matcher.version,
        "labels": head.labels,
        "blend": head.blend,
        "thresholds": matcher.thresholds.as_dict(),
        "alarms": [[alarm.flag, alarm.threshold] for alarm in matcher.alarms],
        "texts": list(exemplars.texts),
        "ngrams": list(matcher.vocabulary.ids),
    }
    arrays: dict[str, Any] = {
        "idf": matcher.vocabulary.idf,
        "vectors": exemplars.vectors,
        "exemplar_labels": exemplars.labels,
    }
    arrays |= _arrays("head", head.weights)
    for alarm in matcher.alarms:
        arrays |= _arrays(alarm.flag, alarm.weights)
    partial = path.with_suffix(".partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("wb") as file:
        np.savez(file, words=np.frombuffer(json.dumps(words, ensure_ascii=False).encode(), np.uint8), **arrays)
    partial.replace(path)


def load(path: Path, encode: Encode) -> Matcher:
    """Reads what `save` wrote; raises EncoderError where there is none."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        words = json.loads(arrays["words"].tobytes())
        return Matcher(
            encode,
            Vocabulary({gram: number for number, gram in enumerate(words["ngrams"])}, arrays["idf"]),
            Head(tuple(words["labels"]), _weights("head", arrays), words["blend"]),
            Exemplars(arrays["vectors"], words["texts"], arrays["exemplar_labels"]),
            Thresholds(**words["thresholds"]),
            words["version"],
            tuple(Alarm(flag, _weights(flag, arrays), threshold) for flag, threshold in words["alarms"]),
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(f'no fitted matcher at {path}: run "make setup"') from error


def _arrays(name: str, weights: Weights) -> dict[str, NDArray[Any]]:
    return {f"{name}.{field.name}": getattr(weights, field.name) for field in fields(weights)}


def _weights(name: str, arrays: Mapping[str, NDArray[Any]]) -> Weights:
    return Weights(**{field.name: arrays[f"{name}.{field.name}"] for field in fields(Weights)})
