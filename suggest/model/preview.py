"""What would be sent to a model: the walk with nobody at the other end, every question written down."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from suggest.domain import Usage
from suggest.model.questions import Answer, Deadline, Question


class Recorder:
    """The port `Model` over nobody: keeps the questions, and answers with the first thing that each allows."""

    def __init__(self) -> None:
        self.questions: list[Question] = []

    def ask(self, question: Question, deadline: Deadline) -> Answer:
        self.questions.append(question)
        values = {name: _first(form) for name, form in question.schema["properties"].items()}
        return Answer(values, "nobody", Usage())


def _first(form: Any) -> Any:
    return form["enum"][0] if "enum" in form else []


def written(questions: Iterable[Question]) -> str:
    """The questions for people to read: every message exactly as it is sent, and the form the answer must have."""
    parts = [
        f"=== {question.prompt}\n"
        + "\n".join(f"--- {message['role']}\n{message['content']}" for message in question.messages)
        + f"\n--- schema\n{json.dumps(question.schema, ensure_ascii=False)}"
        for question in questions
    ]
    return "\n\n".join(parts) or "Модели ничего не отправляется: спрашивать не о чем."
