"""The tables of the tissue model, on a few spectra that the model itself drew."""

import re

import numpy as np
import pytest

from dermis.lab.evaluate.measured.tissue import emulator_table, tissue_table
from dermis.optics.face_population import draw
from dermis.optics.forward import reflectance

BANDS = np.arange(400.0, 701.0, 10.0)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spectra")
    bare = reflectance(draw(40, 1), BANDS, specular_share=0.5)
    np.savez(folder / "skin_reflectance_400_700_10nm.npz", wavelengths_nm=BANDS, bare_skin=bare)
    rows = [",".join(["name", *(f"{nm:g}" for nm in BANDS)])]
    rows += [",".join([str(at), *(f"{value:.6f}" for value in one)]) for at, one in enumerate(bare[:4])]
    (folder / "vrhel_skin_reflectance.csv").write_text("\n".join(rows))
    return tissue_table(folder, draws=400)


def cells(text, first):
    return [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith(f"| {first} |")]


def test_skin_that_the_model_drew_is_fitted_by_it(table):
    assert len(re.findall("^### ", table, re.MULTILINE)) == 6
    ((count, median, *_),) = [row[1:] for row in cells(table, "bare_skin") if row[1] == "40"]
    assert count == "40"
    assert float(median) < 0.004
    assert all(float(row[4]) < 0.006 for row in cells(table, "tissue model"))


def test_a_spectrum_tells_more_of_melanin_than_a_colour_and_nothing_of_water(table):
    *_, (_, spectrum, colour, unlit) = cells(table, "melanosome_fraction")
    assert float(spectrum) >= float(colour) >= float(unlit) > 1
    *_, (_, *water) = cells(table, "water_fraction")
    assert max(map(float, water)) < 0.1


def test_the_fast_model_stays_near_fresh_monte_carlo():
    text = emulator_table(points=6, photons=4000, seed=1)
    ((_, points, off, noise, _),) = cells(text, "reflectance, specular included")
    assert points == "6"
    assert float(off.split()[0]) < 3 * float(noise.split()[0])
