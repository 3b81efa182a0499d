"""An event loop in a thread of its own, where a call can be broken off: a thread that waits on a socket cannot."""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

from suggest.domain import ModelFailed, Why

Result = TypeVar("Result")
_GRACE = 1.0
"""Seconds after the deadline in which a coroutine that keeps it itself may still clean up."""


class Loop:
    """Runs coroutines for other threads."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="suggest-model", daemon=True)
        self._thread.start()
        # A thread frozen by the interpreter's end in the midst of an import holds that import's lock for ever, and LiteLLM's
        # destructors import: the process would hang. So the thread ends first.
        atexit.register(self.stop)

    def stop(self) -> None:
        """Ends the thread after the step it is at; what still waits for an answer is left."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_GRACE * 10)

    def run(self, coroutine: Coroutine[Any, Any, Result], seconds: float) -> Result:
        """What the coroutine returns; raises ModelFailed when it takes longer."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result(seconds + _GRACE)
        except TimeoutError as error:
            future.cancel()
            raise ModelFailed(Why.TIMEOUT) from error


@cache
def loop() -> Loop:
    """The one loop of this process: LiteLLM keeps its connections by loop."""
    return Loop()
