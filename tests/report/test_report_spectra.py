"""The page to look into spectra: whole, self-contained, and with the numbers of the cube in it."""

from __future__ import annotations

import base64
import hashlib
import json

import numpy as np
import pytest

from dermis.core import Encoding, Origin, Photo
from dermis.optics.camera import find_camera, response
from dermis.optics.illuminant import find_illuminant
from dermis.report.spectra import spectra_page
from dermis.spectra.prior import draw_skin, read_prior
from dermis.spectra.reconstruct import WAVELENGTHS_NM, Reconstruction, reconstruct_skin
from fakes.report_reader import Reader

CAMERA, LIGHT = find_camera("Nikon D5100"), find_illuminant("D65")


@pytest.fixture(scope="module")
def photo() -> Photo:
    skin, _ = draw_skin(read_prior(), 14, np.random.default_rng(1))
    pixels = (skin[:400] @ response(CAMERA, LIGHT, WAVELENGTHS_NM)).reshape(20, 20, 3)
    pixels[0, 0] = (0.02, 0.1, 0.7)
    return Photo(
        pixels=pixels.astype(np.float32),
        encoding=Encoding.CAMERA_LINEAR,
        origin=Origin(name='<b>"skin".png', bits=16),
    )


@pytest.fixture(scope="module")
def found(photo: Photo) -> Reconstruction:
    mask = np.ones((20, 20), dtype=np.bool_)
    mask[:, 10:] = False
    return reconstruct_skin(photo, mask, camera=CAMERA, light=LIGHT)


def held(page: str, name: str) -> str:
    return next(one["value"] for one in Reader(page).all("data") if one.get("id") == name)


def test_the_page_is_whole_and_alone(found: Reconstruction, photo: Photo) -> None:
    page = spectra_page(found, photo)
    reader = Reader(page)
    assert reader.faults == []
    assert "http" not in page.replace("http-equiv", "").replace('"http" + ', "")
    policy = next(m["content"] for m in reader.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
    for tag in ("style", "script"):
        assert len(reader.inline[tag]) == 1
        digest = hashlib.sha256(reader.inline[tag][0].encode()).digest()
        assert f"{tag}-src 'sha256-{base64.b64encode(digest).decode()}'" in policy
    assert '<b>"skin".png' in reader.words()
    assert "Nikon D5100" in reader.words()
    stage = next(one for tag, one in reader.elements if one.get("id") == "stage")
    assert stage["tabindex"] == "0"
    assert "arrow keys" in stage["aria-label"]


def test_its_numbers_are_the_cube_s(found: Reconstruction, photo: Photo) -> None:
    page = spectra_page(found, photo)
    said = json.loads(held(page, "said"))
    state = np.frombuffer(base64.b64decode(held(page, "state")), np.uint8).reshape(20, 20)
    assert (said["width"], said["height"], said["step"]) == (20, 20, 1)
    np.testing.assert_array_equal(state > 0, found.mask)
    np.testing.assert_array_equal(state == 1, found.known & found.mask)
    assert state[0, 0] == 2
    numbers = np.frombuffer(base64.b64decode(held(page, "numbers")), "<i2").reshape(-1, 200)
    planes = np.array(said["offsets"])[:, None] + np.array(said["steps"])[:, None] * numbers
    count = len(said["basis"])
    spectra = np.array(said["mean"]) + planes[:count].T @ np.array(said["basis"])
    sure = (state == 1)[found.mask]
    np.testing.assert_allclose(spectra[sure], found.values[found.mask][sure], atol=2e-3)
    np.testing.assert_allclose(planes[count : count + 2].T, found.interval_scale[found.mask], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(said["half_width"], found.interval_half_width, atol=1e-5)
    assert said["chromophores"] == ["melanin", "blood"]
    melanin, low, high = planes[count + 2 : count + 5]
    assert (low <= melanin + 1e-3).all()
    assert (melanin <= high + 1e-3).all()
    # White is white under D65.
    np.testing.assert_allclose(np.array(said["to_linear"]).sum(axis=0), 1, atol=1e-3)


def test_large_cubes_are_thinned() -> None:
    pixels = np.full((400, 300, 3), 0.3, np.float32)
    photo = Photo(pixels=pixels, encoding=Encoding.SRGB)
    found = reconstruct_skin(photo, np.ones((400, 300), dtype=np.bool_), wavelengths_nm=np.arange(400.0, 701, 50))
    page = spectra_page(found, photo)
    assert json.loads(held(page, "said"))["step"] == 3
    assert len(page) < 1_500_000
    assert "Beyond 700 nm" not in page


def test_an_empty_mask_makes_a_page(photo: Photo) -> None:
    nothing = reconstruct_skin(photo, np.zeros((20, 20), dtype=np.bool_), camera=CAMERA, light=LIGHT)
    page = spectra_page(nothing, photo)
    assert Reader(page).faults == []
    assert held(page, "numbers") == ""
