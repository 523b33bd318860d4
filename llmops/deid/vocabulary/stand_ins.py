"""Surrogate places and organisations; written for this project."""

from typing import Final

CITIES: Final = (
    "Ashcombe", "Barrow Creek", "Cedarholm", "Dunmore Falls", "Eastmarch", "Fallowfield", "Granite Bay",
    "Hollins Ferry",
    "Ironwood Flats", "Juniper Gap", "Kestrel Point", "Larkhaven", "Millbrae Corner", "Northwold", "Oakhurst Mills",
    "Pine Hollow", "Quarry Hill", "Ravensford", "Stonebridge", "Thornbury", "Upper Glen", "Vale Crossing", "Westerlea",
)  # fmt: skip
STREETS: Final = (
    "Alder Street", "Birchwood Avenue", "Copper Lane", "Drover Road", "Elmhurst Drive", "Foxglove Court",
    "Granary Street",
    "Hazel Terrace", "Ivy Lane", "Juniper Way", "Kiln Road", "Linden Avenue", "Meadow Court", "Orchard Street",
)  # fmt: skip
ORGANIZATIONS: Final = (
    "Ashgrove", "Brightwater", "Cedar Bluff", "Dovecote", "Elkhorn Ridge", "Fairlight", "Greenbriar",
    "Highmoor", "Ivybridge",
    "Lakemont", "Maplecrest", "Northgate", "Oakfield", "Pinecrest", "Riverbend", "Silverleaf", "Westbrook",
)  # fmt: skip
