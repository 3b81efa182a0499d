"""The glue to inspect_ai: our cases as a task, the production `Suggester` as its solver, the rows' verdicts as scorers.

`inspect view --log-dir logs` opens what it writes, with the suggestion of each case in its store.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from inspect_ai import Task
from inspect_ai import eval as run_task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, accuracy, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from evals.dataset import Case, EvalsError
from evals.judge import ABSTAINED, Row, judge, remembering, suggested
from suggest.pipeline import Suggester

QUIET: Any = {
    "display": "none",
    "log_level": "warning",
    "log_realtime": False,
    "score_display": False,
    "ctl_server": False,
    "acp_server": False,
}
"""No display and no servers of inspect's own: the progress bar is ours."""

BULKY: Any = {"review": True, "segments": {"__all__": {"alternatives"}}}
"""What of a suggestion is left out of the log: the review is in the sample, the alternatives are in the phrasebank."""


class EvaluationError(EvalsError):
    """A case could not be evaluated: the service raised, or the run was broken off."""


def evaluate(
    cases: Sequence[Case], suggester: Suggester, name: str, log_dir: Path, done: Callable[[], None], parallel: int = 1
) -> tuple[Row, ...]:
    """The row of every case, in order; `done` is called after each. The log of the run is written to `log_dir`.

    `parallel` above 1 lets suggesters that wait for a model work side by side. Raises EvaluationError.
    """
    os.environ.setdefault("INSPECT_DISPLAY", "none")
    task = Task(
        name=name,
        dataset=MemoryDataset([_sample(case) for case in cases]),
        solver=_walk({case.id: case for case in cases}, remembering(suggester), done, parallel),
        scorer=[answer(), harmless(), flags(), rules()],
    )
    log = run_task(task, model=None, log_dir=str(log_dir), max_samples=parallel, **QUIET)[0]
    if log.status != "success" or log.samples is None:
        raise EvaluationError(log.error.message if log.error else f"the run ended as {log.status}")
    rows = {str(sample.id): Row.model_validate(sample.store["row"]) for sample in log.samples}
    return tuple(rows[case.id] for case in cases)


def _sample(case: Case) -> Sample:
    target = ABSTAINED if case.expect.scenario is None else case.expect.scenario
    known: dict[str, Any] = case.model_dump(mode="json", exclude={"id", "review"})
    return Sample(id=case.id, input=case.review.text or "(без текста)", target=target, metadata=known)


@solver
def _walk(cases: dict[str, Case], suggester: Suggester, done: Callable[[], None], parallel: int) -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        case = cases[str(state.sample_id)]
        if parallel > 1:
            suggestion, latency_ms = await anyio.to_thread.run_sync(partial(suggested, case, suggester))
        else:
            suggestion, latency_ms = suggested(case, suggester)
        row = judge(case, suggestion, latency_ms, suggester)
        state.store.set("row", row.model_dump(mode="json"))
        state.store.set("suggestion", suggestion.model_dump(mode="json", exclude=BULKY))
        state.output = ModelOutput.from_content("suggest", suggestion.text)
        done()
        return state

    return solve


def _row(state: TaskState) -> Row:
    return Row.model_validate(state.store.get("row"))


@scorer(metrics=[accuracy()])
def answer() -> Scorer:
    """Whether the scenario, the skip or the abstention is the expected one or as good."""

    async def score(state: TaskState, target: Target) -> Score:
        row = _row(state)
        return Score(value="C" if row.ok else "I", answer=row.got or ABSTAINED, explanation=row.explanation)

    return score


@scorer(metrics=[accuracy()])
def harmless() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        row = _row(state)
        return Score(value="I" if row.harm else "C", explanation=", ".join(row.harm))

    return score


@scorer(metrics=[accuracy()])
def flags() -> Scorer:
    """Whether exactly the expected flags are raised, optional ones aside."""

    async def score(state: TaskState, target: Target) -> Score:
        row = _row(state)
        right = {*row.flags} - {*row.flags_optional} == {*row.flags_expected}
        return Score(value="C" if right else "I", answer=", ".join(row.flags))

    return score


@scorer(metrics=[mean()])
def rules() -> Scorer:
    """The share of the applicable rules of the regulation that are kept."""

    async def score(state: TaskState, target: Target) -> Score:
        row = _row(state)
        broken = "\n".join(f"{rule}: {why}" for rule, why in row.broken.items())
        kept = sum(row.rules.values()) / len(row.rules) if row.rules else 1.0
        return Score(value=kept, explanation=broken, metadata=dict(row.rules))

    return score
