import numpy as np
import pytest

from dermis.colour import (
    WHITES,
    adapt,
    apply_light,
    decode,
    delta_e_00,
    encode,
    fit_light,
    hex_to_srgb,
    linear_to_lab,
    linear_to_xyz,
    srgb_to_hex,
    xyz_to_linear,
)
from dermis.errors import InputError, UsageError

GREY = "#BFBFBF"
CAST = np.array([0.9, 0.6, 0.35])
SKIN = decode(np.stack([hex_to_srgb(tone) for tone in ("#EADABA", "#825C43", "#3A312A")]))


def noisy(colour, pixels=400, noise=0.003):
    drawn = np.random.default_rng(5).normal(0, noise, (pixels, 3))
    return (colour + drawn).astype(np.float32)


def difference(linear, other):
    return np.max(delta_e_00(linear_to_lab(linear), linear_to_lab(other)))


def test_grey_card_undoes_a_cast():
    grey = decode(hex_to_srgb(GREY))
    fit = fit_light(noisy(grey * CAST), GREY)
    np.testing.assert_allclose(fit.gains, 1 / CAST, rtol=0.01)
    assert difference(apply_light(SKIN * CAST, fit), SKIN) < 0.5
    assert fit.delta_e_before > 15 * fit.delta_e_after
    assert fit.clipped_share == fit.dark_share == 0


@pytest.mark.parametrize("true_hex", ["#744F3F", "#566B3F", "#EEC81A", "#AF363C"])
def test_coloured_patch_undoes_a_change_of_white(true_hex):
    def under_lamp(linear):
        return xyz_to_linear(adapt(linear_to_xyz(linear), WHITES["D65"], WHITES["A"], "cat16")) * 0.7

    fit = fit_light(noisy(under_lamp(decode(hex_to_srgb(true_hex))), noise=0.0), true_hex)
    assert fit.delta_e_after < 0.01
    assert difference(apply_light(under_lamp(SKIN), fit), SKIN) < 0.01


def test_patch_of_the_right_colour_changes_nothing():
    fit = fit_light(noisy(decode(hex_to_srgb(GREY)), noise=0.0), GREY)
    np.testing.assert_allclose(fit.matrix, np.eye(3), atol=1e-6)
    assert fit.delta_e_before == pytest.approx(0, abs=1e-3)
    assert fit.delta_e_after == pytest.approx(0, abs=1e-3)
    assert fit.spread == pytest.approx(0, abs=1e-3)


def test_shadow_across_the_patch_shows_on_the_pixels_held_out():
    grey = decode(hex_to_srgb(GREY)) * CAST
    even = noisy(grey)
    half_shaded = even.copy()
    half_shaded[200:] *= 0.7
    clean, shaded = fit_light(even, GREY), fit_light(half_shaded, GREY)
    assert shaded.delta_e_after > 5 * clean.delta_e_after
    assert shaded.spread > 3 * clean.spread
    # Judged on its own pixels the fit would meet both halves in the middle and hide half of the shadow.
    assert shaded.delta_e_after > 1.5 * shaded.spread


def test_noise_shows_in_the_spread():
    grey = decode(hex_to_srgb(GREY))
    assert fit_light(noisy(grey, noise=0.02), GREY).spread > 4 * fit_light(noisy(grey, noise=0.002), GREY).spread


@pytest.mark.parametrize("intruder", [0.0, 1.0])
def test_pixels_that_are_not_of_the_patch_do_not_move_the_light(intruder):
    patch = noisy(decode(hex_to_srgb(GREY)) * CAST)
    mixed = patch.copy()
    mixed[::4] = intruder
    fit = fit_light(mixed, GREY)
    np.testing.assert_allclose(fit.gains, fit_light(patch, GREY).gains, rtol=0.01)
    assert (fit.clipped_share, fit.dark_share) == ((0.25, 0) if intruder else (0, 0.25))


@pytest.mark.parametrize(
    ("patch", "reason"),
    [
        (np.ones((100, 3)), "overexposed"),
        (np.tile([0.999, 0.5, 0.2], (100, 1)), "overexposed"),
        (np.zeros((100, 3)), "too dark"),
        (np.tile([0.5, 0.2, 0.0005], (100, 1)), "too dark"),
        (np.full((15, 3), 0.5), "15 pixels"),
        (np.full((100, 3), np.nan), "0 pixels"),
        (np.zeros((0, 3)), "0 pixels"),
    ],
)
def test_useless_patch_is_refused_with_the_reason(patch, reason):
    with pytest.raises(InputError, match=reason) as refused:
        fit_light(patch, GREY)
    assert refused.value.advice


@pytest.mark.parametrize("true_hex", ["#000000", "#030303", "grey"])
def test_useless_colour_is_refused(true_hex):
    with pytest.raises(UsageError):
        fit_light(np.full((100, 3), 0.5), true_hex)


def test_correction_keeps_shape_and_dtype_and_the_fit_stays_as_it_is():
    fit = fit_light(noisy(decode(hex_to_srgb(GREY)) * CAST), GREY)
    corrected = apply_light(np.ones((2, 0, 3), dtype=np.float32), fit)
    assert corrected.shape == (2, 0, 3)
    assert corrected.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        fit.matrix[0, 0] = 2.0


@pytest.fixture(scope="module")
def photographed(colour_science):
    """Colour chart patches by a real camera balanced for daylight: linear under lamp light, and the truth."""
    shape = colour_science.SpectralShape(400, 700, 10)
    chart = colour_science.SDS_COLOURCHECKERS["ISO 17321-1"]
    charted = np.array([chart[name].copy().align(shape).values for name in chart])
    sensitivities = colour_science.MSDS_CAMERA_SENSITIVITIES["Nikon 5100 (NPL)"].copy().align(shape).values
    observer = colour_science.MSDS_CMFS["CIE 1931 2 Degree Standard Observer"].copy().align(shape).values
    daylight, lamp = (colour_science.SDS_ILLUMINANTS[name].copy().align(shape).values[:, None] for name in ("D65", "A"))
    white_xyz = (daylight * observer).sum(axis=0)
    xyz = charted @ (daylight * observer) / white_xyz[1]
    truth = xyz_to_linear(adapt(xyz, tuple(white_xyz / white_xyz[1]), WHITES["D65"]))
    balance = (daylight * sensitivities).sum(axis=0)
    to_srgb = np.linalg.lstsq(charted @ (daylight * sensitivities) / balance, truth, rcond=None)[0]
    return dict(zip(chart, 0.5 * charted @ (lamp * sensitivities) / balance @ to_srgb, strict=True)), dict(
        zip(chart, truth, strict=True)
    )


def test_grey_card_under_a_lamp_beats_a_bradford_adaptation_on_skin(photographed):
    seen, truth = photographed
    card, skin = "neutral 5 (.70 D)", ["dark skin", "light skin"]
    true_hex = srgb_to_hex(encode(truth[card]))
    seen_skin, true_skin = (np.stack([of[name] for name in skin]) for of in (seen, truth))

    fit = fit_light(np.tile(seen[card], (16, 1)), true_hex)
    corrected = difference(apply_light(seen_skin, fit), true_skin)

    lamp_white = tuple(linear_to_xyz(seen[card]))
    card_white = tuple(linear_to_xyz(truth[card]))
    bradford = difference(xyz_to_linear(adapt(linear_to_xyz(seen_skin), lamp_white, card_white)), true_skin)
    assert corrected < bradford < difference(seen_skin, true_skin)


def test_green_patch_under_a_lamp_beats_plain_gains_on_skin(photographed):
    seen, truth = photographed
    skin = np.stack([seen["dark skin"], seen["light skin"]])
    true_skin = np.stack([truth["dark skin"], truth["light skin"]])
    fit = fit_light(np.tile(seen["foliage"], (16, 1)), srgb_to_hex(encode(truth["foliage"])))
    gains = truth["foliage"] / seen["foliage"]
    assert difference(apply_light(skin, fit), true_skin) < difference(skin * gains, true_skin)


@pytest.mark.parametrize(("level", "clipped"), [(252.9 / 255, False), (253 / 255, True)])
def test_a_patch_is_overexposed_from_the_third_last_level_on(level, clipped):
    patch = np.repeat(decode(np.full((1, 3), level)), 20, axis=0)
    if clipped:
        with pytest.raises(InputError, match="overexposed"):
            fit_light(patch, GREY)
    else:
        assert fit_light(patch, GREY).clipped_share == 0
