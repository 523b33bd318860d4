"""What a process that sees PHI promises about itself: no memory dump, no other process of its user looking in."""

import ctypes
import resource
import sys
from typing import Final

from llmops.errors import StageError

_PR_SET_DUMPABLE: Final = 4


def forbid_dumps() -> None:
    """Keep this process's memory, which holds PHI, out of core files and from other processes of the same user.

    The core size limit becomes 0, soft and hard; processes started from here inherit it. On Linux the process is also
    marked as not dumpable (prctl(2)), since a crash handler named in ``core_pattern`` is not bound by the limit. Such a
    process cannot be attached to with ptrace, nor its ``/proc/<pid>/mem`` be read, but by root; processes started from
    here do not inherit this. Neither can be taken back by what runs in the process without privilege.

    Raises:
        StageError: the system refuses; nothing should be read then.
    """
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        raise StageError("this process cannot be kept from writing core files (RLIMIT_CORE); nothing is read") from None
    if sys.platform == "linux" and ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise StageError("this process cannot be kept from being dumped (PR_SET_DUMPABLE); nothing is read")
