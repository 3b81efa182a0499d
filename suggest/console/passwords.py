"""Passwords as Argon2 hashes: made, checked, and made anew when the recommended cost has grown."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from suggest.domain import InputError

SHORTEST, LONGEST = 12, 200
_hasher = PasswordHasher()
_at_once = threading.BoundedSemaphore(2)
"""A hash takes 64 MiB and a core: guesses must not take the service's memory."""

NOBODY = _hasher.hash("nobody has this password")
"""Checked where there is no such user, so that the time to an answer does not tell."""


def hashed(password: str, name: str) -> str:
    """The hash to keep; raises InputError for a password too short, too long, or the user's own name."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InputError("password", f"from {SHORTEST} to {LONGEST} characters are expected")
    if password.strip().casefold() == name.strip().casefold() or len(set(password)) < 4:
        raise InputError("password", "is too easy to guess")
    return _hasher.hash(password)


def fits(password: str, kept: str) -> bool:
    """Whether this is the password of a hash."""
    with _at_once:
        try:
            return _hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False


def aged(kept: str) -> bool:
    """Whether a hash was made at a lower cost than is recommended today."""
    return _hasher.check_needs_rehash(kept)
