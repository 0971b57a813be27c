"""The table of pigment indices, on made people and drawn cameras."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dermis.lab.evaluate.measured import photos, pigment
from dermis.lab.train import pigment_index as train
from dermis.lab.train.pigment_index import NM, Spectra
from dermis.optics.camera import draw_camera
from dermis.optics.face_population import draw_faces
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import find_illuminant

GROUPS = ("African", "Caucasian", "Chinese")
EACH = 40


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> str:
    rng = np.random.default_rng(3)
    values = np.concatenate([reflectance(draw_faces(rng, EACH, group=group), NM) for group in GROUPS])
    count = len(values)
    made = Spectra(
        values=values,
        person=np.arange(count).astype(str),
        group=np.repeat(GROUPS, EACH),
        ita_deg=rng.uniform(-60.0, 60.0, count),
    )
    cameras = [replace(draw_camera(rng), name=f"{maker} {model}") for maker in "ABCD" for model in range(5)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pigment, "read_issa", lambda _: made)
        patch.setattr(pigment, "drawn_alike", lambda skin: skin)
        patch.setattr(pigment, "read_cameras", lambda _: cameras)
        patch.setattr(pigment, "SIGHTS", ((0, "D65"), (2, "A")))
        patch.setattr(train, "PHOTOS", 1)
        patch.setattr(train, "SIGHTS", 10)
        patch.setattr(pigment, "RESAMPLES", 20)
        patch.setattr(photos, "DRAWN_SIGHTS", 12)
        return pigment.pigment_table(Path(), Path())


def row_of(table: str, first: str) -> list[str]:
    return next(line for line in table.splitlines() if line.startswith(f"| {first} |")).strip("| ").split(" | ")


def test_what_is_known_of_the_light_is_worth_something(table: str) -> None:
    d65, known, *unknown = (float(cell.split()[0]) for cell in row_of(table, "**all**")[2:])
    assert min(d65, known) > max(unknown)
    assert d65 > 0.9


def test_each_figure_stands_within_its_interval(table: str) -> None:
    figures = re.findall(r"(-?\d\.\d+) \[(-?\d\.\d+), (-?\d\.\d+)\]", table)
    assert len(figures) > 60
    inside = [float(low) <= float(value) <= float(high) for value, low, high in figures]
    assert np.mean(inside) > 0.9  # those of the mean of few are skewed


def test_every_person_stands_in_one_tone(table: str) -> None:
    counted = [int(line.split(" | ")[1]) for line in table.splitlines() if line.startswith("| melanin, D65, ")]
    assert sum(counted) == EACH * len(GROUPS)


def test_a_known_camera_sees_all_changes_with_the_same_noise() -> None:
    spectra = {"": np.full((4, 31), 0.5), "more": np.full((4, 31), 0.25)}
    seen = pigment._raw(spectra, draw_camera(np.random.default_rng(1)), find_illuminant("D65"))
    np.testing.assert_allclose(seen["more"], seen[""] / 2)
