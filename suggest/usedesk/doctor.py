"""Checks our side of Usedesk against the live account and says in Russian what to mend; changes nothing there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from suggest.usedesk.client import UsedeskClient
from suggest.usedesk.errors import UsedeskError, UsedeskUnset
from suggest.usedesk.outgoing import ours
from suggest.usedesk.reader import Reader, missing
from suggest.usedesk.ticket import Ticket, TicketStatus

Level = Literal["ok", "warning", "error"]
MARKS: dict[Level, str] = {"ok": "✓", "warning": "!", "error": "✗"}

MOST_SKEW = 120.0
SHORTEST_SECRET = 16
INVENTED = (".example", "@example.com", "@company.com")
"""How addresses end that nobody has."""

SAMPLE = 5
"""So many of the newest tickets are read on trial."""

CATEGORY, SUBCATEGORY = "Прочее", "Рассылка"
"""What a notification is closed with (000 «Действия агента»)."""

LACKING = {
    "rating": "оценки",
    "branch": "филиала",
    "url": "ссылки",
    "platform": "площадки",
    "no_text": "текста",
    "no_message": "сообщения клиента",
    "unknown_robot": "правил для отправителя",
}


@dataclass(frozen=True)
class Check:
    """A finding: what was looked at, how it stands, and what to mend."""

    level: Level
    title: str
    text: str

    def __str__(self) -> str:
        return f"{MARKS[self.level]} {self.title}: {self.text}"


@dataclass(frozen=True)
class Doctor:
    """Looks at one account with these settings."""

    client: UsedeskClient
    reader: Reader
    block_secret: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    user_id: int | None
    filing: bool
    frame_ancestors: str
    categories: tuple[tuple[str, str], ...] = ()
    """Categories and subcategories that outcomes of tickets are filed under."""
    addresses: tuple[str, ...] = ()
    """Where requests to stores and departments go."""

    def examine(self) -> Iterator[Check]:
        """Every check, one after another; without an answer from Usedesk only those that need none."""
        yield from self._secrets()
        yield from self._frames()
        yield from self._addresses()
        try:
            newest = self.client.tickets(order="desc")
        except UsedeskError as error:
            yield Check("error", "Токен API", _mend(error))
            return
        yield Check("ok", "Токен API", f"принят, {self.client.base} отвечает")
        yield self._clock()
        for check in (self._fields, self._user, lambda: _statuses(newest), lambda: self._reading(newest)):
            yield from _guarded(check)

    def _secrets(self) -> Iterator[Check]:
        for title, secret, variable, consequence in (
            ("Секрет блока", self.block_secret, "SUGGEST_USEDESK_BLOCK_SECRET", "блок отвечает отказом"),
            ("Секрет вебхуков", self.webhook_secret, "SUGGEST_USEDESK_WEBHOOK_SECRET", "вебхуки не принимаются"),
        ):
            if not secret:
                yield Check("error", title, f"не задан, {consequence}. Задайте {variable} и тот же ключ в Usedesk")
            elif len(secret) < SHORTEST_SECRET:
                yield Check("warning", title, f"короче {SHORTEST_SECRET} знаков, его можно подобрать. Задайте длиннее")
            else:
                yield Check("ok", title, "задан")
        if self.block_secret and self.block_secret == self.webhook_secret:
            yield Check("warning", "Секреты", "одинаковы. Задайте разные: утечка одного не раскроет другой")

    def _frames(self) -> Iterator[Check]:
        insecure = [source for source in self.frame_ancestors.split() if source == "*" or source.startswith("http:")]
        if insecure:
            text = f"разрешены {', '.join(insecure)}. Оставьте только https-адрес вашего Usedesk"
            yield Check("warning", "SUGGEST_FRAME_ANCESTORS", text)

    def _addresses(self) -> Iterator[Check]:
        invented = [address for address in self.addresses if address.endswith(INVENTED)]
        if invented:
            count = f"вымышленных {len(invented)} из {len(self.addresses)}, например {invented[0]}"
            text = f"{count}. Впишите свои в stores.yaml и departments.yaml"
            yield Check("warning", "Адреса магазинов и отделов", text)

    def _clock(self) -> Check:
        skew = self.client.skew()
        if skew is None:
            return Check("warning", "Часы", "Usedesk не сообщает время, сверить не с чем")
        if abs(skew) > MOST_SKEW:
            ahead = "отстают" if skew > 0 else "спешат"
            return Check("error", "Часы", f"{ahead} на {abs(skew):.0f} с. Включите синхронизацию времени (NTP)")
        return Check("ok", "Часы", f"расходятся на {abs(skew):.0f} с")

    def _fields(self) -> Iterator[Check]:
        fields = self.client.fields()
        if fields.pair(CATEGORY, SUBCATEGORY):
            yield Check("ok", "Поля", f"есть «{CATEGORY}» → «{SUBCATEGORY}»")
        else:
            text = (
                f"нет вложенного списка, где под «{CATEGORY}» лежит «{SUBCATEGORY}». Создайте его в «Настройки → Поля»"
            )
            yield Check("error", "Поля", text)
        lacking = [f"«{first}» → «{second}»" for first, second in self.categories if not fields.pair(first, second)]
        if lacking:
            text = f"в полях нет {', '.join(lacking)}: поправьте classifier.yaml и matrix.yaml или заведите в Юздеске"
            yield Check("warning", "Категории", text)
        required = [known.name for known in fields.fields if known.required]
        if required:
            names = ", ".join(f"«{name}»" for name in required)
            yield Check("warning", "Обязательные поля", f"{names}: агент не ответит, пока их не заполнит")

    def _user(self) -> Iterator[Check]:
        if self.user_id is None:
            level: Level = "error" if self.filing else "warning"
            text = "не задан, в тикеты ничего не пишется. Задайте SUGGEST_USEDESK_USER_ID"
            yield Check(level, "Пользователь", text)
            return
        named = next((user.name for user in self.client.users() if user.id == self.user_id), None)
        if named is None:
            yield Check("error", "Пользователь", f"{self.user_id} не найден среди сотрудников. Проверьте номер")
        else:
            yield Check("ok", "Пользователь", f"записи идут от имени «{named}»")

    def _reading(self, newest: tuple[Ticket, ...]) -> Iterator[Check]:
        fields = self.client.fields()
        found: Counter[str] = Counter()
        for row in [row for row in newest if not ours(row)][:SAMPLE]:
            reading = self.reader.read(fields.named(self.client.ticket(row.id)))
            lacking = missing(reading.review) if reading.review else (reading.unreadable or "no_text",)
            found[f"{reading.source}{', нет ' + ', '.join(map(LACKING.__getitem__, lacking)) if lacking else ''}"] += 1
        kinds = "; ".join(f"{kind} — {times}" for kind, times in found.items()) or "тикетов нет"
        level: Level = "warning" if any("нет " in kind for kind in found) else "ok"
        yield Check(level, f"Чтение последних тикетов ({sum(found.values())})", kinds)


def _statuses(newest: tuple[Ticket, ...]) -> Iterator[Check]:
    known = {int(status) for status in TicketStatus}
    strange = sorted({row.status for row in newest if row.status is not None} - known)
    if strange:
        yield Check("warning", "Статусы", f"незнакомые номера: {', '.join(map(str, strange))}. Сообщите разработчику")
    else:
        yield Check("ok", "Статусы", "все номера знакомы")


def _guarded(check: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    try:
        yield from check()
    except UsedeskError as error:
        yield Check("error", "Usedesk", f"{error}. {error.advice}")


def _mend(error: UsedeskError) -> str:
    if isinstance(error, UsedeskUnset):
        return "не задан. Создайте канал «API» в Usedesk и задайте его ключ в SUGGEST_USEDESK_API_TOKEN"
    return f"{error}. {error.advice}"
