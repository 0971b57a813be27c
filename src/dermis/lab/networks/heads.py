"""Heads: from features to the answer that a task's scale asks for."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from dermis.colour.difference import delta_e_00
from dermis.errors import UsageError
from dermis.lab.networks import losses
from dermis.lab.networks.settings import Head, Loss, bands_of, loss_names

__all__ = [
    "Answers",
    "CountHead",
    "HeadModule",
    "Joined",
    "MapHead",
    "MeasureHead",
    "OrdinalHead",
    "PresenceHead",
    "SpectrumHead",
    "absolute",
    "head",
]

Answers = dict[str, Tensor]


class Joined(NamedTuple):
    """What heads see: vector (b, width); dense (b, c, h', w'), the deep map where there is no decoder.

    start: (b, k) what a residual measure starts from. size: height and width of the picture.
    """

    vector: Tensor | None
    dense: Tensor
    start: Tensor | None
    size: tuple[int, int]


class HeadModule(nn.Module):
    """What all heads have. loss_name: of the table LOSSES. error_name: what `error` gives."""

    error_name: str = "error"

    def __init__(self, name: str, settings: Head, loss: Loss) -> None:
        super().__init__()
        self.name = name
        self.settings = settings
        self.punish = loss
        self.loss_name = loss.name or loss_names(settings)[0]
        if self.loss_name not in loss_names(settings):
            raise UsageError(
                f"loss.{name}.name: {self.loss_name!r} does not fit a head of kind {settings.kind!r}.",
                advice=f"Choose one of: {', '.join(loss_names(settings))}.",
            )

    def answer(self, raw: Tensor) -> Answers:
        """Return the answers in units, by name; the first is the head's own."""
        raise NotImplementedError

    def loss(self, raw: Tensor, target: Tensor, epoch: float) -> Tensor:
        """Return the loss of each sample, (b,)."""
        raise NotImplementedError

    @torch.no_grad()
    def tally(self, raw: Tensor, target: Tensor) -> Tensor:
        """Return numbers that add up over samples, float64."""
        raise NotImplementedError

    def error(self, tally: Tensor) -> float:
        """Return the error in `tally`, smaller is better; NaN where nothing was known."""
        return float(tally[0] / tally[1]) if tally[1] > 0 else float("nan")


def absolute(value: Tensor, target: Tensor) -> Tensor:
    """Return the sum of absolute errors where the target is known, and the number of them."""
    known = ~torch.isnan(target)
    off = (value - torch.where(known, target, value)).abs()
    return torch.stack([off.double().sum(), known.double().sum()])


class MapHead(HeadModule):
    """An answer at each pixel: the share of each class, or a density whose sum is a count."""

    def __init__(self, name: str, settings: Head, loss: Loss, channels: int) -> None:
        super().__init__(name, settings, loss)
        self.error_name = "iou_lost" if settings.classes else "count_mae"
        self.convolution = nn.Conv2d(channels, max(settings.classes, 1), 1)
        if not settings.classes:
            nn.init.constant_(self.convolution.bias, -4.0)  # type: ignore[arg-type]  # nearly nothing anywhere

    def forward(self, joined: Joined) -> Tensor:
        """Return logits: (b, classes, h, w) of the picture's size, or (b, h', w') of the features' for a density."""
        raw: Tensor = self.convolution(joined.dense).float()
        if not self.settings.classes:
            return raw[:, 0]
        return functional.interpolate(raw, size=joined.size, mode="bilinear", align_corners=False)

    def answer(self, raw: Tensor) -> Answers:
        """Return name: shares (b, classes, h, w), or a density (b, h', w')."""
        return {self.name: torch.softmax(raw, dim=1) if self.settings.classes else functional.softplus(raw)}

    def loss(self, raw: Tensor, target: Tensor, epoch: float) -> Tensor:
        """Return the loss of each sample, (b,); target (b, h, w)."""
        if self.settings.classes:
            return losses.map_classes(raw, target, self.punish, self.loss_name)
        return losses.density(functional.softplus(raw), _summed_to(target, raw), self.punish)

    @torch.no_grad()
    def tally(self, raw: Tensor, target: Tensor) -> Tensor:
        """Return pixels in common and pixels in either of each class (2, classes), or count errors."""
        if not self.settings.classes:
            count = target.sum(dim=(1, 2))
            return absolute(functional.softplus(raw).sum(dim=(1, 2)), count)
        known = target != losses.IGNORED_CLASS
        found = raw.argmax(dim=1)
        every = torch.arange(self.settings.classes, device=raw.device)[:, None, None, None]
        mine, true = (found == every) & known, (target == every) & known
        return torch.stack([(mine & true).sum(dim=(1, 2, 3)), (mine | true).sum(dim=(1, 2, 3))]).double()

    def error(self, tally: Tensor) -> float:
        """Return 1 minus the mean intersection over union of the classes that were there or found; or a count error."""
        if not self.settings.classes:
            return super().error(tally)
        there = tally[1] > 0
        return float(1 - (tally[0][there] / tally[1][there]).mean()) if there.any() else float("nan")


def _summed_to(target: Tensor, raw: Tensor) -> Tensor:
    """Return the density on the smaller grid of the features, its sum kept."""
    factor = target[0].numel() / raw[0].numel()
    return functional.adaptive_avg_pool2d(target[:, None], (raw.shape[1], raw.shape[2]))[:, 0] * factor


_LEAST_LENGTH = 0.1
"""Spectra shorter than this (their Euclidean length) say little of their direction and count less in the angle."""
_LEAST_TRUTH = 0.005
_ANGLE_SHARE = 10.0


class SpectrumHead(HeadModule):
    """Spectra as the network gives them, or through one layer where it gives features of another number."""

    error_name = "sam_rad"

    def __init__(self, name: str, settings: Head, loss: Loss, channels: int) -> None:
        super().__init__(name, settings, loss)
        bands = len(bands_of(settings))
        self.convolution: nn.Module = nn.Identity() if channels == bands else nn.Conv2d(channels, bands, 1)

    def forward(self, joined: Joined) -> Tensor:
        """Return (b, band, h, w) of the picture's size."""
        raw: Tensor = self.convolution(joined.dense).float()
        if raw.shape[2:] == joined.size:
            return raw
        return functional.interpolate(raw, size=joined.size, mode="bilinear", align_corners=False)

    def answer(self, raw: Tensor) -> Answers:
        """Return name: (b, band, h, w)."""
        return {self.name: raw}

    def loss(self, raw: Tensor, target: Tensor, epoch: float) -> Tensor:
        """Return the loss of each sample, (b,); target (b, h, w, band), pixels with NaN are left out."""
        wanted, known = _known(target)
        off = (raw - wanted).abs()
        if self.loss_name == "relative":
            off = off / wanted.clamp(min=_LEAST_TRUTH)
        pixels = off.mean(dim=1)
        if self.loss_name == "angle":
            pixels = pixels + _chord(raw, wanted) / _ANGLE_SHARE
        return (pixels * known).sum(dim=(1, 2)) / known.sum(dim=(1, 2)).clamp(min=1)

    @torch.no_grad()
    def tally(self, raw: Tensor, target: Tensor) -> Tensor:
        """Return the sum of spectral angles of pixels that are not dark, and their number."""
        wanted, known = _known(target)
        bright = known * (wanted.norm(dim=1) > _LEAST_LENGTH)
        along = functional.cosine_similarity(raw.double(), wanted.double(), dim=1).clamp(-1, 1)
        return torch.stack([(torch.arccos(along) * bright).sum(), bright.double().sum()])


def _known(target: Tensor) -> tuple[Tensor, Tensor]:
    """Return the target (b, band, h, w) float32, 0 where not known, and 1 where a pixel is known, (b, h, w)."""
    planes = target.permute(0, 3, 1, 2).float()
    known = torch.isfinite(planes).all(dim=1)
    return torch.where(known[:, None], planes, 0.0), known.float()


def _chord(raw: Tensor, wanted: Tensor) -> Tensor:
    """Return how far apart the directions are, (b, h, w): the chord, near the angle in radians; less where dark."""
    length = wanted.norm(dim=1)
    apart = functional.normalize(raw, dim=1) - functional.normalize(wanted, dim=1)
    chord = (apart.square().sum(dim=1) + 1e-8).sqrt()
    weight: Tensor = (length / _LEAST_LENGTH).clamp(max=1.0)
    return chord * weight


class MeasureHead(HeadModule):
    """Real numbers; learnt in units of their own spread, which is drawn from the training part."""

    centre: Tensor
    scale: Tensor

    def __init__(self, name: str, settings: Head, loss: Loss, width: int) -> None:
        super().__init__(name, settings, loss)
        self.outputs = max(len(settings.targets), 1)
        if self.loss_name == "delta_e_00" and self.outputs != 3:
            raise UsageError(
                f"loss.{name}: delta_e_00 compares L*, a* and b*.", advice=f"Name three labels in head.{name}.targets."
            )
        if (self.loss_name == "laplace") and not settings.spread:
            raise UsageError(f"loss.{name}: laplace needs the spread.", advice=f"Set head.{name}.spread = true.")
        self.error_name = "delta_e_00" if self.loss_name == "delta_e_00" else "mae"
        self.linear = nn.Linear(width, self.outputs * (2 if settings.spread else 1))
        self.register_buffer("centre", torch.zeros(self.outputs))
        self.register_buffer("scale", torch.ones(self.outputs))

    def forward(self, joined: Joined) -> Tensor:
        """Return (b, k) values in units, with spread (b, 2 k): log scales in standard units behind them."""
        assert joined.vector is not None
        raw: Tensor = self.linear(joined.vector).float()
        start = self.centre if joined.start is None else joined.start
        value = start + self.scale * raw[:, : self.outputs]
        return torch.cat([value, raw[:, self.outputs :].clamp(-7.0, 7.0)], dim=1)

    def answer(self, raw: Tensor) -> Answers:
        """Return name (b, k) and, with spread, name_spread (b, k), the expected absolute error."""
        answers = {self.name: raw[:, : self.outputs]}
        if self.settings.spread:
            answers[f"{self.name}_spread"] = torch.exp(raw[:, self.outputs :]) * self.scale
        return answers

    def loss(self, raw: Tensor, target: Tensor, epoch: float) -> Tensor:
        """Return the loss of each sample, (b,)."""
        value = raw[:, : self.outputs]
        z, wanted, log_spread = value / self.scale, target / self.scale, raw[:, self.outputs :]
        if self.loss_name == "laplace":
            return losses.laplace(z, log_spread, wanted)
        if self.loss_name == "difference":
            total = losses.difference(z, wanted, self.punish)
        else:
            total = losses.colour_difference(value, target, self.punish, epoch)
        if self.settings.spread:
            # The spread learns from the errors as they are, and does not pull at the values.
            total = total + losses.laplace(z.detach(), log_spread, wanted)
        return total

    @torch.no_grad()
    def tally(self, raw: Tensor, target: Tensor) -> Tensor:
        """Return the sum of errors and the number of them: ΔE00 or absolute differences."""
        value, known = raw[:, : self.outputs], ~torch.isnan(target)
        if self.error_name == "delta_e_00":
            known = known.all(dim=1)
            off = delta_e_00(value, torch.where(known[:, None], target, value))
        else:
            off = (value - torch.where(known, target, value)).abs()
        return torch.stack([off.double().sum(), known.double().sum()])


class OrdinalHead(HeadModule):
    """Grades in order, coded as the recipe says; the answer is the expected grade, a real number."""

    error_name = "mae"

    def __init__(self, name: str, settings: Head, loss: Loss, width: int) -> None:
        super().__init__(name, settings, loss)
        self.levels = round((settings.highest - settings.lowest) / settings.step) + 1
        if self.levels < 2:
            raise UsageError(f"head.{name} has fewer than two grades.", advice="Set lowest, highest and step.")
        if self.loss_name == "cumulative":
            self.linear = nn.Linear(width, 1)
            self.gaps = nn.Parameter(torch.full((self.levels - 1,), 0.5413))  # softplus: 1
        else:
            self.linear = nn.Linear(width, self.levels - (self.loss_name == "corn"))

    def forward(self, joined: Joined) -> Tensor:
        """Return the logits: (b, levels) of a distribution, else (b, levels - 1)."""
        assert joined.vector is not None
        raw: Tensor = self.linear(joined.vector).float()
        if self.loss_name != "cumulative":
            return raw
        limits = torch.cumsum(functional.softplus(self.gaps), dim=0)
        return raw - (limits - limits.mean())

    def shares(self, raw: Tensor) -> Tensor:
        """Return the probability of each grade, (b, levels)."""
        if self.loss_name == "distribution":
            return torch.softmax(raw, dim=1)
        if self.loss_name == "corn":
            above = torch.exp(torch.cumsum(functional.logsigmoid(raw), dim=1))
        else:
            above = torch.sigmoid(raw)
        one = torch.ones_like(above[:, :1])
        return torch.cat([one, above], dim=1) - torch.cat([above, torch.zeros_like(one)], dim=1)

    def answer(self, raw: Tensor) -> Answers:
        """Return name (b,), the expected grade, and name_shares (b, levels)."""
        shares = self.shares(raw)
        places = torch.arange(self.levels, device=raw.device, dtype=shares.dtype)
        grade = self.settings.lowest + self.settings.step * (shares * places).sum(dim=1)
        return {self.name: grade, f"{self.name}_shares": shares}

    def loss(self, raw: Tensor, target: Tensor, epoch: float) -> Tensor:
        """Return the loss of each sample, (b,)."""
        level = (target[:, 0] - self.settings.lowest) / self.settings.step
        if self.loss_name == "corn":
            return losses.conditional(raw, level)
        if self.loss_name == "cumulative":
            return losses.cumulative(raw, level)
        return losses.distribution(raw, level, self.punish)

    @torch.no_grad()
    def tally(self, raw: Tensor, target: Tensor) -> Tensor:
        """Return the sum of absolute errors in grades, and the number of them."""
        return absolute(self.answer(raw)[self.name], target[:, 0])


class _OneNumberHead(HeadModule):
    """One raw number a sample."""

    def __init__(self, name: str, settings: Head, loss: Loss, width: int) -> None:
        super().__init__(name, settings, loss)
        self.linear = nn.Linear(width, 1)

    def forward(self, joined: Joined) -> Tensor:
        """Return (b,), the count before it is made positive, or the logit."""
        assert joined.vector is not None
        raw: Tensor = self.linear(joined.vector).float()[:, 0]
        return raw


class CountHead(_OneNumberHead):
    """How many there are."""

    error_name = "mae"

    def answer(self, raw: Tensor) -> Answers:
        """Return name (b,), the expected count."""
        return {self.name: functional.softplus(raw)}

    def loss(self, raw: Tensor, target: Tensor, epoch: float) -> Tensor:
        """Return the loss of each sample, (b,)."""
        return losses.counting(functional.softplus(raw), target[:, 0], self.punish, self.loss_name)

    @torch.no_grad()
    def tally(self, raw: Tensor, target: Tensor) -> Tensor:
        """Return the sum of absolute errors, and the number of them."""
        return absolute(functional.softplus(raw), target[:, 0])


class PresenceHead(_OneNumberHead):
    """Yes or no."""

    error_name = "error_rate"

    def answer(self, raw: Tensor) -> Answers:
        """Return name (b,), a probability."""
        return {self.name: torch.sigmoid(raw)}

    def loss(self, raw: Tensor, target: Tensor, epoch: float) -> Tensor:
        """Return the loss of each sample, (b,)."""
        return losses.presence(raw, target[:, 0], self.punish, self.loss_name)

    @torch.no_grad()
    def tally(self, raw: Tensor, target: Tensor) -> Tensor:
        """Return the number of wrong answers at one half, and of all."""
        known = ~torch.isnan(target[:, 0])
        wrong = ((raw > 0) != (target[:, 0] > 0.5)) & known
        return torch.stack([wrong.double().sum(), known.double().sum()])


def head(name: str, settings: Head, loss: Loss, *, width: int, dense: int) -> HeadModule:
    """Return the head that `settings` asks for; width: of the vector, dense: channels of the map it sees."""
    match settings.kind:
        case "measure":
            return MeasureHead(name, settings, loss, width)
        case "ordinal":
            return OrdinalHead(name, settings, loss, width)
        case "count":
            return CountHead(name, settings, loss, width)
        case "presence":
            return PresenceHead(name, settings, loss, width)
        case "map":
            return MapHead(name, settings, loss, dense)
        case "spectrum":
            return SpectrumHead(name, settings, loss, dense)
    raise UsageError(f"head.{name}.kind is not set.", advice="Set measure, ordinal, count, presence, map or spectrum.")
