"""Whose an output folder is: a new run, this run to be resumed, or somebody else's and so refused."""

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
    """What the raw zone remembers about the run that an output folder belongs to.

    Args:
        inputs: keyed digest of the input paths.
        starts: how often the run was started, this time included.
    """

    run_id: str
    fingerprint: str
    inputs: str
    starts: int = 1
    finished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """A run's place in the raw zone: its state and its work files."""

    root: Path
    state: RunState

    @property
    def workspace(self) -> Workspace:
        """Where the shards are written."""
        return Workspace(root=self.root / "shards")

    def wrote_stream(self, stream: str) -> bool:
        """Whether a process of this run has noted a stream of that name."""
        return (self.root / _STREAMS / stream).is_file()

    def finish(self, *, keep_work: bool) -> None:
        """Remember that the run came to its end, and remove the work files."""
        _write(self.root, RunState(**{**asdict(self.state), "finished": True}))
        if not keep_work:
            self.workspace.remove()


def note_stream(root: Path, stream: str) -> None:
    """Note in a run's folder that the run writes a stream of that name: no other is ever sealed as the run's own.

    Who can write the output could put one there.
    """
    make_folder(root / _STREAMS, PRIVATE_FOLDER)
    with suppress(FileExistsError):
        create_file(root / _STREAMS / stream, b"", mode=PRIVATE_FILE)
        sync_folder(root / _STREAMS)


@contextmanager
def disk_full_as_error() -> Iterator[None]:
    """Say that the raw zone's disk is full, wherever that shows; what is written to the output says so itself.

    Raises:
        StageError: there is no space left; a start with more goes on.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise StageError(NO_SPACE) from None


def refuse_unwritable(recipe: Recipe) -> None:
    """Refuse an output or raw zone that could not be written, before anything is.

    Raises:
        RecipeError: names which.
    """
    for name, path in (("output", recipe.output), ("raw_zone", recipe.raw_zone)):
        there = next(one for one in (path, *path.parents) if one.exists())
        if there.is_dir() and not os.access(there, os.W_OK | os.X_OK):  # False also for root on a read-only mount
            raise RecipeError(f"{name}: {path} cannot be written; choose another --{name.replace('_', '-')}")


def output_token(recipe: Recipe, key: bytes) -> str:
    """What the raw zone calls a recipe's output folder, whose path may be PHI."""
    return hmac.new(key, str(recipe.output).encode(), hashlib.sha256).hexdigest()[:20]


@contextmanager
def claim(resolved: ResolvedRecipe, key: bytes, run_id: str) -> Iterator[RunFolder]:
    """Hold the output folder for one run: a new one, or the one it already belongs to.

    Args:
        key: secret that the input paths are digested with.
        run_id: id for the run if it is a new one.

    Raises:
        RecipeError: the folder cannot be made, is not empty and not this run's, or another process runs it.
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
    """See to it that not everybody can write the output, whatever it was before.

    Raises:
        RecipeError: everybody can, and it is somebody else's folder.
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
    """Durably: without it, after a loss of power, the output would be nobody's and the run could not go on."""
    replace_file(root / "state.json", orjson.dumps(asdict(state)), mode=PRIVATE_FILE)
