"""What can go wrong between us and Usedesk, one class for each kind; no text of these holds a token or client data."""

from __future__ import annotations

import re

from suggest.domain import SuggestError


class UsedeskError(SuggestError):
    """The root; `advice` tells an agent in Russian what happened and what helps."""

    advice = "Usedesk ответил ошибкой. Нажмите «Обновить» через минуту; если не поможет, сообщите администратору."


class UsedeskUnset(UsedeskError):
    """No API token is set, so nothing can be asked."""

    advice = "Подсказчик не подключён к Usedesk: администратору нужно задать токен API."


class UsedeskUnreachable(UsedeskError):
    """No connection, no answer in time, or a server error."""

    advice = "Usedesk сейчас не отвечает. Нажмите «Обновить» через минуту."


class UsedeskBusy(UsedeskError):
    """Too many requests; `retry_after` is how many seconds it asks to wait."""

    advice = "Usedesk просит подождать: слишком много запросов. Нажмите «Обновить» через минуту."

    def __init__(self, text: str, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class UsedeskDenied(UsedeskError):
    """The token is not accepted."""

    advice = "Usedesk не принимает токен подсказчика. Сообщите администратору: токен пора проверить."


class UsedeskNotFound(UsedeskError):
    """There is no such ticket, or it is not shown to this token."""

    advice = "Usedesk не показывает этот тикет подсказчику: тикет удалён, объединён или закрыт для токена."


class UsedeskRefused(UsedeskError):
    """The request was understood and refused."""


class UsedeskGarbled(UsedeskError):
    """The answer is not what the documentation promises."""

    advice = "Usedesk ответил непонятно. Нажмите «Обновить»; если повторится, сообщите администратору."


_KINDS: tuple[tuple[re.Pattern[str], type[UsedeskError]], ...] = (
    (re.compile(r"too many|rate.?limit|throttl|слишком (?:много|часто)|лимит", re.I), UsedeskBusy),
    (re.compile(r"token|токен|unauthori[sz]ed|forbidden|access denied|нет доступа|доступ запрещ", re.I), UsedeskDenied),
    (re.compile(r"not (?:found|exist)|no such|не найден|не существует", re.I), UsedeskNotFound),
)
_STATUSES = {401: UsedeskDenied, 403: UsedeskDenied, 404: UsedeskNotFound, 429: UsedeskBusy}
SERVER_ERROR = 500
CLIENT_ERROR = 400


def of_status(method: str, status: int, retry_after: float | None) -> UsedeskError | None:
    """The error that an HTTP status alone stands for; None where the body decides."""
    if status == 429:
        return UsedeskBusy(f"{method}: HTTP 429", retry_after)
    if status >= SERVER_ERROR:
        return UsedeskUnreachable(f"{method}: HTTP {status}")
    kind = _STATUSES.get(status)
    return kind(f"{method}: HTTP {status}") if kind else None


def of_answer(method: str, said: str, code: object) -> UsedeskError:
    """The error that a body reports, whatever the HTTP status; codes are not documented, so its words decide."""
    kind = next((kind for pattern, kind in _KINDS if pattern.search(said)), UsedeskRefused)
    return kind(f"{method}: {said[:200]} (code {str(code)[:20]})")
