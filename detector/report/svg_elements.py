"""Elements of SVG in the colours of the palette.

Colours stand in attributes, so that a drawing is whole by itself, and in classes, so that a page can darken it.
"""

from typing import Any

from markupsafe import Markup, escape

from detector.report.palette import ROLE_COLOURS
from detector.report.picture_parts import Role

FONT = "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"


def filled(tag: str, role: Role, **more: Any) -> Markup:
    """A shape in the colour of its role."""
    return element(tag, **more, fill=ROLE_COLOURS[role], class_=f"fill-{role}")


def stroke_of(d: str, role: Role, width: float, dash: str | None = None) -> Markup:
    """A line in the colour of its role."""
    return path_of(d, f"stroke-{role}", ROLE_COLOURS[role], width, dash)


def path_of(d: str, class_: str, colour: str, width: float, dash: str | None = None) -> Markup:
    """A line; ``dash`` as in ``stroke-dasharray``."""
    dashes: dict[str, Any] = {} if dash is None else {"stroke_dasharray": dash}
    return element("path", d=d, fill="none", stroke=colour, stroke_width=width, class_=class_, **dashes)


def text_at(x: float, y: float, words: str, class_: str, colour: str, anchor: str, size: str | None = None) -> Markup:
    """Words at a place; ``anchor`` is start, middle or end."""
    more: dict[str, Any] = {"font_size": size} if size else {}
    return element("text", escape(words), x=x, y=y, text_anchor=anchor, fill=colour, class_=f"fill-{class_}", **more)


def element(name: str, inside: Markup | None = None, **attributes: Any) -> Markup:
    """An element; underscores in attribute names stand for hyphens, values are escaped."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"' for key, value in attributes.items()
    )
    if inside is None:
        return Markup(f"<{name}{written}/>")  # noqa: S704 - names are ours and values escaped
    return Markup(f"<{name}{written}>{inside}</{name}>")  # noqa: S704
