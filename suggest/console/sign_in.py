"""The way in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from suggest.console import passwords
from suggest.console.guard import TooMany
from suggest.console.shell import HEADERS, audit, console, page, signed_in
from suggest.domain import InputError
from suggest.store.accounts import User

router = APIRouter()
Typed = Annotated[str, Form(max_length=1000)]
WRONG = "Имя или пароль не подходят."
WAIT = "Слишком много неверных паролей. Подождите 15 минут и попробуйте снова."


@router.get("/sign-in")
def form(request: Request, next: str = "/") -> HTMLResponse:
    """The form."""
    return page(request, "sign_in.html.j2", next=_own(next), name="", said="")


@router.post("/sign-in")
def sign_in(request: Request, name: Typed = "", password: Typed = "", next: Typed = "/") -> Response:
    """Lets in whoever knows the password."""
    here = console(request)
    try:
        user = here.guard.enter(request, name, password)
    except TooMany:
        return page(request, "sign_in.html.j2", 429, next=_own(next), name=name, said=WAIT)
    if user is None:
        return page(request, "sign_in.html.j2", 401, next=_own(next), name=name, said=WRONG)
    response = RedirectResponse(f"/console{_own(next)}", 303, HEADERS)
    here.guard.begin(request, response, user)
    return response


@router.post("/sign-out")
def sign_out(request: Request, user: Annotated[User, Depends(signed_in)]) -> Response:
    """Ends the session."""
    response = RedirectResponse("/console/sign-in", 303, HEADERS)
    console(request).guard.leave(request, response, user)
    return response


@router.get("/password")
def password_form(request: Request, user: Annotated[User, Depends(signed_in)]) -> HTMLResponse:
    """The form for another password."""
    return page(request, "password.html.j2", said="")


@router.post("/password")
def change_password(
    request: Request, user: Annotated[User, Depends(signed_in)], old: Typed = "", new: Typed = "", again: Typed = ""
) -> Response:
    """Another password; the user's other sessions end."""
    here = console(request)
    try:
        if here.guard.enter(request, user.name, old) is None:
            return page(request, "password.html.j2", 422, said="Прежний пароль не подходит.")
        if new != again:
            return page(request, "password.html.j2", 422, said="Новый пароль и его повтор не совпадают.")
        here.store.accounts.set_password(user.name, passwords.hashed(new, user.name))
    except TooMany:
        return page(request, "password.html.j2", 429, said=WAIT)
    except InputError:
        return page(request, "password.html.j2", 422, said=f"Нужно не меньше {passwords.SHORTEST} разных знаков.")
    audit(request, "password_changed")
    response = RedirectResponse("/console/", 303, HEADERS)
    here.guard.begin(request, response, user)
    return response


def _own(path: str) -> str:
    """A path of ours to go on to, or the first page: never another site."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and "\n" not in path else "/"
