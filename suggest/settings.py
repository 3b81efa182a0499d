"""Everything that can be set from outside: the one reader of the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError

from suggest.domain import Frozen, InputError
from suggest.parse import faults

PREFIX = "SUGGEST_"
PROJECT = Path(__file__).parent.parent
SECRETS = frozenset(
    {
        "api_keys",
        "secret",
        "model_api_key",
        "usedesk_api_token",
        "usedesk_block_secret",
        "usedesk_webhook_secret",
        "smtp_url",
        "notify_webhook",
        "lookup_key",
    }
)


class Settings(Frozen):
    """Everything that can be set from outside, each field by `SUGGEST_` and its name in capitals."""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    database_url: str = ""
    """sqlite:///FILE or postgresql://HOST/NAME; empty: a SQLite file in the cache."""
    retention_days: int = Field(default=180, ge=1)
    """How long the texts of a review are kept; counts stay."""
    phrasebank: Path = PROJECT / "phrasebank"
    cache: Path = PROJECT / ".cache" / "suggest"
    encoder: str = "multilingual-e5-small"
    threads: int | None = Field(default=None, ge=1)
    api_keys: str = ""
    """Comma-separated; empty: the API is open."""
    usedesk_api_base: str = "https://api.usedesk.ru"
    usedesk_api_token: str = ""
    usedesk_ticket_url: str = "https://secure.usedesk.ru/tickets/{id}"
    """Where an agent's browser opens a ticket; {id} is its number."""
    usedesk_block_secret: str = ""
    """Empty: the block is refused with a message, but in the demo."""
    usedesk_webhook_secret: str = ""
    """Empty: webhooks are refused."""
    usedesk_user_id: int | None = Field(default=None, ge=1)
    """In whose name tickets are written to."""
    usedesk_mail_channel: int | None = Field(default=None, ge=1)
    """The mail channel of Usedesk through which requests to stores and departments leave; unset: Usedesk's choice."""
    usedesk_filing: bool = False
    """Whether priority and tags are written to new tickets; needs token and user."""
    frame_ancestors: str = "https://*.usedesk.ru https://*.usedesk.com"
    """Which pages may hold ours in a frame: sources of a Content-Security-Policy, a space between them."""
    prompts: Path = PROJECT / "prompts"
    model: str = ""
    """A LiteLLM name, such as gigachat/GigaChat-2 or openai/NAME at an address of our own; empty: no model is asked."""
    model_api_base: str = ""
    model_api_key: str = ""
    model_fallbacks: str = ""
    """Comma-separated: NAME at the model's own address, or NAME@URL, its key as the URL's password."""
    model_deadline: float = Field(default=8, gt=0, le=60)
    """Seconds for everything that is asked for one suggestion."""
    model_budget: str = ""
    """So many calls a day, or «2000000 tokens», or «500 cost»; empty: no limit."""
    model_price: str = ""
    """IN/OUT for a million tokens, in the currency that the budget's cost is counted in."""
    model_foreign: bool = False
    """Whether a model may stand outside Russia."""
    model_tasks: str = "scenario,choose,tone"
    timezone: str = "Europe/Moscow"
    public_url: str = ""
    """Where agents' browsers reach this service; empty: where Usedesk called it."""
    secret: str = ""
    """Signs the widget's tokens and the console's sessions; empty: a random one for each process."""
    way_back_dry_run: bool = False
    """Whether the steps after a reply are only shown, and nothing is written to tickets."""
    country: str = "ru"
    """Whose public holidays are kept, and which of the company's phones is given: ru, kz."""
    smtp_url: str = ""
    """smtp+starttls://USER:PASSWORD@HOST or smtps://USER:PASSWORD@HOST; empty: no mail is sent."""
    mail_from: str = ""
    """Whom our letters are from; needed where SUGGEST_SMTP_URL is set."""
    notify_mail: str = ""
    """Whom urgent reviews are told to by mail where `company.yaml` names no manager; a comma between addresses."""
    notify_webhook: str = ""
    """Where urgent reviews are posted to as JSON."""
    company_name: str | None = None
    company_email: str | None = None
    company_phone: str | None = None
    lookup_url: str = ""
    """Where a company's own system says whether a client is known (see usedesk/SETUP.md); empty: nobody is asked."""
    lookup_key: str = ""
    return_code: bool | None = None
    """Whether public replies ask for the review's code in the subject of a letter; unset: as `company.yaml` says."""

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Self:
        """From the environment; raises InputError naming the variable. Empty variables count as not set."""
        given = os.environ if environment is None else environment
        values = {name: given[PREFIX + name.upper()] for name in cls.model_fields if given.get(PREFIX + name.upper())}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            fault = faults(error.errors())
            fault.args = (f"{PREFIX}{fault.field.upper()}: {fault.reason}",)
            raise fault from error

    def shown(self) -> dict[str, Any]:
        """As `suggest config` prints them: secrets only as set or not."""
        shown: dict[str, Any] = self.model_dump(mode="json")
        shown["database_url"] = self.database
        return {name: ("set" if value else "") if name in SECRETS else _masked(value) for name, value in shown.items()}

    @property
    def database(self) -> str:
        """The address of the database in use."""
        return self.database_url or f"sqlite:///{self.cache / 'suggest.db'}"

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone of the company's days; raises InputError for an unknown one."""
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise InputError(f"{PREFIX}TIMEZONE", f"no such time zone: {self.timezone}") from error

    @cached_property
    def keys(self) -> frozenset[str]:
        return frozenset(key.strip() for key in self.api_keys.split(",") if key.strip())


def _masked(value: Any) -> Any:
    """Without the password of an address."""
    return re.sub("://([^:@/]*):[^@]*@", r"://\1:***@", value) if isinstance(value, str) else value
