import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from dermis.core import Cube, Encoding, Origin, Photo, Quantity, Sample, SampleKey
from dermis.errors import InputError, UsageError
from dermis.lab.evaluate.evaluate import evaluate_run
from dermis.lab.evaluate.predict import predict
from dermis.lab.evaluate.tables import SCORES, by_pixel, examples_from, scored, summary
from dermis.lab.networks.model import Model
from dermis.lab.networks.settings import bands_of
from dermis.lab.train.build import new_model, rate_at
from dermis.lab.train.cache import decode
from dermis.lab.train.objectives.pixel_start import begin_pixels
from dermis.lab.train.objectives.samples import prepared, train
from dermis.lab.train.pools import in_order, shuffled
from dermis.lab.train.recipe import Schedule, find_recipe, read_recipe, recipe_from
from dermis.lab.train.spectra import answering, mask_of
from dermis.lab.train.trainer import fabric_for
from dermis.metrics.spectral import challenge_scores, spectral_scores
from dermis.spectra.methods import METHODS

SIDE = 12
NM = np.arange(400.0, 1000.1, 10.0)
TINY = (
    f"input.size_px={SIDE}",
    "machine.accelerator=cpu",
    "machine.threads=1",
    "machine.tensorboard=false",
    "train.epochs=1",
)


def recipe_of(*settings, name="spectra-ours"):
    return read_recipe(find_recipe(name), [*TINY, *settings])


def cube_of(rng):
    """Spectra of two ingredients, each pixel by itself."""
    shares = rng.uniform(0.2, 1.0, (SIDE, SIDE, 2))
    basis = np.stack([0.2 + 0.6 * (NM - 400) / 600, np.exp(-0.5 * ((NM - 760) / 120) ** 2)])
    return (shares @ basis).astype(np.float32)


def sample_of(place, *, mask=True):
    rng = np.random.default_rng(place)
    cube = cube_of(rng)
    msi = cube[:, :, [25, 15, 5, 56]]
    inside = np.zeros((SIDE, SIDE), bool)
    inside[2:9, 3:10] = True
    beside = {
        "cube": lambda: Cube(values=cube, wavelengths_nm=NM, quantity=Quantity.REFLECTANCE),
        "msi": lambda: msi,
    }
    if mask:
        beside["mask"] = lambda: inside
    return Sample(
        key=SampleKey(dataset="cubes", subject=f"p{place // 2}", view=str(place % 2)),
        read=lambda: Photo(pixels=msi[..., :3], encoding=Encoding.LINEAR_SRGB, origin=Origin(name=f"{place}.png")),
        traits={"split": ("train", "train", "valid", "test")[place // 2 % 4]},
        beside=beside,
    )


@pytest.fixture
def samples():
    return [sample_of(place) for place in range(16)]


def test_what_is_shown_and_asked_lies_beside_the_photo(samples):
    decoded = decode(samples, recipe_of())
    assert decoded.pictures.shape == (16, SIDE, SIDE, 4)
    assert decoded.targets["cube"].shape == (16, SIDE, SIDE, 61)
    np.testing.assert_allclose(decoded.pictures[3], samples[3].beside["msi"](), rtol=2e-3)
    np.testing.assert_allclose(decoded.targets["cube"][3], samples[3].beside["cube"]().values, rtol=2e-3)


def test_a_part_of_the_bands_can_be_asked(samples):
    recipe = recipe_of("head.cube.lowest=700", "input.beside=", "input.channels=3")
    decoded = decode(samples, recipe)
    assert decoded.pictures.shape[3] == 3
    np.testing.assert_allclose(decoded.targets["cube"][0], samples[0].beside["cube"]().values[:, :, 30:], rtol=2e-3)


def test_what_is_not_there_is_said(samples):
    with pytest.raises(InputError, match=r"no nir beside"):
        decode(samples, recipe_of("input.beside=nir"))
    with pytest.raises(InputError, match=r"channels says 3"):
        decode(samples, recipe_of("input.channels=3"))
    with pytest.raises(InputError, match=r"lacks bands"):
        decode(samples, recipe_of("head.cube.lowest=395"))
    with pytest.raises(UsageError, match=r"crop_px"):
        recipe_of("train.crop_px=13")
    with pytest.raises(UsageError, match=r"no sRGB"):
        recipe_of("input.values=srgb")
    with pytest.raises(UsageError, match=r"do not move"):
        recipe_of("augment.flip=0.5")


def test_patches_are_cut_alike_from_picture_and_cube_and_follow_from_the_seed(samples):
    recipe = recipe_of("train.crop_px=5", "train.batch=3")
    decoded = decode(samples, recipe)
    places = np.arange(16)
    corners = set()
    for first, again in zip(shuffled(decoded, places, recipe, 1), shuffled(decoded, places, recipe, 1), strict=True):
        assert first.pictures.shape[2:] == (5, 5)
        np.testing.assert_array_equal(first.pictures, again.pictures)
        for place, picture, cube in zip(
            first.places, first.pictures.numpy(), first.targets["cube"].numpy(), strict=True
        ):
            whole = decoded.pictures[place]
            found = [
                (top, left)
                for top in range(8)
                for left in range(8)
                if np.array_equal(whole[top : top + 5, left : left + 5], picture.transpose(1, 2, 0))
            ]
            assert len(found) == 1
            top, left = found[0]
            np.testing.assert_array_equal(cube, decoded.targets["cube"][place][top : top + 5, left : left + 5])
            corners.add(found[0])
    assert len(corners) > 5
    (middle,) = in_order(decoded, places[:1], 1, crop_px=5)
    np.testing.assert_array_equal(middle.pictures[0].permute(1, 2, 0), decoded.pictures[0][3:8, 3:8])


def test_the_source_s_own_split_and_one_that_is_drawn(samples):
    decoded, parts = prepared(recipe_of(), samples)
    assert [samples[place].traits["split"] for place in parts.validate] == ["valid"] * 4
    assert [samples[place].traits["split"] for place in parts.test] == ["test"] * 4
    _, drawn = prepared(recipe_of("split.part="), samples)
    people = [{samples[place].key.subject for place in part} for part in (drawn.train, drawn.validate, drawn.test)]
    assert all(people)
    assert sum(len(part) for part in people) == len(set().union(*people))
    assert decoded.sha256


def test_where_the_source_has_no_part_to_choose_with_people_are_drawn_for_it(samples):
    shown = [one if one.traits["split"] == "test" else replace(one, traits={"split": "train"}) for one in samples]
    _, parts = prepared(recipe_of(), shown)
    people = [{shown[place].key.subject for place in part} for part in (parts.train, parts.validate, parts.test)]
    assert all(people)
    assert sum(len(part) for part in people) == len(set().union(*people))
    assert {shown[place].traits["split"] for place in parts.validate} == {"train"}


def test_the_cosine_can_begin_anew():
    rate = rate_at(Schedule(name="cosine", lowest=1e-6, cycle_epochs=1), highest=4e-4, epochs=3, steps=10)
    assert rate(0) == rate(10) == rate(20) == 4e-4
    assert rate(9) < 1.2e-5
    whole = rate_at(Schedule(name="cosine", lowest=1e-6), highest=4e-4, epochs=3, steps=10)
    assert whole(10) < whole(9) < whole(0) == 4e-4


def test_networks_of_single_pixels_begin_from_pixels_of_everybody(samples):
    recipe = recipe_of()
    decoded, parts = prepared(recipe, samples)

    def begun_model():
        torch.manual_seed(0)
        model = new_model(recipe, decoded, parts.train)
        begin_pixels(model, recipe, decoded, parts.train, fabric_for(recipe))
        return model.eval()

    begun = begun_model()
    untaught = Model(recipe.network, recipe.head, recipe.loss, channels=4)
    picture = decoded.pictures[parts.test[0]]
    target = decoded.targets["cube"][parts.test[0]].astype(np.float32)
    errors = [spectral_scores(target, answering(model)(picture)["cube"]).sam_rad for model in (begun, untaught)]
    assert errors[0] < 0.5 * errors[1]
    np.testing.assert_array_equal(answering(begun_model())(picture)["cube"], answering(begun)(picture)["cube"])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    samples = [sample_of(place) for place in range(16)]
    return train(recipe_of("train.epochs=2"), samples, tmp_path_factory.mktemp("runs"))


def test_the_table_of_a_run_scores_spectra_on_their_masks(run, samples):
    table = predict(run, samples)
    taught = table["part"] == "train"
    assert table.loc[taught, "predicted.cube.sam_rad"].isna().all()
    assert (table.loc[~taught, "pixels.cube"] == 49).all()
    decoded = decode(samples, run.recipe)
    target = decoded.targets["cube"].astype(np.float32)
    mask = samples[0].beside["mask"]()
    mean = target[taught][:, ::4, ::4][:, mask[::4, ::4]].mean(axis=(0, 1))
    place = int(np.flatnonzero(~taught)[0])
    said = np.broadcast_to(mean, target[place].shape)
    told = table.loc[place, [f"mean.cube.{score}" for score in ("sam_rad", "rmse")]].to_numpy(float)
    right = spectral_scores(target[place], said, mask)
    np.testing.assert_allclose(told, [right.sam_rad, right.rmse], rtol=1e-4)


def test_an_evaluation_says_how_far_the_angle_is_off_beside_the_mean_spectrum(run, samples, tmp_path):
    evaluate_run(run, samples, out=tmp_path / "out")
    held = json.loads((tmp_path / "out" / "metrics.json").read_text())["questions"]["cube"]
    assert held["leading"] == "sam_rad"
    model, mean = (held["figures"][name]["sam_rad"]["value"] for name in ("model", "mean"))
    assert 0 < model < mean
    assert "ean spectral angle" in (tmp_path / "out" / "evaluation.md").read_text()


def test_pixel_methods_are_scored_as_networks_are(samples):
    recipe = recipe_of()
    decoded, parts = prepared(recipe, samples)
    bands = bands_of(recipe.head["cube"])
    examples = examples_from(samples, decoded, "cube", parts.train, bands)
    assert examples.inputs.shape == (8 * 49, 4)
    rows = []
    for name in ("linear", "mean"):
        ask = by_pixel(METHODS[name].fit(examples))
        found = list(scored(samples, decoded, "cube", parts.test, ask, slice(0, 61)))
        rows += [{"task": "all", "method": name} | row for row in found]
        for row, place in zip(found, parts.test, strict=True):
            target = decoded.targets["cube"][place].astype(np.float32)
            said = ask(decoded.pictures[place])
            mask = mask_of(samples[place], decoded.shown)
            ours, theirs = spectral_scores(target, said, mask), challenge_scores(target, said, mask)
            assert row["challenge_sam_rad"] == pytest.approx(theirs.sam_rad, rel=1e-6)
            assert row["sam_rad"] == pytest.approx(ours.sam_rad, rel=1e-4)
            assert row["rmse"] == pytest.approx(ours.rmse, rel=1e-6)
            assert row["psnr_db"] == pytest.approx(ours.psnr_db, rel=1e-6)
            assert row["subject"] == samples[place].key.subject
    table = summary(pd.DataFrame(rows)).set_index("method")
    assert table.loc["linear", "challenge_sam_rad"] < 0.01 < table.loc["mean", "challenge_sam_rad"]
    assert set(SCORES) <= set(table)
    assert (table["subjects"] == 2).all()
    assert (table["low"] <= table["challenge_sam_rad"]).all()
    assert (table["challenge_sam_rad"] <= table["high"]).all()


def test_bands_judge_alone(samples):
    recipe = recipe_of()
    decoded, parts = prepared(recipe, samples)

    def wrong_above(picture):
        flat = picture[..., :1].repeat(61, axis=2)
        flat[..., 31:] = 0
        return flat

    low = list(scored(samples, decoded, "cube", parts.test, wrong_above, slice(0, 31)))
    every = list(scored(samples, decoded, "cube", parts.test, wrong_above, slice(0, 61)))
    assert all(one["sam_rad"] < other["sam_rad"] for one, other in zip(low, every, strict=True))


def test_without_a_mask_every_pixel_counts():
    recipe = recipe_of()
    assert mask_of(sample_of(0, mask=False), recipe.input).sum() == SIDE * SIDE
    assert mask_of(sample_of(0), recipe.input).sum() == 49


def test_a_head_without_bands_is_refused():
    with pytest.raises(UsageError, match="no bands"):
        recipe_from({"head": {"cube": {"kind": "spectrum", "lowest": 700.0, "highest": 700.0}}})
