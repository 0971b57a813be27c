"""Drawn people have the skin of measured ones: by group and site, and with the ITA that was asked for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from dermis.colour.tone import ita_deg
from dermis.core import Region
from dermis.lab.synth.camera.scene import CHROMOPHORES
from dermis.lab.synth.head.uv import flat_atlas
from dermis.lab.synth.skin.colour import COLOUR_NM, channels, skin_table
from dermis.lab.synth.skin.maps import base_skin
from dermis.lab.synth.skin.own_skin import draw_group, draw_own_skin, skin_of_ita
from dermis.optics.camera import find_camera, response
from dermis.optics.face_population import FACE_TABLE, surface_lab
from dermis.optics.illuminant import find_illuminant
from dermis.optics.tissue import Tissue

TABLE = np.load(FACE_TABLE)
SITES = {
    "cheek": Region.LEFT_CHEEK,
    "chin": Region.CHIN,
    "forehead": Region.FOREHEAD,
    "nose_tip": Region.NOSE,
}
GROUPS = sorted(set(TABLE["seen_group"].tolist()))
MEASURED = {
    (group, site): percentiles
    for group, site, percentiles in zip(TABLE["seen_group"], TABLE["seen_site"], TABLE["percentiles"], strict=True)
}
SHARES = np.arange(5, 100, 5) / 100


def colours(skins, region):
    """L*a*b* (n, 3) of people at a region, as instruments see them."""
    values = {name: np.array([getattr(one.tissue, name) for one in skins]) for name in Tissue.__slots__}
    for name in ("melanosome_fraction", "blood_fraction", "oxygen_saturation", "scattering"):
        gain = np.array([one.gains.get(name, {}).get(region, 1.0) for one in skins])
        values[name if name in values else "scattering_per_cm"] *= gain
    return surface_lab(Tissue(**values))


@pytest.mark.parametrize("group", GROUPS)
def test_made_people_have_the_colours_of_measured_ones_at_each_site(group):
    skins = draw_group(np.random.default_rng(21), 500, group)
    for site, region in SITES.items():
        if (group, site) not in MEASURED:
            continue
        lab = colours(skins, region)
        drawn = (np.asarray(ita_deg(lab)), lab[:, 1], lab[:, 2])
        for name, values, measured in zip(("ITA", "a*", "b*"), drawn, MEASURED[group, site], strict=True):
            distance = np.abs((values[:, None] <= measured).mean(axis=0) - SHARES).max()
            assert distance <= 0.15, (site, name)


@pytest.mark.parametrize("wanted", [-55.0, -20.0, 20.0, 45.0, 60.0])
def test_a_person_has_the_ita_asked_for(wanted):
    skin = draw_own_skin(np.random.default_rng(3), lowest_ita_deg=wanted, highest_ita_deg=wanted)
    assert skin.ita_deg == pytest.approx(wanted, abs=0.5)
    assert skin_of_ita(skin, wanted - 5).ita_deg == pytest.approx(wanted - 5, abs=0.5)
    assert 0.0 < skin.tone.blood_fraction < 0.12


PHOTOGRAPHED = {1.0: (0.54, 1.43), 2.0: (0.66, 1.61), 4.0: (0.81, 1.88)}
"""By the finest wavelength of an octave in mm, 10th and 90th percentile over 156 clear cheeks of 21 photographed people
of the spread of 100 x green density (docs/log.md)."""


def test_clear_cheeks_mottle_as_photographed_ones():
    side, pitch_mm, edge = 150, 0.3, 25
    every = np.ones((side, side), np.bool_)
    atlas = flat_atlas(np.full((side, side), Region.LEFT_CHEEK.code, np.uint8), every, every, pitch_mm)
    weights = response(find_camera("typical"), find_illuminant("D65"), COLOUR_NM)[:, 1:2]
    found = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        skin = draw_own_skin(rng, lowest_ita_deg=-60, highest_ita_deg=65)
        maps = base_skin(rng, skin.tone, atlas, age_years=35.0)
        flat = {name: getattr(maps, name).ravel() for name in CHROMOPHORES}
        green = channels(skin_table(skin.tissue, flat), weights, flat).reshape(side, side)
        density = -100 * np.log10(green)
        blurred = [gaussian_filter(density, octave / 2 / pitch_mm) for octave in (*PHOTOGRAPHED, 8.0)]
        found.append([(a - b)[edge:-edge, edge:-edge].std() for a, b in itertools.pairwise(blurred)])
    for spread, (low, high) in zip(np.median(found, axis=0), PHOTOGRAPHED.values(), strict=True):
        assert low < spread < high
