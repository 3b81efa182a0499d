"""The composition root: the functions that build the service and its parts out of the settings."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suggest.checker import Checker
from suggest.choose import History
from suggest.deadlines import Targets, load_targets
from suggest.desk import Desk
from suggest.domain import InputError, Review, Suggestion
from suggest.metrics import Metrics
from suggest.phrasebank import load, load_exemplars, load_flag_exemplars
from suggest.pipeline import Suggester
from suggest.regulation import Company, Phrasebank
from suggest.settings import Settings
from suggest.web.token import Tokens
from suggest.workdays import Workdays, load_calendar

if TYPE_CHECKING:
    from suggest.bootstrap_model import Keeping, ModelSide
    from suggest.hand_over import HandOverRules
    from suggest.mail import Mailer
    from suggest.notify import Notifier, Send
    from suggest.reminders import Reminding
    from suggest.store.notices import Way
    from suggest.store.store import Store
    from suggest.usedesk.client import UsedeskClient
    from suggest.usedesk.doctor import Doctor
    from suggest.usedesk.handing import Handing
    from suggest.usedesk.side import Side
    from suggest.usedesk.way_back import WayBack


@dataclass(frozen=True)
class Service:
    """What the HTTP layer and the command line work with."""

    settings: Settings
    bank: Phrasebank
    desk: Desk
    store: Store | None = None
    usedesk: Side | None = None
    model: ModelSide | None = None
    metrics: Metrics = field(default_factory=Metrics)
    tokens: Tokens | None = None
    """Open the widget; None: there is none."""
    way_back: WayBack | None = None
    handing: Handing | None = None
    notifier: Notifier | None = None

    @cached_property
    def workdays(self) -> Workdays:
        """The calendar of the company's days; raises InputError and PhrasebankError."""
        return build_workdays(self.settings)

    @cached_property
    def targets(self) -> Targets:
        """By when reviews are to be answered; raises PhrasebankError."""
        return load_targets(self.settings.phrasebank)


def build_bank(settings: Settings) -> Phrasebank:
    """The phrasebank; raises PhrasebankError with every fault."""
    return load(settings.phrasebank)


def build_workdays(settings: Settings) -> Workdays:
    """The working days of the country and the zone that are set; raises InputError and PhrasebankError."""
    return Workdays(settings.country, settings.zone, load_calendar(settings.phrasebank))


def build_mailer(settings: Settings) -> Mailer | None:
    """Sends mail; None where no server is set. Raises InputError for a server or sender that is none."""
    from suggest.mail import Mailer

    return Mailer(settings.smtp_url, settings.mail_from) if settings.smtp_url else None


def company_of(settings: Settings, bank: Phrasebank) -> Callable[[str | None], Company]:
    """The company's name, mail and phone by branch; what is set in the environment wins over the file."""
    given = {"name": settings.company_name, "email": settings.company_email, "phone": settings.company_phone}
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value}
    if settings.return_code is not None:
        chosen["return_code"] = settings.return_code
    return lambda branch: bank.company(settings.country, branch).model_copy(update=chosen)


def build_checker(settings: Settings, bank: Phrasebank) -> Checker:
    """The checks alone: loads no encoder."""
    return Checker(bank, company_of(settings, bank))


def build_suggester(settings: Settings, bank: Phrasebank | None = None) -> Suggester:
    """The walk with the real encoder and matcher; raises EncoderError where `make setup` has not been run."""
    from suggest.embed import Encoder, directory
    from suggest.fitted import key
    from suggest.fitted import load as load_matcher

    bank = bank or build_bank(settings)
    encoder = Encoder(directory(settings.cache, settings.encoder), settings.threads)
    learnt = load_exemplars(settings.phrasebank), load_flag_exemplars(settings.phrasebank)
    version = key(*learnt, encoder.fingerprint)
    matcher = load_matcher(_fitted(settings, version), encoder.encode)
    return Suggester(bank, matcher, build_checker(settings, bank))


def build(settings: Settings, open_block: bool = False) -> Service:
    """The whole service; `open_block` as in `served`."""
    bank = build_bank(settings)
    return served(settings, bank, build_suggester(settings, bank), build_store(settings, needed=False), open_block)


def build_store(settings: Settings, needed: bool = True) -> Store:
    """The database, its schema brought up to date; raises what `open_store` raises."""
    from suggest.store.store import open_store

    return open_store(settings.database, needed=needed)


def served(
    settings: Settings, bank: Phrasebank, suggester: Suggester, store: Store, open_block: bool = False
) -> Service:
    """The service over parts that are built already; `open_block` lets the block in where no secret is set."""
    from suggest.bootstrap_model import build_side
    from suggest.hand_over import load_hand_over

    metrics = Metrics()
    model = build_side(settings, suggester, _keeping(suggester, store), metrics)
    refiner = model.refiner if model else None
    desk = Desk(suggester, store.suggestions, store.records, store.histories, refiner)
    tokens = Tokens(settings.secret)
    workdays, mailer, rules = build_workdays(settings), build_mailer(settings), load_hand_over(settings.phrasebank)
    side = build_usedesk(settings, bank, desk, store, tokens, rules, open_block)
    back = build_way_back(settings, side, store)
    handing = build_handing(settings, bank, side, store, workdays, mailer, rules)
    notifier = build_notifier(settings, bank, store, metrics, workdays, mailer)
    return Service(settings, bank, desk, store, side, model, metrics, tokens, back, handing, notifier)


def build_way_back(settings: Settings, side: Side, store: Store) -> WayBack | None:
    """The steps after a reply; None where Usedesk cannot be asked."""
    from suggest.usedesk.way_back import WayBack, load_way_back

    if not side.client.usable:
        return None
    return WayBack(
        client=side.client,
        dictionary=side.preparer.dictionary,
        journal=store.events,
        rules=load_way_back(settings.phrasebank),
        clock=store.clock,
        user_id=settings.usedesk_user_id,
        dry_run=settings.way_back_dry_run,
    )


def build_notifier(
    settings: Settings, bank: Phrasebank, store: Store, metrics: Metrics, workdays: Workdays, mailer: Mailer | None
) -> Notifier | None:
    """Tells managers of urgent reviews; None where no way to tell them is set, which the log says."""
    from suggest.notify import Notifier, Telling, by_mail, by_webhook

    telling = Telling(bank, workdays, settings.usedesk_ticket_url)
    company = company_of(settings, bank)
    ways: dict[Way, Send] = {}
    if mailer:
        ways["mail"] = by_mail(mailer, telling, lambda branch: company(branch).manager or settings.notify_mail)
    if settings.notify_webhook:
        ways["hook"] = by_webhook(settings.notify_webhook, telling)
    if not ways:
        logging.getLogger(__name__).warning(
            "managers are not told of urgent reviews: set SUGGEST_SMTP_URL with SUGGEST_NOTIFY_MAIL, or SUGGEST_NOTIFY_WEBHOOK"
        )
        return None
    notifier = Notifier(store.notices, ways, metrics, store.clock)
    metrics.watch("suggest_notices_waiting", "Urgent reviews whose manager is not told yet", notifier.waiting)
    return notifier


def build_reminding(settings: Settings, bank: Phrasebank, store: Store) -> Reminding:
    """Reminders of departments; raises InputError where Usedesk cannot be written to."""
    from suggest.reminders import Reminding

    client = usedesk_client(settings)
    if not client.usable or not settings.usedesk_user_id:
        raise InputError(
            "", "reminders are written to Usedesk: set SUGGEST_USEDESK_API_TOKEN and SUGGEST_USEDESK_USER_ID"
        )
    return Reminding(
        reminders=store.reminders,
        links=store.links,
        client=client,
        bank=bank,
        workdays=build_workdays(settings),
        clock=store.clock,
        user_id=settings.usedesk_user_id,
        dry_run=settings.way_back_dry_run,
    )


def build_handing(
    settings: Settings,
    bank: Phrasebank,
    side: Side,
    store: Store,
    workdays: Workdays,
    mailer: Mailer | None,
    rules: HandOverRules,
) -> Handing:
    """Hand-overs to stores and departments: by Usedesk or by mail, or as a file where neither is set."""
    from suggest.interim import due
    from suggest.usedesk.handing import Handing
    from suggest.usedesk.sending import Sending

    return Handing(
        client=side.client,
        hand_overs=store.hand_overs,
        journal=store.events,
        sending=Sending(side.client, store.hand_overs, store.clock, mailer, settings.usedesk_mail_channel),
        rules=rules,
        bank=bank,
        due=lambda at: due(at, workdays),
        clock=store.clock,
        user_id=settings.usedesk_user_id,
        dry_run=settings.way_back_dry_run,
    )


def _keeping(suggester: Suggester, store: Store) -> Keeping:
    """The store as the model's side needs it."""
    from suggest.bootstrap_model import Keeping

    def history(made: Suggestion) -> History:
        window = suggester.checker.company(made.review.branch).feed_window
        return store.histories.of(made.review, made.id, window)

    def decided(suggestion_id: str) -> bool:
        state = store.events.state(suggestion_id)
        return state is not None and (state.outcome is not None or state.state == "done")

    return Keeping(store.suggestions, history, decided)


def build_model_suggester(settings: Settings, bank: Phrasebank | None = None) -> Suggester:
    """The walk with the model that is set, if any, in it: it waits for the answers, up to the deadline."""
    from suggest.bootstrap_model import advised

    return advised(settings, build_suggester(settings, bank))


def build_preview(settings: Settings, bank: Phrasebank | None = None) -> Callable[[Review, str | None], str]:
    """What a model would be sent about a review, for people to read; needs no model and sends nothing."""
    from suggest.bootstrap_model import preview

    return preview(settings, build_suggester(settings, bank))


def build_usedesk(
    settings: Settings,
    bank: Phrasebank,
    desk: Desk,
    store: Store,
    tokens: Tokens,
    rules: HandOverRules,
    open_block: bool,
) -> Side:
    """Block, webhook and poll; nothing is asked of Usedesk before they are started or called."""
    from suggest.lookup import Lookup
    from suggest.usedesk.brief import Brief
    from suggest.usedesk.casebook import Casebook
    from suggest.usedesk.filing import Filing
    from suggest.usedesk.linking import Linking
    from suggest.usedesk.outgoing import Answers
    from suggest.usedesk.rules import load_filing, load_rules
    from suggest.usedesk.side import Secrets, build_side

    client, user = usedesk_client(settings), settings.usedesk_user_id
    filing = None
    if settings.usedesk_filing and client.usable and user:
        filing = Filing(client, load_filing(settings.phrasebank), user)
    secrets = Secrets(settings.usedesk_block_secret, settings.usedesk_webhook_secret, open_block)
    return build_side(
        client,
        load_rules(settings.phrasebank),
        bank,
        desk,
        secrets,
        filing,
        tokens.path,
        settings.public_url,
        Linking(store.links, store.hand_overs, store.contacts, store.clock),
        Answers(store.hand_overs, rules.texts["solved"]),
        Brief(Casebook(store, bank), settings.zone).lines,
        Lookup(settings.lookup_url, settings.lookup_key) if settings.lookup_url else None,
    )


def build_doctor(settings: Settings) -> Doctor:
    """Checks on the Usedesk account that is set."""
    from suggest.outcome import load_outcomes
    from suggest.usedesk.doctor import Doctor
    from suggest.usedesk.reader import Reader
    from suggest.usedesk.rules import load_rules

    return Doctor(
        client=usedesk_client(settings),
        reader=Reader(load_rules(settings.phrasebank)),
        block_secret=settings.usedesk_block_secret,
        webhook_secret=settings.usedesk_webhook_secret,
        user_id=settings.usedesk_user_id,
        filing=settings.usedesk_filing,
        frame_ancestors=settings.frame_ancestors,
        categories=tuple(dict.fromkeys(row.pair for row in load_outcomes(settings.phrasebank).rows)),
        addresses=_addresses(settings),
    )


def _addresses(settings: Settings) -> tuple[str, ...]:
    """Where requests to stores and departments go."""
    from suggest.hand_over import load_hand_over

    departments = (department.mail for department in build_bank(settings).departments.values())
    return (*(store.mail for store in load_hand_over(settings.phrasebank).stores), *filter(None, departments))


def usedesk_client(settings: Settings) -> UsedeskClient:
    """Usedesk's REST API with the token that is set, if any."""
    from suggest.usedesk.client import UsedeskClient

    return UsedeskClient(settings.usedesk_api_base, settings.usedesk_api_token)


def setup(settings: Settings, progress: Callable[[str, float], None]) -> None:
    """Builds the encoder and fits the matcher into the cache; what is there already is kept."""
    from suggest.embed import Encoder, directory
    from suggest.encoder import build as build_encoder
    from suggest.encoder import unseen_hands
    from suggest.fit import fit
    from suggest.fitted import key, save

    folder = directory(settings.cache, settings.encoder)
    build_encoder(settings.encoder, folder, progress)
    encoder = Encoder(folder, settings.threads)
    exemplars, flag_exemplars = load_exemplars(settings.phrasebank), load_flag_exemplars(settings.phrasebank)
    version = key(exemplars, flag_exemplars, encoder.fingerprint)
    path = _fitted(settings, version)
    if not path.exists():
        unseen = unseen_hands(settings.encoder)
        matcher, _ = fit(exemplars, encoder.encode, version, progress, flag_exemplars, unseen)
        save(matcher, path)


def _fitted(settings: Settings, version: str) -> Path:
    return settings.cache / "matcher" / f"{version}.npz"
