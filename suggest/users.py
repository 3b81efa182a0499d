"""The commands on the console's users. A password is asked for or read from standard input, never an argument."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from contextlib import closing

from suggest.bootstrap import build_store
from suggest.domain import InputError
from suggest.settings import Settings

Add = Callable[[str, Callable[[argparse.Namespace, Settings], int], str], argparse.ArgumentParser]
WHO = "командная строка"
"""Who changed something, as the audit names it."""


def register(add: Add) -> None:
    """Adds the command to the command line."""
    acts = add("user", user, "who may use the console: add, list, password, disable, enable").add_subparsers(
        dest="act", required=True, metavar="ACT"
    )
    new = acts.add_parser("add", help="a new user; the password is asked for, or a line of standard input")
    new.add_argument("user", metavar="NAME", help="as in Usedesk, so that their replies are found")
    new.add_argument("--role", choices=["agent", "lead"], required=True)
    acts.add_parser("list", help="everybody, the disabled too")
    for act, about in (
        ("password", "another password; ends the user's sessions"),
        ("disable", "lets the user in no longer, and ends their sessions"),
        ("enable", "lets the user in again"),
    ):
        acts.add_parser(act, help=about).add_argument("user", metavar="NAME")


def user(options: argparse.Namespace, settings: Settings) -> int:
    from suggest.console.passwords import hashed

    with closing(build_store(settings)) as store:
        if options.act == "list":
            for kept in store.accounts.all():
                print(f"{kept.name}\t{kept.role}\t{'disabled' if kept.disabled_at else 'enabled'}")
            return 0
        if options.act == "add":
            done = store.accounts.add(options.user, options.role, hashed(_password(), options.user))
        elif options.act == "password":
            if store.accounts.find(options.user) is None:
                raise InputError("name", f"no such user: {options.user}")
            done = store.accounts.set_password(options.user, hashed(_password(), options.user))
        else:
            done = (store.accounts.disable if options.act == "disable" else store.accounts.enable)(options.user)
        store.audit.write(f"user_{options.act}", WHO, user=done.name, role=done.role)
    print(f"{options.act}: {done.name}, {done.role}")
    return 0


def _password() -> str:
    """Asked for twice at a terminal; else the first line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    given = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != given:
        raise InputError("password", "the two do not agree")
    return given
