"""The table of measured people, on made ones."""

from pathlib import Path

import numpy as np
import pytest

from dermis.lab.evaluate.measured import people
from dermis.lab.train.objectives.measured_skin import MEASURED_NM, MeasuredSkin
from dermis.lab.train.objectives.skin_prior import ALL_NM
from dermis.optics.camera import draw_camera
from dermis.optics.face_population import draw_faces
from dermis.optics.forward import reflectance

GROUPS, EACH, ARMS = ("African", "Chinese"), 80, 30


@pytest.fixture(scope="module")
def table() -> str:
    rng = np.random.default_rng(6)
    spectra = np.concatenate([reflectance(draw_faces(rng, EACH, group=group), MEASURED_NM) for group in GROUPS])
    person, group = np.arange(len(spectra)).astype(str), np.repeat(GROUPS, EACH)
    nobody = np.repeat("", len(spectra))
    faces = MeasuredSkin(
        spectra=spectra, subject=person, group=group, origin=group, site=nobody, sex=nobody, age=nobody
    )
    arms = 1.1 * reflectance(draw_faces(rng, ARMS, group="Chinese"), ALL_NM)
    cameras = [draw_camera(rng)]
    other_instrument = 1.0 + 0.1 * np.sin(MEASURED_NM / 20.0)
    collection = np.concatenate([spectra[EACH:], spectra[EACH:] * other_instrument])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "read_issa_faces", lambda _: faces)
        patch.setattr(people, "read_nist", lambda *_: (arms, np.arange(ARMS).astype(str)))
        patch.setattr(people, "read_measured", lambda _: (collection, spectra[:26]))
        patch.setattr(people, "read_cameras", lambda _: cameras)
        for name, value in (("SIGHTS", ((0, "D65"),)), ("FOLDS", 2), ("RESAMPLES", 10), ("NEAREST", 30)):
            patch.setattr(people, name, value)
        patch.setattr(people, "person_folds", lambda subject, _: np.arange(len(subject)) % 2)
        return people.people_table(Path(), Path(), Path())


def rows(table: str) -> dict[str, list[str]]:
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines() if line]
    return {row[0]: row[1:] for row in cells}


def angle(cell: str) -> float:
    return float(cell.split()[0].rstrip(","))


def test_every_group_is_told_beside_its_lines(table: str) -> None:
    told = rows(table)
    assert {"African", "Chinese", "**mean of groups**"} <= set(told)
    assert [int(told[group][0]) for group in GROUPS] == [EACH, EACH]
    for group in GROUPS:
        ours, nearest, line = (angle(told[group][place]) for place in (1, 3, 4))
        assert 0.0 < ours < 0.1
        assert 0.0 < nearest < 0.1
        assert 0.0 < line < 0.1


def test_a_further_band_helps_beyond_what_cameras_see(table: str) -> None:
    told = rows(table)
    for name in ("700-1000 nm", "700-1000 nm, `--site forearm`"):
        assert angle(told[name][2]) < angle(told[name][0])
