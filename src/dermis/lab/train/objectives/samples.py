"""Heads learnt on the samples of one dataset, decoded once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor, nn

from dermis.core import Photo, Sample
from dermis.core.arrays import BoolMap
from dermis.errors import UsageError
from dermis.lab.datasets.splits import Parts
from dermis.lab.networks.model import Model
from dermis.lab.train.augment import apply, make_params, targets_moved
from dermis.lab.train.build import freeze, groups_for, hold, model_note, new_model
from dermis.lab.train.cache import Decoded, cameras_among, decode, fingerprint, kept_in, with_cameras
from dermis.lab.train.objectives.frozen_features import is_frozen, said_of, without_pictures
from dermis.lab.train.objectives.pixel_start import begin_pixels
from dermis.lab.train.pools import Batch, Batches, in_order, items_of, patches_of, shuffled
from dermis.lab.train.progress import quiet
from dermis.lab.train.recipe import Recipe
from dermis.lab.train.run import Run, note_data, open_run
from dermis.lab.train.split import duplicates_in, parts_of, parts_of_patches
from dermis.lab.train.trainer import fabric_for, fit, over_all
from dermis.lab.train.warm_start import begin_warm

__all__ = ["SamplesObjective", "drawn", "kinds_of", "prepared", "train"]


def train(recipe: Recipe, samples: Sequence[Sample], out: Path, *, root: Path | None = None, show: bool = False) -> Run:
    """Learn what `recipe` says from `samples`, in a folder below `out` named by the recipe, and return the run.

    A run that was stopped goes on after its last whole epoch; one that is finished is returned as it is.
    root: folder of the dataset, so that decoded pictures can be kept for the next run. show: progress on stderr.
    Raises UsageError where the recipe does not fit the data, InputError for samples that cannot be read.
    """
    run = open_run(recipe, out)
    with quiet():
        fabric = fabric_for(recipe)
        fabric.launch()
        samples = drawn(samples, recipe)
        with fabric.rank_zero_first():
            decoded, parts = prepared(recipe, samples, root=root)
        keys = {part: [str(samples[place].key) for place in places] for part, places in parts.items()}
        licences = sorted({sample.licence for sample in samples})
        note_data(run, fingerprint(samples, decoded.sha256), parts=keys, licences=licences, samples=len(samples))
        run.note("model", model_note(replace(recipe, input=decoded.shown)))
        if run.finished:
            return run
        torch.manual_seed(recipe.seed)
        model = new_model(recipe, decoded, parts.train)
        begin_warm(model, recipe.network.warm_start)
        if not run.last.is_file():
            begin_pixels(model, recipe, decoded, parts.train, fabric)
        kinds = kinds_of(recipe, samples, decoded)
        folder = kept_in(samples, recipe, root, targets=False)
        fit(SamplesObjective(recipe, model, decoded, parts, kinds, folder=folder), recipe, run, fabric, show=show)
    return run


class SamplesObjective:
    """The heads of a recipe on decoded samples; kinds: (n,), drawn equally often. folder: keeps frozen features."""

    model: Model

    def __init__(
        self,
        recipe: Recipe,
        model: Model,
        decoded: Decoded,
        parts: Parts,
        kinds: NDArray[Any] | None = None,
        *,
        folder: Path | None = None,
    ) -> None:
        self.recipe, self.model, self.decoded, self.parts, self.kinds = recipe, model, decoded, parts, kinds
        self.folder = folder
        self.maps = {name: head.classes for name, head in recipe.head.items() if head.kind == "map"}
        self.pooled: Tensor | None = None

    def groups(self) -> list[dict[str, Any]]:
        """Return the parameter groups, those of the backbone apart."""
        return groups_for(self.model, self.recipe)

    def begin(self, epoch: int) -> None:
        """Freeze the backbone for as many epochs as the recipe says."""
        frozen = self.recipe.network.frozen_epochs
        freeze(self.model.backbone, frozen=frozen < 0 or epoch < frozen)
        hold(self.model.backbone, self.recipe.network)
        if self.pooled is None and is_frozen(self.recipe):
            looks = self.recipe.network.frozen_looks
            self.pooled = said_of(self.model, self.recipe, self.decoded, looks=looks, folder=self.folder)
            self.pooled = self.pooled.to(next(self.model.parameters()).device)
            self.decoded = without_pictures(self.decoded)

    def batches(self, epoch: int, *, rank: int, world: int) -> Batches:
        """Return the training part in random order."""
        return shuffled(self.decoded, self.parts.train, self.recipe, epoch, kinds=self.kinds, rank=rank, world=world)

    def losses(self, network: Callable[..., Any], batch: Batch, epoch: float, draw: torch.Generator) -> Tensor:
        """Return the sum over the heads, (b,), of augmented pictures."""
        pictures, numbers, targets = self._seen(batch, draw)
        return self.model.loss(network(pictures, numbers, self._said(batch, draw)), targets, epoch)

    @torch.inference_mode()
    def validate(self, model: nn.Module, epoch: int, fabric: Fabric) -> dict[str, float]:
        """Return loss and errors of the heads over the part validate."""
        assert isinstance(model, Model)
        places = self.parts.validate
        mine = places[fabric.global_rank :: fabric.world_size]
        counts = float(len(mine) > 0)  # a process without a row looks at one for nothing, so that all add up together
        mine = mine if counts else places[:1]
        total = torch.zeros(2, dtype=torch.float64, device=fabric.device)
        tallies: dict[str, Tensor] = {}
        cubes = any(head.kind == "spectrum" for head in self.recipe.head.values())  # 32 of them may be too much to hold
        size = self.recipe.train.batch if cubes else max(self.recipe.train.batch, 32)
        for batch in in_order(self.decoded, mine, size, crop_px=self.recipe.train.crop_px):
            pictures, numbers, targets = self._seen(batch, None)
            with fabric.autocast():
                raw = {name: held.float() for name, held in model(pictures, numbers, self._said(batch, None)).items()}
            losses = model.loss(raw, targets, float(epoch + 1))
            total += counts * torch.stack([losses.double().sum(), losses.new_tensor(len(losses)).double()])
            for name, head in model.each().items():
                told = counts * head.tally(raw[name], targets[name])
                tallies[name] = tallies[name] + told if name in tallies else told
        total = over_all(total, fabric)
        figures = {"validate_loss": float(total[0] / total[1])}
        for name, head in model.each().items():
            figures[f"validate_{name}_{head.error_name}"] = head.error(over_all(tallies[name], fabric))
        return figures

    def _said(self, batch: Batch, draw: torch.Generator | None) -> Tensor | None:
        """Return the features of a batch, (b, channels): of the pictures as they are, or of looks that are drawn."""
        if self.pooled is None:
            return None
        looks = torch.zeros(len(batch.places), dtype=torch.int64)
        if draw is not None and len(self.pooled) > 1:
            looks = torch.randint(1, len(self.pooled), looks.shape, generator=draw)
        device = self.pooled.device
        return self.pooled[looks.to(device), torch.from_numpy(batch.places).to(device)]

    def _seen(self, batch: Batch, draw: torch.Generator | None) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Return pictures in [0, 1], numbers and targets on the device; changed at random where `draw` is given."""
        batch = batch.to(next(self.model.parameters()).device)
        pictures, targets = batch.shown(channels_last=self.recipe.train.channels_last), dict(batch.targets)
        if draw is not None and self.pooled is None:
            params = make_params(self.recipe.augment, len(pictures), draw)
            pictures = apply(pictures, params, linear=self.recipe.input.values == "linear")
            targets = targets_moved(targets, params, self.maps)
        return pictures, batch.numbers, targets


def drawn(samples: Sequence[Sample], recipe: Recipe) -> Sequence[Sample]:
    """Return the samples the recipe uses: all, or as many as `data.limit` says; their patches or items if it wants."""
    if not samples:
        raise UsageError("There are no samples to learn from.", advice="Check --data and data.dataset.")
    if _cut_already(samples, recipe):
        return samples
    limit = recipe.data.limit
    if 0 < limit < len(samples):
        chosen = np.random.default_rng(recipe.seed).permutation(len(samples))[:limit]
        samples = [samples[place] for place in sorted(chosen)]
    if recipe.data.parsed:
        samples = [_with_skin(sample) for sample in samples]
    if recipe.data.items:
        return items_of(samples)
    return patches_of(samples) if recipe.data.patches else samples


def _with_skin(sample: Sample) -> Sample:
    """Return the sample with the skin beside it, parsed when it is asked for."""
    if "skin" in sample.beside:
        return sample
    return replace(sample, beside={**sample.beside, "skin": lambda: _skin_of(sample)})


def _skin_of(sample: Sample) -> BoolMap:
    from dermis.lab.train.examples.acne import parsed_skin  # late: the renderer

    photo = sample.read()
    assert isinstance(photo, Photo)
    return parsed_skin(photo)


def _cut_already(samples: Sequence[Sample], recipe: Recipe) -> bool:
    """Return whether the samples are patches or items of those that the recipe uses."""
    return recipe.data.patches and all("patch" in sample.traits for sample in samples)


def kinds_of(recipe: Recipe, samples: Sequence[Sample], decoded: Decoded) -> NDArray[Any] | None:
    """Return what kind each sample is, where `train.balance` wants every kind equally often."""
    by = recipe.train.balance
    if not by:
        return None
    if by in recipe.head and recipe.head[by].kind != "map":
        return np.asarray(decoded.targets[by])[:, 0]
    if all(by in sample.traits for sample in samples):
        return np.array([str(sample.traits[by]) for sample in samples])
    raise UsageError(f"train.balance: {by!r} is no head of numbers and no trait of every sample.", advice="Check it.")


def prepared(recipe: Recipe, samples: Sequence[Sample], *, root: Path | None = None) -> tuple[Decoded, Parts]:
    """Return the samples decoded and parted as a run of `recipe` sees them."""
    decoded = decode(samples, recipe, root=root)
    dealt = parts_of_patches if recipe.data.patches else parts_of
    parts = dealt(samples, recipe.split, duplicates=duplicates_in(decoded, recipe.split))
    return with_cameras(decoded, cameras_among(decoded, parts.train)), parts
