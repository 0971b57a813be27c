"""What must hold for every colour."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dermis.colour import (
    CONE_MATRICES,
    ITA_CLASSES,
    WHITES,
    adapt,
    cita_deg,
    decode,
    delta_e_00,
    delta_e_76,
    encode,
    hex_to_srgb,
    hue_deg,
    ita_class,
    ita_deg,
    lab_to_linear,
    linear_to_lab,
    linear_to_xyz,
    srgb_to_hex,
    xyz_to_linear,
)


def of_shape_n_3(low, high):
    shapes = st.tuples(st.integers(0, 4), st.just(3))
    return shapes.flatmap(lambda shape: arrays(np.float64, shape, elements=st.floats(low, high)))


linear = of_shape_n_3(-2, 4)
chroma = st.floats(-120, 120)
lab = st.tuples(st.floats(0, 100), chroma, chroma).map(np.array)
white = st.sampled_from(sorted(WHITES)).map(WHITES.__getitem__)
method = st.sampled_from(sorted(CONE_MATRICES))


@given(linear)
def test_every_way_there_leads_back(colour):
    # The two knees that the standard prints leave a step of 1e-8 in the curve.
    np.testing.assert_allclose(decode(encode(colour)), colour, atol=1e-7)
    np.testing.assert_allclose(xyz_to_linear(linear_to_xyz(colour)), colour, atol=1e-12)
    np.testing.assert_allclose(lab_to_linear(linear_to_lab(colour)), colour, atol=1e-12)


@given(st.floats(-2, 4), st.floats(-2, 4))
def test_more_light_is_never_darker(one, other):
    low, high = np.full(3, min(one, other)), np.full(3, max(one, other))
    assert np.all(encode(low) <= encode(high) + 1e-7)
    assert linear_to_lab(low)[0] <= linear_to_lab(high)[0] + 1e-12


@given(linear, white, white, method)
def test_adaptation_there_and_back_changes_nothing(xyz, source, target, name):
    back = adapt(adapt(xyz, source, target, name), target, source, name)
    np.testing.assert_allclose(back, xyz, atol=1e-10)


@given(lab, lab)
def test_differences_are_symmetric_and_never_negative(one, other):
    for difference in (delta_e_76, delta_e_00):
        there = difference(one, other)
        assert there >= 0
        np.testing.assert_allclose(there, difference(other, one), rtol=1e-9, atol=1e-9)


@given(lab)
def test_equal_colours_do_not_differ(colour):
    assert delta_e_76(colour, colour) == 0
    assert delta_e_00(colour, colour) == 0


@given(lab, st.floats(0, 100))
def test_ita_rises_with_lightness(colour, lightness):
    other = np.array([lightness, colour[1], colour[2]])
    low, high = sorted((colour, other), key=lambda each: each[0])
    assert ita_deg(low) <= ita_deg(high)
    assert cita_deg(low) <= cita_deg(high)
    names = [name for name, _ in ITA_CLASSES]
    assert names.index(ita_class(ita_deg(high))) <= names.index(ita_class(ita_deg(low)))


@given(lab)
def test_angles_stay_in_their_range(colour):
    assert -90 <= ita_deg(colour) <= 90
    assert 0 <= hue_deg(colour) < 360


@given(st.binary(min_size=3, max_size=3))
def test_hex_returns_to_itself(levels):
    colour_hex = "#" + levels.hex().upper()
    assert srgb_to_hex(hex_to_srgb(colour_hex)) == colour_hex
    assert srgb_to_hex(encode(decode(hex_to_srgb(colour_hex)))) == colour_hex
