"""FHIR R4 and R5 JSON: resources and Bundles."""
