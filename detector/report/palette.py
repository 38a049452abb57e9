"""The colours of pages and pictures, light and dark, and what can be computed about them.

Human is blue and solid, machine is orange and dashed, the text itself is in ink: neither side wears the
colour of alarm. Shades of one ramp fall in lightness, so that they keep their order for any kind of colour
vision, and every shade has a line as a second cue.
"""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Palette:
    """Colours as ``#RRGGBB``."""

    paper: str
    surface: str
    ink: str
    muted: str
    """Small print; still at least 4.5:1 on paper and surface."""
    rule: str
    accent: str
    human: str
    machine: str
    band: str
    """Area of the human reference."""
    grain: str
    """Thin bars behind a curve."""
    shade_1: str
    """Tokens of the second bucket, and so on; the first has none."""
    shade_2: str
    shade_3: str
    lean_human: str
    strong_human: str
    lean_machine: str
    strong_machine: str

    def css(self) -> str:
        """Its colours as CSS variables."""
        return "".join(f"--{f.name.replace('_', '-')}:{getattr(self, f.name)};" for f in fields(self))


LIGHT = Palette(
    paper="#FBFAF7",
    surface="#FFFFFF",
    ink="#1C1E22",
    muted="#5B5E66",
    rule="#DCD8CE",
    accent="#00336F",
    human="#2A6AA8",
    machine="#A8520A",
    band="#F4E7A1",
    grain="#B4BAC4",
    shade_1="#FFF7D1",
    shade_2="#FFE68A",
    shade_3="#F5C211",
    lean_human="#DCE9F6",
    strong_human="#A5C9EC",
    lean_machine="#FBE4CD",
    strong_machine="#F2B67A",
)
DARK = Palette(
    paper="#14161A",
    surface="#1C1F25",
    ink="#E9E6DF",
    muted="#A5A8B0",
    rule="#383C45",
    accent="#9CC2EE",
    human="#7DB2E8",
    machine="#EDA058",
    band="#4A4420",
    grain="#565C68",
    shade_1="#2B2714",
    shade_2="#4A3F0C",
    shade_3="#7A5F00",
    lean_human="#1E3248",
    strong_human="#2C5580",
    lean_machine="#4A3019",
    strong_machine="#7A4714",
)
ROLE_COLOURS = {
    "text": LIGHT.ink,
    "other": LIGHT.accent,
    "human": LIGHT.human,
    "machine": LIGHT.machine,
    "band": LIGHT.band,
    "token": LIGHT.grain,
}
"""Of the layers of a picture, by ``picture_parts.Role``."""
CIVIDIS = ("#FEE838", "#C8B866", "#94907B")
"""Three steps of matplotlib's ramp cividis that fall in lightness, for terminals and single marks in a picture."""
TERMINAL_HUMAN, TERMINAL_MACHINE = "#0087D7", "#D75F00"
"""Letters in a terminal whose background nobody knows: at least 3.5:1 on white and on black."""
FIRST_LINE, SECOND_LINE = LIGHT.accent, "#B35900"
"""Two things side by side in a picture by matplotlib."""
EVERY_POINT = "#9BA6B2"
"""Many marks together, behind what a picture is about."""
NOTE_LINE = "#8A6D00"
"""A line that a picture is read against."""
CUT_LINE = "#6A3D9A"
"""Where something is cut off."""
MIDDLE_LINE = "#444444"
"""Parts two halves of a picture."""
SHADES = ("shade_1", "shade_2", "shade_3")
LEANS = ("lean_human", "strong_human", "lean_machine", "strong_machine")


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours after WCAG 2, 1 to 21.

    >>> round(contrast("#000000", "#FFFFFF"), 1)
    21.0
    """
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance after WCAG 2, 0 to 1."""
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(colour: str) -> tuple[float, float, float]:
    """Red, green and blue of an sRGB colour in linear light, each 0 to 1."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return red, green, blue
