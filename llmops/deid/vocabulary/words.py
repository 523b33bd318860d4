"""Words that are no names: the language of notes, eponyms, drugs, scores; and words that often are."""

from importlib.resources import files
from typing import Final

from llmops.deid.vocabulary.given_names import GIVEN_NAMES


def _lines(name: str) -> frozenset[str]:
    text = files("llmops.deid.vocabulary").joinpath(name).read_text(encoding="ascii")
    return frozenset(text.split())


MONTH_WORDS: Final = frozenset(
    "jan january feb february mar march apr april may jun june jul july aug august sep sept september oct october nov "
    "november dec december".split()
)
DAY_WORDS: Final = frozenset(
    "mon monday tue tues tuesday wed weds wednesday thu thur thurs thursday fri friday sat saturday sun sunday".split()
)
STATES: Final = frozenset(
    "alabama alaska arizona arkansas california colorado connecticut delaware florida georgia hawaii idaho illinois indiana "
    "iowa kansas kentucky louisiana maine maryland massachusetts michigan minnesota mississippi missouri montana nebraska "
    "nevada ohio oklahoma oregon pennsylvania tennessee texas utah vermont virginia washington wisconsin wyoming "
    "dakota carolina".split()
)
COUNTRIES: Final = frozenset(
    "afghanistan america american argentina australia bangladesh bolivia brazil britain cambodia cameroon canada chile china "
    "colombia congo cuba ecuador egypt england eritrea ethiopia europe france germany ghana greece guatemala guyana haiti "
    "honduras hungary iceland india indonesia iran iraq ireland israel italy jamaica japan kenya korea laos lebanon liberia "
    "mexico morocco myanmar nepal netherlands nicaragua nigeria norway pakistan panama peru philippines poland portugal "
    "romania russia rwanda samoa scotland senegal somalia spain sudan sweden syria taiwan tanzania thailand tonga turkey "
    "uganda ukraine uk us usa venezuela vietnam wales yemen zambia zimbabwe africa asia".split()
)
EPONYMS: Final = frozenset(
    "addison adson alzheimer apgar apley argyll asherman babinski baker barrett barthel bartholin basedow bell behcet beck "
    "bennett bier billroth blom bosworth bouchard bovie braden braxton brudzinski buerger burkitt cabot cheyne charcot child "
    "chvostek coombs cooper colles conn crede crohn cullen cushing dandy davidson denis dix doppler down duchenne dupuytren "
    "dubois ebstein ehlers eisenmenger epley epstein erb ewing fallopian fallot fanconi finkelstein fogarty foley fowler "
    "frank friedreich fuchs gaucher gilbert giemsa glasgow gleason golgi goodpasture gram graves grey guillain hallpike "
    "hashimoto hawkins heberden heimlich henoch hickman hirschsprung hodgkin hoehn hoffmann holter homans horner huntington "
    "janeway jackson karnofsky kaposi katz kawasaki kerley kernig killip kocher koplik korotkoff korsakoff kussmaul lachman "
    "langerhans lasegue lewy lhermitte lisfranc lynch mallory marfan marshall maslow mayo mcburney mcmurray meckel meniere "
    "mohs montgomery morton morse murphy neer neisser nissen nikolsky ogilvie osler paget pancoast pap parkinson paul peyronie "
    "phalen pott prader prinzmetal purkinje ramsay rankin ranson raynaud reed reye reynolds riedel rinne romberg rorschach "
    "roux rovsing sachs sanger schirmer schwann sezary sheehan simmonds sjogren spurling snellen starling stevens stokes "
    "strumpell swan sydenham tanner thomas thompson tinel tourette trendelenburg trousseau turner valsalva virchow von "
    "waldenstrom wallenberg weber wegener wells wernicke whipple willebrand wilms wilson wolff yates zenker zollinger "
    "yankauer penrose jackson pratt kirschner steinmann gardner barlow ortolani galeazzi smith".split()
)
DRUG_ENDINGS: Final = (
    "pril", "sartan", "olol", "statin", "azole", "cillin", "mycin", "floxacin", "cycline", "mab", "nib", "tide", "gliptin",
    "gliflozin", "dipine", "azepam", "zepam", "oxetine", "triptan", "setron", "caine", "profen", "parin", "xaban", "vir",
    "formin", "thiazide", "semide", "terol", "sone", "solone", "tinib", "zumab", "ximab", "phylline", "barbital", "azine",
    "tadine", "amine", "itis", "osis", "emia", "ectomy", "oscopy", "otomy", "opathy", "algia", "oma",
)  # fmt: skip
"""Endings of drug and disease words."""

COMMON_WORDS: Final = _lines("clinical_words.txt") | MONTH_WORDS | DAY_WORDS
"""Lower-case words of the language; a name among them (May, Will, Hope) needs a name's surroundings."""

NEVER_NAMES: Final = (_lines("clinical_terms.txt") | EPONYMS | STATES | COUNTRIES) - GIVEN_NAMES
"""Capitalised words that are no names by themselves."""


def is_plain(word: str) -> bool:
    """Say whether a word by itself is no name: of the language, an eponym, a drug, a state."""
    low = word.lower()
    return low in COMMON_WORDS or low in NEVER_NAMES or (len(low) > 6 and low.endswith(DRUG_ENDINGS))
