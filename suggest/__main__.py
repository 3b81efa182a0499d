"""The command line, installed as `suggest`: one function a command, errors as one line on stderr with exit 2."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from suggest import upkeep, users
from suggest.bootstrap import (
    Service,
    build,
    build_bank,
    build_checker,
    build_model_suggester,
    build_preview,
    build_store,
    build_suggester,
    served,
    setup,
)
from suggest.domain import Client, InputError, PhrasebankError, Platform, Review, Severity, SuggestError
from suggest.settings import Settings

Command = Callable[[argparse.Namespace, Settings], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    options = parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options, Settings.read())
    except PhrasebankError as error:
        print(error, file=sys.stderr)
        return 1 if options.name == "lint" else 2
    except (SuggestError, OSError) as error:
        print(f"suggest {options.name}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 2


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser("suggest", description="Reply suggestions built only from approved phrases.")
    commands = root.add_subparsers(dest="name", required=True, metavar="COMMAND")

    def add(name: str, command: Command, about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about)
        added.set_defaults(command=command)
        return added

    single = add("one", one, "one review as JSON in, one suggestion out")
    single.add_argument("file", metavar="FILE", help="a JSON file, or - for standard input")
    single.add_argument("--scenario", metavar="ID", help="override the match")
    single.add_argument("--text", action="store_true", help="print it for people instead of as JSON")
    single.add_argument("--show-prompt", action="store_true", help="print what a model would be sent; sends nothing")
    many = add("batch", batch, "JSON lines in, JSON lines out, in order; resumes where it stopped")
    many.add_argument("source", metavar="IN.jsonl", type=Path)
    many.add_argument("target", metavar="OUT.jsonl", type=Path)
    reply = add("check", check, "what the regulation has against a reply text")
    reply.add_argument("file", metavar="FILE", help="a text file, or - for standard input")
    reply.add_argument("--scenario", metavar="ID")
    reply.add_argument("--platform", metavar="P", choices=[platform.value for platform in Platform])
    reply.add_argument("--client-known", action="store_true")
    reply.add_argument("--json", action="store_true")
    add("lint", lint, "every fault of the phrasebank, with file and id")
    add("serve", serve, "the HTTP service")
    shown = add("demo", demo, "sample reviews and their suggestions, then the HTTP service and a stand-in for Usedesk")
    shown.add_argument("--no-history", action="store_true", help="start with no month of history behind it")
    add("setup", prepare, "build the encoder and fit the matcher into the cache")
    add("train", train, "fine-tune the encoder on the exemplars: takes minutes, writes suggest/tuned.safetensors")
    upkeep.register(add)
    users.register(add)
    add("doctor", doctor, "check the Usedesk account and our settings for it, and say what to mend")
    add("config", config, "the settings in force, secrets not shown")
    return root


def one(options: argparse.Namespace, settings: Settings) -> int:
    from suggest import parse, show

    review, bank = parse.review(_read(options.file)), build_bank(settings)
    if options.show_prompt:
        print(build_preview(settings, bank)(review, options.scenario))
        return 0
    made = build_model_suggester(settings, bank).suggest(review, options.scenario)
    print(show.suggestion(made, bank) if options.text else made.model_dump_json(indent=2))
    return 0


def batch(options: argparse.Namespace, settings: Settings) -> int:
    from suggest.batch import run

    lines = options.source.read_bytes().splitlines()
    return 1 if run(lines, options.target, build_suggester(settings)) else 0


def check(options: argparse.Namespace, settings: Settings) -> int:
    from suggest import show

    bank = build_bank(settings)
    text = _text(_read(options.file))
    review = None
    if options.platform or options.scenario or options.client_known:
        review = Review(platform=options.platform or Platform.OTHER, client=Client(known=options.client_known))
    findings = build_checker(settings, bank).check(text, review, options.scenario)
    if options.json:
        print(
            json.dumps(
                {"findings": [finding.model_dump(mode="json") for finding in findings]}, ensure_ascii=False, indent=2
            )
        )
    else:
        print(show.findings(findings, text))
    return 1 if any(finding.severity is Severity.ERROR for finding in findings) else 0


def lint(options: argparse.Namespace, settings: Settings) -> int:
    from suggest.lint import faults, summary

    bank = build_bank(settings)
    found = faults(bank)
    for fault in found:
        print(fault)
    print(summary(bank), file=sys.stderr)
    return 1 if found else 0


def serve(options: argparse.Namespace, settings: Settings) -> int:
    return _served(build(settings))


def demo(options: argparse.Namespace, settings: Settings) -> int:
    from suggest import show
    from suggest.demo.history import AGENTS, LEAD, REVIEWS, demo_store, let_in, today
    from suggest.demo.process import for_demo, standin
    from suggest.demo.samples import SAMPLES

    settings = for_demo(settings)
    bank = build_bank(settings)
    suggester = build_suggester(settings, bank)
    for review in SAMPLES:
        print(show.suggestion(suggester.suggest(review), bank), end="\n\n", flush=True)
    with standin(settings) as ours:
        with show.progress() as tell:
            size = 0 if options.no_history else REVIEWS
            url = demo_store(settings.cache, suggester, today(), tell, size)
        ours = ours.model_copy(update={"database_url": url})
        store = build_store(ours)
        password = let_in(store)
        console = f"http://{ours.host}:{ours.port}/console"
        print(f"Usedesk (макет): {ours.usedesk_api_base}/", file=sys.stderr)
        print(f"Консоль: {console} — «{LEAD}» или «{AGENTS[0]}», пароль {password}", file=sys.stderr, flush=True)
        return _served(served(ours, bank, suggester, store, open_block=True))


def _served(service: Service) -> int:
    import uvicorn

    from suggest.api import create_app

    app, settings = create_app(service), service.settings
    print(f"suggest: http://{settings.host}:{settings.port}/", file=sys.stderr, flush=True)
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning")
    return 0


def prepare(options: argparse.Namespace, settings: Settings) -> int:
    from suggest.show import progress

    with progress() as tell:
        setup(settings, tell)
    return 0


def train(options: argparse.Namespace, settings: Settings) -> int:
    from suggest.encoder import TUNED
    from suggest.phrasebank import load_exemplars
    from suggest.show import progress
    from suggest.train import train as run

    with progress() as tell:
        numbers = run(load_exemplars(settings.phrasebank), TUNED, tell=tell)
    for when, measured in numbers.items():
        print(f"{when:7}", *(f"{name} {value:.3f}" for name, value in measured.items()))
    return 0


def doctor(options: argparse.Namespace, settings: Settings) -> int:
    from suggest.bootstrap import build_doctor

    asked, levels = build_doctor(settings), []
    with closing(asked.client):
        for check in asked.examine():
            print(check, flush=True)
            levels.append(check.level)
    return 1 if "error" in levels else 0


def config(options: argparse.Namespace, settings: Settings) -> int:
    print(json.dumps(settings.shown(), ensure_ascii=False, indent=2))
    return 0


def _read(file: str) -> bytes:
    return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()


def _text(data: bytes) -> str:
    from suggest.domain import MAX_TEXT

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("text", f"not UTF-8: byte {error.start} cannot be read") from error
    if len(text) > MAX_TEXT:
        raise InputError("text", f"at most {MAX_TEXT:,} characters are allowed, here are {len(text):,}")
    return text.strip("\n")


if __name__ == "__main__":
    sys.exit(main())
