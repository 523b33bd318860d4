"""The log in the forms that other systems read: FHIR AuditEvent, OCSF, OpenLineage, CSV."""

from llmops.audit.export.write import Form, export

__all__ = ["Form", "export"]
