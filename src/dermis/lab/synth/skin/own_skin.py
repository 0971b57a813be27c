"""A drawn person's own skin: the tissue of their cheek, and how the other regions of the face differ from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dermis.colour.tone import ita_deg
from dermis.core import Region
from dermis.lab.synth.skin.colour import MATT_SHARE
from dermis.lab.synth.skin.maps import LIMITS, REGIONAL, Tone
from dermis.optics.face_population import SEEN_NM, draw_people, surface_lab
from dermis.optics.forward import reflectance
from dermis.optics.illuminant import lab_under
from dermis.optics.tissue import RANGES, Tissue

__all__ = ["OwnSkin", "draw_group", "draw_own_skin", "skin_of_ita"]

_Floats = NDArray[np.float64]

_REGION_OF = {"forehead": Region.FOREHEAD, "nose_tip": Region.NOSE, "chin": Region.CHIN}
_POOL, _NEAREST, _STEPS, _FARTHEST = 384, 6, 48, 3.0
_MET_BY = ("melanosome_fraction", "blood_fraction", "oxygen_saturation", "scattering")
_RIDGE = np.diag([0.1, 0.3, 1.0, 4.0])
_ROUNDS, _SLOPE_STEP, _FARTHEST_GAIN = 8, 0.02, 2.5


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSkin:
    """tissue: of the cheek, plain numbers. gains: by map, and by region how many times the cheek's it is."""

    tissue: Tissue
    gains: Mapping[str, Mapping[Region, float]] = field(default_factory=dict)

    @property
    def tone(self) -> Tone:
        """Melanin, blood and its oxygen of the cheek."""
        return Tone(
            melanosome_fraction=float(self.tissue.melanosome_fraction),
            blood_fraction=float(self.tissue.blood_fraction),
            oxygen_saturation=float(self.tissue.oxygen_saturation),
        )

    @property
    def ita_deg(self) -> float:
        """ITA of the cheek under D65, with the share of the surface's reflection that all made skin has."""
        one = replace(self.tissue, melanosome_fraction=np.array([self.tissue.melanosome_fraction]))
        return float(_ita_deg(one)[0])


def draw_own_skin(
    rng: np.random.Generator, *, lowest_ita_deg: float, highest_ita_deg: float, group: str | None = None
) -> OwnSkin:
    """Draw the skin of a measured face (`dermis.optics.face_population`).

    Without a group the ITA of the cheek is drawn evenly between the two, and the person from those of like ITA, the
    archive's groups alike; melanin makes up what is left between them. With a group people are as they were measured
    there, whatever their ITA.
    """
    if group:
        return draw_group(rng, 1, group)[0]
    people = draw_people(rng, _POOL)
    wanted = float(rng.uniform(lowest_ita_deg, highest_ita_deg))
    one = int(rng.choice(np.argsort(np.abs(_ita_deg(people["cheek"]) - wanted))[:_NEAREST]))
    return skin_of_ita(_own_skins(people, np.array([one]))[0], wanted)


def draw_group(rng: np.random.Generator, n: int, group: str) -> tuple[OwnSkin, ...]:
    """Draw the skins of `n` people of a group of the archive, of whatever ITA they were measured with."""
    return _own_skins(draw_people(rng, n, group), np.arange(n))


def skin_of_ita(skin: OwnSkin, wanted_deg: float) -> OwnSkin:
    """Return `skin` with the melanin that gives the cheek this ITA under D65; a third to three times its own."""
    own, limits = skin.tissue.melanosome_fraction, RANGES["melanosome_fraction"]
    melanin = np.clip(np.geomspace(own / _FARTHEST, own * _FARTHEST, _STEPS), limits.low, limits.high)
    falling = np.minimum.accumulate(_ita_deg(replace(skin.tissue, melanosome_fraction=melanin)))
    found = float(np.exp(np.interp(-wanted_deg, -falling, np.log(melanin))))
    return replace(skin, tissue=replace(skin.tissue, melanosome_fraction=found))


def _ita_deg(tissue: Tissue) -> _Floats:
    lab = lab_under(reflectance(tissue, SEEN_NM, specular_share=MATT_SHARE), SEEN_NM)
    return np.asarray(ita_deg(lab), dtype=np.float64)


def _own_skins(people: Mapping[str, Tissue], chosen: NDArray[np.intp]) -> tuple[OwnSkin, ...]:
    """Return the skins of the people `chosen` (m,); a region's colour is met by what the maps hold."""
    others = [site for site in people if site != "cheek"]
    own = _of(people["cheek"], chosen)
    wanted = np.stack([surface_lab(Tissue(**_of(people[site], chosen))) for site in others], axis=1)
    gains = np.exp(_logs_that_meet(Tissue(**{name: column[:, None] for name, column in own.items()}), wanted))
    regions = [_REGION_OF[site] for site in others]
    skins = []
    for person in range(len(chosen)):
        theirs = {
            name: {**REGIONAL.get(name, {}), **dict(zip(regions, column.tolist(), strict=True))}
            for name, column in zip(_MET_BY, gains[person].T, strict=True)
        }
        tissue = Tissue(**{name: float(column[person]) for name, column in own.items()})
        skins.append(OwnSkin(tissue=tissue, gains={**REGIONAL, **theirs}))
    return tuple(skins)


def _of(tissue: Tissue, chosen: NDArray[np.intp]) -> dict[str, _Floats]:
    count = len(tissue.melanosome_fraction)
    return {name: np.broadcast_to(getattr(tissue, name), count)[chosen] for name in Tissue.__slots__}


def _logs_that_meet(cheek: Tissue, wanted: _Floats) -> _Floats:
    """Return the logarithms (m, n, 4) of gains that give cheeks (m, 1) the colours `wanted` (m, n, 3).

    Damped Gauss-Newton. The ridge leaves a colour a little off where only far gains would meet it.
    """
    wide = Tissue(**{name: getattr(cheek, name)[..., None] for name in Tissue.__slots__})
    count = len(_MET_BY)
    logs = np.zeros((*wanted.shape[:-1], count))
    moves = np.concatenate([np.zeros((1, count)), _SLOPE_STEP * np.eye(count)])
    for _ in range(_ROUNDS):
        seen = surface_lab(_moved(wide, logs[..., None, :] + moves))
        slopes = np.swapaxes(seen[..., 1:, :] - seen[..., :1, :], -1, -2) / _SLOPE_STEP
        turned = np.swapaxes(slopes, -1, -2)
        downhill = turned @ (wanted - seen[..., 0, :])[..., None] - _RIDGE @ logs[..., None]
        move = np.linalg.solve(turned @ slopes + _RIDGE, downhill)[..., 0]
        logs = _within(cheek, logs + np.clip(move, -0.7, 0.7))
    return logs


def _moved(cheek: Tissue, logs: _Floats) -> Tissue:
    melanin, blood, oxygen, scattering = np.moveaxis(np.exp(logs), -1, 0)
    return replace(
        cheek,
        melanosome_fraction=cheek.melanosome_fraction * melanin,
        blood_fraction=cheek.blood_fraction * blood,
        oxygen_saturation=cheek.oxygen_saturation * oxygen,
        scattering_per_cm=cheek.scattering_per_cm * scattering,
    )


def _within(cheek: Tissue, logs: _Floats) -> _Floats:
    """Return logarithms (..., 4) held where each map keeps within its limits, none further than 2.5 times."""
    own = [getattr(cheek, name, np.ones_like(cheek.blood_fraction)) for name in _MET_BY]
    low, high = (
        np.stack([np.log(np.maximum(LIMITS[n][end], 1e-3) / of) for n, of in zip(_MET_BY, own, strict=True)], -1)
        for end in (0, 1)
    )
    far = np.log(_FARTHEST_GAIN)
    return np.clip(logs, np.maximum(low, -far), np.minimum(high, far))
