"""Drawn faces look as measured ones do: by group and site, within a Kolmogorov-Smirnov distance of 0.15."""

import numpy as np
import pytest

from dermis.colour.lab import linear_to_lab
from dermis.colour.srgb import xyz_to_linear
from dermis.colour.tone import ita_deg
from dermis.optics.face_population import (
    FACE_TABLE,
    draw_faces,
    draw_people,
    read_face_population,
    surface_lab,
)
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import to_xyz
from dermis.optics.populations import prior
from dermis.optics.tissue import RANGES

NM = np.arange(400.0, 701.0, 10.0)
PERCENTS = np.arange(5, 100, 5)
TABLE = np.load(FACE_TABLE)
CELLS = list(zip(TABLE["seen_group"].tolist(), TABLE["seen_site"].tolist(), TABLE["percentiles"], strict=True))


@pytest.mark.parametrize(("group", "site", "percentiles"), CELLS, ids=[f"{one}-{two}" for one, two, _ in CELLS])
def test_drawn_colours_are_those_of_measured_people(group, site, percentiles):
    tissue = draw_faces(np.random.default_rng(11), 500, site, group)
    lab = np.asarray(linear_to_lab(xyz_to_linear(to_xyz(reflectance(tissue, NM, specular_share=1.0), NM))))
    for name, drawn, measured in zip(
        ("ITA", "a*", "b*"), (ita_deg(lab), lab[:, 1], lab[:, 2]), percentiles, strict=True
    ):
        share = (drawn[:, None] <= measured).mean(axis=0)
        assert np.abs(share - PERCENTS / 100).max() <= 0.15, name


def test_the_same_generator_gives_the_same_faces_and_all_groups_come():
    first, again = (draw_faces(np.random.default_rng(5), 40) for _ in range(2))
    np.testing.assert_array_equal(first.melanosome_fraction, again.melanosome_fraction)
    melanin = draw_faces(np.random.default_rng(5), 800).melanosome_fraction
    dark = draw_faces(np.random.default_rng(5), 800, group="African").melanosome_fraction
    light = draw_faces(np.random.default_rng(5), 800, group="Caucasian").melanosome_fraction
    assert np.median(light) < np.median(melanin) < np.median(dark)


def test_nobody_measured_there_is_said():
    with pytest.raises(ValueError, match="Nobody measured the heel of any group"):
        draw_faces(np.random.default_rng(0), 3, "heel")


def test_a_cell_tells_of_twenty_people_at_least():
    assert TABLE["people"].min() >= 20
    assert len(read_face_population().group) == len(TABLE["people"]) >= 25


def test_typical_values_are_those_of_measured_faces():
    known = read_face_population()
    groups = np.unique(known.group)
    weight = known.weight / np.array([known.weight[known.group == one].sum() for one in known.group]) / len(groups)
    for place, name in enumerate(known.parameters.tolist()):
        (mean,), (spread,) = prior([RANGES[name]])
        if name != "scattering_per_cm":
            assert abs(weight @ known.mean[:, place] - mean) < 0.25 * spread, name


def test_sites_of_one_person_are_alike_and_each_as_measured():
    people = draw_people(np.random.default_rng(2), 600, "Thai")
    cheek, forehead = (surface_lab(people[site])[:, 0] for site in ("cheek", "forehead"))
    alone = surface_lab(draw_faces(np.random.default_rng(3), 600, "forehead", "Thai"))[:, 0]
    assert np.corrcoef(cheek, forehead)[0, 1] > 0.8
    assert np.median(forehead) == pytest.approx(np.median(alone), abs=1.0)
    nose = draw_people(np.random.default_rng(2), 50, "African")["nose_tip"]  # measured in other groups alone
    assert np.isfinite(surface_lab(nose)).all()
