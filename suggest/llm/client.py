"""The one module that imports LiteLLM: without telemetry, downloads, `.env` files or texts in its logs."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from suggest.llm.adapter import Endpoint

MOST_BYTES = 1_000_000
"""Of a response; a longer one is broken off."""

_ENVIRONMENT = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_OFFLINE_MODE": "true", "LITELLM_MODE": "PRODUCTION"}
"""Read by LiteLLM when it is imported: its own price list, nothing fetched, no `.env` file loaded."""

_LOGGERS = ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "openai", "httpx", "httpcore")


def make_router(endpoints: Iterable[Endpoint]) -> Any:
    """A router over the endpoints, each a group of its own under its LiteLLM name."""
    litellm = _import()
    models = [{"model_name": endpoint.name, "litellm_params": _reached(endpoint)} for endpoint in endpoints]
    return litellm.Router(model_list=models, num_retries=0, retry_after=0, disable_cooldowns=True)


async def rehearse(router: Any, name: str) -> None:
    """Goes through a call without making one: what LiteLLM imports at its first call, it imports here."""
    with suppress(Exception):
        await router.acompletion(model=name, messages=[{"role": "user", "content": "-"}], mock_response="-")


def _import() -> Any:
    os.environ.update(_ENVIRONMENT)
    import litellm

    litellm.suppress_debug_info = True
    litellm.turn_off_message_logging = True
    litellm.drop_params = True
    if litellm.aclient_session is None:
        litellm.aclient_session = httpx.AsyncClient(transport=Bounded(), follow_redirects=False)
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return litellm


def _reached(endpoint: Endpoint) -> dict[str, Any]:
    params: dict[str, Any] = {"model": endpoint.name}
    if endpoint.base:
        # A self-hosted server asks for no key, its client does; and a key of the environment is not for this address.
        params |= {"api_base": endpoint.base, "api_key": endpoint.key or "none"}
    elif endpoint.key:
        params["api_key"] = endpoint.key
    return params


class Bounded(httpx.AsyncBaseTransport):
    """HTTP in which a response may neither be endless nor drip in longer than its read time-out allows in all."""

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=_BoundedStream(response.stream, request),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


class _BoundedStream(httpx.AsyncByteStream):
    def __init__(self, inner: Any, request: httpx.Request) -> None:
        self._inner, self._request = inner, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        allowed = self._request.extensions.get("timeout", {}).get("read")
        until = time.monotonic() + allowed if allowed else float("inf")
        size = 0
        async for chunk in self._inner:
            size += len(chunk)
            if size > MOST_BYTES:
                raise httpx.ReadError("the response is too long", request=self._request)
            if time.monotonic() > until:
                raise httpx.ReadTimeout("the response takes too long", request=self._request)
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()
