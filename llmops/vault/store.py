"""The vault's SQLite file: keyed tokens and sealed values, nothing that can be read without the key."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from llmops.errors import RecipeError, StageError

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (id INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS subject (id INTEGER PRIMARY KEY, merged_into INTEGER, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS link (token BLOB PRIMARY KEY, subject INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS value (token BLOB NOT NULL, subject INTEGER NOT NULL, assigned INTEGER NOT NULL,
                    PRIMARY KEY (token, subject, assigned)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS identity (id INTEGER PRIMARY KEY, subject INTEGER NOT NULL, token BLOB NOT NULL UNIQUE,
                       sealed BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS subject_merged ON subject (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX IF NOT EXISTS link_subject ON link (subject);
CREATE INDEX IF NOT EXISTS value_subject ON value (subject);
CREATE INDEX IF NOT EXISTS identity_subject ON identity (subject);
"""


class VaultStore:
    """Statements on the vault's file; knows rows and tokens, not what they mean."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path, *, read_only: bool) -> "VaultStore":
        """Open the file; made where it is missing, unless it is only to be read.

        Raises:
            RecipeError: missing, readable by others, or no vault.
        """
        if not path.exists():
            if read_only:
                raise RecipeError("vault: there is no vault file to read; run the index pass first")
            _create(path)
        _refuse_shared(path)
        try:
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}", uri=True, isolation_level=None
            )
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA busy_timeout = 10000")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA temp_store = MEMORY")
            if not read_only:
                connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
            connection.execute("SELECT count(*) FROM meta")
        except sqlite3.Error:
            raise RecipeError("vault: the file is not a vault of llmops, or is in use") from None
        return cls(connection)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, by one writer at a time.

        Raises:
            StageError: the file refuses; nothing has changed.
        """
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StageError(f"vault: cannot be written ({error.sqlite_errorname})") from None

    def meta(self, row: int) -> bytes | None:
        """A sealed setting."""
        return self._blob("SELECT sealed FROM meta WHERE id = ?", row)

    def set_meta(self, row: int, sealed: bytes) -> None:
        """Keep a sealed setting; the first one stays."""
        self._run("INSERT OR IGNORE INTO meta VALUES (?, ?)", (row, sealed))

    def next_id(self, table: str) -> int:
        """The row id after the last; rows are never deleted while a transaction runs."""
        query = {"subject": "SELECT max(id) FROM subject", "identity": "SELECT max(id) FROM identity"}[table]
        return (self._number(query) or 0) + 1

    def add_subject(self, subject: int, sealed: bytes) -> None:
        """Keep a new subject."""
        self._run("INSERT INTO subject VALUES (?, NULL, ?)", (subject, sealed))

    def alias(self, subject: int) -> bytes | None:
        """A subject's sealed alias."""
        return self._blob("SELECT sealed FROM subject WHERE id = ?", subject)

    def merged_into(self, subject: int) -> int | None:
        """The subject that this one was found to be, if any."""
        return self._number("SELECT merged_into FROM subject WHERE id = ?", subject)

    def linked(self, token: bytes) -> int | None:
        """The subject with this identifier."""
        return self._number("SELECT subject FROM link WHERE token = ?", token)

    def link(self, token: bytes, subject: int) -> None:
        """Give a subject an identifier."""
        self._run("INSERT OR IGNORE INTO link VALUES (?, ?)", (token, subject))

    def holders(self, value_token: bytes, *, assigned: bool) -> tuple[int, ...]:
        """The subjects with an identifier of this value, from a known assigner or from an unknown one."""
        query = "SELECT subject FROM value WHERE token = ? AND assigned = ? ORDER BY subject"
        return tuple(row[0] for row in self._run(query, (value_token, int(assigned))))

    def hold(self, value_token: bytes, subject: int, *, assigned: bool) -> None:
        """Remember that a subject has an identifier of this value."""
        self._run("INSERT OR IGNORE INTO value VALUES (?, ?, ?)", (value_token, subject, int(assigned)))

    def merge(self, winner: int, loser: int) -> None:
        """Make two subjects one; the loser's row stays, so that its id still leads to the winner."""
        run = self._run
        run("UPDATE subject SET merged_into = ? WHERE merged_into = ?", (winner, loser))
        run("UPDATE subject SET merged_into = ? WHERE id = ?", (winner, loser))
        run("UPDATE link SET subject = ? WHERE subject = ?", (winner, loser))
        run("UPDATE OR IGNORE value SET subject = ? WHERE subject = ?", (winner, loser))
        run("DELETE FROM value WHERE subject = ?", (loser,))
        run("UPDATE identity SET subject = ? WHERE subject = ?", (winner, loser))

    def has_identity(self, token: bytes) -> bool:
        """Whether an identity is known already."""
        return self._number("SELECT 1 FROM identity WHERE token = ?", token) is not None

    def add_identity(self, row: int, subject: int, token: bytes, sealed: bytes) -> None:
        """Keep an identity of a subject."""
        self._run("INSERT INTO identity VALUES (?, ?, ?, ?)", (row, subject, token, sealed))

    def identities(self, subject: int) -> tuple[tuple[int, bytes], ...]:
        """The sealed identities of a subject, in the order they came."""
        query = "SELECT id, sealed FROM identity WHERE subject = ? ORDER BY id"
        return tuple(self._run(query, (subject,)))

    def subject_count(self) -> int:
        """Number of subjects that were not merged into another."""
        return self._number("SELECT count(*) FROM subject WHERE merged_into IS NULL") or 0

    def content(self) -> Iterator[tuple[object, ...]]:
        """Every row in a fixed order, as stored: tokens and sealed bytes."""
        for query in (
            "SELECT id, merged_into, sealed FROM subject ORDER BY id",
            "SELECT token, subject FROM link ORDER BY token",
            "SELECT token, subject, assigned FROM value ORDER BY token, subject, assigned",
            "SELECT token, subject FROM identity ORDER BY token",
        ):
            yield from self._run(query)

    def _run(self, query: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        try:
            return self._connection.execute(query, values)
        except sqlite3.Error as error:
            raise StageError(f"vault: a statement failed ({error.sqlite_errorname})") from None

    def _number(self, query: str, *values: object) -> int | None:
        row = self._run(query, values).fetchone()
        return None if row is None else row[0]

    def _blob(self, query: str, *values: object) -> bytes | None:
        row = self._run(query, values).fetchone()
        return None if row is None else row[0]


def _create(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise RecipeError(f"vault: the file cannot be made ({os.strerror(error.errno or 0)})") from None


def _refuse_shared(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise RecipeError(f"vault {path}: others can read it (mode {mode:04o}); fix: chmod 600 {path}")
