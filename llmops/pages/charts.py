"""Draw charts as inline SVG: no script and no style attribute; each has a title for screen readers and pointers.

Colours are classes of the style sheet: ``main``, ``good`` and ``bad``.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from markupsafe import Markup

_NARROWEST: Final = 0.8  # percent: keeps small parts visible
_COLUMN: Final = 40
_GAP: Final = 4
_PLOT: Final = 90
_LINE: Final = 15


def bar(parts: Mapping[str, float], whole: float, title: str) -> Markup:
    """Draw parts of a whole as one horizontal bar, as wide as its container.

    Args:
        parts: class and size of each part, from the left; a part of size 0 is left out.
        whole: the size that fills the bar.
        title: description of the bar in words.
    """
    shapes, start = Markup(), 0.0
    for kind, size in parts.items():
        if size > 0 and whole > 0:
            width = max(_NARROWEST, 100 * size / whole)
            shapes += Markup('<rect class="{}" x="{:.2f}%" width="{:.2f}%" height="100%"/>').format(kind, start, width)
            start += width
    return Markup('<svg class="bar" role="img"><title>{}</title>{}</svg>').format(title, shapes)


def histogram(counts: Sequence[int], labels: Sequence[str], title: str) -> Markup:
    """Draw one column per count, with the count above it and its label below.

    Args:
        counts: heights of the columns, from the left.
        labels: label under each column; as many as counts.
        title: description of the chart in words.
    """
    most = max(counts, default=0)
    columns = Markup().join(
        _column(place * _COLUMN, count, most, label)
        for place, (count, label) in enumerate(zip(counts, labels, strict=True))
    )
    return Markup(
        '<svg class="histogram" role="img" viewBox="0 0 {} {}"><title>{}</title><g text-anchor="middle">{}</g></svg>'
    ).format(_COLUMN * len(counts), _PLOT + 2 * _LINE, title, columns)


def _column(left: int, count: int, most: int, label: str) -> Markup:
    middle = left + _COLUMN / 2
    below = Markup('<text x="{:g}" y="{}">{}</text>').format(middle, _PLOT + 2 * _LINE - 3, label)
    if not count:
        return below
    height = max(1.0, _PLOT * count / most)
    top = _LINE + _PLOT - height
    shape = Markup('<rect class="main" x="{:g}" y="{:.1f}" width="{}" height="{:.1f}"/>').format(
        left + _GAP / 2, top, _COLUMN - _GAP, height
    )
    return shape + Markup('<text x="{:g}" y="{:.1f}">{:,}</text>').format(middle, top - 4, count) + below
