"""From pixels to spectra of skin that the prior has not seen, with intervals and a word on what is no skin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dermis.core import Cube, Encoding, Origin, Photo
from dermis.errors import UsageError
from dermis.optics.camera import find_camera, response, white_raw
from dermis.optics.face_population import draw
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import find_illuminant
from dermis.spectra.estimator import spectra_of, terms_of
from dermis.spectra.prior import CaptureModel, at_site, draw_skin, read_prior, simulate_capture
from dermis.spectra.reconstruct import WAVELENGTHS_NM, Reconstruction, estimator_for, learn_estimator, reconstruct_skin

CAMERA, LIGHT = find_camera("Nikon D5100"), find_illuminant("A")
VISIBLE = slice(2, 31)  # 420-700 nm


def photo_of(pixels: np.ndarray, encoding: Encoding = Encoding.CAMERA_LINEAR, bits: int = 16) -> Photo:
    return Photo(
        pixels=pixels.reshape(-1, 1, 3).astype(np.float32) if pixels.ndim == 2 else pixels.astype(np.float32),
        encoding=encoding,
        origin=Origin(bits=bits),
    )


def everywhere(photo: Photo) -> np.ndarray:
    return np.ones(photo.pixels.shape[:2], dtype=np.bool_)


def widths(found: Reconstruction) -> np.ndarray:
    return found.high - found.low


def angles(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    cosine = (found * true).sum(axis=-1) / np.linalg.norm(found, axis=-1) / np.linalg.norm(true, axis=-1)
    return np.arccos(np.clip(cosine, -1, 1))


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    """Return other draws of measured skin than the estimator learns from, (n, 61)."""
    return draw_skin(read_prior(), 20, np.random.default_rng(99))[0]


@pytest.fixture(scope="module")
def seen(drawn: np.ndarray) -> Photo:
    return photo_of(drawn @ response(CAMERA, LIGHT, WAVELENGTHS_NM))


def test_known_camera_and_light(drawn: np.ndarray, seen: Photo) -> None:
    found = reconstruct_skin(seen, everywhere(seen), camera=CAMERA, light=LIGHT)
    values = found.values[:, 0]
    assert isinstance(found, Cube)
    assert values.shape == drawn.shape
    assert angles(values[:, VISIBLE], drawn[:, VISIBLE]).mean() < 0.03
    mean = np.tile(drawn.mean(axis=0), (len(drawn), 1))
    assert np.abs(values - drawn).mean() < 0.3 * np.abs(mean - drawn).mean()
    held = ((found.low[:, 0] <= drawn) & (drawn <= found.high[:, 0]))[:, VISIBLE].mean()
    assert 0.85 < held < 0.99
    assert found.level_known
    assert (found.camera, found.light) == ("Nikon D5100", "A")
    assert found.known_share > 0.97


def test_what_was_seen_is_seen_again(drawn: np.ndarray, seen: Photo) -> None:
    found = reconstruct_skin(seen, everywhere(seen), camera=CAMERA, light=LIGHT)
    again = found.values[:, 0] @ response(CAMERA, LIGHT, WAVELENGTHS_NM)
    apart = np.abs(again / seen.pixels[:, 0] - 1)
    assert np.median(apart) < 0.01


def test_knowing_less_widens_the_intervals(seen: Photo) -> None:
    known = reconstruct_skin(seen, everywhere(seen), camera=CAMERA, light=LIGHT)
    light_unknown = reconstruct_skin(seen, everywhere(seen), camera=CAMERA)
    assert widths(light_unknown)[..., VISIBLE].mean() > 2 * widths(known)[..., VISIBLE].mean()
    assert light_unknown.light is None
    # Nothing looked beyond 700 nm, so there a camera helps less.
    assert widths(known)[..., 40:].mean() > 2 * widths(known)[..., VISIBLE].mean()


def test_white_and_balance_anchor_the_level(drawn: np.ndarray, seen: Photo) -> None:
    whole = reconstruct_skin(seen, everywhere(seen), camera=CAMERA, light=LIGHT)
    half = photo_of(seen.pixels[:, 0] * 0.5)
    again = reconstruct_skin(half, everywhere(half), camera=CAMERA, light=LIGHT, white=0.5)
    np.testing.assert_allclose(again.values, whole.values, rtol=1e-4)
    # A grey card under another light than was thought: what it tells replaces the white of every channel.
    dim = photo_of(seen.pixels[:, 0] * (0.2, 0.3, 0.25))
    balance = np.diag(1 / (white_raw(CAMERA, LIGHT) * (0.2, 0.3, 0.25)))
    balanced = reconstruct_skin(dim, everywhere(dim), camera=CAMERA, light=LIGHT, balance=balance)
    assert angles(balanced.values[:, 0, VISIBLE], drawn[:, VISIBLE]).mean() < 0.03


def test_ordinary_photo_tells_shape(drawn: np.ndarray) -> None:
    from dermis.colour.srgb import encode, xyz_to_linear
    from dermis.optics.illuminant import to_xyz

    shown = np.clip(encode(xyz_to_linear(to_xyz(drawn, WAVELENGTHS_NM))), 0, 1)
    photo = photo_of(np.rint(shown * 255) / 255, Encoding.SRGB, bits=8)
    found = reconstruct_skin(photo, everywhere(photo))
    assert not found.level_known
    assert angles(found.values[:, 0, VISIBLE], drawn[:, VISIBLE]).mean() < 0.04
    held = ((found.low <= drawn[:, None]) & (drawn[:, None] <= found.high))[..., VISIBLE].mean()
    assert held > 0.85


def test_kept_estimators_are_what_would_be_learnt_now() -> None:
    for balanced in (False, True):
        sight = CaptureModel(encoding=Encoding.SRGB, balanced=balanced)
        learnt = learn_estimator(read_prior(), sight)
        kept = estimator_for(sight)
        np.testing.assert_allclose(kept.weights, learnt.weights, rtol=0.02, atol=0.02)
        np.testing.assert_allclose(kept.half_width, learnt.half_width, rtol=0.02, atol=1e-3)
        np.testing.assert_allclose(kept.scale, learnt.scale, rtol=0.02, atol=0.02)


def test_intervals_of_phones_photos_hold_light_and_dark_skin_alike() -> None:
    sight = CaptureModel(encoding=Encoding.SRGB)
    kept = estimator_for(sight)
    photos = simulate_capture(read_prior(), sight, seed=99, plain_share=0.0)
    found = terms_of(kept, photos.pixels.astype(np.float32))
    missed = (photos.spectra - spectra_of(found.terms, kept.weights))[:, VISIBLE]
    below, above = (found.scale[:, :, None] * kept.half_width)[:, :, VISIBLE].transpose(1, 0, 2)
    short, beyond = missed < -below, missed > above
    lightness = photos.spectra[:, VISIBLE].mean(axis=1)
    edges = np.quantile(lightness, (0.2, 0.4, 0.6, 0.8))
    for part in range(5):
        here = np.digitize(lightness, edges) == part
        assert 0.86 < 1 - (short | beyond)[here].mean() < 0.95
    # A level that nobody knows is too high for dark skin as often as it is too low for light skin.
    dark, light = lightness < edges[0], lightness > edges[-1]
    assert short[dark].mean() > beyond[dark].mean()
    assert short[light].mean() < 0.08
    assert beyond[light].mean() < 0.08


def test_a_white_narrows_what_an_ordinary_photo_tells() -> None:
    photo = photo_of(np.tile((0.7, 0.55, 0.45), (4, 1)), Encoding.SRGB, bits=8)
    unknown = reconstruct_skin(photo, everywhere(photo))
    marked = reconstruct_skin(photo, everywhere(photo), white=0.95)
    assert widths(unknown)[..., VISIBLE].mean() > 1.1 * widths(marked)[..., VISIBLE].mean()


def test_forearms_are_told_better_where_they_are_said_to_be_some() -> None:
    prior = read_prior()
    forearm = at_site(prior, "forearm")
    assert forearm.weights.sum() == pytest.approx(1.0)
    assert forearm.weights[prior.sites == "forearm"].sum() > 0.9
    only = replace(prior, weights=np.where(prior.sites == "forearm", 1.0, 0.0))
    drawn, weights = draw_skin(only, 60, np.random.default_rng(4))
    drawn = drawn[weights > 0]
    photo = photo_of(drawn @ response(CAMERA, LIGHT, WAVELENGTHS_NM))
    off = {
        site: angles(
            reconstruct_skin(photo, everywhere(photo), camera=CAMERA, light=LIGHT, site=site).values[:, 0], drawn
        ).mean()
        for site in ("face", "forearm")
    }
    assert off["forearm"] < 0.8 * off["face"]


def test_a_site_nobody_measured(seen: Photo) -> None:
    with pytest.raises(UsageError, match="knee"):
        reconstruct_skin(seen, everywhere(seen), site="knee")


@pytest.mark.parametrize("colour", [(0.02, 0.1, 0.6), (0.05, 0.5, 0.05), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)])
def test_what_is_no_skin_is_said(colour: tuple[float, float, float]) -> None:
    photo = photo_of(np.array([colour]))
    found = reconstruct_skin(photo, everywhere(photo), camera=CAMERA, light=LIGHT)
    assert found.known_share == 0
    assert np.isfinite(found.values).all()
    assert found.values.max() < 3


def test_only_the_mask_is_looked_at(seen: Photo) -> None:
    mask = np.zeros(seen.pixels.shape[:2], dtype=np.bool_)
    nothing = reconstruct_skin(seen, mask, camera=CAMERA, light=LIGHT)
    assert np.isnan(nothing.values).all()
    assert nothing.known_share == 0
    mask[[3, 8, 9]] = True
    some = reconstruct_skin(seen, mask, camera=CAMERA, light=LIGHT)
    every = reconstruct_skin(seen, everywhere(seen), camera=CAMERA, light=LIGHT)
    np.testing.assert_allclose(some.values[mask], every.values[mask], rtol=1e-4)
    assert np.isnan(some.values[~mask]).all()


def test_other_bands(seen: Photo) -> None:
    every = reconstruct_skin(seen, everywhere(seen), camera=CAMERA, light=LIGHT)
    few = reconstruct_skin(
        seen, everywhere(seen), camera=CAMERA, light=LIGHT, wavelengths_nm=np.array([455.0, 600.0, 1000.0])
    )
    np.testing.assert_allclose(few.values[..., 1:], every.values[..., [20, 60]], rtol=1e-4)
    np.testing.assert_allclose(few.values[..., 0], every.values[..., 5:7].mean(axis=-1), rtol=1e-3)
    one = reconstruct_skin(seen, everywhere(seen), camera=CAMERA, light=LIGHT, wavelengths_nm=np.array([550.0]))
    assert one.values.shape[2] == 1


@pytest.mark.parametrize("grid", [[390.0, 500.0], [500.0, 1010.0], [600.0, 500.0], []])
def test_bands_that_cannot_be(seen: Photo, grid: list[float]) -> None:
    with pytest.raises(UsageError, match="400-1000"):
        reconstruct_skin(seen, everywhere(seen), wavelengths_nm=np.array(grid))


@pytest.mark.parametrize("white", [0.0, -1.0, 1.5])
def test_whites_that_cannot_be(seen: Photo, white: float) -> None:
    with pytest.raises(UsageError, match="white"):
        reconstruct_skin(seen, everywhere(seen), white=white)


def test_tissues_of_the_model_are_known_skin() -> None:
    """The prior is measured skin; drawn tissues, darker and paler ones too, are mostly skin to it."""
    tissues = reflectance(draw(300, 5), WAVELENGTHS_NM, specular_share=0.5)
    photo = photo_of(tissues @ response(CAMERA, LIGHT, WAVELENGTHS_NM))
    found = reconstruct_skin(photo, everywhere(photo), camera=CAMERA, light=LIGHT)
    assert found.known_share > 0.8
    assert angles(found.values[:, 0, VISIBLE], tissues[:, VISIBLE]).mean() < 0.06
