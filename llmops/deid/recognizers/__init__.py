"""One file an identifier: its patterns, what they must not match, and a finder that the analyzer runs."""

from llmops.deid.recognizers import (
    account,
    age,
    biometric,
    date,
    device,
    email,
    fax,
    full_name,
    health_plan,
    ip,
    licence,
    location,
    mrn,
    name,
    opaque,
    organization,
    otherid,
    phone,
    ssn,
    titled,
    url,
    vehicle,
    workplace,
    zipcode,
)

FINDERS = tuple(
    (module.NAME, module.find)
    for module in (
        name,
        full_name,
        titled,
        location,
        zipcode,
        organization,
        workplace,
        date,
        age,
        phone,
        fax,
        email,
        ssn,
        mrn,
        health_plan,
        account,
        licence,
        vehicle,
        device,
        url,
        ip,
        biometric,
        otherid,
        opaque,
    )
)
"""Name and finder of each recognizer, in the order of 164.514(b)(2)(i). Photos (Q) are no text."""
