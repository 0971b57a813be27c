import numpy as np
import pytest

import colour
from dermis.errors import InputError, UsageError
from dermis.optics.illuminant import (
    cct_duv,
    daylight,
    find_illuminant,
    halogen,
    illuminant,
    led,
    mixture,
    planck,
    power_on,
    read_illuminant_csv,
    scaled_light,
    white_led,
    white_xyz,
)
from dermis.optics.populations import ILLUMINANT_KINDS, draw_illuminant
from dermis.optics.spectral_grid import WORKING_NM

BY_5_NM = np.arange(380, 781, 5)
AT_560 = 36


@pytest.mark.parametrize("name", ["A", "D50", "D55", "D65", "D75", "FL2", "FL11", "FL3.12", "LED-B3", "HP1"])
def test_named_light_is_the_published_table(name):
    power = illuminant(name, BY_5_NM)
    published = colour.SDS_ILLUMINANTS[name][BY_5_NM]
    np.testing.assert_allclose(power / power[AT_560], published / published[AT_560], atol=6e-4)


@pytest.mark.parametrize(("text", "same"), [("f11", "FL11"), ("d65", "D65"), ("led_b3", "LED-B3"), (" A ", "A")])
def test_names_are_forgiving(text, same):
    assert find_illuminant(text).name == same


@pytest.mark.parametrize(("text", "cct_k"), [("daylight 5600 K", 5600), ("planck 2700", 2700), ("LED 4000K", 4000)])
def test_model_with_temperature(text, cct_k):
    assert cct_duv(white_xyz(find_illuminant(text)))[0] == pytest.approx(cct_k, rel=0.01)


def test_unknown_name_gets_the_nearest():
    with pytest.raises(UsageError, match=r"Did you mean .*D65"):
        find_illuminant("D66")


@pytest.mark.parametrize("text", ["daylight 3000", "planck 50", "led 9000", "candle 1900"])
def test_impossible_model_is_a_usage_error(text):
    with pytest.raises(UsageError):
        find_illuminant(text)


def test_planck_is_the_black_body():
    ours = power_on(planck(3200), BY_5_NM)
    theirs = colour.sd_blackbody(3200, colour.SpectralShape(380, 780, 5)).values
    np.testing.assert_allclose(ours / ours[AT_560], theirs / theirs[AT_560], rtol=1e-4)


def test_daylight_goes_on_beyond_its_table_without_a_step():
    power = power_on(daylight(6500), np.arange(780, 1001, 5))
    assert power.min() > 0
    assert np.abs(np.diff(np.log(power))).max() < 0.12


def test_lamps_are_dark_beyond_their_table():
    assert illuminant("F11", [785, 900, 1000]).max() == 0


@pytest.mark.parametrize("name", ["A", "D50", "D75", "F2", "F11", "LED-B1", "LED-V2", "planck 4321"])
def test_cct_and_duv_agree_with_ohno(name):
    xyz = white_xyz(find_illuminant(name))
    cct_k, duv = cct_duv(xyz)
    theirs = colour.temperature.uv_to_CCT_Ohno2013(colour.xy_to_UCS_uv(xyz[:2] / xyz.sum()))
    assert cct_k == pytest.approx(theirs[0], rel=5e-4)
    assert duv == pytest.approx(theirs[1], abs=3e-5)


def test_cct_duv_takes_many():
    whites = np.stack([white_xyz(planck(t)) for t in (2000.0, 3000.0, 9000.0)])[None]
    cct_k, duv = cct_duv(whites)
    np.testing.assert_allclose(cct_k, [[2000, 3000, 9000]], rtol=1e-3)
    np.testing.assert_allclose(duv, 0, atol=1e-5)


def test_halogen_is_a_little_bluer_than_its_filament_is_hot():
    assert 3000 < cct_duv(white_xyz(halogen(3000)))[0] < 3120


def test_led_meets_its_temperature():
    assert cct_duv(white_xyz(led(455, 25, 560, 120, cct_k=5200)))[0] == pytest.approx(5200, rel=2e-3)


@pytest.mark.parametrize("given", [{}, {"cct_k": 5000.0, "blue_ratio": 1.0}])
def test_led_takes_one_of_two(given):
    with pytest.raises(ValueError, match="either"):
        led(455, 25, 560, 120, **given)


def test_led_says_what_its_lobes_reach():
    with pytest.raises(ValueError, match="reach"):
        led(455, 25, 560, 120, cct_k=2000)


@pytest.mark.parametrize(("cct_k", "duv"), [(2700.0, 0.0), (4000.0, 0.003), (6500.0, -0.003)])
def test_white_led_meets_temperature_and_distance(cct_k, duv):
    found_k, found_duv = cct_duv(white_xyz(white_led(cct_k, duv)))
    assert found_k == pytest.approx(cct_k, rel=0.01)
    assert found_duv == pytest.approx(duv, abs=5e-4)


@pytest.mark.parametrize("name", ["LED-B1", "LED-B3", "LED-B5"])
def test_white_led_is_near_a_real_one(name):
    real = find_illuminant(name)
    model = white_led(*(float(value) for value in cct_duv(white_xyz(real))))
    apart = np.abs(real.power - model.power)[:81].sum() / real.power[:81].sum()
    dull = np.abs(real.power - planck(4000).power)[:81].sum() / real.power[:81].sum()
    assert apart < 0.25 < dull


def test_mixture_adds_illuminance():
    warm, cold = planck(2700), daylight(6500)
    mixed = mixture([warm, cold], [1, 3])
    np.testing.assert_allclose(mixed.power, 0.25 * warm.power + 0.75 * cold.power, rtol=1e-12)


@pytest.mark.parametrize("shares", [[1.0], [0.0, 0.0], [-1.0, 2.0]])
def test_mixture_refuses_shares(shares):
    with pytest.raises(ValueError):
        mixture([planck(2700), planck(3000)], shares)


def test_dark_or_negative_light_is_no_light():
    for power in (np.zeros(125), np.full(125, -1.0), np.full(125, np.nan)):
        with pytest.raises(ValueError, match="must be finite"):
            scaled_light("x", power, kind="test")


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_csv_gives_the_light_back(tmp_path):
    light = find_illuminant("F11")
    rows = "\n".join(f"{nm:g},{7 * power}" for nm, power in zip(WORKING_NM, light.power, strict=True))
    read = read_illuminant_csv(write(tmp_path / "lamp.csv", "wavelength_nm,power\n" + rows))
    np.testing.assert_allclose(read.power, light.power, rtol=1e-12, atol=1e-12)
    assert find_illuminant(str(tmp_path / "lamp.csv")).name == "lamp"


def test_csv_keeps_the_energy_of_a_narrow_line(tmp_path):
    nm = np.arange(380, 781)
    power = np.where(nm == 546, 50.0, 1.0)
    rows = "\n".join(f"{a},{b}" for a, b in zip(nm, power, strict=True))
    read = read_illuminant_csv(write(tmp_path / "lines.csv", "\ufeffWavelength_nm, Power\n" + rows))
    relative = read.power[:81] / read.power[0]
    assert (relative - 1).sum() * 5 == pytest.approx(49, rel=1e-6)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no column"),
        ("nm,power\n400,1\n", "no column wavelength_nm"),
        ("wavelength_nm,power\n", "two rows"),
        ("wavelength_nm,power\n400,1\n700,much\n", "not a number"),
        ("wavelength_nm,power\n400,1\n700\n", "not a number"),
        ("wavelength_nm,power\n700,1\n400,1\n", "increase"),
        ("wavelength_nm,power\n0.4,1\n0.7,1\n", "nanometres"),
        ("wavelength_nm,power\n450,1\n650,1\n", "covers 450-650"),
        ("wavelength_nm,power\n400,1\n700,-1\n", "negative"),
        ("wavelength_nm,power\n400,1\n700,nan\n", "finite"),
    ],
)
def test_bad_csv_says_what_to_change(tmp_path, text, reason):
    with pytest.raises(InputError, match=reason) as refusal:
        find_illuminant(write(tmp_path / "bad.csv", text))
    assert "bad.csv" in refusal.value.message
    assert refusal.value.advice


def test_absent_and_binary_csv(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        find_illuminant("nowhere.csv")
    (tmp_path / "photo.csv").write_bytes(b"\xff\xd8\xff\xe0" * 50)
    with pytest.raises(InputError, match="cannot be read"):
        find_illuminant(tmp_path / "photo.csv")


@pytest.mark.parametrize("kind", list(ILLUMINANT_KINDS))
def test_drawn_light_is_of_its_kind(kind):
    rng = np.random.default_rng(5)
    for _ in range(5):
        light = draw_illuminant(rng, kind)
        low, high = ILLUMINANT_KINDS[kind][1]
        assert light.kind == kind
        assert low <= light.illuminance_lux <= high
        assert abs(cct_duv(white_xyz(light))[1]) < 0.02


def test_same_seed_same_light():
    first, second = (draw_illuminant(np.random.default_rng(8)) for _ in range(2))
    assert first.name == second.name
    np.testing.assert_array_equal(first.power, second.power)


def test_unknown_kind_of_light():
    with pytest.raises(ValueError, match="sun"):
        draw_illuminant(np.random.default_rng(0), "moon")
