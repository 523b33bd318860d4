"""A published release of thirty invented documents in five parts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmops.documents import ScoredDocument
from llmops.keys import load_or_create_signing_key
from llmops.release import Release, open_release


@pytest.fixture(scope="session")
def release(
    tmp_path_factory: pytest.TempPathFactory,
    publish_release: Callable[..., Path],
    scored_document: Callable[..., ScoredDocument],
) -> Release:
    """An opened release; document n has n % 8 words."""
    output = tmp_path_factory.mktemp("training")
    signer = load_or_create_signing_key(output / "keys" / "release.pem")
    documents = [
        scored_document(f"r{number:04d}.0", " \n".join(f"w{number}_{token}" for token in range(number % 8)))
        for number in range(30)
    ]
    return open_release(publish_release(output, documents, signer, rows_per_part=7), (signer.public,))
