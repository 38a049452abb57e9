"""Colours are computed, not trusted: contrast, order, and what people with other colour vision see."""

import re
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import detector.report.palette as palette
from detector.report.palette import DARK, LEANS, LIGHT, SHADES, contrast, linear

BOTH = pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
CSS = Path(palette.__file__).parent / "templates" / "report.css"

# Machado, Oliveira, Fernandes 2009, severity 1.0, on linear light.
VISIONS = {
    "usual": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}


def lab(colour: str, vision: str) -> np.ndarray:
    to_xyz = np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]])
    xyz = to_xyz @ np.clip(VISIONS[vision] @ np.array(linear(colour)), 0, 1) / np.array([0.9505, 1, 1.0888])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_contrast_by_hand():
    # grey #777777: 119/255 = 0.4667, linear 0.1845; (1 + 0.05) / (0.1845 + 0.05) = 4.478
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.478, abs=0.001)


@BOTH
def test_text_can_be_read_on_every_background(colours):
    for background in ("paper", "surface", *SHADES, *LEANS):
        assert contrast(colours.ink, getattr(colours, background)) >= 4.5, background
    for name in ("muted", "accent"):
        assert contrast(getattr(colours, name), colours.paper) >= 4.5, name
        assert contrast(getattr(colours, name), colours.surface) >= 4.5, name
    assert contrast(colours.paper, colours.accent) >= 4.5  # what stands on buttons


@BOTH
def test_lines_and_shapes_can_be_seen(colours):
    for name in ("human", "machine", "ink", "muted"):
        assert contrast(getattr(colours, name), colours.paper) >= 3, name


@pytest.mark.parametrize("letters", [palette.TERMINAL_HUMAN, palette.TERMINAL_MACHINE])
@pytest.mark.parametrize("background", ["#FFFFFF", "#000000"])
def test_letters_in_a_terminal_can_be_seen_on_either_background(letters, background):
    assert contrast(letters, background) >= 3.5


@pytest.mark.parametrize("background", [LIGHT.strong_human, LIGHT.strong_machine, *palette.CIVIDIS[:2]])
def test_black_letters_in_a_terminal_can_be_read_on_their_background(background):
    assert contrast("#000000", background) >= 4.5


@BOTH
@pytest.mark.parametrize("vision", VISIONS)
def test_the_ramp_keeps_its_order_for_any_kind_of_colour_vision(colours, vision):
    ramp = [lab(c, vision) for c in (colours.paper, *(getattr(colours, shade) for shade in SHADES))]
    steps = np.diff([colour[0] for colour in ramp])
    assert (steps < 0).all() if colours is LIGHT else (steps > 0).all()
    assert min(np.linalg.norm(a - b) for a, b in pairwise(ramp)) > 15


@BOTH
@pytest.mark.parametrize("vision", VISIONS)
def test_human_and_machine_differ_for_any_kind_of_colour_vision(colours, vision):
    for left, right in (("human", "machine"), ("strong_human", "strong_machine"), ("lean_human", "lean_machine")):
        assert np.linalg.norm(lab(getattr(colours, left), vision) - lab(getattr(colours, right), vision)) > 20


def test_the_style_takes_its_colours_from_the_palette_alone():
    css = CSS.read_text(encoding="utf-8")
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;,)}\s])", css)
    known = {field.name.replace("_", "-") for field in fields(LIGHT)}
    assert set(re.findall(r"var\(--([\w-]+)\)", css)) <= known


def test_no_other_module_has_a_colour_of_its_own():
    modules = [path for path in Path(palette.__file__).parents[1].rglob("*.py") if path.name != "palette.py"]
    coloured = {path.name for path in modules if re.search(r"#[0-9a-fA-F]{6}\b", path.read_text(encoding="utf-8"))}
    assert coloured <= {"loss_curve.py"}


def test_every_shade_has_a_line_as_second_cue():
    css = CSS.read_text(encoding="utf-8")
    rules = [rule for rule in css.split("}") if re.search(r"\.(r|f|b|h|m)\d\b", rule)]
    assert len(rules) == 7
    styles = [re.findall(r"text-decoration-(?:line|style):(\w+)", rule) for rule in rules]
    assert all(len(style) == 2 for style in styles)
    assert len({tuple(style) for style in styles[:3]}) == 3
    assert len({tuple(style) for style in styles[3:]}) == 4
