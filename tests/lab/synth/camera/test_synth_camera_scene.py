import numpy as np
import pytest

from dermis.colour.difference import delta_e_00
from dermis.colour.srgb import xyz_to_linear
from dermis.core import SegmentationClass
from dermis.lab.synth.camera.render import paint_basis, paint_spectra
from dermis.lab.synth.camera.scene import cube_of, lab_of, raw_of, skin_mask
from dermis.lab.synth.camera.visible_marks import find_visible_marks
from dermis.lab.synth.skin.colour import COLOUR_NM, MATT_SHARE, channels, skin_table, spectra
from dermis.lab.synth.skin.maps import PUS
from dermis.lab.synth.subjects import SubjectPopulation, draw_subject
from dermis.optics.camera import response, white_raw
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import lab_under, to_xyz
from dermis.optics.tissue import Tissue

NM = np.arange(400.0, 1000.1, 10.0)


def pixels(seed=0, count=600):
    rng = np.random.default_rng(seed)
    maps = {
        "melanosome_fraction": np.clip(0.08 * np.exp(rng.normal(0, 0.7, count)), 0.001, 0.5),
        "blood_fraction": np.clip(0.015 * np.exp(rng.normal(0, 0.7, count)), 0.0005, 0.12),
        "oxygen_saturation": rng.uniform(0.4, 0.75, count),
        "scattering": np.where(rng.random(count) < 0.2, rng.uniform(0.9, 1.4, count), 1.0),
        "pus": np.where(rng.random(count) < 0.1, rng.uniform(0, 0.7, count), 0.0),
    }
    return {name: values.astype(np.float32) for name, values in maps.items()}


def exactly(maps, nm):
    m = {name: values.astype(np.float64) for name, values in maps.items()}
    tissue = Tissue(
        melanosome_fraction=m["melanosome_fraction"],
        blood_fraction=m["blood_fraction"],
        oxygen_saturation=m["oxygen_saturation"],
        scattering_per_cm=Tissue().scattering_per_cm * m["scattering"],
    )
    skin, pus = (np.asarray(reflectance(of, nm, specular_share=MATT_SHARE)) for of in (tissue, PUS))
    return skin + m["pus"][:, None] * (pus - skin)


def test_tabulated_spectra_are_the_models_own():
    maps = pixels()
    error = spectra(skin_table(Tissue(), maps, NM), maps) - exactly(maps, NM)
    assert np.sqrt(np.mean(error**2)) < 0.002
    assert np.abs(error).max() < 0.02


def test_tabulated_channels_are_the_models_own():
    maps = pixels(1)
    weights = np.random.default_rng(0).random((COLOUR_NM.size, 3))
    seen = channels(skin_table(Tissue(), maps), weights, maps) / (exactly(maps, COLOUR_NM) @ weights)
    assert np.abs(seen - 1).mean() < 0.003
    assert np.abs(seen - 1).max() < 0.03


def test_one_pixel_has_a_table():
    maps = pixels(2, count=1)
    np.testing.assert_allclose(spectra(skin_table(Tissue(), maps, NM), maps), exactly(maps, NM), rtol=0.02)


def test_paint_has_the_colour_it_was_given():
    paint = np.random.default_rng(3).uniform(0.05, 0.7, (50, 3))
    assert np.abs(xyz_to_linear(to_xyz(paint @ paint_basis(COLOUR_NM), COLOUR_NM)) - paint).max() < 0.01
    hair = paint_spectra(np.full((1, 3), 0.02, np.float32), np.array([SegmentationClass.HAIR], np.uint8), NM)
    assert hair[0, NM <= 690].max() < 0.03
    assert np.all(np.diff(hair[0, NM >= 700]) >= 0)


def test_true_colours_are_those_of_the_spectra(scene):
    lab = lab_of(scene)
    cube = cube_of(scene, COLOUR_NM)
    bare = skin_mask(scene) & (scene.buffers.cover == 0)
    again = lab_under(cube[bare].astype(np.float64), COLOUR_NM)
    assert delta_e_00(lab[bare].astype(np.float64), again).max() < 0.5
    assert np.isnan(lab[~np.isfinite(scene.buffers.uv[..., 0])]).all()


def test_the_raw_picture_is_the_scanned_cube_seen_by_the_camera(scene):
    from scipy.ndimage import gaussian_filter

    seen = cube_of(scene, COLOUR_NM, shaded=True) @ response(scene.shot.camera, scene.shot.light, COLOUR_NM)
    blurred = gaussian_filter(seen, (0.55, 0.55, 0), truncate=3)
    inside = gaussian_filter(skin_mask(scene).astype(float), 3) > 0.99
    ratio = raw_of(scene)[inside] / blurred[inside]
    assert np.abs(np.median(ratio, axis=0) - 1).max() < 0.01
    assert np.abs(ratio - 1).mean() < 0.02


def test_a_white_shines_no_brighter_than_the_light(scene):
    assert white_raw(scene.shot.camera, scene.shot.light).max() == pytest.approx(1)
    assert np.percentile(scene.diffuse, 99) < 1.3
    assert scene.diffuse.min() >= 0
    assert scene.mirrored.min() >= 0


def test_marks_in_view_are_where_their_boxes_say(scene):
    sightings = find_visible_marks(scene.visit.marks, scene.buffers, scene.person.atlas)
    assert 0 < len(sightings.seen) < len(scene.visit.marks)  # one side is turned away
    skin = skin_mask(scene)
    for number, one in enumerate(sightings.seen, 1):
        rows, columns = np.nonzero(sightings.numbers == number)
        assert 0 < one.visible <= 1
        box = one.box
        assert np.all((columns >= box.x_px) & (columns < box.x_px + box.width_px))
        assert np.all((rows >= box.y_px) & (rows < box.y_px + box.height_px))
        assert skin[rows, columns].all()


def test_lesions_redden_the_skin_they_lie_on(scene):
    lab = lab_of(scene)
    sightings = find_visible_marks(scene.visit.marks, scene.buffers, scene.person.atlas)
    papules = [k for k, one in enumerate(sightings.seen, 1) if one.mark.kind == "papule"]
    on = np.isin(sightings.numbers, papules)
    off = skin_mask(scene) & (sightings.numbers == 0) & (scene.buffers.regions > 0)
    assert lab[on][:, 1].mean() > lab[off][:, 1].mean() + 2


def test_nothing_is_seen_where_nothing_is_marked(scene):
    empty = find_visible_marks((), scene.buffers, scene.person.atlas)
    assert empty.seen == ()
    assert not empty.numbers.any()


@pytest.mark.parametrize("wanted_deg", [-55.0, -20.0, 10.0, 35.0, 60.0])
def test_people_have_the_tone_they_were_drawn_for(wanted_deg):
    for seed in range(4):
        subject = draw_subject(seed, SubjectPopulation(lowest_ita_deg=wanted_deg, highest_ita_deg=wanted_deg))
        assert subject.skin.ita_deg == pytest.approx(wanted_deg, abs=1.0)
