"""Names, places and organisations of several origins that stand in for real ones; written for this project."""

from typing import Final

GIVEN_NAMES: Final = tuple(
    "Adela Amara Anselm Asha Benno Bogdan Callum Carmela Chike Corin Dalia Daria Devan Edda Eilidh Elio Emeka Farid Fenna "
    "Gita Goran Halima Hedda Ilan Imani Indira Jorik Jun Kamil Keiko Laleh Leif Linnea Lucian Maelle Marek Mireille Nadim "
    "Nayeli Nevin Noor Odalys Olwen Oskar Paloma Petra Quill Rafiq Renzo Rohan Sanna Selam Soren Tadeo Tamsin Thandi Uma "
    "Veda Viktor Wanjiru Xiomara Yael Yusra Zanele Zeno".split()
)
FAMILY_NAMES: Final = tuple(
    "Abernathy Achterop Adeyinka Albescu Arslan Balasubram Bandele Bergstrand Bielak Calloway Castellvi Chukwuma Dalgaard "
    "Delacour Dimitrakis Eberhart Ekberg Falconeri Fenwright Galindez Gavrilov Hakimi Haldane Hashemi Ibekwe Ishimura "
    "Jankovic Jaswal Kaczmar Kahananui Kobayasu Langeland Lindholt Mahlangu Marchetto Mbeki Nakagami Naranjo Novotna "
    "Oduya Oyarzun Palmstrom Petrosyan Quispel Rahmani Ravndal Sabatini Sandoz Szalai Tamboura Tekle Thornby Ueda "
    "Valderrama Vasudev Wickstead Yamashiro Yilmazer Zaragosa Zielonka".split()
)
CITIES: Final = (
    "Ashcombe", "Barrow Creek", "Cedarholm", "Dunmore Falls", "Eastmarch", "Fallowfield", "Granite Bay", "Hollins Ferry",
    "Ironwood Flats", "Juniper Gap", "Kestrel Point", "Larkhaven", "Millbrae Corner", "Northwold", "Oakhurst Mills",
    "Pine Hollow", "Quarry Hill", "Ravensford", "Stonebridge", "Thornbury", "Upper Glen", "Vale Crossing", "Westerlea",
)  # fmt: skip
STREETS: Final = (
    "Alder Street", "Birchwood Avenue", "Copper Lane", "Drover Road", "Elmhurst Drive", "Foxglove Court", "Granary Street",
    "Hazel Terrace", "Ivy Lane", "Juniper Way", "Kiln Road", "Linden Avenue", "Meadow Court", "Orchard Street",
)  # fmt: skip
ORGANIZATIONS: Final = (
    "Ashgrove", "Brightwater", "Cedar Bluff", "Dovecote", "Elkhorn Ridge", "Fairlight", "Greenbriar", "Highmoor", "Ivybridge",
    "Lakemont", "Maplecrest", "Northgate", "Oakfield", "Pinecrest", "Riverbend", "Silverleaf", "Westbrook",
)  # fmt: skip
