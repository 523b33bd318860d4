"""Surrogate names of people, by rough origin and gender; written for this project."""

import re
from types import MappingProxyType
from typing import Final, NamedTuple


class Origin(NamedTuple):
    """The surrogates of one origin."""

    family: tuple[str, ...]
    female: tuple[str, ...]
    male: tuple[str, ...]


def _names(words: str) -> tuple[str, ...]:
    return tuple(words.split())


ORIGINS: Final = MappingProxyType(
    {
        "western": Origin(
            family=_names(
                "Ashdown Barrowman Birkett Calloway Cresswell Dunmore Ellery Fairbourne Garrick Hartwell Inglewood "
                "Jessop Kirkbride Lathrop Merriweather Norcott Oakes Penhallow Quillan Rushworth Standish Thackeray "
                "Underhill Verity Wetherby Yarrow Aldous Brackett Colebrook Draycott Everard Farrow"
            ),
            female=_names(
                "Audrey Bettina Clarissa Delphine Edith Felicity Gwendolyn Harriet Imogen Josephine Leonora Marjorie "
                "Nadine Odette Philippa Rosalind Sybil Tabitha Ursula Winifred Adelaide Beatrix Cordelia Eleanor"
            ),
            male=_names(
                "Alistair Bertram Clifford Desmond Edmund Ferdinand Gilbert Horace Irving Jasper Kendrick Lionel "
                "Mortimer Nigel Orson Percival Quentin Rupert Sidney Tobias Ulric Vernon Wendell Archibald"
            ),
        ),
        "hispanic": Origin(
            family=_names(
                "Abarca Bermudes Cardenal Duarte Escudero Fuentealba Gallardo Iturbe Jaramillo Lizarraga Montalban "
                "Noriega Olivares Peralta Quesada Rebolledo Sandoval Tejada Urrutia Valdivia Yepes Zamorano"
            ),
            female=_names(
                "Amparo Brisa Consuelo Dulcinea Esperanza Fabiola Graciela Herminia Itzel Jacinta Leticia Macarena "
                "Noelia Ofelia Paloma Remedios Soledad Ximena Yolanda Zulema"
            ),
            male=_names(
                "Anselmo Baltasar Ciro Domingo Evaristo Fermin Gonzalo Heriberto Isidro Leandro Marcial Nicanor "
                "Octavio Plutarco Reinaldo Saturnino Teodoro Ulises Wilfredo Zacarias"
            ),
        ),
        "slavic": Origin(
            family=_names(
                "Andrusko Baranek Chernik Dudek Fedorchuk Gorski Hlavacek Ivanchuk Kowalik Lisowski Markovic Novacek "
                "Orlov Petrenko Rybak Sokolik Tkachuk Urbanek Vasilenko Zielonka"
            ),
            female=_names(
                "Bozena Danuta Eliska Galina Halszka Irenka Jadwiga Kazimiera Ludmila Milena Nadezhda Olena Radka "
                "Svetlana Tamara Vesna Yevgenia Zdenka"
            ),
            male=_names(
                "Bohdan Casimir Dragan Evgeny Fedor Grigor Havel Jaroslav Kazimir Leonid Miroslav Nikodem Ondrej "
                "Pavel Rostislav Stanislav Vladan Zbigniew"
            ),
        ),
        "east_asian": Origin(
            family=_names(
                "Ahn Bae Cai Dang Fong Gao Hoang Jeong Kwon Luong Mai Nomura Okada Phung Qiu Seo Tanabe Ueda Xie Yoon "
                "Zhu Doan Hirano Imai"
            ),
            female=_names(
                "Akemi Bora Chau Eunji Fumiko Haruka Jiwoo Kieu Lanh Mitsuko Naoko Qiuyue Reiko Sumire Thuy Xiaoling "
                "Yumiko Zhenzhen"
            ),
            male=_names(
                "Akihiro Binh Chulsoo Daichi Feng Guowei Hideki Jianhua Kenta Longwei Minho Nobuo Quang Ryota Sangmin "
                "Takumi Weiming Yusuke"
            ),
        ),
        "south_asian": Origin(
            family=_names(
                "Agarkar Banerji Chatterji Deshmukh Ghoshal Hegde Iyengar Jadeja Kulkarni Lohani Mahajan Naidu Oberoi "
                "Pillai Raghavan Sabharwal Thakur Upadhyay Venkatesan Wadhwa"
            ),
            female=_names(
                "Aparna Bhavani Chitra Deepali Falguni Gayatri Hemalata Ishani Jyotsna Kalpana Lavanya Mrinalini "
                "Namrata Padmini Rukmini Sharmila Tanuja Vasudha"
            ),
            male=_names(
                "Anirudh Bhaskar Chirag Devdas Eknath Gopal Harish Ishwar Jagdish Kartik Lalit Madhav Narendra "
                "Omprakash Pranav Raghav Sudhir Trilok"
            ),
        ),
        "arabic": Origin(
            family=_names(
                "Almasri Barakat Chehab Darwish Elsayed Fakhoury Ghanem Haddadin Issawi Jabbour Kanaan Lahoud Mansouri "
                "Nasrallah Qabbani Rashidi Sabbagh Tawfik Wahbi Zaytouni"
            ),
            female=_names(
                "Abeer Bushra Dalal Fadwa Ghada Hanan Ibtisam Jumana Kawthar Lubna Maysoon Nawal Rihab Suhad Thuraya "
                "Wafa Yusra Zaynab"
            ),
            male=_names(
                "Adnan Bassam Fawzi Ghassan Hisham Imad Jalal Kamal Lutfi Marwan Nizar Qasim Rafiq Suhail Taysir Usama "
                "Walid Ziad"
            ),
        ),
        "african": Origin(
            family=_names(
                "Abiodun Boakye Chukwuma Darko Ekwueme Fofanah Gyasi Ihejirika Jallow Kamara Lutalo Mwangi Nkemelu "
                "Ofori Quartey Sesay Tadesse Uzoma Wanjala Zewde"
            ),
            female=_names(
                "Abena Bolanle Chiamaka Efua Folasade Gifty Ifeoma Kehinde Lindiwe Makena Nneka Oluchi Simisola "
                "Tirunesh Wanjiru Yewande Zodwa"
            ),
            male=_names(
                "Ayodele Babatunde Chidi Dawit Ekow Femi Gebre Ikenna Jabari Kwabena Lekan Mandla Nnamdi Obinna Sipho "
                "Tendai Uchenna Yaw"
            ),
        ),
    }
)
"""By origin. Real names, but of nobody in particular."""

_SIGNS: Final = (
    ("hispanic", (r"(?:[a-z]{2,}(?:ez|illo|ito|uez|anza|ndez)|garcia|cruz|torres|rivera|reyes|morales|ortega|delgado|"
                 r"castillo|mendoza|luz|jose|jesus|juan|carlos|luis|miguel|pedro|guadalupe|pilar|maria|marisol)")),
    ("slavic", r"(?:[a-z]{2,}(?:ski|ska|sky|czyk|wicz|enko|ov|ova|ev|eva|chuk|vic|vich|nko)|ivan|olga|dmitri|nowak)"),
    ("east_asian", (r"(?:nguyen|tran|pham|le|vo|bui|do|ngo|duong|truong|dinh|huynh|chen|wang|li|liu|zhang|zhao|huang|"
                   r"wu|lin|yang|xu|sun|zhou|kim|park|choi|jung|kang|cho|tanaka|sato|suzuki|yamamoto|nakamura|ito|hue|"
                   r"thi|van|minh|hiroshi|yuki|mei|ling|wong|chan|ng|lau|cheung)")),
    ("south_asian", (r"(?:patel|singh|kaur|sharma|gupta|kumar|reddy|rao|khan|iyer|nair|mehta|shah|desai|joshi|das|bose|"
                    r"[a-z]{3,}(?:swamy|murthy|raman|nathan|pal|jit|preet|deep))")),
    ("arabic", (r"(?:al|ali|ahmed|ahmad|hassan|hussein|mohammed|mohamed|muhammad|mahmoud|ibrahim|abdul[a-z]*|abu|ibn|"
               r"omar|fatima|khalil|said|saleh|yusuf|nasser|haddad|khoury|aziz)")),
    ("african", (r"(?:osei|mensah|owusu|boateng|okafor|okeke|okonkwo|adeyemi|adebayo|abebe|tesfaye|bekele|kamau|otieno|"
                r"diallo|traore|nkosi|dlamini|[a-z]{2,}(?:wole|tunde|chukwu|emeka)|(?:olu|ade|ngoz|chi[mndk]|kwa)[a-z]+)")),
)  # fmt: skip
_ORIGIN_OF: Final = tuple((origin, re.compile(pattern)) for origin, pattern in _SIGNS)
_FEMALE: Final = re.compile(
    r"[a-z]{2,}(?:ia|na|la|ra|ta|sa|da|lyn|lynn|elle|ette|ine|ie|een|anne|beth|essa)|mary|susan|carol|karen|ruth|helen|"
    r"alice|joyce|janet|margaret|dorothy|judith|sarah|elizabeth|jennifer|heather|megan|rachel|hannah|grace|rose|"
    r"ngozi|mei|ling|kaur|fatima|maribel|isabel|carmen|pilar|luz|guadalupe|marisol|amy|lucy|emily|kelly|ashley"
)
_MALE: Final = re.compile(
    r"[a-z]{2,}(?:bert|ard|old|son|ton|vin|ando|ardo|erto|isco|io|us|imir|slav)|john|james|robert|michael|william|david|"
    r"joseph|thomas|charles|daniel|matthew|mark|paul|steven|george|kenneth|brian|edward|jose|juan|luis|carlos|jorge|"
    r"pedro|ivan|osei|kwame|ahmed|ali|omar|hassan|mohammed|minh|hiroshi|singh|peter|frank|henry|walter|samuel|adam"
)


def origin_of(word: str) -> str:
    """Return the rough origin of a lower-case ASCII name; western by default."""
    return next((origin for origin, pattern in _ORIGIN_OF if pattern.fullmatch(word)), "western")


def sex_of(given: str) -> str:
    """Return ``"F"`` or ``"M"`` for a lower-case ASCII given name, empty if ambiguous."""
    if _MALE.fullmatch(given):
        return "M"
    return "F" if _FEMALE.fullmatch(given) else ""
