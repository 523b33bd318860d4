"""Checkpoints: size and root of a stream as a C2SP tlog-checkpoint in a signed note. Anchors: copies kept elsewhere."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from llmops.errors import AuditVerificationError
from llmops.keys import SigningKey, VerifyKey

ORIGIN: Final = "llmops/"
_DASH: Final = "\u2014 "  # a signature line starts with an em dash (C2SP signed-note)
# What a torn note may contain after its origin line: each part only if the one before it is complete.
_TORN: Final = re.compile(
    rb"[0-9]{0,20}(?:\n[A-Za-z0-9+/]{0,43}=?(?:\n(?:\n(?:\xe2(?:\x80(?:\x94"
    rb"(?: [^\n ]{0,256}(?: [A-Za-z0-9+/]{0,91}=?\n?)?)?)?)?)?)?)?)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """Size and root of a stream, kept where the log's owner cannot change it, e.g. in a release manifest.

    Args:
        stream: name of the stream.
        size: number of events.
        root: hex RFC 6962 root over them.
    """

    stream: str
    size: int
    root: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Signed size and root of a stream at one moment.

    Args:
        stream: name of the stream; the origin line is ``llmops/<stream>``.
        size: number of events.
        root: the 32 bytes of the RFC 6962 root.
        signatures: ``(key name, key hash, signature)`` as in the note.
    """

    stream: str
    size: int
    root: bytes
    signatures: tuple[tuple[str, bytes, bytes], ...] = ()

    @property
    def body(self) -> bytes:
        """Return the signed text: origin, size and base64 root, one line each."""
        return f"{ORIGIN}{self.stream}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()

    @property
    def note(self) -> bytes:
        """Return the complete signed note."""
        lines = [f"{_DASH}{name} {base64.b64encode(tag + sig).decode()}\n" for name, tag, sig in self.signatures]
        return self.body + b"\n" + "".join(lines).encode()

    @property
    def anchor(self) -> Anchor:
        """Return the checkpoint as an anchor."""
        return Anchor(stream=self.stream, size=self.size, root=self.root.hex())

    def signed_by(self, keys: Sequence[VerifyKey]) -> VerifyKey | None:
        """Return the first of ``keys`` with a valid signature on this checkpoint, if any."""
        body = self.body
        for name, tag, signature in self.signatures:
            for key in keys:
                if key.name == name and key.note_hash == tag and key.verify(body, signature):
                    return key
        return None


def sign_checkpoint(signer: SigningKey, *, stream: str, size: int, root: bytes) -> Checkpoint:
    """Sign a stream's size and root."""
    public = signer.public
    bare = Checkpoint(stream=stream, size=size, root=root)
    signature = (signer.name, public.note_hash, signer.sign(bare.body))
    return Checkpoint(stream=stream, size=size, root=root, signatures=(signature,))


def parse_checkpoint(note: bytes) -> Checkpoint:
    """Read a signed note; only the canonical form is accepted, so that every changed byte is detected.

    Raises:
        AuditVerificationError: not a checkpoint, or not in canonical form.
    """
    problem = AuditVerificationError("checkpoint is malformed")
    try:
        body, _, signatures = note.decode("utf-8").partition("\n\n")
        origin, size, root = body.split("\n")
        checkpoint = Checkpoint(
            stream=origin.removeprefix(ORIGIN),
            size=int(size),
            root=base64.b64decode(root, validate=True),
            signatures=tuple(_signature(line) for line in signatures.splitlines()),
        )
    except ValueError:
        raise problem from None
    if checkpoint.note != note or not checkpoint.signatures:
        raise problem
    return checkpoint


def split_notes(data: bytes) -> tuple[tuple[bytes, ...], bytes]:
    """Split a checkpoint file into its notes and the torn rest; one empty line follows each note in the file."""
    notes, start = [], 0
    while (middle := data.find(b"\n\n", start)) >= 0 and (end := data.find(b"\n\n", middle + 2)) >= 0:
        notes.append(data[start : end + 1])
        start = end + 2
    return tuple(notes), data[start:]


def is_torn(rest: bytes, stream: str) -> bool:
    """Whether ``rest`` could be the first bytes of a checkpoint of the stream, as left by a crash.

    Otherwise somebody changed the file. After a power loss, bytes whose length alone was stored may be zeros; a single
    zero does not count, since it may be one changed byte.
    """
    if rest.endswith(b"\0\0"):
        rest = rest.rstrip(b"\0")
    head = f"{ORIGIN}{stream}\n".encode()
    return head.startswith(rest) or (rest.startswith(head) and _TORN.fullmatch(rest, len(head)) is not None)


def _signature(line: str) -> tuple[str, bytes, bytes]:
    """Read one signature line.

    Raises:
        ValueError: not the form of the specification.
    """
    if not line.startswith(_DASH):
        raise ValueError("no dash")
    name, data = line.removeprefix(_DASH).split(" ")
    blob = base64.b64decode(data, validate=True)
    if not name or len(blob) != 68:
        raise ValueError("not a signature")
    return name, blob[:4], blob[4:]
