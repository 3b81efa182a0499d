"""Renders the widget's pages and fragments from `suggest/web/templates`, every text escaped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from fastapi import Form
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from suggest.domain import MAX_TEXT

Said = Annotated[str, Form(max_length=MAX_TEXT)]
Agent = Annotated[str, Form(max_length=40)]
"""The id of the user of Usedesk who sits before the page, as it sends it; "" while nobody is chosen."""
Shown = Annotated[int, Form(ge=0)]
"""The revision that the page shows."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "form-action 'none'; base-uri 'none'"
)
"""Only our own files; which pages may frame the widget is added by `suggest.framing`."""


def page(name: str, status: int = 200, **context: Any) -> HTMLResponse:
    """An answer that no cache keeps and no other site learns the address of."""
    headers = {
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(render(name, context), status, headers)


def render(name: str, context: Mapping[str, Any]) -> str:
    return _environment().get_template(name).render(context)


@cache
def _environment() -> Environment:
    loader = PackageLoader("suggest", "web/templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
