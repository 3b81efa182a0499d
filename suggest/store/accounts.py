"""Who may use the console, and who is in it: users with a hashed password, sessions that end and can be ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from suggest.domain import Frozen, InputError
from suggest.folding import fold
from suggest.store.engine import Database
from suggest.store.tables_console import sessions, users

Role = Literal["agent", "lead"]

LONGEST = timedelta(hours=12)
"""A session ends so long after the sign-in: a working day."""

IDLE = timedelta(hours=2)
"""And so long after the last page that was asked for."""

MINUTE = timedelta(minutes=1)


class User(Frozen):
    """Somebody who may sign in; `name` as in Usedesk, so that their replies are found."""

    id: int
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None


class Accounts:
    """Keeps users and sessions. Passwords come in hashed, and sessions are known by a digest only."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def add(self, name: str, role: Role, password: str) -> User:
        """A new user; `password` is its hash. Raises InputError for a name that is empty or taken, whatever its case."""
        shown = " ".join(name.split())
        if not shown or len(shown) > 100:
            raise InputError("name", "from 1 to 100 characters are expected")
        row = {"name": shown, "key": _key(name), "role": role, "password": password, "created_at": self._clock()}
        try:
            with self._database.writing() as connection:
                added = connection.execute(insert(users).values(row).returning(users)).one()
        except IntegrityError as error:
            raise InputError("name", f"there is a user {shown} already") from error
        return _user(added)

    def all(self) -> tuple[User, ...]:
        """Everybody, by name, the disabled too."""
        with self._database.reading() as connection:
            return tuple(_user(row) for row in connection.execute(select(users).order_by(users.c.key)))

    def find(self, name: str) -> tuple[User, str] | None:
        """The user of that name and the hash of the password; None where there is none."""
        with self._database.reading() as connection:
            row = _named(connection, name)
        return (_user(row), row.password) if row else None

    def set_password(self, name: str, password: str, end_sessions: bool = True) -> User:
        """Another hash, and unless it is the same password every session of the user ended; InputError for no user."""
        return self._change(name, end_sessions, password=password)

    def disable(self, name: str) -> User:
        """From now on the user is not let in, and is out of every session; raises InputError for no user."""
        return self._change(name, True, disabled_at=self._clock())

    def enable(self, name: str) -> User:
        """Lets the user in again; raises InputError for no user."""
        return self._change(name, False, disabled_at=None)

    def begin(self, user: User, digest: str) -> None:
        """A session; those that are over are forgotten."""
        now = self._clock()
        row = {"digest": digest, "user_id": user.id, "created_at": now, "seen_at": now}
        with self._database.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.created_at < now - LONGEST))
            connection.execute(insert(sessions).values(row))

    def signed_in(self, digest: str, seen: bool = True) -> User | None:
        """Whose session it is; None where it is over, unknown, or its user disabled.

        `seen`: whether the user asked for something, which keeps the session from growing old; a page that asks by
        itself does not.
        """
        now = self._clock()
        fresh = (sessions.c.created_at > now - LONGEST) & (sessions.c.seen_at > now - IDLE)
        query = select(users, sessions.c.seen_at).join(sessions, sessions.c.user_id == users.c.id)
        with self._database.reading() as connection:
            row = connection.execute(
                query.where(sessions.c.digest == digest, fresh, users.c.disabled_at.is_(None))
            ).first()
        if row and seen and row.seen_at < now - MINUTE:
            with self._database.writing() as connection:
                connection.execute(update(sessions).where(sessions.c.digest == digest).values(seen_at=now))
        return _user(row) if row else None

    def end(self, digest: str) -> None:
        """The session is over."""
        with self._database.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.digest == digest))

    def _change(self, name: str, end_sessions: bool, **values: Any) -> User:
        with self._database.writing() as connection:
            row = connection.execute(
                update(users).where(users.c.key == _key(name)).values(values).returning(users)
            ).first()
            if row is None:
                raise InputError("name", f"no such user: {name}")
            if end_sessions:
                connection.execute(delete(sessions).where(sessions.c.user_id == row.id))
        return _user(row)


def _named(connection: Connection, name: str) -> Row[Any] | None:
    return connection.execute(select(users).where(users.c.key == _key(name))).first()


def _key(name: str) -> str:
    return " ".join(fold(name).split())


def _user(row: Row[Any]) -> User:
    return User(id=row.id, name=row.name, role=row.role, created_at=row.created_at, disabled_at=row.disabled_at)
