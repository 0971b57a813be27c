"""The page's colours: every ink on every ground it meets, light and dark, by WCAG's contrast."""

import re
from importlib import resources

import numpy as np
import pytest

STYLE = resources.files("dermis.report").joinpath("templates", "style.css").read_text(encoding="utf-8")
INKS_ON_GROUNDS = [
    *((ink, ground) for ink in ("ink", "soft", "accent") for ground in ("page", "card", "sunken")),
    *((ink, f"{state}-ground") for state in ("good", "warn", "bad", "info") for ink in (state, "ink")),
    *((state, "card") for state in ("good", "warn", "bad")),
    ("on-accent", "accent"),
    ("mark", "card"),
]


def colours():
    found = re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", STYLE)
    return {name: {"light": light, "dark": dark} for name, light, dark in found}


def luminance(colour):
    # WCAG 2.2, definition of relative luminance; written out here to be apart from the code under test.
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), INKS_ON_GROUNDS)
def test_words_can_be_read(ink, ground, theme):
    table = colours()
    bright, dark = sorted((luminance(table[name][theme]) for name in (ink, ground)), reverse=True)
    assert (bright + 0.05) / (dark + 0.05) >= 4.5


def test_every_colour_that_is_used_is_defined():
    assert set(re.findall(r"var\(--([\w-]+)\)", STYLE)) == set(colours())


def test_paper_is_always_light():
    paper = STYLE[STYLE.index("@media print") :]
    assert "color-scheme: light;" in paper
    assert "background: #fff" in paper
