"""The pigment indices against the physics, from the lightest skin to the darkest."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dermis.colour import xyz_to_linear
from dermis.colour.lab import linear_to_lab
from dermis.core import Skin, ToneEstimate, View
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import xyz_weights
from dermis.optics.tissue import Tissue
from dermis.tasks.pigment_index import pigment_indices, pigment_maps, shading_field, skin_pigments
from dermis.tasks.pigments import literature_indices

DATA = Path(os.environ.get("DERMIS_DATA", Path(__file__).parents[3] / "shared" / "data")) / "issa_spectra"
NM = np.arange(400.0, 701.0, 10.0)
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
MELANOSOMES = (0.01, 0.03, 0.06, 0.10, 0.18, 0.30)


def linear_of(melanin, blood=0.02):
    tissue = replace(Tissue(), melanosome_fraction=np.array(melanin), blood_fraction=np.array(blood))
    return np.asarray(xyz_to_linear(reflectance(tissue, NM) @ xyz_weights(NM, "D65")))


def test_melanin_rises_with_melanin_on_every_tone():
    index, _ = pigment_indices(np.stack([linear_of(one) for one in MELANOSOMES]))
    assert (np.diff(index) > 2).all()


@pytest.mark.parametrize("melanin", MELANOSOMES[1:])
def test_a_quarter_more_melanin_counts_more_than_a_quarter_more_blood(melanin):
    plain, more, blood = (
        pigment_indices(one[None])[0][0]
        for one in (linear_of(melanin), linear_of(1.25 * melanin), linear_of(melanin, 0.025))
    )
    assert more > plain
    assert abs(blood - plain) < 0.5 * (more - plain)


@pytest.mark.parametrize("melanin", MELANOSOMES[:4])
def test_more_blood_raises_the_haemoglobin_index(melanin):
    indices = [pigment_indices(linear_of(melanin, blood)[None])[1][0] for blood in (0.01, 0.02, 0.03, 0.05)]
    assert (np.diff(indices) > 0).all()


@pytest.mark.parametrize("light_known", [True, False])
def test_the_melanin_index_of_an_unknown_light_has_the_scale_of_the_other(light_known):
    index, _ = pigment_indices(np.stack([linear_of(one) for one in MELANOSOMES]), light_known=light_known)
    known, _ = pigment_indices(np.stack([linear_of(one) for one in MELANOSOMES]))
    assert (np.diff(index) > 0).all()
    assert np.abs(index - known).max() < 10


def test_the_old_unmixing_falls_where_the_index_rises():
    dark = np.stack([linear_of(one) for one in (0.10, 0.18, 0.30)])
    assert (np.diff(pigment_indices(dark)[0]) > 0).all()
    assert np.diff(literature_indices(dark.astype(np.float32))["tsumura_melanin"])[-1] < 0


def test_in_an_unknown_light_the_level_is_that_of_the_estimated_tone_and_the_colour_that_of_the_photo():
    true = linear_of(0.18)
    skin = Skin(
        linear=np.broadcast_to((2.2 * true).astype(np.float32), (40, 40, 3)).copy(),
        visible=np.ones((40, 40), bool), measured=np.ones((40, 40), bool), regions=np.zeros((40, 40), np.uint8),
        excluded={}, view=View.FRONT, light_known=False,
    )  # fmt: skip
    paler = linear_of(0.18, blood=0.005)  # of another colour: the estimate knows the level alone
    paler = paler * (true @ LUMINANCE) / (paler @ LUMINANCE)
    tone = ToneEstimate(lab=linear_to_lab(paler), measured_lab=linear_to_lab(2.2 * true), ita_scale_deg=9.0)
    wanted = pigment_indices(true[None], light_known=False)
    for name, told in zip(("melanin", "haemoglobin"), wanted, strict=True):
        assert np.median(getattr(skin_pigments(replace(skin, tone=tone)), name)) == pytest.approx(told[0], abs=0.5)
    assert np.median(skin_pigments(skin).melanin) < wanted[0][0] - 10


def test_what_is_too_dark_or_clipped_tells_nothing():
    linear = np.full((40, 40, 3), 0.3, np.float32)
    linear[:5], linear[5:10] = 0.001, 0.99
    maps = pigment_maps(linear, np.ones((40, 40), bool))
    assert np.isnan(maps.melanin[:10]).all()
    assert np.isfinite(maps.melanin[10:]).all()
    nothing = pigment_maps(linear, np.zeros((40, 40), bool))
    assert np.isnan(nothing.melanin).all()
    assert (nothing.shading == 0).all()


def test_a_spot_is_no_shading():
    linear = np.full((60, 60, 3), 0.4, np.float32)
    linear[25:31, 25:31] *= 0.6
    field = shading_field(linear, np.ones((60, 60), bool))
    assert np.abs(field).max() < 0.01


def test_people_left_out_keep_their_order(monkeypatch):
    if not DATA.is_dir():
        pytest.skip("the archive of spectra does not lie beside the repository")
    from dermis.lab.train import pigment_index
    from dermis.lab.train.pigment_index import drawn_alike, evaluate_folds, read_issa, varied

    monkeypatch.setattr(pigment_index, "PHOTOS", 1)
    monkeypatch.setattr(pigment_index, "SIGHTS", 20)  # the index of an unknown light is not judged here
    spectra = drawn_alike(read_issa(DATA))
    rows = {(row["index"], row["group"]): row for row in evaluate_folds(spectra, varied(spectra))}
    assert rows["melanin", "all"]["spearman"] >= 0.98
    assert min(row["spearman"] for (index, _), row in rows.items() if index == "melanin") >= 0.90
    assert rows["haemoglobin", "all"]["spearman"] >= 0.87
    assert all(row["own"] > 0 for row in rows.values())
    for group in {group for _, group in rows}:
        melanin, haemoglobin = rows["melanin", group], rows["haemoglobin", group]
        assert abs(melanin["other"]) < melanin["own"] / 5
        assert abs(haemoglobin["other"]) < 0.7 * haemoglobin["own"]
