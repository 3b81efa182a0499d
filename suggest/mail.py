"""Mail: letters sent over SMTP with TLS, or written as an .eml file for whoever sends by hand.

The address of the server is `smtp+starttls://USER:PASSWORD@HOST[:587]` or `smtps://USER:PASSWORD@HOST[:465]`; user and
password may be left out. Certificates are checked against those of the system (`SSL_CERT_FILE` names others).
"""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, getaddresses
from urllib.parse import unquote, urlsplit

from suggest.domain import InputError, SuggestError

SETTING = "SUGGEST_SMTP_URL"
PORTS = {"smtp+starttls": 587, "smtps": 465}
SECONDS = 20.0


class MailError(SuggestError):
    """A letter was not sent; `advice` says it to an agent in Russian. No text of it holds an address or a password.

    `again`: the same may work later. `sure`: it was surely not sent; else nobody knows, since the connection broke off.
    `partly`: some of its addresses took it, others refused it, so that all of it again would reach those twice.
    """

    def __init__(self, said: str, advice: str, again: bool = False, sure: bool = True, partly: bool = False) -> None:
        super().__init__(said)
        self.advice, self.again, self.sure, self.partly = advice, again, sure, partly


@dataclass(frozen=True)
class Attachment:
    """A file of a letter; `media_type` such as image/png."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Letter:
    """A letter to one address or several, a comma between them; `html` may be empty.

    `key` tells this letter from any other: it makes the Message-ID, so that mailboxes know a repeated one for the same.
    """

    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(default="", repr=False)
    attachments: tuple[Attachment, ...] = ()
    key: str = ""


@dataclass(frozen=True)
class Server:
    """Where mail is sent from."""

    host: str
    port: int
    tls: bool
    """From the first byte; else by STARTTLS, and never without."""
    user: str = ""
    password: str = field(default="", repr=False)


def server(url: str) -> Server:
    """The server of an address; raises InputError, which tells no part of it."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise InputError(SETTING, "not an address") from error
    if parts.scheme not in PORTS or not parts.hostname:
        raise InputError(SETTING, "smtp+starttls://USER:PASSWORD@HOST or smtps://USER:PASSWORD@HOST is expected")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Server(parts.hostname, port, parts.scheme == "smtps", user, password)


def eml(letter: Letter, sender: str = "") -> bytes:
    """The letter as a file that a mail program opens as a draft; raises MailError for a bad address."""
    made = _message(letter, sender)
    made["X-Unsent"] = "1"
    return made.as_bytes(policy=SMTP)


class Mailer:
    """Sends letters from `sender`, each over a connection of its own; safe to share among threads."""

    def __init__(
        self, url: str, sender: str, context: Callable[[], ssl.SSLContext] = ssl.create_default_context
    ) -> None:
        """Raises InputError for an address that is none; connects to nothing yet."""
        self._server, self.sender, self._context = server(url), sender, context
        try:
            _addresses(sender)
        except MailError as error:
            raise InputError("SUGGEST_MAIL_FROM", "an address of ours to send mail from is expected") from error

    def __repr__(self) -> str:
        return f"Mailer({self._server.host}:{self._server.port})"

    def send(self, letter: Letter) -> None:
        """Sends it to all of its addresses; raises MailError."""
        message = _message(letter, self.sender)
        with _told(), self._connected() as connection:
            if self._server.user:
                connection.login(self._server.user, self._server.password)
            refused = connection.send_message(message)
        if refused:
            advice = f"Почта не приняла адреса: {len(refused)}. Проверьте их."
            raise MailError("some addresses were refused", advice, sure=False, partly=True)

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        host, port = self._server.host, self._server.port
        if self._server.tls:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=self._context())
        else:
            connection = smtplib.SMTP(host, port, timeout=SECONDS)
        try:
            if not self._server.tls:
                connection.starttls(context=self._context())
            yield connection
        finally:
            connection.close()


def _message(letter: Letter, sender: str) -> EmailMessage:
    made = EmailMessage(policy=SMTP)
    if sender:
        made["From"] = _addresses(sender)
    made["To"] = _addresses(letter.to)
    made["Subject"] = " ".join("".join(char if char.isprintable() else " " for char in letter.subject).split())
    made["Date"] = formatdate(localtime=False)
    if letter.key:
        domain = sender.rpartition("@")[2].strip("> ") or "suggest.invalid"
        made["Message-ID"] = f"<{hashlib.blake2b(letter.key.encode(), digest_size=16).hexdigest()}@{domain}>"
    made.set_content(letter.text.replace("\0", ""))  # servers refuse a letter for good that holds one
    if letter.html:
        made.add_alternative(letter.html.replace("\0", ""), subtype="html")
    for attachment in letter.attachments:
        kind, _, subtype = attachment.media_type.partition("/")
        made.add_attachment(attachment.data, maintype=kind, subtype=subtype, filename=attachment.name)
    return made


def _addresses(given: str) -> tuple[Address, ...]:
    """The addresses in a header's words; raises MailError where one is none."""
    try:
        if any(char in given for char in "\r\n"):
            raise ValueError("a line break")
        found = tuple(Address(name, addr_spec=address) for name, address in getaddresses([given]))
        if not found or not all(address.username and "." in address.domain for address in found):
            raise ValueError("not an address")
    except (ValueError, IndexError, HeaderParseError):
        raise MailError("not a mail address", "Адрес почты записан с ошибкой: проверьте его.") from None
    return found


@contextmanager
def _told() -> Iterator[None]:
    """The failures of SMTP in our words: what the server said is left out, it repeats addresses."""
    later = "Почтовый сервер сейчас не отвечает. Повторите через минуту."
    denied = "Почтовый сервер не принимает наш логин. Сообщите администратору."
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        raise MailError(f"the login was refused ({error.smtp_code})", denied) from None
    except smtplib.SMTPNotSupportedError:
        raise MailError("the server offers no STARTTLS or no login", denied) from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = sorted(code for code, _ in error.recipients.values())
        again = all(400 <= code < 500 for code in codes)
        raise MailError(
            f"the addresses were refused ({codes})", "Почта не приняла адрес: проверьте его.", again
        ) from None
    except smtplib.SMTPServerDisconnected:
        raise MailError("the connection broke off", later, again=True, sure=False) from None
    except smtplib.SMTPResponseException as error:
        again = 400 <= error.smtp_code < 500
        advice = later if again else "Почтовый сервер не принял письмо. Сообщите администратору."
        raise MailError(f"the server refused ({error.smtp_code})", advice, again) from None
    except ssl.SSLError:
        raise MailError(
            "the server's certificate is not trusted", "Сертификат почтового сервера не проверен."
        ) from None
    except TimeoutError:
        raise MailError("no answer in time", later, again=True, sure=False) from None
    except (smtplib.SMTPException, OSError) as error:
        raise MailError(f"the server cannot be reached ({type(error).__name__})", later, again=True) from None
