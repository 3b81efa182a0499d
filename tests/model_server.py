"""A real HTTP server on loopback that speaks chat completions, well or badly, as a test tells it."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.fakes import PATIENCE

Body = dict[str, Any]


@dataclass
class Exchange:
    """A request under way; a behaviour answers it by one of the methods."""

    handler: BaseHTTPRequestHandler
    body: Body
    stopped: threading.Event
    schema: Mapping[str, Any] | None

    def sends(self, status: int, content: Any, headers: Mapping[str, str] | None = None) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode()
        self.handler.send_response(status)
        fields = {"Content-Type": "application/json", "Content-Length": str(len(data)), **(headers or {})}
        for name, value in fields.items():
            self.handler.send_header(name, value)
        self.handler.end_headers()
        self.handler.wfile.write(data)

    def says(self, content: str | None, calls: list[Any] | None = None) -> None:
        """A proper completion with this content."""
        message = {"role": "assistant", "content": content} | ({"tool_calls": calls} if calls else {})
        self.sends(
            200,
            {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1,
                "model": self.body["model"],
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
                "usage": {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050},
            },
        )

    def sleeps(self, seconds: float) -> None:
        """Waits, but no longer than the server lives."""
        self.stopped.wait(seconds)


Behaviour = Callable[[Exchange], None]


def says(content: str | None) -> Behaviour:
    """Answers with this text, whatever was asked."""
    return lambda exchange: exchange.says(content)


def fails(status: int, headers: Mapping[str, str] | None = None) -> Behaviour:
    return lambda exchange: exchange.sends(status, {"error": {"message": f"status {status}", "type": "error"}}, headers)


def chooses(**picks: str) -> Behaviour:
    """Answers every question well: the last id that the schema allows in each place, or the one picked here."""

    def choose(exchange: Exchange) -> None:
        answer = json.dumps(well(exchange.schema or {}, picks), ensure_ascii=False)
        tools = exchange.body.get("tools")
        if tools:
            call = {"name": tools[0]["function"]["name"], "arguments": answer}
            exchange.says(None, [{"id": "call_1", "type": "function", "function": call}])
        else:
            exchange.says(answer)

    return choose


def well(schema: Mapping[str, Any], picks: Mapping[str, str]) -> Body:
    """An object that the schema allows; lists are left empty."""
    return {
        name: picks.get(name, form["enum"][-1]) if "enum" in form else [] for name, form in schema["properties"].items()
    }


def knows_only(*forms: str, otherwise: int = 400) -> Behaviour:
    """Refuses every form of answer but these: json_schema, json_object, tools, text."""

    def answer(exchange: Exchange) -> None:
        (chooses() if form_of(exchange.body) in forms else fails(otherwise))(exchange)

    return answer


def form_of(body: Body) -> str:
    if body.get("tools"):
        return "tools"
    return str((body.get("response_format") or {}).get("type", "text"))


def half_a_json(exchange: Exchange) -> None:
    exchange.says(json.dumps(well(exchange.schema or {}, {}))[:-15])


def duplicate_keys(exchange: Exchange) -> None:
    first = json.dumps(well(exchange.schema or {}, {}))
    exchange.says(f"{first[:-1]}, {first[1:]}")


def error_in_200(exchange: Exchange) -> None:
    exchange.sends(200, {"error": {"message": "overloaded", "type": "server_error"}})


def hangs(exchange: Exchange) -> None:
    exchange.sleeps(10 * PATIENCE)


def drips(exchange: Exchange) -> None:
    """A proper head, then a byte now and then, for ever."""
    handler = exchange.handler
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    while not exchange.stopped.is_set():
        handler.wfile.write(b" ")
        handler.wfile.flush()
        exchange.sleeps(0.1)


def resets(exchange: Exchange) -> None:
    connection = exchange.handler.connection
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    exchange.handler.close_connection = True


def enormous(exchange: Exchange) -> None:
    """A gigabyte is announced, and sent as long as somebody reads."""
    handler = exchange.handler
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(10**9))
    handler.end_headers()
    for _ in range(10**9 // 65536):
        handler.wfile.write(b" " * 65536)


def after(seconds: float, then: Behaviour) -> Behaviour:
    """Thinks first."""

    def late(exchange: Exchange) -> None:
        exchange.sleeps(seconds)
        then(exchange)

    return late


@dataclass
class ModelServer:
    """Answers by model name, else by `behaviour`; keeps what it was sent."""

    url: str
    behaviour: Behaviour = field(default_factory=chooses)
    models: dict[str, Behaviour] = field(default_factory=dict)
    bodies: list[Body] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    schemas: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """By model: of the last request that came with one; a model asked in plain text still knows it."""
    under_way: int = 0
    most: int = 0
    """So many requests at most were under way together."""
    change: threading.Condition = field(default_factory=threading.Condition)

    def together(self, count: int) -> bool:
        """Waits until so many requests have been under way together; whether that came."""
        with self.change:
            return self.change.wait_for(lambda: self.most >= count, PATIENCE)

    @property
    def asked(self) -> list[str]:
        """The models that were asked, in order."""
        return [body["model"] for body in self.bodies]

    @property
    def said(self) -> str:
        """Everything that it was sent."""
        return json.dumps(self.bodies, ensure_ascii=False)


def _schema_of(body: Body) -> Mapping[str, Any] | None:
    form = body.get("response_format") or {}
    if body.get("tools"):
        return body["tools"][0]["function"]["parameters"]
    return (form.get("json_schema") or {}).get("schema") or form.get("schema")


class Listening(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """Runs until the block is left."""
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None: ...

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kept.bodies.append(body)
            kept.keys.append(self.headers.get("Authorization"))
            model = body["model"]
            if schema := _schema_of(body):
                kept.schemas[model] = schema
            with kept.change:
                kept.under_way += 1
                kept.most = max(kept.most, kept.under_way)
                kept.change.notify_all()
            try:
                kept.models.get(model, kept.behaviour)(Exchange(self, body, stopped, kept.schemas.get(model)))
            except OSError:
                self.close_connection = True
            finally:
                with kept.change:
                    kept.under_way -= 1

    server = Listening(("127.0.0.1", 0), Handler)
    kept = ModelServer(f"http://127.0.0.1:{server.server_port}/v1")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield kept
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
        time.sleep(0.02)
