"""Where a model stands: reviews, even masked, leave for another country only behind an explicit switch (152-ФЗ)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from suggest.domain import InputError
from suggest.llm.adapter import Endpoint

RUSSIAN_PROVIDERS = frozenset({"gigachat"})
LOCAL_PROVIDERS = frozenset({"ollama", "ollama_chat", "llamafile", "lm_studio", "hosted_vllm", "docker_model_runner"})
"""What runs on the machine itself where no address is given."""

RUSSIAN_ZONES = (
    ".ru",
    ".xn--p1ai",
    ".рф",
    ".su",
    ".yandex.net",
    ".yandexcloud.net",
    ".cloud.yandex.net",
    ".vkcs.cloud",
)
INNER_ZONES = (".local", ".internal", ".lan", ".home.arpa", ".localhost", ".svc", ".cluster.local")


def check_hosting(endpoints: Iterable[Endpoint], foreign_allowed: bool) -> None:
    """Raises InputError for an endpoint that may be abroad, unless that is allowed."""
    for endpoint in endpoints:
        if not foreign_allowed and not is_home(endpoint):
            where = urlsplit(endpoint.base).hostname if endpoint.base else endpoint.name.partition("/")[0]
            raise InputError(
                "SUGGEST_MODEL_FOREIGN",
                f"{endpoint.name} at {where} may be outside Russia, and reviews would leave the country. Set "
                "SUGGEST_MODEL_FOREIGN=1 if that is intended, or if this address is a server of your own in Russia",
            )


def is_home(endpoint: Endpoint) -> bool:
    """Whether a model is hosted in Russia or by ourselves, as far as its name and address tell."""
    provider = endpoint.name.partition("/")[0]
    if endpoint.base:
        return _is_home_host(urlsplit(endpoint.base).hostname or "")
    return provider in RUSSIAN_PROVIDERS | LOCAL_PROVIDERS


def _is_home_host(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        named = f".{host.lower().rstrip('.')}"
        return "." not in named[1:] or named.endswith((*RUSSIAN_ZONES, *INNER_ZONES))
    return address.is_private or address.is_loopback
