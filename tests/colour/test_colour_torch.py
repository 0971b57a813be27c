"""The same functions on torch tensors: the same numbers, and slopes that a training can use."""

import numpy as np
import pytest

from dermis.colour import (
    CONE_MATRICES,
    MONK,
    WHITES,
    adapt,
    apply_light,
    cita_deg,
    decode,
    delta_e_00,
    delta_e_76,
    encode,
    fit_light,
    hex_to_srgb,
    hue_deg,
    ita_deg,
    lab_to_linear,
    lab_to_xyz,
    linear_to_lab,
    linear_to_xyz,
    monk_tone,
    srgb_to_hex,
    srgb_to_lab,
    xyz_to_lab,
    xyz_to_linear,
)

torch = pytest.importorskip("torch", reason="torch is not installed; it comes with the extra 'train'")


def to_daylight(method):
    return lambda xyz: adapt(xyz, WHITES["A"], WHITES["D65"], method)


def relight(linear):
    return apply_light(linear, fit_light(np.full((16, 3), [0.6, 0.4, 0.2]), "#BFBFBF"))


OF_LIGHT = {
    "decode": decode,
    "encode": encode,
    "linear_to_xyz": linear_to_xyz,
    "xyz_to_linear": xyz_to_linear,
    "xyz_to_lab": xyz_to_lab,
    "linear_to_lab": linear_to_lab,
    "srgb_to_lab": srgb_to_lab,
    "relight": relight,
    **{method: to_daylight(method) for method in CONE_MATRICES},
}
OF_LAB = {
    "lab_to_xyz": lab_to_xyz,
    "lab_to_linear": lab_to_linear,
    "ita_deg": ita_deg,
    "cita_deg": cita_deg,
    "hue_deg": hue_deg,
}
DIFFERENCES = {"delta_e_76": delta_e_76, "delta_e_00": delta_e_00}

# Where formulas have corners: black, white, greys, the knees of the curves, negative and vanishing light.
CORNERS = [[v, v, v] for v in (0, 1, 0.5, 1e-7, 1e-30, 0.04045, 0.0031308, (6 / 29) ** 3, -0.2, 2)]
LIGHT = np.array([*CORNERS, [1, 0, 0], [0, 0, 1], [-0.2, 0, 0.3], [1e-30, 0, 1e-20]])
LAB = np.array(
    [
        *([level, 0, 0] for level in (0, 8, 50, 100)),
        *([50, a, 0] for a in (1e-30, 1e-14, 1e-9, 1e-7, 1e-4, 2.5, -2.5, 60)),
        *([50, 0, b] for b in (-1e-14, -60, 60)),
        *([62, 12, 17], [30, -5, -40], [80, -45, -4]),
    ]
)


def of_dtype(values, dtype, *, slope=False):
    return torch.tensor(values, dtype=dtype, requires_grad=slope)


@pytest.mark.parametrize("name", [*OF_LIGHT, *OF_LAB])
def test_tensors_give_the_numbers_of_arrays(name):
    values = np.random.default_rng(1).uniform(-0.2, 1.3, (40, 3)) * (1 if name in OF_LIGHT else 60)
    convert = {**OF_LIGHT, **OF_LAB}[name]
    result = convert(of_dtype(values, torch.float64))
    assert isinstance(result, torch.Tensor)
    np.testing.assert_allclose(result.numpy(), convert(values), rtol=1e-12, atol=1e-12)
    assert convert(of_dtype(values, torch.float32)).dtype == torch.float32


@pytest.mark.parametrize("name", list(DIFFERENCES))
def test_differences_of_tensors_are_those_of_arrays(name):
    one, other = np.random.default_rng(2).uniform([0, -80, -80], [100, 80, 80], (2, 200, 3))
    result = DIFFERENCES[name](torch.tensor(one), torch.tensor(other))
    np.testing.assert_allclose(result.numpy(), DIFFERENCES[name](one, other), rtol=1e-10)


def test_monk_tone_and_hex_take_tensors():
    tone = torch.tensor(hex_to_srgb(MONK[5]), dtype=torch.float32)
    assert monk_tone(srgb_to_lab(tone)) == 6
    assert srgb_to_hex(tone) == MONK[5]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", [*OF_LIGHT, *OF_LAB])
def test_slopes_are_finite_at_every_corner(name, dtype):
    values = of_dtype(LIGHT if name in OF_LIGHT else LAB, dtype, slope=True)
    result = {**OF_LIGHT, **OF_LAB}[name](values)
    assert torch.isfinite(result).all()
    result.sum().backward()
    assert torch.isfinite(values.grad).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", list(DIFFERENCES))
def test_slopes_of_differences_are_finite_between_all_corners(name, dtype):
    one = of_dtype(np.repeat(LAB, len(LAB), axis=0), dtype, slope=True)
    other = of_dtype(np.tile(LAB, (len(LAB), 1)), dtype, slope=True)
    result = DIFFERENCES[name](one, other)
    assert torch.isfinite(result).all()
    result.sum().backward()
    assert torch.isfinite(one.grad).all()
    assert torch.isfinite(other.grad).all()
    assert max(one.grad.abs().max(), other.grad.abs().max()) < 1e5


@pytest.mark.parametrize("name", ["decode", "encode", "linear_to_lab", "srgb_to_lab", "bradford"])
def test_slopes_are_those_of_the_function(name):
    values = torch.tensor(np.random.default_rng(4).uniform(-0.1, 1.2, (8, 3)), requires_grad=True)
    assert torch.autograd.gradcheck(OF_LIGHT[name], (values,))


def test_slope_of_the_curve_at_black_is_that_of_its_straight_part():
    black = torch.zeros(3, requires_grad=True)
    decode(black).sum().backward()
    np.testing.assert_allclose(black.grad, 1 / 12.92, rtol=1e-6)


def test_slope_of_ciede2000_is_that_of_the_function():
    one, other = np.random.default_rng(6).uniform([10, -60, -60], [90, 60, 60], (2, 12, 3))
    pair = [torch.tensor(lab, requires_grad=True) for lab in (one, other)]
    assert torch.autograd.gradcheck(delta_e_00, pair)


def test_ciede2000_can_be_descended_from_a_grey_to_a_skin_colour():
    target = torch.tensor([62.0, 12.0, 17.0])
    lab = torch.tensor([50.0, 0.0, 0.0], requires_grad=True)
    descent = torch.optim.Adam([lab], lr=0.5)
    for _ in range(150):
        descent.zero_grad()
        delta_e_00(lab, target).backward()
        descent.step()
    assert delta_e_00(lab, target) < 0.5
