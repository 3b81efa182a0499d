"""What the errors of LiteLLM mean here. They are told apart by name, so that telling imports nothing."""

from __future__ import annotations

from typing import Any

from suggest.domain import ModelFailed, Why

MEANING = {
    "Timeout": Why.TIMEOUT,
    "APITimeoutError": Why.TIMEOUT,
    "TimeoutError": Why.TIMEOUT,
    "RateLimitError": Why.LIMITED,
    "AuthenticationError": Why.DENIED,
    "PermissionDeniedError": Why.DENIED,
    "PaymentRequiredError": Why.DENIED,
    "BudgetExceededError": Why.DENIED,
    "BadRequestError": Why.REFUSED,
    "NotFoundError": Why.REFUSED,
    "UnprocessableEntityError": Why.REFUSED,
    "ModelNotMappedError": Why.REFUSED,
    "GuardrailRaisedException": Why.REFUSED,
    "BlockedPiiEntityError": Why.REFUSED,
    "ModifyResponseException": Why.REFUSED,
    "SensitiveDataRouteException": Why.REFUSED,
    "APIResponseValidationError": Why.GARBLED,
    "JSONDecodeError": Why.GARBLED,
    "APIConnectionError": Why.AWAY,
    "APIStatusError": Why.AWAY,
    "APIError": Why.AWAY,
    "OpenAIError": Why.AWAY,
}
"""By the name of the class or the nearest of its ancestors."""

STATUSES = {401: Why.DENIED, 402: Why.DENIED, 403: Why.DENIED, 408: Why.TIMEOUT, 429: Why.LIMITED}
"""What a status means where the error has only the most general name."""

NOT_THE_FORM = frozenset(
    {"ContextWindowExceededError", "ContentPolicyViolationError", "NotFoundError", "ImageFetchError"}
)
"""Refusals that another form of answer would not change."""


def why(error: BaseException) -> Why:
    """What the matter is; an error that nobody foresaw counts as the model being away."""
    if isinstance(error, ModelFailed):
        return error.why
    named = next((MEANING[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in MEANING), Why.AWAY)
    return STATUSES.get(getattr(error, "status_code", 0), named) if named is Why.AWAY else named


def refuses_form(error: BaseException, known: bool) -> bool:
    """Whether another form of answer is worth a try.

    `known`: this form has worked before; then only a plain refusal of it counts, not a breakdown or another answer.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & NOT_THE_FORM:
        return False
    if why(error) is Why.REFUSED:
        return True
    return not known and (why(error) is Why.GARBLED or ("InternalServerError" in names and _answered(error)))


def _answered(error: Any) -> bool:
    """Whether the server itself said that it broke down, as some do over a form they do not know."""
    return getattr(getattr(error, "response", None), "status_code", None) in {
        500,
        501,
    } and "onnection error" not in str(error)


def rest_asked(error: Any) -> float | None:
    """The seconds in a Retry-After header, as far as they are given as a number."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    given = str(headers.get("retry-after", ""))
    return float(given) if given.isdigit() else None
