"""Photos of measured skin: what is known of each way they come."""

import numpy as np
import pytest

from dermis.colour.srgb import xyz_to_linear
from dermis.lab.evaluate.measured import photos
from dermis.lab.evaluate.measured.photos import Development, developed
from dermis.lab.train.objectives.measured_skin import MEASURED_NM
from dermis.optics.camera import draw_camera
from dermis.optics.face_population import draw_faces
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import to_xyz

SKIN = reflectance(draw_faces(np.random.default_rng(2), 60), MEASURED_NM)
CAMERAS = [draw_camera(np.random.default_rng(seed)) for seed in range(4)]
TRUE = np.maximum(np.asarray(xyz_to_linear(to_xyz(SKIN, MEASURED_NM))), 1e-3)


SIGHTS = 30


@pytest.fixture(scope="module")
def seen() -> dict[Development, np.ndarray]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(photos, "DRAWN_SIGHTS", SIGHTS)
        return {one: np.maximum(developed({"": SKIN}, CAMERAS, one)[""], 1e-3) for one in Development}


def test_the_less_is_known_the_further_is_a_photo_from_the_skin(seen: dict[Development, np.ndarray]) -> None:
    ways = (Development.PLAIN, Development.PHONE_WHITE, Development.PHONE)
    off = [np.abs(np.log(seen[one] / TRUE)).mean() for one in ways]
    assert off == sorted(off)


def test_a_grey_card_takes_the_cast_away(seen: dict[Development, np.ndarray]) -> None:
    casts = {one: np.log(pixels[:, 0] / pixels[:, 2] * TRUE[:, 2] / TRUE[:, 0]).std() for one, pixels in seen.items()}
    assert casts[Development.PHONE_GREY] < casts[Development.PHONE]


def test_all_sets_are_seen_by_the_same_cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "DRAWN_SIGHTS", 3)
    twice = developed({"": SKIN, "again": SKIN}, CAMERAS, Development.PHONE)
    np.testing.assert_array_equal(twice[""], twice["again"])
