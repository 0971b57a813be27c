"""From a value at each pixel to one value a region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Finding, Map, Region, Skin, Task, ValueMap, region_mask
from dermis.core.arrays import BoolMap, FloatMap

__all__ = ["FEWEST_PIXELS", "map_findings", "measured_regions", "region_pixels"]

FEWEST_PIXELS = 64
"""Fewer measured pixels than this make no statement about a region."""


def measured_regions(skin: Skin, regions: tuple[Region, ...]) -> Iterator[tuple[Region, BoolMap]]:
    """Yield each region with its measured pixels, regions with too few of them left out."""
    for region in regions:
        mask = skin.measured & region_mask(skin.regions, region)
        if np.count_nonzero(mask) >= FEWEST_PIXELS:
            yield region, mask


def region_pixels(
    skin: Skin, regions: tuple[Region, ...], pixels: NDArray[Any]
) -> Iterator[tuple[Region, NDArray[Any]]]:
    """Yield each region with those of the measured pixels (n, ...) of the face that lie in it, as `measured_regions`.

    pixels: what was computed of `values[skin.measured]`, row by row.
    """
    codes = skin.regions[skin.measured]
    for region in regions:
        own = pixels if region is Region.FACE else pixels[codes == region.code]
        if len(own) >= FEWEST_PIXELS:
            yield region, own


def map_findings(task: Task, skin: Skin, values: FloatMap, *, model: str) -> tuple[Finding, ...]:
    """Sum up a map: the median of each region, the middle 90 % of its pixels as the spread.

    values: (h, w) float32 in the unit of the task's Map scale, NaN where a pixel tells nothing;
    `detail["told_share"]` is the share that does, and a region with too few of these makes no statement. The whole
    face carries the map as evidence.
    """
    if not isinstance(task.scale, Map):
        raise ValueError(f"{task.name} is no map.")
    scale = task.scale
    shown = np.full(values.shape, np.nan, dtype=np.float32)
    np.copyto(shown, values, where=skin.measured)
    evidence = ValueMap(values=shown, unit=scale.unit, low=scale.low, high=scale.high)
    findings = []
    for region, seen in region_pixels(skin, task.regions, values[skin.measured]):
        told = seen[np.isfinite(seen)]
        if told.size < FEWEST_PIXELS:
            continue
        low, middle, high = np.percentile(told, (5, 50, 95))
        findings.append(
            Finding(
                task=task.name,
                region=region,
                value=float(middle),
                unit=scale.unit,
                spread=(float(low), float(high)),
                detail={
                    "pixels": int(told.size),
                    "told_share": round(told.size / len(seen), 4),
                },
                evidence=evidence if region is Region.FACE else None,
                model=model,
            )
        )
    return tuple(findings)
