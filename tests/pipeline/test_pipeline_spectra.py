"""Before a reconstruction: which pixels, how large, and what the white is."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dermis.colour.srgb import decode, hex_to_srgb
from dermis.core import CropFrame, Encoding, Photo
from dermis.errors import InputError, NoSkin, UsageError
from dermis.pipeline import spectra
from dermis.spectra.reconstruct import MeasuredBand

CARD = "10,10,20,20=#777777"


def photo(pixels, encoding=Encoding.CAMERA_LINEAR):
    return Photo(pixels=np.asarray(pixels, np.float32), encoding=encoding)


def carded(colour):
    pixels = np.full((40, 50, 3), 0.1, np.float32)
    pixels[10:30, 10:30] = colour
    return photo(pixels)


def test_a_grey_card_makes_the_white_of_a_linear_photo():
    grey = float(decode(hex_to_srgb("#777777")).mean())
    assert spectra._balance(carded((0.3, 0.2, 0.1)), CARD) == pytest.approx(np.diag(grey / np.array([0.3, 0.2, 0.1])))
    nearly = spectra._balance(carded((0.3, 0.2, 0.1)), "10,10,20,20=#7c7770")
    assert np.count_nonzero(nearly) == 3


@pytest.mark.parametrize(
    ("colour", "card", "said"),
    [((0.3, 0.2, 0.1), "#a07060", "no grey"), ((0.99, 0.2, 0.1), "#777777", "overexposed or too dark"),
     ((0.3, 0.2, 0.002), "#777777", "overexposed or too dark")],
)  # fmt: skip
def test_a_card_that_tells_no_white_is_refused(colour, card, said):
    with pytest.raises(InputError, match=said):
        spectra._balance(carded(colour), f"10,10,20,20={card}")


def test_cards_just_inside_the_limits_tell_the_white():
    assert spectra._balance(carded((0.989, 0.5, 0.00201)), CARD).shape == (3, 3)


def test_a_large_photo_is_reduced_by_a_whole_number(monkeypatch):
    monkeypatch.setattr(spectra, "MOST_PX", 100)
    pixels = np.random.default_rng(0).random((20, 30, 3))
    where = np.zeros((20, 30), bool)
    where[:6, :10] = True
    where[0, 9:11] = True
    band = MeasuredBand(wavelength_nm=960.0, reflectance=pixels[..., 0].astype(np.float32))
    seen = photo(pixels, Encoding.SRGB)
    reduced, kept, white, small = spectra._reduced(seen, where, 0.8, band)
    assert (reduced.pixels.shape, reduced.encoding) == ((6, 10, 3), Encoding.LINEAR_SRGB)
    assert reduced.pixels[1, 2] == pytest.approx(decode(seen.pixels)[3:6, 6:9].mean(axis=(0, 1)), rel=1e-4)
    assert kept[:2, :3].all()
    assert np.count_nonzero(kept) == 6
    assert white == pytest.approx(float(decode(np.full(3, 0.8))[0]))
    assert small.reflectance[1, 2] == pytest.approx(pixels[3:6, 6:9, 0].mean(), rel=1e-5)
    linear = spectra._reduced(photo(pixels), where, 0.8, None)
    assert (linear[0].encoding, linear[2], linear[3]) == (Encoding.CAMERA_LINEAR, 0.8, None)
    assert linear[0].pixels[1, 2] == pytest.approx(pixels[3:6, 6:9].mean(axis=(0, 1)), rel=1e-5)


@pytest.mark.parametrize("most", [600, 601])
def test_a_photo_that_is_small_enough_stays(monkeypatch, most):
    monkeypatch.setattr(spectra, "MOST_PX", most)
    seen, where = photo(np.full((20, 30, 3), 0.5)), np.ones((20, 30), bool)
    assert spectra._reduced(seen, where, None, None)[0] is seen


def test_masks_are_those_of_the_photo_or_everything():
    seen = photo(np.full((20, 30, 3), 0.5))
    assert spectra._where(seen, "all", close_up=False).all()
    mask = np.zeros((20, 30), bool)
    assert spectra._where(seen, mask, close_up=False) is mask
    for wrong in ("some", mask[:5], mask.astype(np.uint8)):
        with pytest.raises(UsageError):
            spectra._where(seen, wrong, close_up=False)


@pytest.mark.parametrize("white", [0.0, -0.5, 1.01])
def test_a_white_that_is_none_is_refused(white):
    with pytest.raises(UsageError, match="white"):
        spectra.reconstruct(photo(np.full((4, 4, 3), 0.5)), white=white, mask="all")
    with pytest.raises(UsageError, match="Give one"):
        spectra.reconstruct(photo(np.full((4, 4, 3), 0.5)), white=1.0, reference=CARD, mask="all")


def test_a_reconstruction_is_of_the_pixels_and_the_light_that_were_named(monkeypatch):
    asked = {}
    monkeypatch.setattr(spectra, "reconstruct_skin", lambda *given, **more: asked.update(more, given=given) or "found")
    mask = np.zeros((40, 50), bool)
    mask[3] = True
    seen = replace(carded((0.3, 0.2, 0.1)), encoding=Encoding.SRGB)
    assert spectra.reconstruct(seen, linear=True, reference=CARD, mask=mask, wavelengths_nm=[500, 600]) == "found"
    assert asked["given"][0].encoding is Encoding.CAMERA_LINEAR
    assert asked["given"][1] is mask
    assert (asked["white"], asked["site"], asked["wavelengths_nm"].tolist()) == (None, "face", [500.0, 600.0])
    assert asked["balance"] == pytest.approx(spectra._balance(carded((0.3, 0.2, 0.1)), CARD))
    spectra.reconstruct(seen, white=1.0, mask="all")
    assert (asked["white"], asked["balance"], asked["camera"], asked["light"]) == (1.0, None, None, None)
    assert asked["given"][0].encoding is Encoding.SRGB


def test_without_a_mask_the_skin_of_the_face_is_looked_at(monkeypatch):
    held = np.zeros((4, 5), bool)
    held[1, 2] = True
    frame = CropFrame(x_px=6, y_px=3, width=5, height=4, factor=2)
    monkeypatch.setattr(spectra, "find_face", lambda photo, *, close_up: SimpleNamespace(frame=frame, skin=held))
    where = spectra._where(photo(np.full((20, 30, 3), 0.5)), None, close_up=False)
    assert np.argwhere(where).tolist() == [[5, 10], [5, 11], [6, 10], [6, 11]]
    for none in (None, SimpleNamespace(frame=frame, skin=~held & held)):
        monkeypatch.setattr(spectra, "find_face", lambda photo, *, close_up, none=none: none)
        with pytest.raises(NoSkin):
            spectra._where(photo(np.full((20, 30, 3), 0.5)), None, close_up=True)


def test_a_photo_in_srgb_has_its_card_undone_as_the_light_of_any_photo():
    seen = replace(carded((0.6, 0.5, 0.4)), encoding=Encoding.SRGB)
    grey = np.asarray(decode(np.array([0.6, 0.5, 0.4])))
    assert spectra._balance(seen, CARD) @ grey == pytest.approx(decode(hex_to_srgb("#777777")), rel=0.01)


@pytest.mark.parametrize(("side", "factor"), [(10, 1), (11, 2), (20, 2), (21, 3)])
def test_the_factor_is_the_smallest_that_brings_a_photo_below_the_limit(monkeypatch, side, factor):
    monkeypatch.setattr(spectra, "MOST_PX", 100)
    seen, where = photo(np.full((side, side, 3), 0.5)), np.ones((side, side), bool)
    assert spectra._reduced(seen, where, None, None)[1].shape == (side // factor,) * 2


def test_a_line_of_pixels_is_not_reduced_to_nothing(monkeypatch):
    monkeypatch.setattr(spectra, "MOST_PX", 100)
    seen, where = photo(np.full((2, 900, 3), 0.5)), np.ones((2, 900), bool)
    assert spectra._reduced(seen, where, None, None)[1].shape == (1, 450)
