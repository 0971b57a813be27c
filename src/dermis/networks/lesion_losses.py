"""What the network of lesions is punished for; what is not known of a picture costs nothing."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from dermis.networks import losses

__all__ = ["WEIGHTS", "lesion_loss"]

WEIGHTS: Mapping[str, float] = {
    "cells": 1.0, "count": 1.0, "cells_all": 0.8, "count_all": 0.8, "centres": 1.0, "reaches": 1.5, "grade": 1.0,
}  # fmt: skip
"""Share of each part in the sum."""

_CELL = 4
_EVEN = 8.0
_FAR = 4.0


def lesion_loss(
    answers: Mapping[str, Tensor], targets: Mapping[str, Tensor], weights: Mapping[str, float] = WEIGHTS
) -> dict[str, Tensor]:
    """Return the weighted parts of the loss, each the mean over the batch.

    targets: `density`, `density_all` (b, h, w), NaN where nobody marked; `count`, `count_all`, `grade` (b,), NaN where
    not known; `centres` (b, h, w) in [0, 1], 1 at a centre, NaN where not marked; `reaches` (b, 4, h, w), NaN besides.
    """
    parts = {
        "cells": _cells(answers["density"], targets["density"]),
        "cells_all": _cells(answers["density_all"], targets["density_all"]),
        "count": _count(answers["density"], targets["count"]),
        "count_all": _count(answers["density_all"], targets["count_all"]),
        "centres": _centres(answers["centres"], targets["centres"]),
        "reaches": _reaches(answers["reaches"], targets["reaches"]),
        "grade": losses.cumulative(answers["grade"], targets["grade"]),
    }
    return {name: weights[name] * part.mean() for name, part in parts.items()}


def _cells(rate: Tensor, target: Tensor) -> Tensor:
    """Return -log of Poisson densities of the lesions in cells of 16 pixels, over a typical count."""
    known = ~torch.isnan(target).flatten(1).any(dim=1)
    area = _CELL * _CELL
    seen = functional.avg_pool2d(rate[:, None], _CELL) * area
    wanted = functional.avg_pool2d(torch.nan_to_num(target)[:, None], _CELL) * area
    each = functional.poisson_nll_loss(seen, wanted, log_input=False, reduction="none", eps=1e-4).sum(dim=(1, 2, 3))
    return torch.where(known, each / (_EVEN + wanted.sum(dim=(1, 2, 3))), 0.0)


def _count(rate: Tensor, count: Tensor) -> Tensor:
    """Return the difference of the logarithms of the counts, squared below one half."""
    off = torch.log1p(rate.sum(dim=(1, 2))) - torch.log1p(torch.nan_to_num(count))
    return torch.where(torch.isnan(count), 0.0, functional.huber_loss(off, off * 0, reduction="none", delta=0.5) * 4)


def _centres(logits: Tensor, target: Tensor) -> Tensor:
    """Return the focal loss of centres, near misses forgiven (Zhou, Wang, Kraehenbuehl 2019), over their number."""
    known = ~torch.isnan(target)
    wanted = torch.nan_to_num(target)
    share = torch.sigmoid(logits).clamp(1e-5, 1 - 1e-5)
    centre = wanted >= 0.999
    hit = -torch.log(share) * (1 - share).square()
    miss = -torch.log(1 - share) * share.square() * (1 - wanted) ** _FAR
    total = (torch.where(centre, hit, miss) * known).sum(dim=(1, 2))
    return total / (centre.sum(dim=(1, 2)) + _EVEN)


def _reaches(reaches: Tensor, target: Tensor) -> Tensor:
    """Return the mean of 1 - intersection over union of boxes that share a cell (Yu et al. 2016), about centres."""
    known = ~torch.isnan(target[:, 0])
    wanted = torch.where(known[:, None], target, reaches.detach())
    shared = torch.minimum(reaches, wanted)
    common = (shared[:, 0] + shared[:, 2]) * (shared[:, 1] + shared[:, 3])
    areas = [(one[:, 0] + one[:, 2]) * (one[:, 1] + one[:, 3]) for one in (reaches, wanted)]
    lost = 1 - common / (areas[0] + areas[1] - common)
    return (lost * known).sum(dim=(1, 2)) / known.sum(dim=(1, 2)).clamp(min=1)
