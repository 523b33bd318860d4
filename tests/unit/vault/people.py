"""An invented patient, in as much detail as a vault keeps."""

from llmops.identities import Identity, PersonName, PostalAddress, Role, SubjectIdentifier
from llmops.phi import PhiLabel

KEY = b"0123456789abcdef0123456789abcdef"


def mrn(value, assigner="1.2.3"):
    return SubjectIdentifier(value=value, assigner=assigner, label=PhiLabel.MRN)


def ident(label, value, assigner=""):
    return SubjectIdentifier(value=value, assigner=assigner, label=label)


def person(*subject, family="Quackenbush", role=Role.SELF):
    return Identity(
        subject=subject,
        role=role,
        names=(PersonName(family=family, given=("Zebulon", "Q")),),
        birth_date="1931-02-03",
        sex="M",
        phones=("555-0142",),
        emails=("zq@example.org",),
        addresses=(PostalAddress(lines=("4 Elm Ct",), city="Marrowbone", state="KY", postal_code="38377"),),
        identifiers=(ident(PhiLabel.LICENSE, "K1234"),),
    )
