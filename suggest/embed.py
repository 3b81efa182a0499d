"""Texts as vectors: serves the directory that `suggest.encoder` has built, with onnxruntime alone."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suggest.domain import EncoderError

if TYPE_CHECKING:
    import numpy as np

    Vectors = np.ndarray[tuple[int, int], np.dtype[np.float32]]

DEFAULT = "multilingual-e5-small"
"""The encoder that is built from installed packages alone."""

GRAPH, TOKENIZER, SPEC = "model.int8.onnx", "tokenizer.json", "encoder.json"

NORMALISER = 1
"""The version of `normalise`, a part of every fingerprint."""

PADDED_TOKENS = 4096
"""How many tokens, padding included, one run of the graph takes at most."""


def directory(cache: Path, name: str) -> Path:
    """Where under `cache` the encoder called `name` (SUGGEST_ENCODER) lives."""
    return cache / "encoder" / re.sub(r"[^\w.-]+", "--", name).strip("-.")


def normalise(text: str) -> str:
    """The text as the encoder sees it: no shouting, no runs of punctuation or spaces."""
    text = re.sub(r"([!?.,)(])\1+", r"\1", " ".join(text.split()))
    letters = [char for char in text if char.isalpha()]
    shouted = sum(char.isupper() for char in letters) > 0.5 * len(letters)
    return text.lower() if shouted and len(letters) > 3 else text


class Encoder:
    """A built encoder. One may be shared by threads: nothing in it changes after it is made."""

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        """Load from `folder`; `threads` per run default to the cores this process may use."""
        self._spec = _read(folder)
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or len(os.sched_getaffinity(0))
        self._session = onnxruntime.InferenceSession(folder / GRAPH, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.enable_truncation(self._spec["max_tokens"])
        self._tokenizer.no_padding()

    @property
    def dim(self) -> int:
        return int(self._spec["dim"])

    @property
    def fingerprint(self) -> str:
        return str(self._spec["fingerprint"])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """A unit vector for each text, in order: float32, (len(texts), dim)."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dim), np.float32)
        prefix = self._spec["prefix"]
        ids = [e.ids for e in self._tokenizer.encode_batch([prefix + normalise(text) for text in texts])]
        for batch in _batches([len(row) for row in ids]):
            width = max(len(ids[i]) for i in batch)
            tokens = np.full((len(batch), width), 1, np.int64)
            mask = np.zeros((len(batch), width), np.int64)
            for row, i in enumerate(batch):
                tokens[row, : len(ids[i])] = ids[i]
                mask[row, : len(ids[i])] = 1
            (vectors[batch],) = self._session.run(None, {"input_ids": tokens, "attention_mask": mask})
        return vectors


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[i] > PADDED_TOKENS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _read(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / SPEC).read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise EncoderError(f'no encoder in {folder}: run "make setup"') from error
