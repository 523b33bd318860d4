"""Store finished cases of an evaluation, one per line, so that a stopped one can resume."""

import os
import stat
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import orjson
from pydantic import TypeAdapter, ValidationError

from llmops.errors import RecipeError
from llmops.evaluation.result import CaseResult

_CASE: Final = TypeAdapter(CaseResult)
_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Partial:
    """A file of finished cases; a context manager that removes it once the evaluation is complete, or if it is empty.

    It may be in a folder others can write, so it must be our own plain file. Like any result on disk it has no answers.

    Args:
        path: the file.
        key: suite, release, index and model under which a case must have been answered.

    Raises:
        RecipeError: another kind of file is there, or it cannot be written.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key
        try:
            self._descriptor = os.open(path, _FLAGS, 0o600)
            found = os.fstat(self._descriptor)
        except OSError as error:
            raise RecipeError(f"evaluation: {path.name} cannot be written ({os.strerror(error.errno or 0)})") from None
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1 or found.st_uid != os.geteuid():
            os.close(self._descriptor)
            raise RecipeError(f"evaluation: {path.name} is no plain file of yours; remove it")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        is_empty = not os.fstat(self._descriptor).st_size
        os.close(self._descriptor)
        if kind is None or is_empty:
            self._path.unlink(missing_ok=True)

    def read(self) -> dict[tuple[str, str], tuple[CaseResult, float]]:
        """Return the cases answered under the key, with their seconds, by prompt and case id."""
        data = os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)
        if data and not data.endswith(b"\n"):
            os.write(self._descriptor, b"\n")  # ends a line cut off by a crash
        found = {}
        for line in data.splitlines():
            try:
                entry = orjson.loads(line)
                if entry["key"] == self._key:
                    case = _CASE.validate_json(orjson.dumps(entry["case"]))
                    found[case.prompt, case.case_id] = case, float(entry["seconds"])
            except (ValueError, TypeError, KeyError, ValidationError):
                continue
        return found

    def add(self, case: CaseResult, seconds: float) -> None:
        """Store an answered case."""
        plain = orjson.loads(orjson.dumps(case))
        del plain["answer"]
        os.write(self._descriptor, orjson.dumps({"key": self._key, "seconds": seconds, "case": plain}) + b"\n")
