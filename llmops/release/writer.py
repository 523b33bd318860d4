"""Write a release: stream into a hidden folder, bind it in a signed manifest, publish by one rename."""

import os
import secrets
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from llmops.documents import Receipt, ScoredDocument, Withheld
from llmops.errors import ReleaseError
from llmops.keys import SigningKey
from llmops.plain_files import create_file, is_there, make_folder, opened_folder, sync_folder
from llmops.release import manifest as m
from llmops.release.canonical import digest
from llmops.release.card import dataset_card
from llmops.release.croissant import croissant
from llmops.release.files import point_latest, remove_tree, writing
from llmops.release.manifest import Content, FileDigest, Manifest, ReleaseFacts
from llmops.release.parts import Part, PartWriter
from llmops.release.provenance import provenance
from llmops.release.reader import open_release
from llmops.release.revocation import read_revocations
from llmops.release.schema import DOCUMENTS, RECEIPTS, WITHHELD, receipts_to_batch, to_batch, withheld_to_batch
from llmops.release.signing import Purpose, Trust, sign

_TEMPORARY: Final = ".tmp-"
_WHAT: Final = "the release"
_MODE: Final = 0o755
_OVER: Final = "the release was published or abandoned before"


class ReleaseWriter:
    """Streams a run's documents into ``<output>/release/`` and publishes them under the id of their content.

    One writer at a time per output folder: unpublished leftovers of an earlier one are removed. Equal documents in
    equal order with equal facts give identical data files and id. Call `publish` or `abandon` at the end; as a context
    manager, leaving without `publish` abandons.

    Args:
        output: the run's output folder.
        rows_per_part: maximum number of documents in a data file.

    Raises:
        ReleaseError: the folder cannot be written.
    """

    def __init__(self, output: Path, *, rows_per_part: int = 50_000) -> None:
        self._root = output / "release"
        self._folder = self._root / f"{_TEMPORARY}{secrets.token_hex(8)}"
        with writing(_WHAT):
            make_folder(self._root)
            for leftover in self._root.glob(f"{_TEMPORARY}*"):
                remove_tree(leftover)
            with opened_folder(self._root) as root:
                os.mkdir(self._folder.name, _MODE, dir_fd=root)
            with opened_folder(self._folder, within=self._root) as folder:
                for name in (m.DATA, m.WITHHELD, m.RECEIPTS):
                    os.mkdir(name, _MODE, dir_fd=folder)
        self._data: PartWriter[ScoredDocument] = PartWriter(
            self._folder / m.DATA,
            DOCUMENTS,
            to_batch,
            weigh=lambda row: len(row.text),
            rows_per_part=rows_per_part,
            within=self._root,
        )
        self._withheld: PartWriter[Withheld] = PartWriter(
            self._folder / m.WITHHELD, WITHHELD, withheld_to_batch, within=self._root
        )
        self._receipts: PartWriter[tuple[str, Receipt]] = PartWriter(
            self._folder / m.RECEIPTS, RECEIPTS, receipts_to_batch, within=self._root
        )
        self._content: tuple[tuple[Part, ...], tuple[Part, ...]] | None = None
        self._finished = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abandon()

    def add(self, document: ScoredDocument) -> None:
        """Add a document that the gate passed; its receipt must follow through `add_receipts` before `publish`."""
        self._still_open()
        with writing(_WHAT):
            self._data.add(document)

    def add_withheld(self, withheld: Withheld) -> None:
        """Add a withheld record or document with its reason."""
        self._still_open()
        with writing(_WHAT):
            self._withheld.add(withheld)

    def add_receipts(self, receipts: Iterable[tuple[str, Receipt]]) -> None:
        """Add ``(document id, receipt)`` pairs, after the audit log has acknowledged the decisions."""
        if self._finished:
            raise ReleaseError(_OVER)
        with writing(_WHAT):
            for pair in receipts:
                self._receipts.add(pair)

    def content_id(self, facts: ReleaseFacts) -> str:
        """Finish the data and withheld files and return the future release id; afterwards only receipts may be added.

        For callers that need the id before publication: the audit event and the report.
        """
        return self._seal(facts).release_id

    def publish(self, facts: ReleaseFacts, signer: SigningKey, *, scorecard: bytes, report: bytes) -> Path:
        """Sign and publish; afterwards the folder never changes.

        An existing release of the same content is verified and kept, and this one removed. In both cases the file
        ``latest`` names the published release.

        Args:
            facts: facts that the manifest binds beside the files.
            signer: the private key of ``facts.key``.
            scorecard: ``scorecard.json``.
            report: ``report.html``.

        Returns:
            The published folder, ``<output>/release/<id>``.

        Raises:
            ReleaseError: a document without receipt or the reverse, a key other than ``facts.key``, a full disk, or an
                existing folder that does not verify.
        """
        if signer.public.raw != facts.key.raw:
            raise ReleaseError("the signing key is not the one that the release states")
        try:
            content = self._seal(facts)
            with writing(_WHAT):
                self._write_manifest(content, facts, signer, scorecard, report)
                published = self._move(content.release_id, facts)
            point_latest(self._root, published.name)
            return published
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Remove an unpublished release; does nothing after `publish`."""
        if self._finished:
            return
        self._finished = True
        for writer in (self._data, self._withheld, self._receipts):
            writer.abandon()
        if is_there(self._folder):
            with writing(_WHAT):
                remove_tree(self._folder)

    def _still_open(self) -> None:
        if self._finished or self._content is not None:
            raise ReleaseError("the release is sealed: nothing can be added to it")

    def _seal(self, facts: ReleaseFacts) -> Content:
        if self._finished:
            raise ReleaseError(_OVER)
        if self._content is None:
            with writing(_WHAT):
                self._content = (self._data.close(), self._withheld.close())
        data, withheld = self._content
        return Content(
            data=data,
            withheld=withheld,
            columns=tuple((field.name, str(field.type)) for field in DOCUMENTS),
            policy_id=facts.policy_id,
            recipe_digest=facts.recipe_digest,
            quality_policy_digest=facts.quality_policy_digest,
            gate_policy_digest=facts.gate_policy_digest,
            models=tuple(sorted(facts.models)),
            code_version=facts.code_version,
        )

    def _write_manifest(
        self, content: Content, facts: ReleaseFacts, signer: SigningKey, scorecard: bytes, report: bytes
    ) -> None:
        rows = sum(part.rows for part in content.data)
        bodies = {
            m.README: dataset_card(content.release_id, rows, facts),
            m.CROISSANT: croissant(content, facts),
            m.PROVENANCE: provenance(content, facts),
            m.REPORT: report,
            m.SCORECARD: scorecard,
        }
        files = tuple(self._put(name, data) for name, data in bodies.items())
        manifest = Manifest(
            format=m.FORMAT,
            id=content.release_id,
            created=facts.created,
            content=content,
            receipts=self._receipts.close(),
            files=files,
            verdicts=tuple(
                replace(item, limit=float(item.limit), observed=float(item.observed)) for item in facts.verdicts
            ),
            counts=facts.counts,
            residual_risk=tuple((name, float(value)) for name, value in facts.residual_risk),
            audit=facts.audit,
            key=facts.key.fingerprint,
            rule=facts.rule,
            section=facts.section,
        )
        data = manifest.to_bytes()
        self._put(m.MANIFEST, data)
        self._put(m.SIGNATURE, sign(Purpose.MANIFEST, data, signer))

    def _put(self, name: str, data: bytes) -> FileDigest:
        create_file(self._folder / name, data, mode=0o444, within=self._root)
        return FileDigest(path=name, sha256=digest(data), bytes=len(data))

    def _move(self, release_id: str, facts: ReleaseFacts) -> Path:
        target = self._root / release_id
        revoked = read_revocations(target, release_id, Trust((facts.key,))).revoked
        if revoked is not None:
            raise ReleaseError(
                f"the documents are those of release {release_id}, which has been revoked ({revoked.value}); mend the "
                "input, or the recipe and give another --output"
            )
        # The release's own reader is the last check: a release that does not verify is never published.
        open_release(self._folder, (facts.key,))
        if is_there(target):
            return open_release(target, (facts.key,)).path
        for folder in (*(self._folder / name for name in (m.DATA, m.WITHHELD, m.RECEIPTS)), self._folder):
            with opened_folder(folder, within=self._root) as opened:
                os.fsync(opened)
        with opened_folder(self._root) as root:
            os.rename(self._folder.name, target.name, src_dir_fd=root, dst_dir_fd=root)
            os.fsync(root)
        sync_folder(self._root.parent)
        return target
