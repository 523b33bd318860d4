"""What a command does to the network and to files, seen at its system calls: native code and child processes too."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

_NETWORK = ("connect", "bind", "sendto", "sendmsg", "sendmmsg")
_CHANGES = (
    *("creat", "mkdir", "mkdirat", "mknod", "mknodat", "rename", "renameat", "renameat2", "link", "linkat", "symlink"),
    *("symlinkat", "unlink", "unlinkat", "rmdir", "truncate", "chmod", "fchmodat", "chown", "fchownat", "setxattr"),
)
_OPENS = ("open", "openat", "openat2")
_CALL = re.compile(r"^\d+ +(\w+)\((.*)")
_AT = re.compile(r'(?:AT_FDCWD|\d+)<([^>]*)>, "((?:[^"\\]|\\.)*)"')
_PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')
_RESULT = re.compile(r" = (\d+)<([^>]*)>")
_OWN = re.compile(r"/proc/self/fd/(\d+)(/.*)?")
# Name resolution opens these before it sends anything, also where no network is there.
_RESOLVING = ("/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/gai.conf")


def tracer() -> list[str]:
    """The command line of strace, or skip: a user who is not root traces as root of a user namespace of their own,
    since the memory of a process that is not dumpable is closed to its other processes."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    command = [strace, "-f", "-y", "--seccomp-bpf", "-s", "4096", "-e", "signal=none"]
    command = command if os.geteuid() == 0 else ["unshare", "--map-root-user", *command]
    if subprocess.run([*command, "-e", "trace=none", "true"], capture_output=True).returncode:
        pytest.skip("strace is not permitted here")
    return command


def traced(
    command: Sequence[str], log: Path, *, env: dict[str, str], cwd: Path, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run ``command`` and everything it starts under strace; the calls that matter go to ``log``."""
    calls = ",".join(f"?{name}" for name in (*_NETWORK, *_CHANGES, *_OPENS))
    return subprocess.run(
        [*tracer(), "-e", f"trace={calls}", "-o", str(log), *command],
        env={**env, "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=280,
    )


def reached_out(log: Path) -> list[str]:
    """Calls that spoke to a network, loopback too, or began to resolve a name. Binding to loopback is no speech."""
    return [line for line in log.read_text(errors="replace").splitlines() if _reaches_out(line)]


def _reaches_out(line: str) -> bool:
    call = _CALL.match(line)
    if call is None:
        return False
    name, arguments = call.groups()
    if name in _OPENS:
        return any(path in _RESOLVING for path in _PATH.findall(arguments))
    if name not in _NETWORK or "sa_family=AF_UNIX" in arguments or "sa_family=AF_NETLINK" in arguments:
        return False
    if name == "bind":
        return '"::1"' not in arguments and '"127.0.0.1"' not in arguments
    # Data on a connected socket names no address; its connect was seen.
    return name == "connect" or ("msg_name=NULL" not in arguments and ", NULL, 0" not in arguments)


def written(log: Path, cwd: Path, allowed: Iterable[Path]) -> list[str]:
    """Paths outside ``allowed`` that were opened for writing, made, renamed, removed or changed, or tried to be."""
    roots = [Path(os.path.normpath(root)) for root in (*allowed, Path(os.devnull))]
    touched: set[Path] = set()
    folders: dict[str, str] = {}  # what a descriptor was opened for last, since calls name paths by /proc/self/fd
    for line in log.read_text(errors="replace").splitlines():
        call, result = _CALL.match(line), _RESULT.search(line)
        if result:
            folders[result[1]] = result[2]
        if call is None or (call[1] in _OPENS and not re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC)", call[2])):
            continue
        if call[1] in _CHANGES or call[1] in _OPENS:
            touched.update(_real(path, folders) for path in _paths(call[1], call[2], cwd))
    return sorted(str(path) for path in touched if not any(path.is_relative_to(root) for root in roots))


def _paths(name: str, arguments: str, cwd: Path) -> Iterable[Path]:
    named = _AT.findall(arguments)
    if not named:
        named = [(str(cwd), path) for path in _PATH.findall(arguments)]
    if name.startswith("symlink"):
        named = named[-1:]  # the first is what the link says
    return [Path(os.path.normpath(Path(folder, path))) for folder, path in named]


def _real(path: Path, folders: dict[str, str]) -> Path:
    own = _OWN.fullmatch(str(path))
    return Path(folders.get(own[1], str(path)) + (own[2] or "")) if own else path
