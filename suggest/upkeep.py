"""The commands on what is kept: reminders, retention, erasure, export, the approval queue and the withdrawal of phrases."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from suggest.bootstrap import build_bank, build_mailer, build_store
from suggest.domain import InputError, Platform
from suggest.settings import Settings

if TYPE_CHECKING:
    from suggest.store.approval import Candidate
    from suggest.store.register import Filter

Add = Callable[[str, Callable[[argparse.Namespace, Settings], int], str], argparse.ArgumentParser]


def register(add: Add) -> None:
    """Adds the commands to the command line."""
    add("remind", remind, "remind departments that have not answered within 24 hours; for cron, every few minutes")
    add("purge", purge, "forget the texts of reviews older than SUGGEST_RETENTION_DAYS; counts stay")
    person = add("erase", erase, "forget every text of one person, ticket or suggestion; counts stay")
    whom = person.add_mutually_exclusive_group(required=True)
    whom.add_argument("--author", metavar="NAME", help="who wrote the review or is named as its client")
    whom.add_argument("--ticket", metavar="ID")
    whom.add_argument("--suggestion", metavar="ID")
    _add_export(add)
    queue = add(
        "candidates", candidates, "what may be learnt from feedback: list, approve, decline, or print as a patch"
    )
    act = queue.add_mutually_exclusive_group()
    act.add_argument("--approve", type=int, metavar="ID")
    act.add_argument("--decline", type=int, metavar="ID")
    act.add_argument("--patch", action="store_true", help="approved candidates and withdrawn phrases, for git apply")
    queue.add_argument("--by", metavar="NAME", help="who decides")
    queue.add_argument("--wording", metavar="TEXT", help="approve in these words")
    _add_withdrawal(add)
    week = add("summary", summary, "what the company should mend: the week's complaints, spikes and typical reviews")
    week.add_argument(
        "--until", type=date.fromisoformat, metavar="DATE", help="the week's last day; default: yesterday"
    )
    where = week.add_mutually_exclusive_group()
    where.add_argument("--out", type=Path, metavar="FILE", help="an HTML file with charts; default: text to stdout")
    where.add_argument("--mail", metavar="TO", help="send it over SUGGEST_SMTP_URL, the HTML file attached")


def _add_export(add: Add) -> None:
    table = add("export", export, "the register, newest first, to standard output")
    table.add_argument("--format", choices=["csv", "jsonl"], default="csv")
    table.add_argument("--platform", choices=[platform.value for platform in Platform])
    table.add_argument("--state", choices=["open", "done"], help="open: «исполнение», done: «исполнено»")
    for name in ("branch", "scenario", "agent", "flag"):
        table.add_argument(f"--{name}")
    table.add_argument("--since", type=datetime.fromisoformat, metavar="DATE")
    table.add_argument("--until", type=datetime.fromisoformat, metavar="DATE", help="exclusive")
    table.add_argument("--search", metavar="WORDS")


def _add_withdrawal(add: Add) -> None:
    phrase = add("withdraw", withdraw, "offer a phrase no longer, from now on, in every replica")
    phrase.add_argument("phrase", metavar="PHRASE")
    phrase.add_argument("--by", metavar="NAME", required=True)
    phrase.add_argument("--why", metavar="TEXT")
    phrase.add_argument("--restore", action="store_true", help="take the withdrawal back")


def remind(options: argparse.Namespace, settings: Settings) -> int:
    from suggest.bootstrap import build_reminding

    failed = 0
    with closing(build_store(settings)) as store:
        reminding = build_reminding(settings, build_bank(settings), store)
        with closing(reminding.client):
            for reminded in reminding.run():
                print(reminded, flush=True)
                failed += reminded.result == "failed"
    return 1 if failed else 0


def purge(options: argparse.Namespace, settings: Settings) -> int:
    with closing(build_store(settings)) as store:
        emptied = store.retention.purge(settings.retention_days, store.clock())
    print(f"{emptied} suggestions emptied of texts older than {settings.retention_days} days")
    return 0


def erase(options: argparse.Namespace, settings: Settings) -> int:
    whom = {"author": options.author, "ticket_id": options.ticket, "suggestion_id": options.suggestion}
    with closing(build_store(settings)) as store:
        emptied = store.retention.erase(**whom)
    print(f"{emptied} suggestions emptied of texts")
    return 0 if emptied else 1


def export(options: argparse.Namespace, settings: Settings) -> int:
    from suggest.store.export import write

    sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
    with closing(build_store(settings)) as store:
        write(store.register.every(_filter(options)), sys.stdout, options.format)
    return 0


def candidates(options: argparse.Namespace, settings: Settings) -> int:
    from suggest.store.patch import patch

    bank = build_bank(settings)
    with closing(build_store(settings)) as store:
        queue = store.candidates(bank)
        if options.patch:
            print(patch(bank, queue.queue("approved"), store.phrases.withdrawn()), end="")
        elif options.approve is not None:
            print(_line(queue.approve(options.approve, _by(options), options.wording)))
        elif options.decline is not None:
            queue.decline(options.decline, _by(options))
        else:
            for candidate in queue.queue():
                print(_line(candidate))
    return 0


def withdraw(options: argparse.Namespace, settings: Settings) -> int:
    if options.phrase not in build_bank(settings).phrases:
        raise InputError("phrase", f"no such phrase: {options.phrase}")
    with closing(build_store(settings)) as store:
        turn = store.phrases.restore if options.restore else store.phrases.withdraw
        done = turn(options.phrase, options.by, options.why)
    print("done" if done else "nothing to do")
    return 0


def summary(options: argparse.Namespace, settings: Settings) -> int:
    from suggest.mail import Attachment, Letter
    from suggest.mend import mend
    from suggest.summary import html, subject, text

    bank, mailer = build_bank(settings), build_mailer(settings)
    if options.mail and mailer is None:
        raise InputError("SUGGEST_SMTP_URL", "no mail is sent: set the server, or write the summary with --out FILE")
    with closing(build_store(settings)) as store:
        last = options.until or store.clock().astimezone(settings.zone).date() - timedelta(days=1)
        found = mend(store, bank, last, settings.zone)
    if options.out:
        options.out.write_text(html(found, bank), encoding="utf-8")
    elif options.mail and mailer:
        page = Attachment(f"summary-{last}.html", "text/html", html(found, bank).encode())
        mailer.send(Letter(options.mail, subject(found), text(found, bank), "", (page,), f"summary-{last}"))
    else:
        print(text(found, bank), end="")
    return 0


def _by(options: argparse.Namespace) -> str:
    if not options.by:
        raise InputError("--by", "say who decides")
    return str(options.by)


def _filter(options: argparse.Namespace) -> Filter:
    from suggest.store.register import Filter

    named = {name: getattr(options, name) for name in ("platform", "state", "branch", "scenario", "agent", "flag")}
    return Filter(**named, since=options.since, until=options.until, q=options.search)


def _line(candidate: Candidate) -> str:
    place = candidate.scenarios[0] if candidate.kind == "exemplar" else candidate.slot
    mark = " (personal data)" if candidate.personal else ""
    text = json.dumps(candidate.text, ensure_ascii=False)
    return f"{candidate.id}\t{candidate.kind}\t{place}\t{candidate.times}×{mark}\t{text}"
