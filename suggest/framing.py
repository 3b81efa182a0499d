"""Which pages may hold ours in a frame: a header on every answer, so that no stranger's page can trick an agent's clicks."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class FrameAncestors:
    """ASGI middleware: only our own pages and these `ancestors` (sources of a CSP, a space between them) may frame ours.

    A page that says itself who may, such as the console's, is left alone.
    """

    def __init__(self, app: ASGIApp, ancestors: str) -> None:
        self.app = app
        self.policy = " ".join(f"frame-ancestors 'self' {ancestors}".split())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                own = headers.get("Content-Security-Policy")
                if "frame-ancestors" not in (own or ""):
                    headers["Content-Security-Policy"] = f"{own}; {self.policy}" if own else self.policy
            await send(message)

        await self.app(scope, receive, marked if scope["type"] == "http" else send)
