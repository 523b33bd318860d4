"""Claim or resume an output folder; refuse one that belongs to another run or owner."""

import errno
import fcntl
import hashlib
import hmac
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import orjson

from llmops.errors import RecipeError, StageError
from llmops.pipeline import Workspace
from llmops.plain_files import (
    PRIVATE_FILE,
    PRIVATE_FOLDER,
    create_file,
    make_folder,
    opened_folder,
    replace_file,
    sync_folder,
)
from llmops.recipe import Recipe, ResolvedRecipe
from llmops.vault.store import NO_SPACE

_STREAMS: Final = "streams"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """The raw zone's record of the run that an output folder belongs to.

    Args:
        inputs: keyed digest of the input paths.
        starts: number of starts of the run, including this one.
    """

    run_id: str
    fingerprint: str
    inputs: str
    starts: int = 1
    finished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """A run's folder in the raw zone: its state and work files."""

    root: Path
    state: RunState

    @property
    def workspace(self) -> Workspace:
        """Folder where the shards are written."""
        return Workspace(root=self.root / "shards")

    def wrote_stream(self, stream: str) -> bool:
        """Whether a process of this run has recorded a stream of that name."""
        return (self.root / _STREAMS / stream).is_file()

    def finish(self, *, keep_work: bool) -> None:
        """Mark the run as finished and remove the work files."""
        _write(self.root, RunState(**{**asdict(self.state), "finished": True}))
        if not keep_work:
            self.workspace.remove()


def note_stream(root: Path, stream: str) -> None:
    """Record in the run folder that the run writes this stream; unrecorded streams are never sealed as the run's own.

    Anyone who can write the output could place a stream there.
    """
    make_folder(root / _STREAMS, PRIVATE_FOLDER)
    with suppress(FileExistsError):
        create_file(root / _STREAMS / stream, b"", mode=PRIVATE_FILE)
        sync_folder(root / _STREAMS)


@contextmanager
def disk_full_as_error() -> Iterator[None]:
    """Report a full disk of the raw zone, wherever it shows; writers to the output report their own.

    Raises:
        StageError: no space is left; the run resumes once there is more.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise StageError(NO_SPACE) from None


def refuse_unwritable(recipe: Recipe) -> None:
    """Refuse an unwritable output or raw zone before anything is written.

    Raises:
        RecipeError: names which.
    """
    for name, path in (("output", recipe.output), ("raw_zone", recipe.raw_zone)):
        there = next(one for one in (path, *path.parents) if one.exists())
        if there.is_dir() and not os.access(there, os.W_OK | os.X_OK):  # False also for root on a read-only mount
            raise RecipeError(f"{name}: {path} cannot be written; choose another --{name.replace('_', '-')}")


def output_token(recipe: Recipe, key: bytes) -> str:
    """Token for a recipe's output folder in the raw zone; the path may be PHI."""
    return hmac.new(key, str(recipe.output).encode(), hashlib.sha256).hexdigest()[:20]


@contextmanager
def claim(resolved: ResolvedRecipe, key: bytes, run_id: str) -> Iterator[RunFolder]:
    """Lock the output folder for one run: a new one, or the one it already belongs to.

    Args:
        key: secret for the digest of the input paths.
        run_id: id for a new run.

    Raises:
        RecipeError: the folder cannot be made, is not empty and not this run's, or is in use by another process.
    """
    recipe = resolved.recipe
    root = recipe.raw_zone / "work" / output_token(recipe, key)
    make_folder(root, PRIVATE_FOLDER)
    with _lock(root / "lock"):
        inputs = hmac.new(key, "\0".join(map(str, recipe.input.paths)).encode(), hashlib.sha256).hexdigest()
        fresh = RunState(run_id=run_id, fingerprint=resolved.fingerprint, inputs=inputs)
        state = _resumed(_read(root), fresh, recipe)
        folder = RunFolder(root=root, state=state)
        if state is fresh:
            folder.workspace.remove()  # shards whose audit log is gone with an output that was removed
        try:
            make_folder(recipe.output)
            _close_to_the_world(recipe.output)
        except OSError as error:
            raise RecipeError(f"output: {recipe.output} cannot be made: {os.strerror(error.errno or 0)}") from None
        _write(root, state)
        yield folder


def _close_to_the_world(output: Path) -> None:
    """Remove world write access from the output.

    Raises:
        RecipeError: the folder is world-writable and has another owner.
        OSError: its mode cannot be changed.
    """
    with opened_folder(output) as folder:
        status = os.fstat(folder)
        if status.st_mode & stat.S_IWOTH and status.st_uid != os.geteuid():
            raise RecipeError(f"output: everybody can write {output}; name a folder in it, or chmod o-w {output}")
        if status.st_mode & stat.S_IWOTH:
            os.fchmod(folder, stat.S_IMODE(status.st_mode) & ~stat.S_IWOTH)


def _resumed(before: RunState | None, fresh: RunState, recipe: Recipe) -> RunState:
    occupied = recipe.output.is_dir() and any(recipe.output.iterdir())
    if recipe.output.exists() and not recipe.output.is_dir():
        raise RecipeError(f"output: {recipe.output} is a file; name a folder")
    if not occupied:
        return fresh
    if before is None:
        raise RecipeError(
            f"output: {recipe.output} is not empty and no run of this raw zone wrote it; choose another --output"
        )
    for what, same in (
        ("input", before.inputs == fresh.inputs),
        ("recipe, policy or code", before.fingerprint == fresh.fingerprint),
    ):
        if not same:
            raise RecipeError(
                f"output: it holds run {before.run_id}, made with another {what}; choose another --output, or move the "
                "old one away (the raw zone stays; its audit log is to be kept for six years, 164.316(b)(2)(i)): "
                f"mv {recipe.output} {recipe.output}-{before.run_id}"
            )
    return RunState(**{**asdict(before), "starts": before.starts + 1, "finished": False})


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RecipeError(
                "output: another process is running this recipe into it; wait for it or stop it"
            ) from None
        yield
    finally:
        os.close(descriptor)


def _read(root: Path) -> RunState | None:
    try:
        return RunState(**orjson.loads((root / "state.json").read_bytes()))
    except (FileNotFoundError, orjson.JSONDecodeError, TypeError):
        return None


def _write(root: Path, state: RunState) -> None:
    """Write durably: after a power loss without it, the output would have no owner and the run could not resume."""
    replace_file(root / "state.json", orjson.dumps(asdict(state)), mode=PRIVATE_FILE)
