"""What each layout writes, read back by the reader of the real data."""

import json

import numpy as np
import openpyxl
import pytest

from dermis.colour.difference import delta_e_00
from dermis.colour.lab import srgb_to_lab
from dermis.core import Cube, Region, SegmentationClass
from dermis.errors import InputError
from dermis.lab.datasets import DATASETS
from dermis.lab.synth.layouts import LAYOUTS
from dermis.lab.synth.lesions.kinds import INFLAMMATORY, MarkKind
from dermis.lab.synth.make import make_set, stored_spectra
from dermis.lab.synth.recipe import KINDS, read_recipe
from dermis.lab.synth.record import read_record
from dermis.optics.illuminant import lab_under


def made(root, name, *changes):
    recipe = read_recipe(name, changes)
    records = make_set(recipe, root, workers=0)
    return records, DATASETS[recipe.layout].index(root)


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    root = tmp_path_factory.mktemp("faces") / "made"
    changes = ("subjects=2", "size_px=160", "visits=W00,W12", "graders=3", "write=maps,masks,cube", "conditions=severe")
    return root, *made(root, "faces", *changes)


def test_every_layout_has_its_recipe_and_its_reader():
    assert set(LAYOUTS) == set(KINDS)
    assert set(LAYOUTS) <= set(DATASETS)


def test_faces_hold_all_that_is_known(faces):
    _, records, samples = faces
    assert len(samples) == len(records) == 4
    sample = samples[0]
    held = {name: read() for name, read in sample.beside.items()}
    assert set(held) == {
        "skin", "parts", "regions", "lesions", "melanosome_fraction", "blood_fraction", "oxygen_saturation",
        "scattering", "pus", "lab", "cube",
    }  # fmt: skip
    skin = held["skin"]
    assert skin.dtype == np.bool_
    assert skin.mean() > 0.1
    assert set(np.unique(held["parts"])) <= set(SegmentationClass)
    assert set(np.unique(held["regions"])) >= {Region.FOREHEAD.code, Region.NOSE.code}
    assert held["lesions"].max() <= len(sample.items)
    assert np.isfinite(held["melanosome_fraction"][skin]).all()
    assert isinstance(held["cube"], Cube)
    bare = skin & (held["regions"] > 0)
    again = lab_under(held["cube"].values[bare].astype(float), held["cube"].wavelengths_nm)
    assert np.median(delta_e_00(held["lab"][bare].astype(float), again)) < 1


def test_faces_have_truth_and_graders(faces):
    root, records, samples = faces
    graders = {label.grader for sample in samples for label in sample.labels}
    assert graders == {"truth", "grader_01", "grader_02", "grader_03"}
    truths = {label.task for label in samples[0].labels if label.grader == "truth"}
    assert {"acne_grade", "acne_iga", "acne_lesions", "pigmentation_grade", "mmasi"} <= truths
    said = read_record(root / "truth" / f"{records[0].name}.json")
    assert said == records[0]
    assert set(said.detail["landmarks"]) >= {"nose_tip", "chin", "left_eye_outer"}
    assert said.detail["colours"]["face"]["pixels"] > 500
    assert samples[0].traits["ita_deg"] == said.detail["colours"]["face"]["ita_deg"]
    assert json.loads((root / "truth" / f"{said.name}.json").read_text())["schema"] == "dermis.truth/1"


def test_a_person_stays_who_they_are_over_visits(faces):
    _, records, _ = faces
    by_visit = {record.key.visit: record for record in records if record.key.subject == "s0000"}
    first, later = by_visit["W00"], by_visit["W12"]
    assert first.detail["subject"] == later.detail["subject"]
    lasting = {item["identity"] for item in first.items} & {item["identity"] for item in later.items}
    assert lasting
    gone = {i["identity"] for i in first.items if i["kind"] in INFLAMMATORY} - lasting
    assert gone


def test_hyper_skin(tmp_path):
    changes = ("subjects=2", "size_px=64", "views=front", "test_share=0.5", "valid_share=0", "noise=0")
    _, samples = made(tmp_path, "hyper-skin", *changes)
    assert {(sample.key.subject, sample.traits["split"]) for sample in samples} in (
        {("p001", "train"), ("p002", "test")},
        {("p001", "test"), ("p002", "train")},
    )
    assert {sample.traits["expression"] for sample in samples} == {"neutral", "smile"}
    sample = samples[0]
    cube, msi, mask = (sample.beside[name]() for name in ("cube", "msi", "mask"))
    assert cube.values.shape == (64, 64, 61)
    assert 0 <= cube.values.min() <= cube.values.max() <= 1
    band = int(np.argmin(np.abs(cube.wavelengths_nm - 960)))
    np.testing.assert_allclose(msi[..., 3], cube.values[..., band], atol=1e-6)
    assert (msi[..., :3].min(), msi[..., :3].max()) == (0, 1)  # each picture stretched by itself, as the source has it
    assert np.abs(sample.read().pixels - msi[..., :3]).mean() < 0.03  # 8 bits and JPEG
    skin = cube.values[mask].mean(axis=0)
    nm = cube.wavelengths_nm
    assert skin[nm == 650] > 1.3 * skin[nm == 550]
    assert skin[nm == 970] < skin[nm == 900]  # water


def test_chips(tmp_path):
    changes = ("tones=6", "sets=1", "test_tones=3", "test_sets=1", "size_px=64", "shadow_share=0", "border_share=0")
    changes += ("chip_share=1",)
    _, samples = made(tmp_path, "tone-chips", *changes)
    parts = {part: [s for s in samples if s.traits["part"] == part] for part in ("focus", "test")}
    assert (len(parts["focus"]), len(parts["test"])) == (18, 9)
    for trait in ("tone", "camera"):
        apart = [{sample.traits[trait] for sample in part} for part in parts.values()]
        assert apart[0].isdisjoint(apart[1])
    errors = []
    for sample in samples:
        photo = sample.read()
        assert photo.capture.iso
        assert photo.capture.exposure_s
        mean = srgb_to_lab(photo.pixels.reshape(-1, 3).astype(float).mean(axis=0))
        errors.append(float(delta_e_00(mean, np.array([label.value for label in sample.labels]))))
    assert 3 < np.mean(errors) < 25
    lightness = {s.traits["tone"]: s.labels[0].value for s in parts["focus"]}
    assert np.corrcoef(list(lightness), list(lightness.values()))[0, 1] > 0.9  # from dark to light


def test_chips_show_what_the_crop_has_to_reject(tmp_path):
    changes = ("tones=2", "sets=1", "cameras=iphone", "test_tones=1", "test_sets=1", "size_px=64", "chip_share=1")
    plain, edged = (
        made(tmp_path / str(share), "tone-chips", *changes, f"shadow_share={share}", f"border_share={share}")[1]
        for share in (0, 1)
    )
    spread = [np.mean([s.read().pixels.std(axis=(0, 1)).mean() for s in samples]) for samples in (plain, edged)]
    assert spread[1] > 3 * spread[0]


def test_trial(tmp_path):
    changes = ("subjects=2", "size_px=128", "visits=W12")
    records, samples = made(tmp_path, "hyperpigmentation-trial", *changes)
    truth = {(r.key.subject, r.key.visit, r.key.view): r.traits["grade"] for r in records}
    assert len(samples) == 4
    for sample in samples:
        assert [label.value for label in sample.labels] == [
            truth[sample.key.subject, sample.key.visit, sample.key.view]
        ]
        pixels = sample.read().pixels
        black = pixels.max(axis=-1) < 0.06
        assert 0.3 < black.mean() < 0.95
        assert black[[0, -1]].all()
    sheet = openpyxl.load_workbook(tmp_path / "SKN-APP-0452-MHPgrades.xlsx").active
    assert sheet["A2"].value == "Subject No."
    assert sheet.max_row == 4


def test_photos_of_one_side_share_its_grades(tmp_path):
    changes = ("subjects=1", "size_px=64", "visits=W12", "repeats=1", "graders=2")
    records, samples = made(tmp_path, "hyperpigmentation-trial", *changes)
    assert len({str(sample.key) for sample in samples}) == len(records) == 4
    by_side = {side: [one for one in samples if one.traits["side"] == side] for side in ("left", "right")}
    for first, second in by_side.values():
        assert first.labels == second.labels
        assert len(first.labels) == 3
        assert not np.array_equal(first.read().pixels, second.read().pixels)


def test_acne04(tmp_path):
    changes = ("subjects=3", "size_px=128", "views=front", "conditions=moderate,severe")
    records, samples = made(tmp_path, "acne04", *changes)
    by_photo = {record.photo.rsplit("/", 1)[-1]: record for record in records}
    for sample in samples:
        record = by_photo[f"{sample.key.subject}.jpg"]
        grade, count = (label.value for label in sample.labels)
        true = {label.task: label.value for label in record.labels}
        assert grade == true["acne_grade"]
        assert count == len(sample.items)
        assert {item.kind for item in sample.items} <= set(INFLAMMATORY)
        assert [sample.traits[f"fold_{fold}"] for fold in range(5)].count("test") == 1
    assert any(item.kind == MarkKind.PAPULE for sample in samples for item in sample.items)


def test_spectra_come_from_the_stored_maps(faces):
    root, records, samples = faces
    sample, record = samples[0], records[0]
    cube = sample.beside["cube"]()
    found = stored_spectra(root, record.name, cube.wavelengths_nm)
    bare = np.isfinite(found[..., 0])
    assert bare[sample.beside["skin"]()].all()
    clear = bare & (sample.beside["regions"]() > 0)
    ratio = found[clear] / cube.values[clear]
    assert np.abs(np.median(ratio) - 1) < 0.002
    assert np.quantile(np.abs(ratio - 1), 0.9) < 0.01  # the others lie under the edge of hair
    with pytest.raises(InputError, match="no record 'nobody'"):
        stored_spectra(root, "nobody", [500])
