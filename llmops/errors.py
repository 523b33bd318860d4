"""Every exception that llmops raises on purpose, with its exit code of the command line.

::

    LlmopsError
      RecipeError        a bad recipe, policy or key, raised before any record is read     exit 2
      SourceError        a source cannot be opened or framed at all                        exit 3
      StageError         a stage broke its contract                                        exit 4
        SubjectErasedError     a patient was erased; withholds the document that names them
      AuditError                                                                           exit 5
        AuditWriteError        a durable append failed: the run stops, nothing is released
        AuditVerificationError a log does not verify
      ReleaseError       a release that does not verify, or data without receipt           exit 6
      MissingExtraError  an optional dependency is not installed; names the extra          exit 7
      ModelError         an external chat model is unreachable or refuses all calls        exit 8

An error about one record is not an exception but a `llmops.documents.Withheld` value. Messages contain ids, stages,
codes and counts; never text, payload, input file names or the ``repr`` of input. Third-party exceptions contain input
(``UnicodeDecodeError.object``), so they are mapped at the boundary with ``raise ... from None``.
"""

from typing import ClassVar


class LlmopsError(Exception):
    """The root of every error raised on purpose; ``exit_code`` is what the command line returns."""

    exit_code: ClassVar[int] = 1


class RecipeError(LlmopsError):
    """A recipe, policy or key cannot be used; names the key path and the fix, before any record is read."""

    exit_code = 2


class SourceError(LlmopsError):
    """A source cannot be opened or framed at all, so there is no record to withhold."""

    exit_code = 3


class StageError(LlmopsError):
    """A stage broke its contract (one answer for each input, in order); the batch must not be used."""

    exit_code = 4


class SubjectErasedError(StageError):
    """The vault was asked for a subject whose keys were destroyed; the subject's documents must be withheld."""


class AuditError(LlmopsError):
    """The audit log failed."""

    exit_code = 5


class AuditWriteError(AuditError):
    """A durable append failed; the run stops and nothing is released."""


class AuditVerificationError(AuditError):
    """An audit log does not verify; names stream and position."""


class ReleaseError(LlmopsError):
    """A release does not verify, or data came without a receipt."""

    exit_code = 6


class MissingExtraError(LlmopsError):
    """An optional dependency is not installed; the message names its extra."""

    exit_code = 7


class ModelError(LlmopsError):
    """An external chat model is unreachable, or refuses every call; the message gives the reason, never the prompt."""

    exit_code = 8
