"""Mail over a real SMTP server with TLS: what arrives, what is refused, and that no secret is ever told."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast

import pytest

from suggest.domain import InputError
from suggest.mail import Attachment, Letter, Mailer, MailError, eml, server
from suggest.settings import Settings
from tests.mail_fakes import PASSWORD, QUOTED, USER, mailbox, trusted

SENDER = "Отзывы <otzyvy@company.example>"
PICTURE = Attachment("отзыв.png", "image/png", b"\x89PNG\r\n")
LETTER = Letter("store@company.example", "Отзыв: доставка", "Проверьте.", "<p>Проверьте.</p>", (PICTURE,), "h1")


def a_mailer(url: str) -> Mailer:
    return Mailer(url, SENDER, trusted)


@pytest.mark.parametrize("tls", [False, True])
def test_a_letter_arrives_whole(tls: bool) -> None:
    with mailbox(tls) as box:
        a_mailer(box.url).send(LETTER)
    (got,) = box.letters
    assert (got["To"], got["Subject"]) == ("store@company.example", "Отзыв: доставка")
    assert "otzyvy@company.example" in got["From"]
    text, html = (cast(EmailMessage, got.get_body((kind,))) for kind in ("plain", "html"))
    assert (text.get_content().strip(), html.get_content().strip()) == ("Проверьте.", "<p>Проверьте.</p>")
    (picture,) = got.iter_attachments()
    assert (picture.get_filename(), picture.get_content()) == (PICTURE.name, PICTURE.data)


def test_the_same_key_is_the_same_message() -> None:
    with mailbox() as box:
        a_mailer(box.url).send(LETTER)
        a_mailer(box.url).send(LETTER)
    first, second = (letter["Message-ID"] for letter in box.letters)
    assert first == second
    assert first.endswith("@company.example>")


def test_several_addresses_get_it() -> None:
    with mailbox() as box:
        a_mailer(box.url).send(Letter("Анна <a@company.example>, b@company.example", "Тема", "Текст"))
    assert box.to == [["a@company.example", "b@company.example"]]


@pytest.mark.parametrize("to", ["", "nobody", "a@b", "a@company.example\r\nBcc: spy@evil.example", "@", ","])
def test_a_bad_address_is_refused_before_anything_is_sent(to: str) -> None:
    with pytest.raises(MailError) as refused:
        a_mailer("smtps://127.0.0.1:1").send(Letter(to, "Тема", "Текст"))
    assert refused.value.sure
    assert not refused.value.again


def test_a_subject_cannot_bring_headers_of_its_own() -> None:
    got = message_from_bytes(eml(Letter("a@company.example", "Тема\r\nBcc: spy@evil.example", "Текст")), policy=default)
    assert got["Bcc"] is None
    assert got["Subject"] == "Тема Bcc: spy@evil.example"


def test_what_no_server_takes_is_left_out() -> None:
    made = eml(Letter("a@company.example", "Филиал\0 \x0bна\x07 углу", "Отзыв\0 плохой", "<p>Отзыв\0</p>"))
    got = message_from_bytes(made, policy=default)
    assert got["Subject"] == "Филиал на углу"
    body = got.get_body(("plain",))
    assert body
    assert body.get_content().strip() == "Отзыв плохой"
    assert b"\0" not in made


def test_a_file_opens_as_a_draft() -> None:
    got = message_from_bytes(eml(LETTER), policy=default)
    assert (got["X-Unsent"], got["From"]) == ("1", None)
    assert [part.get_filename() for part in got.iter_attachments()] == [PICTURE.name]


def test_an_unknown_certificate_is_not_trusted() -> None:
    """Negative control: with the authority known the same server takes the letter."""
    with mailbox(tls=True) as box:
        with pytest.raises(MailError, match="not trusted"):
            Mailer(box.url, SENDER).send(LETTER)
        a_mailer(box.url).send(LETTER)


def test_nothing_is_sent_without_tls() -> None:
    with mailbox(plain=True) as box, pytest.raises(MailError, match="STARTTLS"):
        a_mailer(box.url).send(LETTER)
    assert box.letters == []


def test_a_wrong_password_is_told_without_it() -> None:
    with mailbox() as box, pytest.raises(MailError, match="login") as refused:
        a_mailer(box.url.replace("geheim", "falsch")).send(LETTER)
    assert not refused.value.again
    assert "falsch" not in f"{refused.value}{refused.value.advice}{refused.value.__cause__}"


@pytest.mark.parametrize(("answer", "again"), [("451 try later", True), ("554 no", False)])
def test_a_refusal_says_whether_to_try_again(answer: str, again: bool) -> None:
    with mailbox() as box:
        box.refuse = answer
        with pytest.raises(MailError, match=answer[:3]) as refused:
            a_mailer(box.url).send(LETTER)
    assert (refused.value.again, refused.value.sure) == (again, True)


def test_an_unknown_mailbox_is_told_without_the_address() -> None:
    with mailbox() as box, pytest.raises(MailError, match="550") as refused:
        a_mailer(box.url).send(Letter("nobody@company.example", "Тема", "Текст"))
    assert "nobody" not in f"{refused.value}{refused.value.advice}"


def test_a_connection_that_breaks_off_leaves_it_open_whether_it_was_sent() -> None:
    with mailbox() as box:
        box.drop = True
        with pytest.raises(MailError) as broken:
            a_mailer(box.url).send(LETTER)
    assert (broken.value.again, broken.value.sure) == (True, False)


def test_a_server_that_is_away_is_told() -> None:
    with mailbox() as box:
        url = box.url
    with pytest.raises(MailError, match="cannot be reached") as away:
        a_mailer(url).send(LETTER)
    assert (away.value.again, away.value.sure) == (True, True)


def test_the_address_of_a_server_is_read() -> None:
    read = server(f"smtp+starttls://{QUOTED}@mail.company.example")
    assert (read.host, read.port, read.tls, read.user, read.password) == (
        "mail.company.example",
        587,
        False,
        USER,
        PASSWORD,
    )
    assert server("smtps://mail.company.example").port == 465


@pytest.mark.parametrize("url", ["smtp://u:geheim@host", "https://u:geheim@host", "geheim", "smtps://u:geheim@host:x"])
def test_an_address_that_is_none_is_refused_without_being_told(url: str) -> None:
    with pytest.raises(InputError, match="SUGGEST_SMTP_URL") as refused:
        server(url)
    assert "geheim" not in str(refused.value)


def test_no_secret_is_shown() -> None:
    url = f"smtps://{QUOTED}@mail.company.example"
    shown = str(Settings.read({"SUGGEST_SMTP_URL": url, "SUGGEST_MAIL_FROM": SENDER}).shown())
    for seen in (shown, repr(Mailer(url, SENDER)), repr(server(url)), repr(LETTER)):
        assert PASSWORD not in seen
        assert "geheim" not in seen
        assert "Проверьте" not in seen
