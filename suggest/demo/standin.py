"""The stand-in for Usedesk as an application and as a process of its own: `python -m suggest.demo.standin`."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading
from contextlib import suppress
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse

from suggest.demo.account import TOKEN
from suggest.demo.pages import Pages
from suggest.demo.rest import Rest
from suggest.demo.state import Helpdesk
from suggest.demo.tell import Teller

STYLE = Path(__file__).parent / "templates" / "usedesk.css"
BLOCK_VARIABLE, WEBHOOK_VARIABLE = "STANDIN_BLOCK_SECRET", "STANDIN_WEBHOOK_SECRET"
"""The names of the variables by which the process is told the service's secrets: a command line can be seen by others."""


def create_app(teller: Teller | None = None, helpdesk: Helpdesk | None = None) -> FastAPI:
    """The stand-in's pages and API over a helpdesk in memory."""
    app = FastAPI(title="Usedesk, a stand-in", docs_url=None, redoc_url=None)
    rest = Rest(helpdesk or Helpdesk(), teller or Teller(), TOKEN)
    app.state.rest = rest
    app.include_router(rest.router())
    app.include_router(Pages(rest).router())

    @app.get("/usedesk.css")
    def style() -> FileResponse:
        return FileResponse(STYLE, media_type="text/css")

    return app


def main() -> None:
    """Serves until asked to stop or until the parent is gone; prints its port once it listens."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--service", required=True, help="the address of the service")
    options = parser.parse_args()
    listener = listening(options.host, options.port)
    teller = Teller(options.service, os.environ.get(BLOCK_VARIABLE, ""), os.environ.get(WEBHOOK_VARIABLE, ""))
    config = uvicorn.Config(create_app(teller), log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    threading.Thread(target=_stop_with_parent, args=(server,), daemon=True).start()
    print(listener.getsockname()[1], flush=True)  # noqa: T201
    with suppress(KeyboardInterrupt):
        server.run([listener])
    teller.close()


def listening(host: str, port: int) -> socket.socket:
    """A socket on this port, or on any free one where it is taken."""
    for wanted in (port, 0):
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, wanted))
            listener.listen(128)
            return listener
        except OSError:
            listener.close()
    raise OSError(f"no free port on {host}")


def _stop_with_parent(server: uvicorn.Server) -> None:
    """The parent holds our standard input; when it ends, however it ends, there is nothing more to read."""
    sys.stdin.buffer.read()
    server.should_exit = True


if __name__ == "__main__":
    main()
