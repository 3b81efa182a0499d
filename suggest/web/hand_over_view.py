"""What the hand-over section shows, as plain values for its templates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from suggest.hand_over import STORE
from suggest.store.hand_overs import HandOver
from suggest.web.hand_over_case import Case, Order

MODES = {
    "usedesk": "исходящим запросом в Usedesk",
    "smtp": "почтой подсказчика",
    "eml": "письмом, которое отправите вы",
}


def section(case: Case, order: Order | None = None, said: str = "") -> dict[str, Any]:
    """Everything that `widget_hand_over.html.j2` needs; `order` is what the form said, `said` what came of it."""
    first = case.proposed()
    order = order or first
    bank, rules = case.counter.service.bank, case.handing.rules
    return {
        **state(case),
        "order": order,
        "said": said,
        "opens": bool(said) or any(over.error for over in case.overs),
        "called_for": case.called_for,
        "writes_again": case.writes_again,
        "departments": list(bank.departments.values()),
        "brand": STORE,
        "stores": rules.stores,
        "guessed": rules.store_of(case.made.review.branch) is not None,
        "branch": case.made.review.branch or "",
        "received": case.received,
        "linked": case.linked,
        "mode": MODES[order.mode or case.handing.modes[0]],
        "modes": case.handing.modes,
        "erased": case.made.erased,
        "kept_picture": case.kept_picture(case.key(order)) is not None,
    }


def state(case: Case) -> dict[str, Any]:
    """Everything that `widget_hand_over_state.html.j2` needs."""
    return {
        "base": f"/widget/{case.here.token}",
        "rows": [row for over in case.overs if (row := _row(case, over))],
        "dry": case.handing.dry_run,
    }


def _row(case: Case, over: HandOver) -> dict[str, Any]:
    now, workdays = case.store.clock(), case.counter.service.workdays
    steps = case.handing.steps(over, case.home)
    left = over.due_at - now if over.due_at else timedelta()
    return {
        "over": over,
        "whom": case.handing.whom(over),
        "steps": steps,
        "unfinished": over.sent_at is not None and any(step.result != "done" for step in steps),
        "sent": _at(workdays.local(over.sent_at)) if over.sent_at else "",
        "due": _at(workdays.local(over.due_at)) if over.due_at else "",
        "left": told(left) if left > timedelta() else "",
        "answered": _at(workdays.local(over.answered_at)) if over.answered_at else "",
        "closed": _at(workdays.local(over.outcome_sent_at)) if over.outcome_sent_at else "",
        "store": over.department == STORE,
        "reminded": case.store.reminders.sent(over.suggestion_id).get(over.id, 0),
    }


def told(left: timedelta) -> str:
    """A span of time in hours and minutes, as «23 ч 10 мин»."""
    minutes = max(1, int(left.total_seconds() // 60))
    hours, rest = divmod(minutes, 60)
    return " ".join(filter(None, (f"{hours} ч" if hours else "", f"{rest} мин" if rest or not hours else "")))


def _at(local: datetime) -> str:
    return f"{local:%d.%m %H:%M}"
