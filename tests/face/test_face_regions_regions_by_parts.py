"""Regions from parts alone: a drawn face, turned, mirrored, cut and in profile."""

import numpy as np
import pytest

from dermis.core import Region, SegmentationClass
from dermis.face.regions import regions_from_segmentation


def drawn_face(size=200):
    """A face that looks at the camera: an oval with eyes at row 80, nose to 105, mouth at 130."""
    rows, columns = np.mgrid[:size, :size]
    parts = np.zeros((size, size), dtype=np.uint8)
    parts[((rows - 100) / 85) ** 2 + ((columns - 100) / 62) ** 2 < 1] = SegmentationClass.FACE_SKIN
    for x in (70, 130):
        parts[((rows - 80) / 5) ** 2 + ((columns - x) / 11) ** 2 < 1] = SegmentationClass.EYES
    parts[(rows > 82) & (rows < 118) & (np.abs(columns - 100) < 4 + (rows - 82) / 4)] = SegmentationClass.NOSE
    parts[((rows - 130) / 6) ** 2 + ((columns - 100) / 20) ** 2 < 1] = SegmentationClass.LIPS
    return parts


def skin_of(parts):
    return np.isin(parts, (SegmentationClass.FACE_SKIN, SegmentationClass.OTHER_SKIN, SegmentationClass.NOSE))


def middle(regions, region):
    rows, columns = np.nonzero(regions == region.code)
    assert rows.size, region
    return rows.mean(), columns.mean()


def test_every_region_lies_where_a_face_has_it():
    parts = drawn_face()
    regions = regions_from_segmentation(parts, skin_of(parts))
    y, x = zip(*(middle(regions, region) for region in list(Region)[1:]), strict=True)
    places = dict(zip(list(Region)[1:], zip(y, x, strict=True), strict=True))
    assert places[Region.FOREHEAD][0] < 80 < places[Region.LEFT_UNDER_EYE][0] < places[Region.LEFT_CHEEK][0]
    assert places[Region.CHIN][0] > 140
    # The person's left lies to the right of the picture.
    assert places[Region.LEFT_CHEEK][1] > 100 > places[Region.RIGHT_CHEEK][1]
    assert places[Region.LEFT_UNDER_EYE][1] > 100 > places[Region.RIGHT_UNDER_EYE][1]


def test_regions_lie_on_skin_only():
    parts = drawn_face()
    skin = skin_of(parts) & (np.arange(200) < 140)
    regions = regions_from_segmentation(parts, skin)
    assert not regions[~skin].any()
    assert not np.isin(regions[parts == SegmentationClass.LIPS], [region.code for region in list(Region)[1:]]).any()


def test_a_mirror_exchanges_left_and_right():
    parts = drawn_face()
    parts[:, 150:] = SegmentationClass.BACKGROUND
    seen = regions_from_segmentation(parts, skin_of(parts))
    mirrored = regions_from_segmentation(parts[:, ::-1], skin_of(parts)[:, ::-1])[:, ::-1]
    for one, other in ((Region.LEFT_CHEEK, Region.RIGHT_CHEEK), (Region.FOREHEAD, Region.FOREHEAD)):
        np.testing.assert_array_equal(seen == one.code, mirrored == other.code)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_turned_picture_has_the_same_regions(quarters):
    parts = drawn_face()
    upright = regions_from_segmentation(parts, skin_of(parts))
    turned = np.rot90(parts, quarters)
    found = np.rot90(regions_from_segmentation(turned, skin_of(turned)), -quarters)
    assert (found == upright).mean() > 0.99
    told = np.rot90(regions_from_segmentation(turned, skin_of(turned), roll_deg=-90.0 * quarters), -quarters)
    assert (told == upright).mean() > 0.99


def test_a_profile_shows_the_cheek_of_its_own_side():
    # Nose and mouth at the left edge of what is seen: the camera sees the person's left side.
    parts = drawn_face()
    parts[:, :96] = SegmentationClass.BACKGROUND
    found = set(np.unique(regions_from_segmentation(parts, skin_of(parts))))
    assert Region.LEFT_CHEEK.code in found
    assert Region.RIGHT_CHEEK.code not in found


def test_a_close_up_with_nose_and_mouth_is_enough():
    parts = drawn_face()
    parts[:90] = SegmentationClass.BACKGROUND
    regions = regions_from_segmentation(parts, skin_of(parts))
    whole = regions_from_segmentation(drawn_face(), skin_of(drawn_face()))
    assert (regions == whole)[95:].mean() > 0.85


@pytest.mark.parametrize("kept", [(), (SegmentationClass.NOSE,), (SegmentationClass.EYES,)])
def test_one_part_alone_names_nothing_but_itself(kept):
    parts = drawn_face()
    parts[
        np.isin(
            parts,
            [
                part
                for part in (SegmentationClass.EYES, SegmentationClass.NOSE, SegmentationClass.LIPS)
                if part not in kept
            ],
        )
    ] = SegmentationClass.FACE_SKIN
    named = set(np.unique(regions_from_segmentation(parts, skin_of(parts)))) - {0}
    assert named == ({Region.NOSE.code} if SegmentationClass.NOSE in kept else set())


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 2)])
def test_awkward_sizes_have_no_regions(shape):
    parts = np.full(shape, SegmentationClass.FACE_SKIN, dtype=np.uint8)
    assert not regions_from_segmentation(parts, skin_of(parts)).any()
