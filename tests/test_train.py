"""`suggest train` on a tiny random encoder and two scenarios: what it writes, and where it may be applied."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from suggest import bundled, encoder
from suggest.domain import EncoderError
from suggest.embed import DEFAULT, Encoder
from suggest.regulation import Exemplar

pytestmark = pytest.mark.filterwarnings("ignore")

WORDS = {
    "delivery": "курьер опоздал привёз коробку мятую ждали доставку весь день",
    "app": "приложение вылетает не открывается корзина зависла после обновления",
    None: "стихи погода кот рецепт пирога футбол вчера",
}
WIDTH, INNER, LAYERS = 32, 64, 3


def exemplars() -> list[Exemplar]:
    dice = np.random.default_rng(1)
    return [
        Exemplar(
            text=" ".join(dice.permutation(words.split())[:5]),
            scenario=scenario,
            voice="terse",
            trade="retail",
            hand=hand,
        )
        for scenario, words in WORDS.items()
        for hand in "abc"
        for _ in range(8)
    ]


def tiny(name: str, folder: Path, seed: int = 0) -> None:
    """Stands for `encoder.weights`: random weights in place of the real ones."""
    dice = np.random.default_rng(seed)
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "▁", *"абвгдеёжзийклмнопрстуфхцчшщъыьэюяquery:"]
    pieces = [(piece, -float(i)) for i, piece in enumerate(dict.fromkeys(pieces))]
    shapes = {
        "embeddings.word_embeddings.weight": (len(pieces), WIDTH),
        "embeddings.position_embeddings.weight": (512, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm.weight": (WIDTH,),
        "embeddings.LayerNorm.bias": (WIDTH,),
    }
    for layer in range(LAYERS):
        for part in bundled.PARTS.values():
            out = INNER if part.startswith("inter") else WIDTH
            into = INNER if part == "output.dense" else WIDTH
            stem = f"encoder.layer.{layer}.{part}"
            shapes |= {f"{stem}.weight": (out,) if "Norm" in part else (out, into), f"{stem}.bias": (out,)}
    tensors = {n: dice.normal("Norm.weight" in n, 0.2, s).astype("f4") for n, s in shapes.items()}
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": len(pieces),
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 2,
        "intermediate_size": INNER,
        "hidden_act": "gelu",
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
        "layer_norm_eps": 1e-12,
        "pad_token_id": 1,
    }
    bundled.save(folder, config, tensors, pieces)


def trained(target: Path) -> dict[str, dict[str, float]]:
    from suggest import train

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "weights", tiny)
        recipe = train.Recipe(layers=2, epochs=2, variants=2)
        return train.train(exemplars(), target, recipe, left_out="c")


@pytest.fixture(scope="module")
def patch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("train") / "tuned.safetensors"
    numbers = trained(target)
    assert set(numbers) == {"before", "after"}
    return target


def test_the_result_is_small_and_says_where_it_comes_from(patch: Path) -> None:
    with safe_open(patch, "np") as file:
        said = json.loads(file.metadata()["provenance"])
        names = list(file.keys())
        changed = [name for name in names if not name.endswith(".scale")]
        assert {file.get_tensor(name).dtype for name in changed} == {np.dtype("int8")}
        assert any(file.get_tensor(name).any() for name in changed)
    layer = 4 * WIDTH * WIDTH + 2 * WIDTH * INNER
    assert patch.stat().st_size < 2 * layer + 25_000
    assert {name.split(".")[2] for name in names} == {"1", "2"}
    assert {"exemplars", "count", "base", "recipe", "versions", "left_out", "numbers"} == set(said)
    assert said["left_out"] == ["c"]
    assert said["count"] == sum(item.hand != "c" for item in exemplars())
    assert said["recipe"]["seed"] == 7
    assert 0 <= said["numbers"]["after"]["top1"] <= 1


def test_the_same_seed_gives_the_same_file(patch: Path, tmp_path: Path) -> None:
    trained(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == patch.read_bytes()


def test_build_applies_the_result(patch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "weights", tiny)
    monkeypatch.setattr(encoder, "TUNED", tmp_path / "none")
    encoder.build(DEFAULT, tmp_path / "plain")
    monkeypatch.setattr(encoder, "TUNED", patch)
    encoder.build(DEFAULT, tmp_path / "tuned")
    plain, tuned = (Encoder(tmp_path / name) for name in ("plain", "tuned"))
    assert plain.fingerprint != tuned.fingerprint
    assert (plain.encode(["курьер"]) != tuned.encode(["курьер"])).any()


def test_build_refuses_what_was_learnt_for_another_base(
    patch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "weights", lambda name, folder: tiny(name, folder, seed=1))
    monkeypatch.setattr(encoder, "TUNED", patch)
    with pytest.raises(EncoderError, match="trained on other weights"):
        encoder.build(DEFAULT, tmp_path / "tuned")
    assert not (tmp_path / "tuned").exists()


def test_build_refuses_a_broken_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "weights", tiny)
    monkeypatch.setattr(encoder, "TUNED", tmp_path / "broken")
    (tmp_path / "broken").write_bytes(b"nothing of the kind")
    with pytest.raises(EncoderError, match='not a result of "suggest train"'):
        encoder.build(DEFAULT, tmp_path / "tuned")


def test_noise_keeps_most_of_a_text() -> None:
    import random

    from suggest.train import noisy

    text = "Курьер опоздал. Звонила трижды, никто не ответил. Коробка мятая! Деньги не вернули."
    made = {noisy(text, random.Random(seed)) for seed in range(50)}
    assert text in made
    assert len(made) > 20
    assert all(len(each) > len(text) / 2 for each in made)
