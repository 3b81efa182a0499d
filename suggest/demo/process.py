"""Starts the stand-in as a second process that ends with this one."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from suggest.demo.account import TOKEN, USERS
from suggest.demo.standin import BLOCK_VARIABLE, WEBHOOK_VARIABLE
from suggest.settings import Settings

ENDING_SECONDS = 5


def for_demo(settings: Settings) -> Settings:
    """The settings with what a newcomer is to see switched on, unless it is switched off by name."""
    return settings.model_copy(update={"return_code": settings.return_code is not False})


@contextmanager
def standin(settings: Settings) -> Iterator[Settings]:
    """The stand-in beside a service with these settings; gives them back with the stand-in in place of Usedesk.

    Whatever account is set, the demo never touches it.
    """
    ours = settings.model_copy(
        update={
            "usedesk_api_token": TOKEN,
            "usedesk_webhook_secret": secrets.token_urlsafe(16),
            "usedesk_user_id": USERS[0]["id"],
            "usedesk_filing": True,
        }
    )
    process = _started(ours)
    try:
        port = _line(process)
        if not port.isdigit():
            raise OSError("the stand-in for Usedesk did not start")
        address = f"http://{_host(settings)}:{port}"
        framing = f"{ours.frame_ancestors} {address} http://localhost:{port}"
        tickets = f"{address}/tickets/{{id}}"
        update = {"usedesk_api_base": address, "usedesk_ticket_url": tickets, "frame_ancestors": framing}
        yield ours.model_copy(update=update)
    finally:
        _ended(process)


def _started(settings: Settings) -> subprocess.Popen[str]:
    service = f"http://{_host(settings)}:{settings.port}"
    command = [sys.executable, "-m", "suggest.demo.standin", "--host", settings.host, "--service", service]
    environment = os.environ | {
        BLOCK_VARIABLE: settings.usedesk_block_secret,
        WEBHOOK_VARIABLE: settings.usedesk_webhook_secret,
    }
    return subprocess.Popen(  # noqa: S603
        [*command, "--port", str(settings.port + 1 if settings.port < 65535 else 0)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
        start_new_session=True,
    )


def _host(settings: Settings) -> str:
    """Where this machine reaches itself."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    return f"[{host}]" if ":" in host else host


def _ended(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()
    try:
        process.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _line(process: subprocess.Popen[str]) -> str:
    """What the process says first; "" where it ends without a word."""
    return process.stdout.readline().strip() if process.stdout else ""
