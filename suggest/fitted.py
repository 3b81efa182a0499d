"""A fitted matcher as one file of plain arrays: written by `make setup`, read by the service."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from suggest.domain import EncoderError
from suggest.features import FORMAT, Vocabulary
from suggest.match import Encode, Exemplars, Head, Matcher, Thresholds
from suggest.phrasebank import exemplar_hash
from suggest.regulation import Exemplar


def key(exemplars: Sequence[Exemplar], encoder: str) -> str:
    """What a fitted matcher depends on, and nothing else: exemplars, the encoder's fingerprint, the format."""
    return f"{exemplar_hash(exemplars)}-{encoder[:12]}-{FORMAT}"


def save(matcher: Matcher, path: Path) -> None:
    """Writes the matcher, whole or not at all."""
    head, exemplars = matcher.head, matcher.exemplars
    words = {
        "version": matcher.version,
        "labels": head.labels,
        "temperature": head.temperature,
        "blend": head.blend,
        "thresholds": matcher.thresholds.as_dict(),
        "texts": list(exemplars.texts),
        "ngrams": list(matcher.vocabulary.ids),
    }
    partial = path.with_suffix(".partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("wb") as file:
        np.savez(
            file,
            words=np.frombuffer(json.dumps(words, ensure_ascii=False).encode(), np.uint8),
            idf=matcher.vocabulary.idf,
            embedding=head.embedding,
            ngram=head.ngram,
            star=head.star,
            bias=head.bias,
            vectors=exemplars.vectors,
            exemplar_labels=exemplars.labels,
        )
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
            Head(
                tuple(words["labels"]),
                arrays["embedding"],
                arrays["ngram"],
                arrays["star"],
                arrays["bias"],
                words["temperature"],
                words["blend"],
            ),
            Exemplars(arrays["vectors"], words["texts"], arrays["exemplar_labels"]),
            Thresholds(**words["thresholds"]),
            words["version"],
        )
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(f'no fitted matcher at {path}: run "make setup"') from error
