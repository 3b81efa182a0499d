"""Texts as vectors: on a graph of a few numbers made here, and (marked `encoder`) on the encoder that make setup builds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suggest.domain import EncoderError
from suggest.embed import DEFAULT, GRAPH, NORMALISER, SPEC, TOKENIZER, Encoder, directory, normalise

ROOT = Path(__file__).parent.parent
BUILT = directory(Path(os.environ.get("SUGGEST_CACHE") or ROOT / ".cache" / "suggest"), DEFAULT)
WORDS = ["<s>", "</s>", "<unk>", "вода", "мастер", "чайник", "query:"]
DIM = 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder's directory whose graph is the mean of its words' vectors."""
    made = tmp_path_factory.mktemp("encoder")
    _write_graph(made / GRAPH)
    _write_tokenizer(made / TOKENIZER)
    _write_spec(made)
    return made


def _write_graph(path: Path) -> None:
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    words = np.random.default_rng(1).normal(size=(len(WORDS), DIM)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["words", "input_ids"], ["tokens"]),
        helper.make_node("ReduceMean", ["tokens"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("LpNormalization", ["mean"], ["embedding"], axis=-1, p=2),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, DIM])],
        [numpy_helper.from_array(words, "words")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)


def _write_tokenizer(path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.post_processor = processors.TemplateProcessing("<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)])
    made.save(str(path))


def _write_spec(folder: Path, **changes: object) -> None:
    spec = {"name": "tiny", "dim": DIM, "prefix": "query: ", "max_tokens": 6, "fingerprint": "f", "key": "k"}
    spec |= {"normaliser": NORMALISER} | changes
    (folder / SPEC).write_text(json.dumps(spec), "utf-8")


def _copy(folder: Path, target: Path) -> Path:
    for part in (GRAPH, TOKENIZER, SPEC):
        (target / part).write_bytes((folder / part).read_bytes())
    return target


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("УЖАС!!! Верните деньги", "ужас! верните деньги"),
        ("  Всё\n\nхорошо,\tспасибо  ", "всё хорошо, спасибо"),
        ("Ну... и что??", "ну. и что?"),
        ("Спасибо)))", "спасибо)"),
        ("2000 рублей и 5555", "2000 рублей и 5555"),
        ("", ""),
    ],
)
def test_normalise(text: str, seen: str) -> None:
    assert normalise(text) == seen


@given(st.text())
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_vectors_are_unit_float32_in_order(folder: Path) -> None:
    encoder = Encoder(folder)
    texts = ["чайник", "вода мастер", "мастер"]
    vectors = encoder.encode(texts)
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, encoder.dim)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_array_equal(encoder.encode([text])[0], vector)


def test_no_texts_give_no_vectors(folder: Path) -> None:
    assert Encoder(folder).encode([]).shape == (0, DIM)


def test_the_prefix_and_the_normalised_text_are_what_is_encoded(folder: Path, tmp_path: Path) -> None:
    _write_spec(_copy(folder, tmp_path), prefix="")
    bare, prefixed = Encoder(tmp_path), Encoder(folder)
    np.testing.assert_array_equal(bare.encode(["query: чайник"]), prefixed.encode(["ЧАЙНИК"]))
    assert not np.allclose(bare.encode(["чайник"]), prefixed.encode(["чайник"]))


def test_long_texts_are_cut_to_the_models_length(folder: Path) -> None:
    """Six tokens are <s>, the prefix, three words and </s>."""
    encoder = Encoder(folder)
    cut, whole = encoder.encode(["вода мастер чайник вода вода", "вода мастер чайник"])
    np.testing.assert_array_equal(cut, whole)
    assert not np.allclose(whole, encoder.encode(["вода мастер"])[0])


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_change_nothing(folder: Path, threads: int) -> None:
    texts = [" ".join(WORDS[3 : 3 + i % 4]) for i in range(40)]
    np.testing.assert_array_equal(Encoder(folder, threads).encode(texts), Encoder(folder, 1).encode(texts))


def test_an_encoder_is_shared_by_threads(folder: Path) -> None:
    encoder = Encoder(folder)
    texts = ["вода", "мастер чайник", "чайник"] * 5
    expected = encoder.encode(texts)
    with ThreadPoolExecutor(8) as pool:
        for vectors in pool.map(lambda _: encoder.encode(texts), range(50)):
            np.testing.assert_array_equal(vectors, expected)


def test_any_text_is_encoded(folder: Path) -> None:
    vectors = Encoder(folder).encode(["", " ", "\x00\x01", "\u202e\ufeff", "👍🏽" * 99, "ﷺ" * 20_000, "а" * 20_000])
    assert np.isfinite(vectors).all()


def test_a_missing_directory_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match='run "make setup"'):
        Encoder(tmp_path / "none")


def test_a_directory_of_another_normaliser_is_refused(folder: Path, tmp_path: Path) -> None:
    _write_spec(_copy(folder, tmp_path), normaliser=NORMALISER - 1)
    with pytest.raises(EncoderError, match="another version"):
        Encoder(tmp_path)


@pytest.mark.parametrize("part", [GRAPH, TOKENIZER])
def test_a_broken_part_is_reported_with_its_directory(folder: Path, tmp_path: Path, part: str) -> None:
    (_copy(folder, tmp_path) / part).write_bytes(b"nonsense")
    with pytest.raises(EncoderError, match=str(tmp_path)):
        Encoder(tmp_path)


def test_a_half_written_description_is_no_encoder(folder: Path, tmp_path: Path) -> None:
    (_copy(folder, tmp_path) / SPEC).write_text("{", "utf-8")
    with pytest.raises(EncoderError, match="no encoder"):
        Encoder(tmp_path)


@pytest.mark.parametrize(
    ("name", "last"),
    [
        (DEFAULT, DEFAULT),
        ("deepvk/USER2-small", "deepvk--USER2-small"),
        ("hub:ai-forever/FRIDA", "hub--ai-forever--FRIDA"),
        ("../../outside", "outside"),
        ("/models/my", "models--my"),
    ],
)
def test_every_name_has_a_directory_inside_the_cache(tmp_path: Path, name: str, last: str) -> None:
    assert directory(tmp_path, name) == tmp_path / "encoder" / last


def test_encoding_loads_neither_torch_nor_transformers(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; import suggest.embed as e; early = set(sys.modules);"
        f"e.Encoder(Path({str(folder)!r})).encode(['вода', 'мастер']); late = set(sys.modules);"
        "print(early & {'numpy', 'onnxruntime', 'tokenizers'}, late & {'torch', 'transformers', 'sentence_transformers'})"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["set()", "set()"]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    """The encoder that make setup has built."""
    if not BUILT.exists():
        pytest.skip(f"no encoder in {BUILT}")
    return Encoder(BUILT)


@pytest.mark.encoder
def test_what_is_alike_is_near(encoder: Encoder) -> None:
    texts = [
        "Стиральная машина сломалась через месяц, в ремонте отказали",
        "Холодильник перестал морозить, сервис не чинит по гарантии",
        "Спасибо продавцу, всё подробно рассказал и помог выбрать",
        "Вежливый консультант, отличное обслуживание",
    ]
    likeness = encoder.encode(texts) @ encoder.encode(texts).T
    assert likeness[0, 1] > likeness[0, 2:].max()
    assert likeness[2, 3] > likeness[2, :2].max()


@pytest.mark.encoder
def test_shouting_changes_no_vector(encoder: Encoder) -> None:
    said, shouted = encoder.encode(["Верните деньги за чайник!", "ВЕРНИТЕ ДЕНЬГИ ЗА ЧАЙНИК!!!"])
    np.testing.assert_array_equal(said, shouted)


@pytest.mark.encoder
def test_only_whole_tokens_up_to_the_limit_count(encoder: Encoder) -> None:
    """512 tokens, the two at the ends included, are what the model has positions for."""
    cut, longer = encoder.encode(["чайник " * 3000, "чайник " * 2000 + "холодильник " * 500])
    np.testing.assert_array_equal(cut, longer)
    assert np.isfinite(cut).all()


@pytest.mark.encoder
def test_kazakh_letters_are_known(encoder: Encoder) -> None:
    vectors = encoder.encode(["дүкен өте жақсы, рақмет", "дукен оте жаксы, ракмет", "ұқыпсыз қызметкерлер"])
    assert len({vector.tobytes() for vector in vectors}) == 3


@pytest.mark.encoder
def test_a_hostile_text_is_encoded_in_time(encoder: Encoder) -> None:
    start = time.process_time()
    encoder.encode(["а" * 20_000, "ﷺ" * 20_000, "!?" * 10_000, "\u0301" * 20_000])
    assert time.process_time() - start < 5
