"""Distances of cubes against torchmetrics, skimage and numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dermis.metrics.spectral import (
    LEAST_TRUTH,
    angle_map_rad,
    band_errors,
    challenge_angle_map_rad,
    challenge_scores,
    similarity_map,
    spectral_scores,
)

RNG = np.random.default_rng(5)
TRUE = RNG.uniform(0.05, 0.9, (24, 19, 4)).astype(np.float32)
SAID = np.clip(TRUE + RNG.normal(0, 0.05, TRUE.shape), 0, 1).astype(np.float32)
MASK = RNG.random(TRUE.shape[:2]) > 0.4


def test_equal_cubes():
    for scores in (spectral_scores(TRUE, TRUE), spectral_scores(TRUE, TRUE, MASK)):
        assert scores.sam_rad == scores.rmse == scores.mrae == 0
        assert scores.ssim == pytest.approx(1, abs=1e-6)
        assert scores.psnr_db == np.inf


def test_by_hand():
    true = np.array([[[3.0, 0.0]]])
    said = np.array([[[3.0, 3.0]]])
    scores = spectral_scores(true, said, peak=10)
    assert scores.sam_rad == pytest.approx(np.pi / 4)
    assert scores.rmse == pytest.approx(np.sqrt(4.5))
    assert scores.mrae == pytest.approx(0.5 * 3 / LEAST_TRUTH)
    assert scores.psnr_db == pytest.approx(10 * np.log10(100 / 4.5))
    errors = band_errors(true, said)
    np.testing.assert_allclose(errors.rmse, [0, 3])
    np.testing.assert_allclose(errors.bias, [0, 3])


def test_the_challenge_is_its_public_code():
    """Its angle in its own words, its SSIM by the library it calls, its PSNR from half the squared error."""
    torch = pytest.importorskip("torch")
    image = pytest.importorskip("torchmetrics.image")
    true, said = (torch.from_numpy(np.where(MASK[..., None], cube, 0)).permute(2, 0, 1) for cube in (TRUE, SAID))
    angle = torch.arccos((true * said).sum(0) / ((true**2).sum(0).sqrt() * (said**2).sum(0).sqrt()))
    scores = challenge_scores(TRUE, SAID, MASK)
    assert scores.sam_rad == pytest.approx(float(angle[~torch.isnan(angle)].mean()), rel=1e-5)
    ssim = image.StructuralSimilarityIndexMeasure()(said[None], true[None])
    assert scores.ssim == pytest.approx(float(ssim), abs=1e-5)
    assert scores.psnr_db == pytest.approx(float(10 * torch.log10(1 / (0.5 * (said - true) ** 2).mean())), abs=1e-4)
    assert np.isnan(scores.mrae)  # 0 / 0 in the background


def test_the_challenges_psnr_is_3_db_high():
    assert challenge_scores(TRUE, SAID).psnr_db - spectral_scores(TRUE, SAID).psnr_db == pytest.approx(
        10 * np.log10(2), abs=1e-4
    )


def test_the_challenge_drops_what_it_should_count():
    said = TRUE.copy()
    said[0] = 0
    assert challenge_scores(TRUE, said).sam_rad < 0.001
    assert spectral_scores(TRUE, said).sam_rad == pytest.approx(np.pi / 2 / len(TRUE))
    assert np.isnan(challenge_angle_map_rad(TRUE, said)[0]).all()


def test_ssim_without_a_mask_is_that_of_skimage_inside():
    metrics = pytest.importorskip("skimage.metrics")
    _, whole = metrics.structural_similarity(
        TRUE.astype(float),
        SAID.astype(float),
        channel_axis=2,
        data_range=1.0,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    inner = (slice(5, -5), slice(5, -5))
    np.testing.assert_allclose(similarity_map(TRUE, SAID)[inner], whole.mean(axis=2)[inner], atol=1e-5)


def test_what_lies_outside_the_mask_does_not_count():
    other = SAID.copy()
    other[~MASK] = np.nan
    assert spectral_scores(TRUE, other, MASK) == spectral_scores(TRUE, SAID, MASK)
    assert replace(challenge_scores(TRUE, other, MASK), mrae=0) == replace(challenge_scores(TRUE, SAID, MASK), mrae=0)
    assert np.isnan(similarity_map(TRUE, other, MASK)[~MASK]).all()


def test_a_background_of_zeros_flatters_the_challenge():
    few = np.zeros_like(MASK)
    few[8:14, 8:14] = True
    assert challenge_scores(TRUE, SAID, few).rmse < 0.5 * spectral_scores(TRUE, SAID, few).rmse
    assert challenge_scores(TRUE, SAID, few).ssim > spectral_scores(TRUE, SAID, few).ssim


def test_maps_have_the_shape_of_the_cube():
    angles = angle_map_rad(TRUE, SAID)
    assert angles.shape == MASK.shape
    assert spectral_scores(TRUE, SAID, MASK).sam_rad == pytest.approx(angles[MASK].mean(), rel=1e-5)


def test_one_pixel_one_band():
    one = np.full((1, 1, 1), 0.5, np.float32)
    assert spectral_scores(one, one).sam_rad == 0
    assert np.isnan(challenge_scores(one, one).ssim)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="do not fit"):
        spectral_scores(TRUE, SAID[1:])
    with pytest.raises(ValueError, match="empty"):
        spectral_scores(TRUE, SAID, np.zeros_like(MASK))
    with pytest.raises(ValueError, match="mask takes bool"):
        spectral_scores(TRUE, SAID, MASK[1:])
    bad = SAID.copy()
    bad[0, 0, 0] = np.inf
    with pytest.raises(ValueError, match="not finite"):
        spectral_scores(TRUE, bad)


def test_a_relative_error_is_of_half_a_percent_at_least():
    true = np.array([[[0.004, 0.005, 0.01]]])
    assert band_errors(true, true + 0.001).mrae == pytest.approx([0.2, 0.2, 0.1])


@pytest.mark.parametrize(("side", "told"), [(5, False), (6, True)])
def test_the_challenge_needs_more_than_half_a_window(side, told):
    true = RNG.uniform(0.2, 0.8, (side, 9, 2)).astype(np.float32)
    assert np.isfinite(challenge_scores(true, true * 0.9).ssim) == told


def test_the_challenge_says_nothing_of_cubes_of_one_value():
    flat = np.full((8, 8, 2), 0.5, np.float32)
    assert np.isnan(challenge_scores(flat, flat).ssim)
    assert np.isnan(challenge_scores(0 * flat, flat).sam_rad)


def test_a_mask_of_one_row_is_scored():
    row = np.zeros(TRUE.shape[:2], bool)
    row[3, 2:9] = True
    alone = spectral_scores(TRUE[3:4, 2:9], SAID[3:4, 2:9])
    found = spectral_scores(TRUE, SAID, row)
    assert (found.rmse, found.sam_rad, found.ssim) == pytest.approx((alone.rmse, alone.sam_rad, alone.ssim), rel=1e-6)
