"""The vault's SQLite file: keyed tokens and sealed values; nothing is readable without the key."""

import errno
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from llmops.errors import RecipeError, StageError
from llmops.plain_files import PRIVATE_FOLDER, make_folder

NO_SPACE: Final = "raw_zone: no space left on its disk; make room and run the same command again"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS bundle (slot INTEGER PRIMARY KEY, sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS subject (id INTEGER PRIMARY KEY, merged_into INTEGER, erased INTEGER NOT NULL DEFAULT 0,
                    sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS link (token BLOB PRIMARY KEY, subject INTEGER NOT NULL, bound BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS value (token BLOB NOT NULL, subject INTEGER NOT NULL, assigned INTEGER NOT NULL,
                    bound BLOB NOT NULL, PRIMARY KEY (token, subject, assigned)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS identity (id INTEGER PRIMARY KEY, subject INTEGER NOT NULL, token BLOB NOT NULL UNIQUE,
                       sealed BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS apart (one INTEGER NOT NULL, other INTEGER NOT NULL, PRIMARY KEY (one, other)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (mark BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS subject_merged ON subject (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX IF NOT EXISTS identity_subject ON identity (subject);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRow:
    """A stored subject.

    Args:
        subject: its id.
        root: the subject it was merged into; otherwise its own id.
        erased: whether its data key was destroyed.
        sealed: data key and alias.
    """

    subject: int
    root: int
    erased: bool
    sealed: bytes = field(repr=False)


class VaultStore:
    """SQL statements on the vault's file; handles rows and tokens without interpreting them.

    Links, values and identities keep their original subject; a merge changes only the row of the merged subject, so
    that it can be undone and nothing else must be sealed again.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path, *, read_only: bool) -> "VaultStore":
        """Open the file; create it if missing, unless read-only.

        Raises:
            RecipeError: missing, readable by others, or no vault.
            StageError: the disk is full.
        """
        if read_only:
            refuse_missing(path)
        elif not path.exists():
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
            connection.execute("SELECT count(*) FROM bundle")
        except sqlite3.Error as error:
            _refuse_full(error)
            raise RecipeError("vault: the file is not a vault of llmops, or is in use") from None
        return cls(connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block all or nothing, with one writer at a time; a nested block joins the outer one.

        Raises:
            StageError: the file refuses; nothing has changed.
        """
        within = self._connection.in_transaction
        if within:
            yield
            return
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
            _refuse_full(error)
            raise StageError(f"vault: cannot be written ({error.sqlite_errorname})") from None

    def bundles(self) -> tuple[tuple[int, bytes], ...]:
        """Return the wrapped bundles by slot: one, or two during a rotation."""
        return tuple(self._run("SELECT slot, sealed FROM bundle ORDER BY slot"))

    def set_bundle(self, slot: int, sealed: bytes) -> None:
        """Store a wrapped bundle."""
        self._run("INSERT OR REPLACE INTO bundle VALUES (?, ?)", (slot, sealed))

    def drop_bundles(self, but: int) -> None:
        """Delete every wrapped bundle but one."""
        self._run("DELETE FROM bundle WHERE slot <> ?", (but,))

    def next_id(self, table: str) -> int:
        """Return the row id after the largest one; ids of erased identities may be reused."""
        query = {"subject": "SELECT max(id) FROM subject", "identity": "SELECT max(id) FROM identity"}[table]
        return (self._number(query) or 0) + 1

    def subject(self, subject: int) -> SubjectRow | None:
        """Return a subject's row."""
        row = self._run("SELECT id, merged_into, erased, sealed FROM subject WHERE id = ?", (subject,)).fetchone()
        return None if row is None else _subject_row(row)

    def put_subject(self, row: SubjectRow) -> None:
        """Store a subject's row, new or changed."""
        root = None if row.root == row.subject else row.root
        self._run(
            "INSERT OR REPLACE INTO subject VALUES (?, ?, ?, ?)", (row.subject, root, int(row.erased), row.sealed)
        )

    def subjects(self) -> tuple[int, ...]:
        """Return the ids of all subjects, including merged and erased ones."""
        return tuple(row[0] for row in self._run("SELECT id FROM subject ORDER BY id"))

    def merged(self, root: int) -> tuple[int, ...]:
        """Return the subjects that were merged into this one."""
        return tuple(row[0] for row in self._run("SELECT id FROM subject WHERE merged_into = ? ORDER BY id", (root,)))

    def linked(self, token: bytes) -> tuple[int, bytes] | None:
        """Return the subject with this identifier, and the binding of the two."""
        row: tuple[int, bytes] | None = self._run(
            "SELECT subject, bound FROM link WHERE token = ?", (token,)
        ).fetchone()
        return row

    def link(self, token: bytes, subject: int, bound: bytes) -> None:
        """Assign an identifier to a subject; an existing assignment stays."""
        self._run("INSERT OR IGNORE INTO link VALUES (?, ?, ?)", (token, subject, bound))

    def holders(self, value_token: bytes, *, assigned: bool) -> Iterator[tuple[int, bytes]]:
        """Yield the subjects with an identifier of this value, from a known or unknown assigner, and the bindings."""
        query = "SELECT subject, bound FROM value WHERE token = ? AND assigned = ? ORDER BY subject"
        yield from self._run(query, (value_token, int(assigned)))

    def hold(self, value_token: bytes, subject: int, bound: bytes, *, assigned: bool) -> None:
        """Record that a subject has an identifier of this value."""
        self._run("INSERT OR IGNORE INTO value VALUES (?, ?, ?, ?)", (value_token, subject, int(assigned), bound))

    def keep_apart(self, one: int, other: int) -> None:
        """Record that two subjects must not be merged, whatever identifiers say."""
        self._run("INSERT OR IGNORE INTO apart VALUES (?, ?)", (min(one, other), max(one, other)))

    def allow_together(self, one: int, other: int) -> None:
        """Undo `keep_apart`."""
        self._run("DELETE FROM apart WHERE one = ? AND other = ?", (min(one, other), max(one, other)))

    def apart(self) -> frozenset[tuple[int, int]]:
        """Return the pairs that are kept apart, the smaller id first."""
        return frozenset(self._run("SELECT one, other FROM apart"))

    def has_identity(self, token: bytes) -> bool:
        """Whether an identity is stored."""
        return self._number("SELECT 1 FROM identity WHERE token = ?", token) is not None

    def add_identity(self, row: int, subject: int, token: bytes, sealed: bytes) -> None:
        """Store an identity of a subject."""
        self._run("INSERT INTO identity VALUES (?, ?, ?, ?)", (row, subject, token, sealed))

    def identities(self, subject: int) -> tuple[tuple[int, bytes], ...]:
        """Return the sealed identities registered for this subject itself, in order."""
        query = "SELECT id, sealed FROM identity WHERE subject = ? ORDER BY id"
        return tuple(self._run(query, (subject,)))

    def drop_identities(self, subject: int) -> None:
        """Delete every identity of a subject."""
        self._run("DELETE FROM identity WHERE subject = ?", (subject,))

    def spend(self, mark: bytes, at: int) -> bool:
        """Mark an approval as used; False if it was used before."""
        return self._run("INSERT OR IGNORE INTO spent VALUES (?, ?)", (mark, at)).rowcount == 1

    def spent_since(self, at: int) -> int:
        """Return the number of approvals used since then."""
        return self._number("SELECT count(*) FROM spent WHERE at > ?", at) or 0

    def counts(self) -> dict[str, int]:
        """Return the number of subjects, and of rows of each kind."""
        queries = {
            "subjects": "SELECT count(*) FROM subject WHERE merged_into IS NULL AND NOT erased",
            "merged": "SELECT count(*) FROM subject WHERE merged_into IS NOT NULL AND NOT erased",
            "erased": "SELECT count(*) FROM subject WHERE erased AND merged_into IS NULL",
            "identities": "SELECT count(*) FROM identity",
            "identifiers": "SELECT count(*) FROM link",
            "kept_apart": "SELECT count(*) FROM apart",
        }
        return {name: self._number(query) or 0 for name, query in queries.items()}

    def content(self) -> Iterator[tuple[object, ...]]:
        """Yield every row in a fixed order, as stored: tokens and sealed bytes."""
        for query in (
            "SELECT id, merged_into, erased, sealed FROM subject ORDER BY id",
            "SELECT token, subject FROM link ORDER BY token",
            "SELECT token, subject, assigned FROM value ORDER BY token, subject, assigned",
            "SELECT token, subject FROM identity ORDER BY token",
            "SELECT one, other FROM apart ORDER BY one, other",
        ):
            yield from self._run(query)

    def _run(self, query: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        try:
            return self._connection.execute(query, values)
        except sqlite3.Error as error:
            _refuse_full(error)
            raise StageError(f"vault: a statement failed ({error.sqlite_errorname})") from None

    def _number(self, query: str, *values: object) -> int | None:
        row = self._run(query, values).fetchone()
        return None if row is None else row[0]


def _subject_row(row: tuple[int, int | None, int, bytes]) -> SubjectRow:
    subject, merged_into, erased, sealed = row
    root = subject if merged_into is None else merged_into
    return SubjectRow(subject=subject, root=root, erased=bool(erased), sealed=sealed)


def refuse_missing(path: Path) -> None:
    """Refuse a missing vault file.

    Raises:
        RecipeError: it is missing.
    """
    if not path.exists():
        raise RecipeError("vault: there is no vault file to read; run the index pass first")


def _create(path: Path) -> None:
    try:
        make_folder(path.parent, PRIVATE_FOLDER)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StageError(NO_SPACE) from None
        raise RecipeError(f"vault: the file cannot be made ({os.strerror(error.errno or 0)})") from None


def _refuse_full(error: sqlite3.Error) -> None:
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL:
        raise StageError(NO_SPACE) from None


def _refuse_shared(path: Path) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise RecipeError(f"vault {path}: others can read it (mode {mode:04o}); fix: chmod 600 {path}")
