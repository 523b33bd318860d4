"""Recognizers, one file per identifier: patterns, look-alike checks and a finder."""

from llmops.deid.detect.recognizers.contacts import email, fax, ip, phone, url
from llmops.deid.detect.recognizers.dates import age, date
from llmops.deid.detect.recognizers.names import full_name, name, titled
from llmops.deid.detect.recognizers.numbers import (
    account,
    biometric,
    device,
    health_plan,
    licence,
    mrn,
    opaque,
    otherid,
    ssn,
    vehicle,
)
from llmops.deid.detect.recognizers.places import location, organization, workplace, zipcode

_MODULES = (
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

FINDERS = tuple((module.NAME, module.find) for module in _MODULES)
"""Name and finder of each recognizer, in the order of 164.514(b)(2)(i). Photos (Q) do not occur in text."""

LABELS = {module.NAME: module.LABEL for module in _MODULES}
"""Label of each recognizer's findings, by name."""
