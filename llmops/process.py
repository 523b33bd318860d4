"""Process protection for PHI: no memory dumps, no access by other processes of the same user."""

import ctypes
import resource
import sys
from typing import Final

from llmops.errors import StageError

_PR_SET_DUMPABLE: Final = 4


def forbid_dumps() -> None:
    """Keep this process's memory, which holds PHI, out of core files and from other processes of the same user.

    The core size limit becomes 0, soft and hard; child processes inherit it. On Linux the process is also marked not
    dumpable (prctl(2)), since a crash handler named in ``core_pattern`` is not bound by the limit. Only root can then
    attach with ptrace or read ``/proc/<pid>/mem``; child processes do not inherit this. Unprivileged code in the
    process can undo neither.

    Raises:
        StageError: the system refuses; nothing should be read then.
    """
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        raise StageError("this process cannot be kept from writing core files (RLIMIT_CORE); nothing is read") from None
    if sys.platform == "linux" and ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise StageError("this process cannot be kept from being dumped (PR_SET_DUMPABLE); nothing is read")
