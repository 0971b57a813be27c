"""Drawing marks: each kind has its size, its places and its chromophores."""

from __future__ import annotations

import numpy as np
import pytest

from dermis.core import Region
from dermis.lab.synth.head.uv import Grid, coarse, face_atlas, flat_atlas
from dermis.lab.synth.lesions.draw import draw_marks, grow_mark, mirror_marks
from dermis.lab.synth.lesions.kinds import COMEDONES, INFLAMMATORY, MOTTLES, MarkKind, MarkSpec
from dermis.lab.synth.lesions.morphology import MORPHOLOGIES
from dermis.lab.synth.skin.colour import tone_curve
from dermis.lab.synth.skin.maps import PUS, Tone
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import lab_under
from dermis.optics.tissue import Tissue

LIGHT = Tone(melanosome_fraction=0.012, blood_fraction=0.012, oxygen_saturation=0.7)
DARK = Tone(melanosome_fraction=0.25, blood_fraction=0.012, oxygen_saturation=0.7)
NM = np.arange(400.0, 701.0, 10.0)


def face_grid() -> Grid:
    side = 120
    regions = np.full((side, side), Region.LEFT_CHEEK.code, dtype=np.uint8)
    regions[:, :60] = Region.RIGHT_CHEEK.code
    regions[:, 50:70] = Region.NOSE.code
    regions[:30] = Region.FOREHEAD.code
    skin = np.ones((side, side), dtype=np.bool_)
    skin[60:70, 20:40] = False
    left = np.broadcast_to(np.arange(side) >= 60, (side, side)).copy()
    return coarse(flat_atlas(regions, skin, left, 1.4))


GRID = face_grid()


def change_of(spec: MarkSpec, name: str) -> float:
    return sum(layer.change for layer in spec.layers if layer.map == name)


def colour_of(tone: Tone, spec: MarkSpec | None = None) -> np.ndarray:
    """L*a*b* of skin, or of the middle of a mark on it."""
    values = {
        "melanosome_fraction": tone.melanosome_fraction,
        "blood_fraction": tone.blood_fraction,
        "oxygen_saturation": tone.oxygen_saturation,
    }
    for name in values:
        for layer in spec.layers if spec else ():
            if layer.map == name:
                values[name] = values[name] * (1 + layer.change) if layer.scaling else values[name] + layer.change
    found = reflectance(Tissue(**{name: np.array([value]) for name, value in values.items()}), NM, specular_share=0.0)
    return np.asarray(lab_under(found, NM))[0]


@pytest.mark.parametrize("kind", list(MarkKind))
def test_every_kind_is_drawn_with_its_size_on_skin_and_with_its_number(kind: MarkKind) -> None:
    specs = draw_marks(np.random.default_rng(1), kind, 25, LIGHT, GRID, first=100)
    low, high = MORPHOLOGIES[kind].radius_mm
    assert [spec.identity for spec in specs] == list(range(100, 125))
    assert all(spec.kind is kind and low <= spec.radius_mm <= high for spec in specs)
    rows = [int(spec.v * GRID.codes.shape[0]) for spec in specs]
    columns = [int(spec.u * GRID.codes.shape[1]) for spec in specs]
    assert GRID.skin[rows, columns].all()
    assert all(np.isfinite([layer.change, layer.reach, layer.edge]).all() for s in specs for layer in s.layers)


@pytest.mark.parametrize("kind", list(MarkKind))
def test_one_seed_one_drawing(kind: MarkKind) -> None:
    one, same, other = (draw_marks(np.random.default_rng(s), kind, 5, LIGHT, GRID) for s in (2, 2, 3))
    assert one == same
    assert one != other


def test_sizes_keep_to_clinical_definitions() -> None:
    assert MORPHOLOGIES[MarkKind.PAPULE].radius_mm[1] <= 2.5
    assert MORPHOLOGIES[MarkKind.PUSTULE].radius_mm[1] <= 2.5
    assert MORPHOLOGIES[MarkKind.NODULE].radius_mm[0] >= 2.5
    assert MORPHOLOGIES[MarkKind.FRECKLE].radius_mm[1] <= 2.5
    assert all(MORPHOLOGIES[kind].radius_mm[1] <= 1.5 for kind in COMEDONES)


@pytest.mark.parametrize("tone", [LIGHT, DARK])
@pytest.mark.parametrize("kind", sorted(INFLAMMATORY | {MarkKind.PIE, MarkKind.REDNESS, MarkKind.TELANGIECTASIA}))
def test_red_marks_hold_more_blood_and_look_redder(kind: MarkKind, tone: Tone) -> None:
    for spec in draw_marks(np.random.default_rng(4), kind, 8, tone, GRID):
        assert change_of(spec, "blood_fraction") > 0
        shift = colour_of(tone, spec) - colour_of(tone)
        # On dark skin the extra blood mostly darkens: red wavelengths alone still come back.
        assert shift[0] < -0.5
        assert tone is DARK or shift[1] > 1.5


def test_papules_redden_light_skin_and_darken_dark_skin() -> None:
    shifts = {}
    for name, tone in (("light", LIGHT), ("dark", DARK)):
        specs = draw_marks(np.random.default_rng(5), MarkKind.PAPULE, 30, tone, GRID)
        shifts[name] = np.mean([colour_of(tone, spec) - colour_of(tone) for spec in specs], axis=0)
    assert shifts["light"][1] > 5
    assert shifts["light"][1] > shifts["dark"][1] + 3
    assert shifts["dark"][0] < -4


@pytest.mark.parametrize("tone", [LIGHT, DARK])
@pytest.mark.parametrize("kind", sorted(MOTTLES | {MarkKind.NAEVUS}))
def test_brown_marks_are_seen_on_every_tone(kind: MarkKind, tone: Tone) -> None:
    darkened = [
        colour_of(tone)[0] - colour_of(tone, spec)[0]
        for spec in draw_marks(np.random.default_rng(6), kind, 20, tone, GRID)
    ]
    assert min(darkened) > 1
    assert max(darkened) < 50


@pytest.mark.parametrize("tone", [LIGHT, DARK])
def test_pus_and_closed_comedones_are_paler_blackheads_darker(tone: Tone) -> None:
    rng = np.random.default_rng(7)
    pus = np.asarray(lab_under(np.atleast_2d(reflectance(PUS, NM, specular_share=0.0)), NM))[0]
    assert pus[0] > colour_of(tone)[0] + 5
    assert pus[2] > 5
    closed, opened = (draw_marks(rng, kind, 1, tone, GRID)[0] for kind in sorted(COMEDONES))
    assert colour_of(tone, closed)[0] > colour_of(tone)[0]
    assert colour_of(tone, opened)[0] < colour_of(tone)[0] - 10


def test_depigmentation_lightens_dark_skin_most() -> None:
    spec = draw_marks(np.random.default_rng(8), MarkKind.DEPIGMENTATION, 1, DARK, GRID)[0]
    gains = [colour_of(tone, spec)[0] - colour_of(tone)[0] for tone in (LIGHT, DARK)]
    assert gains[1] > 15
    assert 0 < gains[0] < 5


def test_bumps_rise_and_pits_sink() -> None:
    rng = np.random.default_rng(9)
    raised = {MarkKind.PAPULE, MarkKind.PUSTULE, MarkKind.NODULE, MarkKind.CLOSED_COMEDO}
    for kind in raised | {MarkKind.SCAR}:
        heights = [change_of(spec, "height_mm") for spec in draw_marks(rng, kind, 10, LIGHT, GRID)]
        assert (min(heights) > 0) if kind in raised else (max(heights) < 0)
        assert max(np.abs(heights)) < 2


def test_blackheads_crowd_the_nose() -> None:
    specs = draw_marks(np.random.default_rng(10), MarkKind.OPEN_COMEDO, 600, LIGHT, GRID)
    on_nose = np.mean([spec.v > 0.25 and 50 / 120 < spec.u < 70 / 120 for spec in specs])
    share = (GRID.codes == Region.NOSE.code).mean()
    assert on_nose > 2 * share


def test_lesions_keep_apart_while_there_is_room() -> None:
    rng = np.random.default_rng(11)
    nodules = draw_marks(rng, MarkKind.NODULE, 12, LIGHT, GRID)
    specs = (*nodules, *draw_marks(rng, MarkKind.PAPULE, 80, LIGHT, GRID, taken=nodules))
    x = np.array([spec.u for spec in specs]) * GRID.codes.shape[1] * GRID.mm_u
    y = np.array([spec.v for spec in specs]) * GRID.codes.shape[0] * GRID.mm_v
    radius = np.array([spec.radius_mm for spec in specs])
    gap = np.hypot(x[:, None] - x, y[:, None] - y) - radius[:, None] - radius
    np.fill_diagonal(gap, 1)
    assert (gap > 0).all()


def test_a_crowd_without_room_is_still_drawn() -> None:
    every = np.ones((4, 4), dtype=np.bool_)
    tiny = coarse(flat_atlas(np.full((4, 4), Region.CHIN.code, dtype=np.uint8), every, every, 1.0))
    assert len(draw_marks(np.random.default_rng(12), MarkKind.NODULE, 30, LIGHT, tiny)) == 30


@pytest.mark.parametrize("kind", [MarkKind.PAPULE, MarkKind.FRECKLE])
def test_no_skin_no_marks(kind: MarkKind) -> None:
    none = np.zeros((5, 5), dtype=np.bool_)
    bare = coarse(flat_atlas(np.zeros((5, 5), dtype=np.uint8), none, none, 1.0))
    assert draw_marks(np.random.default_rng(13), kind, 10, LIGHT, bare) == ()
    assert draw_marks(np.random.default_rng(13), kind, 0, LIGHT, GRID) == ()


def test_partners_lie_across_the_middle() -> None:
    specs = draw_marks(np.random.default_rng(14), MarkKind.MELASMA, 20, LIGHT, GRID)
    partners = mirror_marks(np.random.default_rng(15), specs, first=50)
    assert [partner.identity for partner in partners] == list(range(50, 70))
    for spec, partner in zip(specs, partners, strict=True):
        assert partner.u == pytest.approx(1 - spec.u, abs=0.04)
        assert partner.v == pytest.approx(spec.v, abs=0.04)
        assert partner.layers == spec.layers
        assert partner.seed != spec.seed


def test_a_vessel_wanders_for_some_mm() -> None:
    spec = grow_mark(
        np.random.default_rng(16), MarkKind.TELANGIECTASIA, LIGHT, place=(0.5, 0.5), radius_mm=0.1, identity=0
    )
    steps = np.diff(np.array([(0, 0), *spec.path_mm]), axis=0)
    assert 1.5 < np.hypot(*steps.T).sum() < 10


def test_lightness_and_ita_fall_with_melanin() -> None:
    curve = tone_curve(0.012, 0.7)
    assert (np.diff(curve.lightness) < 0).all()
    assert (np.diff(curve.ita_deg) < 0).all()
    assert curve.lightness_at(curve.melanosome_fraction[[5]].astype(np.float32))[0] == pytest.approx(
        curve.lightness[5], abs=1e-3
    )


def test_melasma_of_made_heads_lies_on_brow_and_upper_lip() -> None:
    grid = coarse(face_atlas())
    specs = draw_marks(np.random.default_rng(15), MarkKind.MELASMA, 2000, LIGHT, grid)
    height, width = grid.codes.shape
    rows = np.array([int(spec.v * height) for spec in specs])
    columns = np.array([int(spec.u * width) for spec in specs])
    count = np.zeros(grid.codes.shape)
    np.add.at(count, (rows, columns), 1)

    def often(where: np.ndarray) -> float:
        return float(count[where].sum() / grid.mm2[where].sum())

    named = grid.beyond_mm == 0
    cheek, forehead = (named & (grid.codes == region.code) for region in (Region.LEFT_CHEEK, Region.FOREHEAD))
    assert grid.skin[grid.upper_lip].all()
    assert 700 < grid.mm2[grid.upper_lip].sum() < 1400
    assert often(grid.upper_lip) > 2 * often(cheek)
    assert often(forehead) > 0.4 * often(cheek)
