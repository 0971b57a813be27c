import io

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import affine_transform
from skimage.data import astronaut, camera, chelsea, coffee, rocket

from dermis.core import Cube, Encoding, Origin, Photo, Quantity, Sample, SampleKey
from dermis.errors import InputError
from dermis.lab.datasets.check import COPY, find_duplicates, perceptual_hash, perceptual_hashes


def photo(levels, sha256=None):
    pixels = np.asarray(levels, np.float32) / 255
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    return Photo(pixels=pixels, encoding=Encoding.SRGB, origin=Origin(sha256=sha256))


def jpeg(levels, quality):
    held = io.BytesIO()
    Image.fromarray(levels).save(held, "JPEG", quality=quality)
    return np.asarray(Image.open(held))


def resized(levels, factor):
    image = Image.fromarray(levels)
    return np.asarray(image.resize((round(image.width * factor), round(image.height * factor))))


def turned(levels, degrees, shear=0.0):
    turn = np.deg2rad(degrees)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ [[1, shear], [0, 1]]
    centre = (np.array(levels.shape[:2]) - 1) / 2
    planes = [affine_transform(plane, matrix, centre - matrix @ centre, order=1) for plane in np.moveaxis(levels, 2, 0)]
    return np.stack(planes, axis=2)


@pytest.fixture(scope="module")
def pictures():
    return [astronaut(), np.stack([camera()] * 3, axis=2), chelsea(), coffee(), rocket()]


COPIES = {
    "smaller": lambda levels: resized(levels, 0.4),
    "recompressed": lambda levels: jpeg(levels, 30),
    "mirrored": lambda levels: levels[:, ::-1],
    "darker": lambda levels: (levels * 0.6).astype(np.uint8),
    "other colours": lambda levels: (levels * [0.9, 0.8, 0.6]).astype(np.uint8),
    "squeezed": lambda levels: np.asarray(Image.fromarray(levels).resize((300, 300))),
    "salted": lambda levels: np.where(np.random.default_rng(0).random(levels.shape[1::-1]) < 0.003, 255, levels.T).T,
}


@pytest.mark.parametrize("how", list(COPIES))
def test_a_copy_is_known_again(pictures, how):
    copies = [perceptual_hash(photo(COPIES[how](levels))) for levels in pictures]
    found = find_duplicates([*(perceptual_hash(photo(levels)) for levels in pictures), *copies])
    assert {(pair.first, pair.second) for pair in found} == {(place, place + 5) for place in range(5)}
    assert all(COPY <= pair.likeness <= 1 and not pair.identical for pair in found)


@pytest.mark.parametrize(("degrees", "shear"), [(6, 0.0), (-9, 0.05), (0, 0.12)])
def test_a_thorough_look_knows_turned_copies(pictures, degrees, shear):
    held = [perceptual_hash(photo(levels)) for levels in pictures]
    copy = perceptual_hash(photo(turned(pictures[0], degrees, shear)[:, ::-1]))
    assert [(pair.first, pair.second) for pair in find_duplicates([*held, copy], thorough=True)] == [(0, 5)]
    assert not find_duplicates([*held, copy])


def test_identical_files_come_first():
    rng = np.random.default_rng(0)
    one, other = (rng.integers(0, 256, (40, 50, 3)).astype(np.uint8) for _ in range(2))
    held = [photo(one, "a"), photo(resized(one, 2)), photo(other, "b"), photo(other, "b"), photo(other, "b")]
    found = find_duplicates([perceptual_hash(each) for each in held])
    assert [(pair.first, pair.second, pair.identical) for pair in found] == [
        (2, 3, True),
        (2, 4, True),
        (3, 4, True),
        (0, 1, False),
    ]


def test_plain_patches_are_not_alike():
    rng = np.random.default_rng(0)
    rows = np.linspace(0.9, 1.1, 200)[:, None, None]
    chips = [np.full((200, 200, 3), level) * rows + rng.normal(0, 2, (200, 200, 3)) for level in (180, 178, 90)]
    assert not find_duplicates([perceptual_hash(photo(chip.clip(0, 255))) for chip in chips], thorough=True)


def test_cards_of_one_print_are_not_alike():
    def card(tone, left):
        levels = np.full((256, 256, 3), 120.0)
        levels[20:230, left : left + 200] = 235
        levels[35:190, left + 15 : left + 185] = tone
        levels[205:215, left + 20 : left + 100 : 25] = 30
        return (levels + np.random.default_rng(sum(tone)).normal(0, 2, levels.shape)).clip(0, 255)

    cards = [card(tone, left) for left in (28, 29) for tone in ((190, 140, 120), (186, 136, 117), (90, 60, 45))]
    assert not find_duplicates([perceptual_hash(photo(one)) for one in cards], thorough=True)


def test_without_a_file_the_pixels_count():
    plain = np.full((9, 9, 3), 128, np.uint8)
    found = find_duplicates(
        [perceptual_hash(photo(plain)), perceptual_hash(photo(plain)), perceptual_hash(photo(plain + 1))]
    )
    assert [(pair.first, pair.second, pair.identical) for pair in found] == [(0, 1, True)]


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 200, 3), (65, 3, 3)])
def test_odd_sizes_have_imprints(shape):
    levels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert perceptual_hash(photo(levels)).grey.shape == (64, 64)
    assert len(find_duplicates([perceptual_hash(photo(levels))] * 2, thorough=True)) == 1


def test_nothing_and_one_have_no_duplicates():
    assert find_duplicates([]) == ()
    assert find_duplicates([perceptual_hash(photo(chelsea()))], thorough=True) == ()


def test_a_cube_is_refused():
    cube = Cube(values=np.zeros((2, 2, 1), np.float32), wavelengths_nm=np.array([500.0]), quantity=Quantity.REFLECTANCE)
    held = Sample(key=SampleKey(dataset="made", subject="a"), read=lambda: cube)
    with pytest.raises(InputError, match="made/a"):
        list(perceptual_hashes([held]))
