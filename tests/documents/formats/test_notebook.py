"""Jupyter notebooks."""

import json

import pytest

from detector import InputError
from detector.documents.reading import text_of

NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "source": ["# The *tide*\n", "\n", "It rises, and **falls**.\n"]},
        {"cell_type": "code", "source": "print(1)", "outputs": [{"text": "1"}]},
        {"cell_type": "markdown", "source": "- low\n- high\n\n```\ncode\n```"},
        {"cell_type": "raw", "source": "raw"},
    ],
    "nbformat": 4,
}


@pytest.mark.parametrize("name", ["tide.ipynb", "tide"])
def test_the_text_of_its_markdown_cells(name):
    text, (warning,) = text_of(json.dumps(NOTEBOOK).encode(), name)
    assert text == "The tide\n\nIt rises, and falls.\n\nlow\nhigh"
    assert "its 1 code cell, output" in warning


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"cells": 3}', b'{"cells": [3], "nbformat": 4}'])
def test_damage_is_said(data):
    with pytest.raises(InputError, match="notebook that is damaged"):
        text_of(data, "tide.ipynb")
