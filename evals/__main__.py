"""`python -m evals`: one function a command. Exit 1 where a gate or a comparison fails, 2 on errors."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from rich.console import Console

from evals import baseline, show
from evals.baseline import LAST, LOGS
from evals.dataset import CasesError, EvalsError
from suggest.bootstrap import build_store, build_suggester
from suggest.domain import SuggestError
from suggest.phrasebank import load as load_bank
from suggest.pipeline import Suggester
from suggest.regulation import Phrasebank
from suggest.settings import Settings

Build = Callable[[Settings, Phrasebank], Suggester]


def main(arguments: Sequence[str] | None = None, build: Build = build_suggester) -> int:
    """Runs one command; `build` makes the service that is evaluated."""
    options = parser().parse_args(arguments)
    options.build = build
    try:
        return int(options.command(options))
    except (SuggestError, EvalsError, OSError) as error:
        print(f"evals {options.name}: {error}", file=sys.stderr)
        return 2


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser("python -m evals", description="The regulation as tests, the product in numbers.")
    commands = root.add_subparsers(dest="name", required=True, metavar="COMMAND")
    _run_options(commands.add_parser("run", help="evaluate; exit 1 where a gate on our own cases fails"))
    for name, command, about in (
        ("compare", _compare, "the newest run beside the baseline; exit 1 on a significant loss or a new harm"),
        ("bless", _bless, "make the newest run the baseline"),
        ("report", _report, "one HTML page in Russian"),
    ):
        added = commands.add_parser(name, help=about)
        added.set_defaults(command=command)
        added.add_argument(
            "result", metavar="RESULT", type=Path, nargs="?", default=LOGS / LAST, help="what run --json wrote"
        )
        if name == "report":
            added.add_argument("--out", metavar="FILE", type=Path, default=LOGS / "report.html")
    commands.add_parser("learn", help="the learning curve, for the report").set_defaults(command=_learn)
    drafts = commands.add_parser(
        "from-feedback", help="draft cases from agents' edits and overrulings, dangerous first"
    )
    drafts.set_defaults(command=_from_feedback)
    drafts.add_argument(
        "--files", metavar=("FEEDBACK", "SUGGESTIONS"), nargs=2, type=Path, help="JSON lines, not the store"
    )
    drafts.add_argument("--out", metavar="FILE", type=Path, help="default: standard output")
    return root


def _learn(options: argparse.Namespace) -> int:
    from evals.learning import write
    from suggest.show import progress

    with progress() as tell:
        print(write(Settings.read(), tell))
    return 0


def _run_options(run: argparse.ArgumentParser) -> None:
    run.set_defaults(command=_run)
    run.add_argument("--cases", metavar="FILE", type=Path, action="append", help="default: evals/cases/*.jsonl")
    run.add_argument(
        "--model", metavar="NAME", action="append", default=[], help="add a column for a model (LiteLLM's name)"
    )
    run.add_argument(
        "--parallel", metavar="N", type=int, default=8, help="so many reviews wait for a model at once (default: 8)"
    )
    run.add_argument("--json", metavar="OUT", type=Path, action="append", default=[])
    run.add_argument("--slice", metavar="S", help="N cases spread evenly, or a kind, a scenario, a flag")
    run.add_argument("--junit", metavar="FILE", type=Path)
    run.add_argument("--log-dir", metavar="DIR", type=Path, default=LOGS, help="for `inspect view`")
    run.add_argument("--robustness", action="store_true", help="perturb every plain case, not a slice of them")


def _run(options: argparse.Namespace) -> int:
    from evals.run import run

    return run(options, options.build)


def _compare(options: argparse.Namespace) -> int:
    before = baseline.load()
    if before is None:
        raise CasesError(["no baseline yet: python -m evals bless"])
    compared = baseline.compare(_result(options.result), before)
    show.comparison(compared, Console())
    return 1 if compared.faults else 0


def _bless(options: argparse.Namespace) -> int:
    result = _result(options.result)
    if not result["whole"]:
        raise CasesError([f"{options.result}: only a run of all of evals/cases can be the baseline"])
    baseline.bless(result)
    print(f"the baseline is now {options.result}: {result['n']} cases")
    return 0


def _report(options: argparse.Namespace) -> int:
    from evals.report import write

    write(_result(options.result), load_bank(Settings.read().phrasebank), options.out)
    print(options.out)
    return 0


def _from_feedback(options: argparse.Namespace) -> int:
    from evals.feedback import drafts, from_files, from_store

    settings = Settings.read()
    bank = load_bank(settings.phrasebank)
    if options.files:
        found = drafts(from_files(*options.files), bank)
    else:
        with closing(build_store(settings)) as store:
            found = drafts(from_store(store), bank)
    text = "".join(json.dumps(draft, ensure_ascii=False) + "\n" for draft in found)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
        print(f"{len(found)} draft cases in {options.out}, the dangerous first", file=sys.stderr)
    else:
        sys.stdout.write(text)
    return 0


def _result(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise CasesError([f"{path}: no such result; python -m evals run writes one"])
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result


if __name__ == "__main__":
    sys.exit(main())
