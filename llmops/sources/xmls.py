"""Distinguish C-CDA from other XML by the head of a document, without parsing it."""

import re
from typing import Final

from llmops.sources.spec import Head

_NAMESPACE: Final = b"urn:hl7-org:v3"
_PROLOG: Final = re.compile(rb"\s+|<\?[^>]{0,4000}>|<!--")
_DOCTYPE: Final = re.compile(rb"<!DOCTYPE\s+(?:[A-Za-z_][\w.-]{0,80}:)?([A-Za-z_][\w.-]{0,80})")
_ROOT: Final = re.compile(rb"<(?:([A-Za-z_][\w.-]{0,80}):)?([A-Za-z_][\w.-]{0,80})([^>]{0,8000})")
_XMLNS: Final = re.compile(rb"""\sxmlns\s*=\s*["']([^"']{0,300})["']""")
# The R-MIM of CDA leaves this on every fragment; hardly any other XML has it.
_CDA_MARK: Final = re.compile(
    rb"<templateId\b|\bclassCode\s*=|\bmoodCode\s*=|\btypeCode\s*=|\bcodeSystem\s*=|\bnullFlavor\s*="
    rb"""|<streetAddressLine\b|<nonXMLBody\b|\broot\s*=\s*["']\d+\.\d|urn:hl7-org:v3"""
)
_CDA_FRAGMENTS: Final = frozenset(
    b"""
    section component observation act entry entryRelationship participant procedure encounter substanceAdministration
    supply organizer authenticator legalAuthenticator author custodian informant informationRecipient dataEnterer
    recordTarget documentationOf componentOf inFulfillmentOf authorization relatedDocument structuredBody nonXMLBody
    addr name telecom performer product specimen subject text effectiveTime languageCommunication patientRole
    assignedAuthor
    """.split()
)


def looks_like_xml(head: bytes) -> bool:
    """Say whether text beginning with ``<`` is markup, not prose with a bracket."""
    return head.startswith((b"<?xml", b"<!")) or (_ROOT.match(head) is not None and (b"</" in head or b"/>" in head))


def is_ccda(head: Head) -> bool:
    """Say whether a file is XML with a ClinicalDocument, or a fragment of one, at its root."""
    body = head.body
    return body.startswith(b"<") and not head.is_binary and looks_like_xml(body) and has_cda_root(body)


def has_cda_root(head: bytes) -> bool:
    """Say whether the root is a ClinicalDocument, or a fragment of one (as in HL7's C-CDA examples).

    Fragments may have unbound prefixes and no namespace; another namespace is refused. A DOCTYPE is skipped: the
    normalizer refuses it with its own reason.

    Args:
        head: the first bytes, in an ASCII-compatible encoding.
    """
    at = _root_at(head)
    doctype = _DOCTYPE.match(head, at)
    if doctype is not None:
        return doctype[1] == b"ClinicalDocument" or _NAMESPACE in head
    root = _ROOT.match(head, at)
    if root is None:
        return False
    prefix, name, attributes = root[1], root[2], root[3]
    default = _XMLNS.search(attributes)
    if prefix is None and default is not None:
        return default[1] == _NAMESPACE
    if prefix is not None and b"xmlns:" + prefix in attributes:
        return re.search(rb"xmlns:" + re.escape(prefix) + rb"""\s*=\s*["']urn:hl7-org:v3["']""", attributes) is not None
    return name == b"ClinicalDocument" or (name in _CDA_FRAGMENTS and _CDA_MARK.search(head) is not None)


def _root_at(head: bytes) -> int:
    at = 0
    while (match := _PROLOG.match(head, at)) is not None:
        at = match.end()
        if match[0] == b"<!--":
            close = head.find(b"-->", at)
            if close < 0:
                return len(head)
            at = close + 3
    return at
