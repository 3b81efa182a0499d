"""Texts as vectors: serves the directory that `suggest.encoder` has built, with onnxruntime and tokenizers alone."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suggest.domain import EncoderError

if TYPE_CHECKING:
    import numpy as np

    Vector = np.ndarray[tuple[int], np.dtype[np.float32]]
    Vectors = np.ndarray[tuple[int, int], np.dtype[np.float32]]

DEFAULT = "multilingual-e5-small"
"""The encoder that is built from installed packages alone."""

GRAPH, TOKENIZER, SPEC = "model.int8.onnx", "tokenizer.json", "encoder.json"

NORMALISER = 2
"""The version of `normalise`, a part of every fingerprint."""


def directory(cache: Path, name: str) -> Path:
    """Where under the cache the encoder called `name` (a SUGGEST_ENCODER) lives."""
    return cache / "encoder" / re.sub(r"[^\w.-]+", "--", name).strip("-.")


def normalise(text: str) -> str:
    """The text as encoders see it: lower case, no runs of spaces or of one punctuation mark."""
    return re.sub(r"([!?.,()])\1+", r"\1", " ".join(text.split())).lower()


class Encoder:
    """A built encoder. Threads may share one: nothing in it changes once it is made.

    Every text is run by itself, without padding, so its vector does not depend on its neighbours in a batch;
    cores are used by encoding several texts at a time.
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        """Load what `suggest.encoder.build` has left in `folder`; `threads` default to the cores we may use."""
        self._spec = _spec(folder)
        self._threads = threads or _cores()
        try:
            self._session, self._tokenizer = _session(folder), _tokenizer(folder, int(self._spec["max_tokens"]))
        except Exception as error:
            raise EncoderError(
                f'the encoder in {folder} is broken ({error}): delete it and run "make setup"'
            ) from error

    @property
    def name(self) -> str:
        return str(self._spec["name"])

    @property
    def dim(self) -> int:
        return int(self._spec["dim"])

    @property
    def fingerprint(self) -> str:
        """Vectors may be compared only if the encoders that made them share this."""
        return str(self._spec["fingerprint"])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """A unit vector for each text, in their order: (len(texts), dim); texts beyond the model's length are cut."""
        import numpy as np

        vectors = np.empty((len(texts), self.dim), np.float32)
        workers = min(self._threads, len(texts))
        if workers < 2:
            vectors[:] = [self._vector(text) for text in texts] or vectors
            return vectors
        with ThreadPoolExecutor(workers) as pool:
            for i, vector in enumerate(pool.map(self._vector, texts)):
                vectors[i] = vector
        return vectors

    def _vector(self, text: str) -> Vector:
        import numpy as np

        ids = self._tokenizer.encode(f"{self._spec['prefix']}{normalise(text)}").ids
        (vectors,) = self._session.run(None, {"input_ids": np.array([ids], np.int64)})
        vector: Vector = vectors[0]
        return vector


def _spec(folder: Path) -> dict[str, Any]:
    try:
        spec = dict(json.loads((folder / SPEC).read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise EncoderError(f'there is no encoder in {folder}: run "make setup"') from error
    missing = {"name", "dim", "prefix", "max_tokens", "fingerprint"} - spec.keys()
    if missing or spec.get("normaliser") != NORMALISER:
        raise EncoderError(f'the encoder in {folder} was built by another version of suggest: run "make setup"')
    return spec


def _session(folder: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        folder / GRAPH,
        options,
        providers=["CPUExecutionProvider"],
        # The fused kernel is several times slower on CPUs than the two it replaces.
        disabled_optimizers=["SkipLayerNormFusion"],
    )


def _tokenizer(folder: Path, max_tokens: int) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.enable_truncation(max_tokens)
    tokenizer.no_padding()
    return tokenizer


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
