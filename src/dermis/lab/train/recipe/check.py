"""What follows from a recipe is written out; what its records alone do not exclude is refused, all at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from dermis.core import Count, Map, Measure, Ordinal, Presence
from dermis.errors import UsageError
from dermis.lab.networks.settings import Head, Loss, loss_names
from dermis.lab.train.recipe.learners import LEARNERS
from dermis.lab.train.recipe.records import Recipe
from dermis.lab.train.recipe.toml_records import nearest
from dermis.models.capture_features import FEATURES
from dermis.models.preprocess import CROPS
from dermis.tasks import TASKS

__all__ = ["checked", "completed"]

_Fault = tuple[str, str]


def completed(recipe: Recipe) -> Recipe:
    """Return the recipe with what follows from it written out, so that the run folder says it all."""
    heads = {name: _head(name, head) for name, head in recipe.head.items()}
    unknown = set(recipe.loss) - set(heads)
    if unknown:
        name = sorted(unknown)[0]
        raise UsageError(f"loss.{name} belongs to no head.", advice=nearest(name, heads) or "Name it as its head.")
    learner = LEARNERS.get(recipe.learner)
    if learner is None:
        raise UsageError(f"No learner is called {recipe.learner!r}.", advice=nearest(recipe.learner, LEARNERS))
    losses = {name: _loss(head, recipe.loss.get(name, Loss())) for name, head in heads.items()}
    return replace(
        recipe,
        head=heads,
        loss=losses if learner.heads else {},
        term=_filled(recipe.term, learner.terms, "term"),
        view=_filled(recipe.view, learner.views, "view"),
        fit=_filled(recipe.fit, learner.fit, "fit"),
    )


def checked(recipe: Recipe) -> Recipe:
    """Return the recipe; UsageError names all that is wrong with it."""
    faults = list(_faults(recipe))
    if len(faults) == 1:
        raise UsageError(faults[0][0], advice=faults[0][1])
    if faults:
        lines = "\n".join(f"- {what} {advice}" for what, advice in faults)
        raise UsageError(f"The recipe has {len(faults)} faults:\n{lines}", advice="\nMend them all and run it again.")
    return recipe


def _filled(said: Mapping[str, float], usual: Mapping[str, float], where: str) -> Mapping[str, float]:
    for name in said:
        if name not in usual:
            raise UsageError(
                f"{where}.{name} is none of this learner's.", advice=nearest(name, usual) or "Leave it out."
            )
    whole = {name for name, value in usual.items() if isinstance(value, int)}
    # What was written as 60 is read as 60.0: one recipe must have one hash.
    return {**usual, **{name: int(one) if name in whole and one == int(one) else one for name, one in said.items()}}


def _head(name: str, head: Head) -> Head:
    targets = head.targets or (name,)
    task = TASKS.get(name)
    if head.kind or task is None:
        return replace(head, targets=targets)
    match task.scale:
        case Ordinal(lowest=lowest, highest=highest, step=step):
            return replace(head, kind="ordinal", targets=targets, lowest=lowest, highest=highest, step=step)
        case Measure(unit=unit):
            return replace(head, kind="measure", targets=targets, unit=unit)
        case Count(unit=unit):
            return replace(head, kind="count", targets=targets, unit=unit)
        case Map(unit=unit):
            return replace(head, kind="map", targets=targets, unit=unit)
        case Presence():
            return replace(head, kind="presence", targets=targets)


def _loss(head: Head, loss: Loss) -> Loss:
    return replace(loss, name=loss_names(head)[0]) if not loss.name and head.kind else loss


def _faults(recipe: Recipe) -> Iterator[_Fault]:
    learner = LEARNERS[recipe.learner]
    if learner.heads and not recipe.head:
        yield "The recipe has no head.", "Say what to learn: [head.NAME] with a kind and targets."
    if learner.pools and not recipe.pool:
        yield f"The learner {recipe.learner} sees pools, and there is none.", "Name one: [pool.NAME] with its data."
    if recipe.data.patches and recipe.data.items:
        yield "data.patches and data.items are both set.", "Cut faces into the one or the other."
    for name, head in recipe.head.items():
        yield from _faults_of_head(name, head)
        if head.kind and learner.heads:
            yield from _among(loss_names(head), recipe.loss[name].name, f"loss.{name}.name")
    for feature in recipe.input.features:
        yield from _among(FEATURES, feature, "input.features")
    yield from _among(CROPS, recipe.input.crop, "input.crop")
    yield from _faults_of_sizes(recipe)
    if recipe.train.watch:
        yield from _among(recipe.head, recipe.train.watch, "train.watch")


def _faults_of_sizes(recipe: Recipe) -> Iterator[_Fault]:
    crop_px, shown = recipe.train.crop_px, recipe.input
    if crop_px and not 0 < crop_px <= shown.size_px:
        yield f"train.crop_px = {crop_px}.", f"At most input.size_px, {shown.size_px}; 0 for all."
    if shown.beside and shown.values != "linear":
        yield f"input.beside = {shown.beside!r} holds no sRGB.", 'Set input.values = "linear".'
    moved = (recipe.augment.flip, recipe.augment.rotate_deg, recipe.augment.zoom, recipe.augment.shift)
    if any(moved) and any(head.kind == "spectrum" for head in recipe.head.values()):
        yield "Spectra do not move with their picture.", "Leave augment alone, set train.crop_px."
    for what, value, least in (
        ("seed", recipe.seed, 0),
        ("split.seed", recipe.split.seed, 0),
        ("input.size_px", recipe.input.size_px, 1),
        ("network.width", recipe.network.width, 0),
        ("train.epochs", recipe.train.epochs, 1),
        ("train.batch", recipe.train.batch, 1),
        ("schedule.cycle_steps", recipe.schedule.cycle_steps, 1),
        ("machine.devices", recipe.machine.devices, 1),
        *((f"stage.{name}.epochs", stage.epochs, 1) for name, stage in recipe.stage.items()),
    ):
        if value < least:
            yield f"{what} = {value}.", f"At least {least}."


def _faults_of_head(name: str, head: Head) -> Iterator[_Fault]:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        yield f"head.{name}: a head's name is also a column and an output.", "Use a-z, 0-9 and _."
    if not head.kind:
        yield (
            f"head.{name}.kind is missing.",
            "No task has this name to take it from. Say measure, ordinal (lowest, highest), count, presence or map.",
        )
    if head.kind != "measure" and len(head.targets) > 1:
        yield f"head.{name} has several targets.", "Only a measure may; make more heads."
    if head.kind == "ordinal" and (head.step <= 0 or head.highest - head.lowest < head.step):
        yield f"head.{name} has fewer than two grades.", "Set lowest, highest and step."
    if head.kind == "spectrum" and (head.step <= 0 or head.highest <= head.lowest):
        yield f"head.{name} has no bands.", "Set lowest, highest and step, in nm."
    if head.kind == "map" and head.classes not in (0, *range(2, 255)):
        yield f"head.{name}.classes = {head.classes}.", "0 for a density, else 2 to 254."


def _among(table: Iterable[str], word: str, where: str) -> Iterator[_Fault]:
    names = list(table)
    if word not in names:
        yield f"{where}: there is no {word!r}.", nearest(word, [name for name in names if name])
