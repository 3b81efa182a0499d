"""The way into the console: who is let in, for how long, what a form must bring, and how often one may guess."""

from __future__ import annotations

import io
import json

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from suggest.__main__ import main
from suggest.console import guard
from suggest.console.passwords import aged, fits, hashed
from suggest.domain import InputError
from suggest.store.accounts import IDLE, LONGEST
from suggest.store.engine import Database
from suggest.store.store import Store
from tests.console_fakes import AGENT, LEAD, PASSWORD, a_console, another, send, sign_in, signed_in, token
from tests.fakes import Clock


@pytest.fixture
def app(store: Store, clock: Clock) -> FastAPI:
    return a_console(store, clock)


def lets_in(client: TestClient) -> bool:
    """Whether the queue is shown."""
    return client.get("/console/", follow_redirects=False).status_code == 200


def test_nobody_gets_in_without_signing_in(app: FastAPI) -> None:
    client = TestClient(app, follow_redirects=False)
    for path in ("/console/", "/console/register?q=x", "/console/register/export", "/console/password"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/console/sign-in"), path
    fragment = client.get("/console/queue", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.headers["hx-redirect"]) == (401, "/console/sign-in")
    assert client.get("/console").headers["location"].endswith("/console/")


def test_after_the_sign_in_comes_the_page_that_was_asked_for_and_never_another_site(app: FastAPI) -> None:
    client = TestClient(app, follow_redirects=False)
    wanted = client.get("/console/register?q=%D0%B4%D0%B0").headers["location"]
    assert wanted == "/console/sign-in?next=%2Fregister%3Fq%3D%25D0%25B4%25D0%25B0"
    answer = sign_in(client, LEAD, next="/register?q=1")
    assert answer.headers["location"] == "/console/register?q=1"
    for elsewhere in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"):
        assert sign_in(TestClient(app), LEAD, next=elsewhere).headers["location"] == "/console/", elsewhere


def test_a_session_cookie_is_hard_to_steal(store: Store, clock: Clock) -> None:
    plain = sign_in(TestClient(a_console(store, clock)), LEAD).headers["set-cookie"].lower()
    assert "httponly" in plain
    assert "samesite=lax" in plain
    assert "path=/console" in plain
    assert "secure" not in plain
    secured = signed_in_cookie(TestClient(another(store, clock), "https://testserver"))
    assert "secure" in secured
    proxied = signed_in_cookie(TestClient(another(store, clock, public_url="https://replies.example")))
    assert "secure" in proxied


def signed_in_cookie(client: TestClient) -> str:
    page = client.get("/console/sign-in")
    cookie = page.headers["set-cookie"].partition(";")[0]
    fields = {"name": LEAD, "password": PASSWORD, "csrf": token(page.text)}
    answer = client.post("/console/sign-in", data=fields, headers={"Cookie": cookie}, follow_redirects=False)
    assert answer.status_code == 303
    return str(answer.headers["set-cookie"]).lower()


def test_only_a_digest_of_a_session_and_a_hash_of_a_password_are_kept(
    app: FastAPI, store: Store, opened: Database
) -> None:
    client = signed_in(app)
    with opened.reading() as connection:
        kept = str(connection.exec_driver_sql("SELECT * FROM sessions").all())
        hashes = connection.exec_driver_sql("SELECT password FROM users").scalars().all()
    assert client.cookies[guard.SESSION] not in kept
    assert all(kept.startswith("$argon2id$") for kept in hashes)


def test_a_session_ends_by_itself(app: FastAPI, clock: Clock) -> None:
    client = signed_in(app)
    clock.forward(seconds=IDLE.total_seconds() - 60)
    assert lets_in(client)
    clock.forward(seconds=IDLE.total_seconds() + 60)
    assert not lets_in(client)
    client = signed_in(app)
    for _ in range(int(LONGEST / IDLE)):
        assert lets_in(client)
        clock.forward(seconds=IDLE.total_seconds() - 1)
    assert lets_in(client)
    clock.forward(seconds=60)
    assert not lets_in(client)


def test_a_page_that_refreshes_itself_keeps_no_session_alive(app: FastAPI, clock: Clock) -> None:
    client = signed_in(app)
    for _ in range(4):
        clock.forward(seconds=IDLE.total_seconds() / 4)
        answer = client.get("/console/queue", headers={"HX-Request": "true"})
    assert answer.status_code == 401


def test_whoever_leaves_is_out_even_with_the_old_cookie(app: FastAPI) -> None:
    client = signed_in(app)
    stolen = client.cookies[guard.SESSION]
    assert send(client, "/console/sign-out").status_code == 303
    assert not lets_in(client)
    thief = TestClient(app, cookies={guard.SESSION: stolen})
    assert not lets_in(thief)


def test_a_session_from_before_the_sign_in_is_not_kept(app: FastAPI) -> None:
    client = signed_in(app)
    before = client.cookies[guard.SESSION]
    sign_in(client, AGENT)
    assert client.cookies[guard.SESSION] != before
    assert not lets_in(TestClient(app, cookies={guard.SESSION: before}))


def test_the_disabled_are_out_at_once(app: FastAPI, store: Store) -> None:
    client = signed_in(app, AGENT)
    store.accounts.disable(AGENT)
    assert not lets_in(client)
    assert sign_in(TestClient(app), AGENT).status_code == 401
    store.accounts.enable(AGENT)
    assert not lets_in(client)
    signed_in(app, AGENT)


def test_a_new_secret_ends_every_session(app: FastAPI, store: Store, clock: Clock) -> None:
    cookie = signed_in(app).cookies[guard.SESSION]
    other = another(store, clock)
    assert lets_in(TestClient(other, cookies={guard.SESSION: cookie}))
    changed = another(store, clock, secret="another")
    assert not lets_in(TestClient(changed, cookies={guard.SESSION: cookie}))


def test_no_form_is_taken_from_elsewhere(app: FastAPI) -> None:
    client = signed_in(app)
    own = token(client.get("/console/").text)
    others = token(signed_in(app, AGENT).get("/console/").text)
    for wrong in ("", "x", others):
        assert client.post("/console/sign-out", data={"csrf": wrong}).status_code == 403, wrong
    assert client.post("/console/sign-out").status_code == 403
    assert lets_in(client)
    assert TestClient(app).post("/console/sign-in", data={"name": LEAD, "password": PASSWORD}).status_code == 403
    answer = client.post("/console/sign-out", headers={"X-CSRF-Token": own}, follow_redirects=False)
    assert answer.status_code == 303


def test_guesses_are_few(app: FastAPI, clock: Clock, store: Store) -> None:
    client = TestClient(app)
    for _ in range(guard.OF_ONE):
        assert sign_in(client, LEAD, "не тот пароль").status_code == 401
    for password in ("не тот пароль", PASSWORD):
        assert sign_in(client, LEAD, password).status_code == 429
    assert sign_in(client, AGENT).status_code == 303
    clock.forward(seconds=guard.WINDOW.total_seconds() + 1)
    assert sign_in(TestClient(app), LEAD).status_code == 303
    assert [line.what for line in store.audit.lines() if line.who == LEAD].count(guard.THROTTLED) == 1


def test_guesses_from_one_address_are_few_whoever_they_are_for(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "OF_ADDRESS", 2)
    client = TestClient(app)
    for name in ("Никто", "Некто"):
        assert sign_in(client, name).status_code == 401
    assert sign_in(client, AGENT).status_code == 429


def test_a_refusal_does_not_say_whether_there_is_such_a_user(app: FastAPI, store: Store) -> None:
    said = [sign_in(TestClient(app), name, "не тот пароль").text for name in ("Никто", LEAD)]
    assert "не подходят" in said[0]
    assert said[0].count("\n") == said[1].count("\n")
    kept = json.dumps([line.model_dump(mode="json") for line in store.audit.lines()], ensure_ascii=False)
    assert "Никто" not in kept
    assert "не тот пароль" not in kept


def test_a_password_is_changed_by_its_owner(app: FastAPI) -> None:
    client, elsewhere = signed_in(app), signed_in(app)
    new = "совсем другой пароль"
    change = {"old": PASSWORD, "new": new, "again": new}
    for wrong in (
        {"old": "x"},
        {"again": "x"},
        {"new": "short", "again": "short"},
        {"new": "а" * 20, "again": "а" * 20},
    ):
        assert send(client, "/console/password", **(change | wrong)).status_code == 422, wrong
    assert send(client, "/console/password", **change).status_code == 303
    assert lets_in(client)
    assert not lets_in(elsewhere)
    assert sign_in(TestClient(app), LEAD).status_code == 401
    assert sign_in(TestClient(app), LEAD, new).status_code == 303


def test_a_hash_tells_the_password_and_nothing_else_does() -> None:
    kept = hashed(PASSWORD, LEAD)
    assert fits(PASSWORD, kept)
    assert not fits(PASSWORD + "1", kept)
    assert not fits(PASSWORD, "nonsense")
    assert not aged(kept)
    for weak in ("short", "а" * 201, "Вера Главная  ", "аааааааааааа"):
        with pytest.raises(InputError):
            hashed(weak, "вера главная")


def test_users_are_kept_by_command(
    database_url: str, store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SUGGEST_DATABASE_URL", database_url)

    def run(*arguments: str, password: str = "") -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        return main(["user", *arguments])

    assert run("add", "Пётр", "--role", "lead", password=PASSWORD) == 0
    assert run("add", "пётр ", "--role", "agent", password=PASSWORD) == 2
    assert run("add", "Иван", "--role", "agent", password="short") == 2
    assert run("password", "Пётр", password=PASSWORD + "!") == 0
    assert run("password", "Никто", password=PASSWORD) == 2
    assert run("disable", "Пётр") == 0
    capsys.readouterr()
    assert run("list") == 0
    assert capsys.readouterr().out == "Пётр\tlead\tdisabled\n"
    assert run("enable", "пётр") == 0
    found = store.accounts.find("Пётр")
    assert found
    assert fits(PASSWORD + "!", found[1])
    assert PASSWORD not in str(store.audit.lines())
    assert {line.what for line in store.audit.lines()} >= {"user_add", "user_password", "user_disable"}
