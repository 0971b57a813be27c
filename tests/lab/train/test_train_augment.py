import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dermis.colour import decode, encode
from dermis.lab.train.augment import Augment, Params, apply, apply_to_map, make_params

EVERYTHING = Augment(
    flip=0.5, rotate_deg=30.0, zoom=0.3, shift=0.2, light_stops=1.0, cast=0.2, gamma=0.3, blur_px=2.0, noise=0.1,
    jpeg=0.5, erase=0.5, roll=0.5,
)  # fmt: skip


def drawn(count, seed=0, what=EVERYTHING):
    return make_params(what, count, torch.Generator().manual_seed(seed))


def one_of(params, place):
    """The parameters of one picture of the batch."""
    cut = {name: value[place : place + 1] for name in Params.__slots__
           if isinstance(value := getattr(params, name), torch.Tensor)}  # fmt: skip
    return Params(**cut, seed=params.seed)


def pictures(count=3, height=17, width=11):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(5))


def test_nothing_asked_changes_nothing():
    x = pictures()
    assert torch.equal(apply(x, drawn(3, what=Augment()), linear=False), x)
    assert torch.equal(apply_to_map(x[:, 0], drawn(3, what=Augment()), classes=False, outside=0.0), x[:, 0])


@given(seed=st.integers(0, 2**31 - 1), height=st.integers(1, 20), width=st.integers(1, 20))
@settings(max_examples=25, deadline=None)
def test_pictures_stay_pictures(seed, height, width):
    x = pictures(2, height, width)
    changed = apply(x, drawn(2, seed), linear=False)
    assert changed.shape == x.shape
    assert ((changed >= 0) & (changed <= 1)).all()
    assert torch.equal(changed, apply(x, drawn(2, seed), linear=False))


def test_a_batch_is_its_pictures_one_by_one():
    what = Augment(flip=0.5, rotate_deg=30.0, zoom=0.3, light_stops=1.0, gamma=0.3, jpeg=0.7, erase=0.7)
    x, params = pictures(), drawn(3, what=what)
    together = apply(x, params, linear=False)
    for place in range(3):
        alone = apply(x[place : place + 1], one_of(params, place), linear=False)
        torch.testing.assert_close(alone[0], together[place], atol=1e-5, rtol=1e-5)


def test_a_mirror_image_is_the_picture_from_right_to_left():
    x = pictures()
    params = drawn(3, what=Augment(flip=1.0))
    torch.testing.assert_close(apply(x, params, linear=False), x.flip(3), atol=1e-5, rtol=0)
    classes = torch.randint(0, 9, (3, 17, 11), dtype=torch.uint8)
    assert torch.equal(apply_to_map(classes, params, classes=True, outside=255.0), classes.flip(2))


def test_maps_move_with_their_picture():
    x = torch.zeros(1, 3, 32, 32)
    x[:, :, 8:14, 16:24] = 1.0
    params = drawn(1, seed=3, what=Augment(rotate_deg=40.0, zoom=0.3, shift=0.2, flip=0.5))
    moved = apply(x, params, linear=False)[0, 0] > 0.5
    mapped = apply_to_map((x[:, 0] > 0).to(torch.uint8), params, classes=True, outside=255.0)[0]
    known = mapped != 255
    assert known.sum() > 400
    assert ((mapped == 1) == moved)[known].float().mean() > 0.98


def test_a_density_in_view_keeps_its_sum():
    x = torch.zeros(1, 64, 64)
    x[0, 30:34, 28:32] = 0.25
    for seed in range(5):
        params = drawn(1, seed, Augment(rotate_deg=40.0, zoom=0.4, shift=0.1, flip=0.5))
        assert float(apply_to_map(x, params, classes=False, outside=0.0).sum()) == pytest.approx(4.0, rel=0.05)


def test_one_stop_is_twice_the_light():
    x = pictures() * 0.5
    light = torch.full((3, 1, 1, 1), 2.0).expand(3, 3, 1, 1)
    channels_last = x.permute(0, 2, 3, 1)
    expected = encode(decode(channels_last) * 2).permute(0, 3, 1, 2).clamp(0, 1)
    torch.testing.assert_close(apply(x, Params(light=light), linear=False), expected)
    torch.testing.assert_close(apply(x, Params(light=light), linear=True), (2 * x).clamp(0, 1))


def test_blocks_lose_what_is_fine_and_keep_what_is_even():
    even = torch.full((1, 3, 13, 9), 0.4)
    fine = (torch.arange(13)[:, None] + torch.arange(9)).remainder(2).float().expand(1, 3, 13, 9) * 0.1 + 0.4
    coarse = Params(quality=torch.tensor([0.15]))
    torch.testing.assert_close(apply(even, coarse, linear=False), even, atol=0.03, rtol=0)
    assert apply(fine, coarse, linear=False).std() < 0.5 * fine.std()
    assert torch.equal(apply(fine, Params(quality=torch.ones(1)), linear=False), fine)


def test_blur_keeps_the_mean_and_flattens():
    x = pictures(2, 33, 33)
    blurred = apply(x, Params(blur_px=torch.tensor([0.0, 2.0])), linear=False)
    torch.testing.assert_close(blurred[0], x[0], atol=1e-5, rtol=0)
    assert blurred[1].std() < 0.4 * x[1].std()
    assert float(blurred[1].mean()) == pytest.approx(float(x[1].mean()), abs=0.02)


def test_what_is_rolled_out_comes_back_on_the_other_side():
    x = pictures(6)
    params = drawn(6, what=Augment(roll=1.0))
    rolled = apply(x, params, linear=False)
    assert not torch.equal(rolled, x)
    for one, other, roll in zip(x, rolled, params.roll, strict=True):
        assert (roll == 0).any()  # along one axis only
        torch.testing.assert_close(one.flatten(1).sort(dim=1).values, other.flatten(1).sort(dim=1).values)
    moved = apply_to_map(x[:, 0], params, classes=False, outside=0.0)
    torch.testing.assert_close(moved, rolled[:, 0])
