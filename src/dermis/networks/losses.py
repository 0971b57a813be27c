"""Losses: pure functions of tensors, one value a sample, (b, ...) -> (b,).

What is not known is NaN in a target (255 in a map of classes) and counts nothing. Differences are tamed by `robust`.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from dermis.colour.difference import delta_e_00
from dermis.networks.settings import Loss

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
