"""Losses by name, and those of lesion maps."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from dermis.colour.difference import delta_e_00
from dermis.lab.networks.settings import Loss

__all__ = [
    "IGNORED_CLASS",
    "colour_difference",
    "conditional",
    "counting",
    "cumulative",
    "density",
    "difference",
    "distribution",
    "dominance",
    "laplace",
    "lesion_loss",
    "map_classes",
    "mean_known",
    "presence",
    "robust",
]

IGNORED_CLASS = 255
_LAB_SCALE = 10.0
"""Lab units taken as one in the squared difference, so that it is of the size of a ΔE00."""


def mean_known(values: Tensor, target: Tensor) -> Tensor:
    """Return the mean over all but the first axis of `values` where `target`, of the same shape, is known."""
    known = ~torch.isnan(target)
    axes = tuple(range(1, values.ndim))
    total = torch.where(known, values, 0.0)
    return total.sum(axes) / known.sum(axes).clamp(min=1) if axes else total


def robust(x: Tensor, settings: Loss) -> Tensor:
    """Return |x| tamed: huber (x^2 / 2 delta below delta, then straight), charbonnier (rounded at 0), or |x|."""
    size, delta = x.abs(), settings.delta
    if settings.robust == "huber":
        return torch.where(size < delta, x * x / (2 * delta), size - delta / 2)
    if settings.robust == "charbonnier":
        return torch.sqrt(x * x + delta * delta) - delta
    return size


def difference(value: Tensor, target: Tensor, settings: Loss) -> Tensor:
    """Return the tamed difference of numbers (b, k)."""
    return mean_known(robust(value - _filled(target, value), settings), target)


def laplace(value: Tensor, log_spread: Tensor, target: Tensor) -> Tensor:
    """Return -log of a Laplace density with mean absolute error exp(log_spread), for numbers (b, k)."""
    off = (value - _filled(target, value)).abs()
    return mean_known(off * torch.exp(-log_spread) + log_spread, target)


def colour_difference(lab: Tensor, target: Tensor, settings: Loss, epoch: float) -> Tensor:
    """Return tamed CIEDE2000 of L*a*b* (b, 3), from squared Lab distances over to it in `anneal_epochs`.

    Far from the target the squared distance has the straighter slope; near it ΔE00 is what counts.
    """
    known = ~torch.isnan(target).any(dim=-1)
    filled = torch.where(known[:, None], target, lab.detach())
    share = max(0.0, 1.0 - epoch / settings.anneal_epochs) if settings.anneal_epochs > 0 else 0.0
    total = (1 - share) * robust(delta_e_00(lab, filled), settings)
    if share > 0:
        total = total + share * ((lab - filled) / _LAB_SCALE).square().mean(dim=-1)
    return torch.where(known, total, 0.0)


def conditional(logits: Tensor, level: Tensor) -> Tensor:
    """Return the CORN loss (Shi, Cao, Raschka 2021): is the grade above j, asked only where it is above j - 1.

    logits: (b, levels - 1). level: (b,) from 0, also between two grades; then both answers count by their share.
    """
    above = dominance(level, logits.shape[1])
    asked = torch.cat([torch.ones_like(above[:, :1]), above[:, :-1]], dim=1)
    each = functional.binary_cross_entropy_with_logits(logits, above, reduction="none") * asked
    return _where_known(each.sum(dim=1) / asked.sum(dim=1).clamp(min=1.0), level)


def cumulative(logits: Tensor, level: Tensor) -> Tensor:
    """Return the cross-entropy of "is the grade above j" for all j, (b, levels - 1)."""
    above = dominance(level, logits.shape[1])
    return _where_known(functional.binary_cross_entropy_with_logits(logits, above, reduction="none").mean(dim=1), level)


def distribution(logits: Tensor, level: Tensor, settings: Loss) -> Tensor:
    """Return the divergence (KL) of the shares of grades from a bell of width `sigma` about the label.

    With `limits`, in the levels' places, the divergence of the sums between them is added (Wu et al., ICCV 2019, count
    to grade). Source: label distribution learning, Geng, TKDE 2016. logits: (b, levels). level: (b,) from 0.
    """
    places = torch.arange(logits.shape[1], device=logits.device, dtype=logits.dtype)
    off = places - torch.nan_to_num(level)[:, None].to(logits.dtype)
    target = torch.softmax(-0.5 * (off / settings.sigma).square(), dim=1)
    logs = functional.log_softmax(logits, dim=1)
    divergence = functional.kl_div(logs, target, reduction="none").sum(dim=1)
    if settings.limits:
        which = torch.bucketize(places, torch.tensor(settings.limits, device=logits.device, dtype=logits.dtype))
        sums = torch.zeros(len(settings.limits) + 1, logits.shape[1], device=logits.device, dtype=logits.dtype)
        sums[which, torch.arange(logits.shape[1], device=logits.device)] = 1.0
        mine, wanted = logs.exp() @ sums.T, target @ sums.T
        divergence = divergence + functional.kl_div(mine.clamp(min=1e-8).log(), wanted, reduction="none").sum(dim=1)
    return _where_known(divergence, level)


def dominance(level: Tensor, count: int) -> Tensor:
    """Return (b, count): how far the grade `level` (b,) lies above 0, 1, ..., from 0 to 1."""
    places = torch.arange(count, device=level.device)
    return (torch.nan_to_num(level)[:, None] - places).clamp(0.0, 1.0)


def counting(rate: Tensor, count: Tensor, settings: Loss, name: str) -> Tensor:
    """Return -log of a Poisson density ("poisson") or the tamed difference of log(1 + n) ("logarithm"), (b,)."""
    known = torch.nan_to_num(count)
    if name == "poisson":
        return _where_known(functional.poisson_nll_loss(rate, known, log_input=False, reduction="none"), count)
    return _where_known(robust(torch.log1p(rate) - torch.log1p(known), settings), count)


def presence(logit: Tensor, target: Tensor, settings: Loss, name: str) -> Tensor:
    """Return the cross-entropy of yes or no, (b,); with "focal" the easy ones count less.

    Source of focal: Lin et al., ICCV 2017.
    """
    wanted = torch.nan_to_num(target)
    entropy = functional.binary_cross_entropy_with_logits(logit, wanted, reduction="none")
    if name == "focal":
        entropy = entropy * (1 - torch.exp(-entropy)) ** settings.gamma
    return _where_known(entropy, target)


def map_classes(logits: Tensor, target: Tensor, settings: Loss, name: str) -> Tensor:
    """Return cross-entropy (or its focal form) plus `dice` times the dice loss, of maps of classes.

    logits: (b, classes, h, w). target: (b, h, w) of class numbers, 255 where not known.
    Source of dice: Milletari, Navab, Ahmadi, 3DV 2016, over the classes that a picture shows.
    """
    known = target != IGNORED_CLASS
    wanted = torch.where(known, target, 0).long()
    entropy = functional.cross_entropy(logits, wanted, reduction="none")
    if name == "map_focal":
        entropy = entropy * (1 - torch.exp(-entropy)) ** settings.gamma
    total = (entropy * known).sum(dim=(1, 2)) / known.sum(dim=(1, 2)).clamp(min=1)
    return total if settings.dice == 0 else total + settings.dice * _dice(logits, wanted, known)


def density(value: Tensor, target: Tensor, settings: Loss) -> Tensor:
    """Return the tamed pixel differences, and that of the sums, of maps of real numbers (b, h, w); NaN not known."""
    known = ~torch.isnan(target)
    filled = torch.where(known, target, value.detach())
    each = robust(value - filled, settings).sum(dim=(1, 2)) / known.sum(dim=(1, 2)).clamp(min=1)
    sums = (torch.where(known, value, 0.0).sum(dim=(1, 2)), torch.where(known, target, 0.0).sum(dim=(1, 2)))
    return each * known[0].numel() + robust(torch.log1p(sums[0]) - torch.log1p(sums[1]), settings)


def _dice(logits: Tensor, wanted: Tensor, known: Tensor) -> Tensor:
    shares = torch.softmax(logits, dim=1) * known[:, None]
    truth = functional.one_hot(wanted, logits.shape[1]).permute(0, 3, 1, 2) * known[:, None]
    shown = truth.sum(dim=(2, 3)) > 0
    overlap = 2 * (shares * truth).sum(dim=(2, 3)) / (shares + truth).sum(dim=(2, 3)).clamp(min=1e-6)
    return torch.where(shown, 1 - overlap, 0.0).sum(dim=1) / shown.sum(dim=1).clamp(min=1)


def _filled(target: Tensor, value: Tensor) -> Tensor:
    """Return the target, and where it is not known the value itself, so that nothing flows back from there."""
    return torch.where(torch.isnan(target), value.detach(), target)


def _where_known(each: Tensor, target: Tensor) -> Tensor:
    return torch.where(torch.isnan(target), 0.0, each)


_CELL = 4
_EVEN = 8.0
_FAR = 4.0


def lesion_loss(
    answers: Mapping[str, Tensor], targets: Mapping[str, Tensor], weights: Mapping[str, float]
) -> dict[str, Tensor]:
    """Return the weighted parts of the loss, each (b,).

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
        "grade": cumulative(answers["grade"], targets["grade"]),
    }
    return {name: weights[name] * part for name, part in parts.items()}


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
