"""Regex alternatives for states and street words. A state alone is no identifier."""

from typing import Final

STATE_ABBREVIATIONS: Final = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|"
    "NY|NC|ND|OH|OK|OR|PA|"
    "RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|PR|GU"
)
STATE_NAMES: Final = (
    "alabama|alaska|arizona|arkansas|california|colorado|connecticut|delaware|florida|georgia|hawaii|"
    "idaho|illinois|indiana|"
    "iowa|kansas|kentucky|louisiana|maine|maryland|massachusetts|michigan|minnesota|mississippi|"
    "missouri|montana|nebraska|"
    "nevada|new hampshire|new jersey|new mexico|new york|north carolina|north dakota|ohio|oklahoma|oregon|pennsylvania|"
    "rhode island|south carolina|south dakota|tennessee|texas|utah|vermont|virginia|washington|west "
    "virginia|wisconsin|wyoming"
)
STREET_WORDS: Final = (
    "st|street|ave|avenue|av|rd|road|dr|drive|ln|lane|blvd|boulevard|ct|court|pl|place|plz|plaza|ter|"
    "terr|terrace|cir|circle|"
    "way|pkwy|parkway|hwy|highway|trl|trail|sq|square|loop|pike|tpke|turnpike|row|alley|crescent|cres|close|mews|"
    "strasse|str|rue|calle|camino|path|run|crossing|xing|bend|cove|ridge|hollow|hill|walk|gardens|"
    "green|grove|view|creek|point"
)
