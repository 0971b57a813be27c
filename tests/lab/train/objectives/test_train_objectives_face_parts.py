"""Teaching the face parser: labels that are sets of parts, hard views, and one step on drawn faces."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from dermis.core import SegmentationClass  # noqa: E402
from dermis.errors import UsageError  # noqa: E402
from dermis.lab.train.export import export  # noqa: E402
from dermis.lab.train.objectives.face_parts import new_parser, train_pools  # noqa: E402
from dermis.lab.train.parser_views import ANY, Example, hard_view, of_hand_made, of_parts, of_teacher, one_of, sets_loss  # noqa: E402  # noqa: E402
from dermis.lab.train.recipe import find_recipe, read_recipe  # noqa: E402
from dermis.models.weights import open_weights  # noqa: E402

SMALL = [
    "network.pretrained=", "train.batch=2", "train.precision=32", "train.lr=1e-3", "machine.threads=1",
    "machine.accelerator=cpu", "machine.tensorboard=false", "input.size_px=64",
    *(f"stage.{name}.{key}={value}" for name in ("1_heads", "2_teachers", "3_hand_made")
      for key, value in (("epochs", 1), ("size_px", 48), ("examples", 4))),
]  # fmt: skip


def drawn_face(seed=0, size=72):
    """A made-up face: skin, hair above, eyes, nose and lips, each of its own colour."""
    rows, columns = np.mgrid[:size, :size] / size
    parts = np.zeros((size, size), dtype=np.uint8)
    parts[(rows - 0.55) ** 2 / 0.16 + (columns - 0.5) ** 2 / 0.09 < 1] = SegmentationClass.FACE_SKIN
    parts[(rows < 0.3) & ((columns - 0.5) ** 2 < 0.09)] = SegmentationClass.HAIR
    for x in (0.38, 0.62):
        parts[(rows - 0.45) ** 2 + (columns - x) ** 2 < 0.004] = SegmentationClass.EYES
    parts[(np.abs(columns - 0.5) < 0.05) & (np.abs(rows - 0.58) < 0.06)] = SegmentationClass.NOSE
    parts[(np.abs(columns - 0.5) < 0.1) & (np.abs(rows - 0.74) < 0.03)] = SegmentationClass.LIPS
    colours = np.random.default_rng(seed).integers(0, 256, (len(SegmentationClass), 3), dtype=np.uint8)
    return Example(name=f"drawn {seed}", person=str(seed), pixels=colours[parts], sets=of_parts(parts)), parts


def test_exact_parts_become_sets_of_one():
    parts = np.arange(len(SegmentationClass), dtype=np.uint8)[None]
    assert of_parts(parts)[0].tolist() == [one_of(part) for part in SegmentationClass]
    assert one_of(*SegmentationClass) == ANY


def test_hand_made_skin_may_be_neck_and_a_beard_grows_below_the_eyes_only():
    _, parts = drawn_face()
    sets = of_hand_made(parts)
    skin, eyes = parts == SegmentationClass.FACE_SKIN, parts == SegmentationClass.EYES
    assert (sets[skin] & one_of(SegmentationClass.FACE_SKIN)).all()
    assert (sets[skin] & one_of(SegmentationClass.OTHER_SKIN)).all()
    above = skin & (np.arange(72)[:, None] < np.nonzero(eyes)[0].min())
    assert not (sets[above] & one_of(SegmentationClass.FACIAL_HAIR)).any()
    assert (sets[skin] & one_of(SegmentationClass.FACIAL_HAIR)).any()
    assert (sets[parts == SegmentationClass.LIPS] == one_of(SegmentationClass.LIPS)).all()
    # What a mask says is never ruled out.
    assert (sets >> parts & 1).all()


def test_a_hand_made_mask_without_eyes_still_has_sets():
    sets = of_hand_made(np.full((4, 3), SegmentationClass.FACE_SKIN, dtype=np.uint8))
    assert (sets == one_of(SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN)).all()


def test_a_teacher_that_is_unsure_says_nothing():
    unsure = np.full((2, 2, 6), 1 / 6, dtype=np.float32)
    assert (of_teacher(unsure, None, None) == ANY).all()
    sure = np.zeros((2, 2, 6), dtype=np.float32)
    sure[..., 3] = 1  # face skin
    nose = np.full((2, 2), SegmentationClass.NOSE, dtype=np.uint8)
    assert (of_teacher(sure, nose, np.ones((2, 2), bool)) == one_of(SegmentationClass.NOSE)).all()
    assert not (
        of_teacher(sure, None, None)
        & one_of(SegmentationClass.BACKGROUND, SegmentationClass.HAIR, SegmentationClass.OCCLUDER)
    ).any()


def test_a_teacher_does_not_know_brows():
    sure = np.zeros((40, 60, 6), dtype=np.float32)
    sure[..., 3] = 1  # face skin
    eye = np.zeros((40, 60), dtype=np.uint8)
    eye[20:24, 10:22] = SegmentationClass.EYES
    sets = of_teacher(sure, eye, np.ones((40, 60), bool))
    assert (sets[10:20, 8:24] & one_of(SegmentationClass.HAIR)).all()
    assert not (sets[24:, :] & one_of(SegmentationClass.HAIR)).any()
    assert not (sets[:, 30:] & one_of(SegmentationClass.HAIR)).any()
    assert (sets[20:24, 10:22] == one_of(SegmentationClass.EYES)).all()


def test_the_loss_is_cross_entropy_where_sets_have_one_part():
    draw = torch.Generator().manual_seed(1)
    logits = torch.randn(2, len(SegmentationClass), 3, 4, generator=draw)
    classes = torch.randint(0, 4, (2, 3, 4), generator=draw)  # none of the small parts, which count more
    # Fewer pixels than an area is judged from, so that the Jaccard part is 0.
    wanted = torch.nn.functional.cross_entropy(logits, classes, reduction="none").mean(dim=(1, 2))
    torch.testing.assert_close(sets_loss(logits, 1 << classes), wanted)


def test_any_share_within_a_set_costs_the_same_and_unknown_pixels_cost_nothing():
    logits = torch.full((1, len(SegmentationClass), 1, 2), -30.0)
    logits[0, SegmentationClass.FACE_SKIN, 0, 0], logits[0, SegmentationClass.OTHER_SKIN, 0, 1] = 30.0, 30.0
    skin = torch.full((1, 1, 2), one_of(SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN))
    assert sets_loss(logits, skin).item() == pytest.approx(0, abs=1e-6)
    assert sets_loss(logits, torch.full((1, 1, 2), one_of(SegmentationClass.HAIR))).item() > 10
    assert sets_loss(logits, torch.full((1, 1, 2), ANY)).item() == 0


def test_views_follow_their_seed_and_keep_to_the_parts():
    example, _ = drawn_face()
    other, _ = drawn_face(1)
    for seed in range(12):
        pixels, sets = hard_view(example, other, 48, np.random.default_rng(seed))
        again, same = hard_view(example, other, 48, np.random.default_rng(seed))
        assert pixels.shape == (48, 48, 3)
        assert pixels.dtype == np.uint8
        np.testing.assert_array_equal(pixels, again)
        np.testing.assert_array_equal(sets, same)
        assert set(np.unique(sets)) <= {ANY, *(one_of(part) for part in SegmentationClass)}


def test_each_stage_of_the_shipped_recipe_learns_and_leaves_the_first_stages(tmp_path):
    recipe = read_recipe(find_recipe("face-parser"), SMALL)
    before = new_parser(recipe).state_dict()
    pool = [drawn_face(seed)[0] for seed in range(2)]
    run = train_pools(recipe, dict.fromkeys(recipe.pool, pool), tmp_path / "runs")
    assert len((run.folder / "metrics.csv").read_text().splitlines()) == 4
    after = torch.load(run.best, weights_only=True)
    assert all(torch.equal(after[name], before[name]) for name in after if ".stages.0." in name)
    assert any(not torch.equal(after[name], before[name]) for name in after if name.startswith("heads."))
    folder = export(run, "tiny", home=tmp_path / "weights")
    assert open_weights("tiny", tmp_path / "weights").answers["parts"].kind == "map"
    assert "none stated" in (folder / "card.md").read_text()


def test_without_examples_there_is_nothing_to_learn(tmp_path):
    recipe = read_recipe(find_recipe("face-parser"), SMALL)
    with pytest.raises(UsageError, match="no example"):
        train_pools(recipe, {name: [] for name in recipe.pool}, tmp_path)
