"""``python -m tests.benchmarks.pipeline``: cost of each stage on the bundled cohort, and cost of the audit.

The whole pipeline runs in this process on one core, on a configurable number of copies of the cohort. Reports records
per CPU second by stage, each stage's share, and the ratio of an audited append to a plain SHA-256 of the same bytes.
"""

import argparse
import hashlib
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.one_core import one_core

ROOT = Path(__file__).resolve().parents[2]
COHORT = ROOT / "recipes" / "data" / "quickstart"
RECIPE = """
recipe: 1
name: bench
purpose: measure the stages
input:
  paths: [{cohort}]
output: {here}/out
raw_zone: {here}/raw
deid:
  policy: safe_harbor
  ner: {ner}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1, help="how often the cohort is read")
    parser.add_argument("--ner", default="none", help="our NER component; rules alone unless named")
    options = parser.parse_args()
    one_core()
    logging.disable(logging.CRITICAL)
    with _folder() as here:
        _stages(here, options.times, options.ner)
    with _folder() as here:
        _audit(here)


@contextmanager
def _folder() -> Iterator[Path]:
    here = Path(tempfile.mkdtemp(prefix="llmops-bench-"))
    try:
        yield here
    finally:
        shutil.rmtree(here, ignore_errors=True)


def _stages(here: Path, times: int, ner: str) -> None:
    """Run every stage over the cohort's records and report each cost."""
    from llmops.documents import SourceRecord, Withheld
    from llmops.pipeline.meters import Meter
    from llmops.recipe import build_pipeline, load_keys, load_recipe, open_vault, resolve
    from llmops.sources import plan_units

    (here / "bench.yaml").write_text(RECIPE.format(cohort=COHORT, here=here, ner=ner), encoding="utf-8")
    recipe = load_recipe(here / "bench.yaml")
    keys, resolved = load_keys(recipe), resolve(recipe)
    meters = {name: Meter(name=name) for name in ("read", "identities", "normalize", "keep", "deid", "quality")}

    with open_vault(resolved, keys, read_only=False) as vault:
        pipeline = build_pipeline(resolved, keys, vault)
        pipeline.deidentifier.process([])
        for round_ in range(times):
            with meters["read"].measure():
                units = plan_units([COHORT], recipe.input.source, formats=pipeline.formats)
                answers = [answer for unit in units for answer in pipeline.read(unit)]
            records = [answer for answer in answers if isinstance(answer, SourceRecord)]
            meters["read"].records += len(answers)
            with meters["identities"].measure():
                told = [pipeline.normalizer.identities(record) for record in records]
                if not round_:
                    vault.register([one for found in told if not isinstance(found, Withheld) for one in found])
            meters["identities"].records += len(records)
            batch: list[object] = list(records)
            for name, stage in (
                ("normalize", pipeline.normalizer), ("keep", pipeline.keep), ("deid", pipeline.deidentifier),
                ("quality", pipeline.scorer),
            ):  # fmt: skip
                with meters[name].measure():
                    done = [answer for i in range(0, len(batch), 16) for answer in stage.process(batch[i : i + 16])]
                meters[name].records += len(batch)
                parts = [part for group in done for part in getattr(group, "parts", (group,))]
                batch = [part for part in parts if not isinstance(part, Withheld)]
    total = sum(meter.cpu_s for meter in meters.values())
    print(f"{'stage':<12}{'records':>9}{'a CPU s':>10}{'share':>8}")
    for meter in meters.values():
        print(f"{meter.name:<12}{meter.records:>9}{meter.records / meter.cpu_s:>10.0f}{meter.cpu_s / total:>8.1%}")


def _audit(here: Path, events: int = 20_000, batch: int = 100) -> None:
    """Append and verify events, and hash the same bytes without the log."""
    from llmops.audit import AuditLog
    from llmops.audit.events import RecordRead
    from llmops.audit.verify.directory import verify
    from llmops.keys import load_or_create_signing_key

    signer = load_or_create_signing_key(here / "key", name="bench")
    made = [RecordRead(record_id=f"r{number:020x}", format="text", size=1000) for number in range(events)]
    before = time.process_time()
    with AuditLog.open(here / "audit", stream="bench", signer=signer, clock=lambda: time.time_ns() // 10**6) as log:
        for start in range(0, events, batch):
            log.append(made[start : start + batch])
    appended = time.process_time() - before
    before = time.process_time()
    verify(here / "audit")
    verified = time.process_time() - before
    size = sum(path.stat().st_size for path in (here / "audit").rglob("*") if path.is_file())
    data = b"x" * size
    before = time.process_time()
    for _ in range(10):
        hashlib.sha256(data).digest()
    plain = (time.process_time() - before) / 10
    print(f"audit: {events:,} events, {size:,} bytes; CPU time of plain SHA-256 over the same bytes = 1:")
    print(f"  append {appended / plain:.0f}, verify {verified / plain:.0f}")


if __name__ == "__main__":
    main()
