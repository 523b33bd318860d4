"""Export the log for other systems: FHIR AuditEvent, OCSF, OpenLineage, CSV."""

from llmops.audit.export.write import Form, export

__all__ = ["Form", "export"]
