"""A request by mail: refused for sure it may go again at once, in doubt only on the agent's word; and a dry run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from suggest.mail import Letter, MailError
from suggest.store.fold import Kind
from tests.hand_over_fakes import DELIVERY, PNG, Section, outgoing, private, site_on
from tests.widget_fakes import Site


@dataclass
class Mailbox:
    """Takes letters, or raises what it is told to."""

    letters: list[Letter] = field(default_factory=list)
    troubles: list[MailError] = field(default_factory=list)

    def send(self, letter: Letter) -> None:
        if self.troubles:
            raise self.troubles.pop(0)
        self.letters.append(letter)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def site(tmp_path: Path, mailbox: Mailbox) -> Iterator[Site]:
    with site_on("sqlite", tmp_path) as running:
        handing = running.service.handing
        assert handing
        mailing = replace(handing, sending=replace(handing.sending, mail=mailbox))
        object.__setattr__(running.service, "handing", mailing)
        yield running


def test_a_letter_goes_once_with_its_screenshot(site: Site, mailbox: Mailbox) -> None:
    section = Section(site, DELIVERY)
    assert "Отправить почтой" in section.get().text
    for _ in range(2):
        section.send({"shot": ("a.png", PNG, "image/png")}, mode="smtp", data="Тел. 900")
    (letter,) = mailbox.letters
    assert letter.to == "kazan-baumana@stores.example"
    assert [file.data for file in letter.attachments] == [PNG]
    for body in (letter.text, letter.html):
        assert "Тел. 900" in body
    (over,) = section.overs
    assert (over.mode, over.ticket_id, section.state[1]) == ("smtp", None, 1)
    assert outgoing(site) == []
    assert "письмо, запрос" in private(site.ticket(DELIVERY))[0]


def test_a_letter_surely_refused_may_go_again_in_any_way(site: Site, mailbox: Mailbox) -> None:
    mailbox.troubles = [MailError("refused", "Почта не приняла адрес: проверьте его.")]
    section = Section(site, DELIVERY)
    assert "Почта не приняла адрес" in section.send(mode="smtp").text
    assert section.overs[0].sent_at is None
    section.send()
    assert len(outgoing(site)) == 1
    assert mailbox.letters == []


def test_a_doubtful_letter_goes_again_only_on_the_agents_word(site: Site, mailbox: Mailbox) -> None:
    mailbox.troubles = [MailError("broke off", "Повторите через минуту.", again=True, sure=False)]
    section = Section(site, DELIVERY)
    shown = section.send(mode="smtp").text
    assert "Неизвестно, ушло ли письмо" in shown
    assert "Письма не было, отправить ещё раз" in shown
    section.send(mode="smtp")
    section.send()
    assert mailbox.letters == outgoing(site) == []
    assert "ждём ответа" in section.send(mode="smtp", again="true").text
    assert len(mailbox.letters) == 1


def test_a_dry_run_sends_and_keeps_nothing(tmp_path: Path) -> None:
    with site_on("sqlite", tmp_path, way_back_dry_run="true") as site:
        section = Section(site, DELIVERY)
        assert "Пробный режим" in section.send().text
        assert section.overs == ()
        assert outgoing(site) == private(site.ticket(DELIVERY)) == []
        assert site.service.store
        assert Kind.HANDED_OVER not in {e.kind for e in site.service.store.events.of(site.made(DELIVERY).id)}
