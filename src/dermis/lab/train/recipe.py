"""The recipe: all that a run is, in one flat TOML file.

    name = "tone_small"
    seed = 1

    [data]
    dataset = "tone-chips"

    [input]
    size_px = 64
    features = ["mean_colour", "exposure"]

    [network]
    name = "small_cnn"
    fusion = "film"

    [head.tone]                  # one table for each question
    kind = "measure"
    targets = ["tone_lightness", "tone_a", "tone_b"]

    [loss.tone]                  # may be left out
    name = "delta_e_00"

What is not said has the default of the records below. There is no inheritance and no class path.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from dermis.core import Count, Map, Measure, Ordinal, Presence
from dermis.errors import UsageError
from dermis.lab.networks.settings import Head, Loss, Network, loss_names
from dermis.lab.train.augment import Augment
from dermis.lab.train.toml_records import nearest, record_from, setting, toml_of
from dermis.models.capture_features import FEATURES
from dermis.models.preprocess import CROPS, Input
from dermis.tasks import TASKS

__all__ = [
    "RECIPES",
    "Data",
    "Machine",
    "Optimiser",
    "Recipe",
    "Schedule",
    "Split",
    "Train",
    "describe",
    "find_recipe",
    "read_recipe",
    "recipe_from",
    "recipe_hash",
    "with_settings",
]

RECIPES = Path(__file__).parents[1] / "recipes"
"""The recipes that ship with dermis."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Which samples, and whose labels."""

    dataset: Annotated[str, "a dataset of `dermis datasets`"] = ""
    graders: Annotated[tuple[str, ...], "whose labels count; nobody named: the mean of all"] = ()
    patches: Annotated[bool, "each face as its forehead, cheeks and chin, each with the label of the face"] = False
    items: Annotated[bool, "each marked lesion of known type by itself, with its type as the label lesion_type"] = False
    limit: Annotated[int, "use only so many samples, drawn by the seed; 0 for all"] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Which samples teach, which choose the epoch, which judge."""

    by: Annotated[tuple[str, ...], "what is never parted: subject, visit, dataset, or traits such as camera"] = (
        "subject",
    )
    crossed: Annotated[bool, "nothing of `by` on two sides, such as both tone and camera; most samples fall out"] = (
        False
    )
    part: Annotated[str, 'trait that names the part (train, validate, test); "" where none does'] = ""
    file: Annotated[str, 'CSV of key and part; "" where there is none'] = ""
    validate: Annotated[float, "share of the samples that choose the epoch"] = 0.15
    test: Annotated[float, "share of the samples that judge, without folds"] = 0.15
    folds: Annotated[int, "0 for one split, else the number of folds, each the test part once"] = 0
    fold: Annotated[int, "which fold is the test part, from 0"] = 0
    inner_folds: Annotated[int, "nested: folds of the rest, each the validate part once; 0 for a share"] = 0
    inner_fold: Annotated[int, "which inner fold is the validate part, from 0"] = 0
    stratify: Annotated[str, 'label whose values come in equal shares to all parts; "" for none'] = ""
    duplicates: Annotated[
        Literal["alike", "identical", "ignore"], "what counts as one sample: pictures alike, the same files, nothing"
    ] = "alike"
    seed: Annotated[int, "draws the split, apart from the run's seed"] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimiser:
    """How weights follow the slope."""

    name: Annotated[Literal["adamw", "sgd"], "which"] = "adamw"
    weight_decay: Annotated[float, "pull of weights towards 0; not on biases and norms"] = 1e-4
    momentum: Annotated[float, "sgd: momentum"] = 0.9
    backbone_lr: Annotated[float, "learning rate of the network below its heads, as a share of train.lr"] = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How the learning rate goes."""

    name: Annotated[Literal["constant", "cosine", "exponential_cycle"], "which"] = "cosine"
    warmup_epochs: Annotated[float, "epochs in which it rises from 0"] = 0.0
    lowest: Annotated[float, "where it ends (cosine) or starts (exponential_cycle)"] = 0.0
    cycle_epochs: Annotated[int, "cosine: epochs after which it starts again at the highest; 0 for never"] = 0
    cycle_steps: Annotated[int, "exponential_cycle: steps from the lowest to the highest rate"] = 240
    decay: Annotated[float, "exponential_cycle: each step multiplies the height of the cycle by this"] = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """How long and with what."""

    epochs: Annotated[int, "passes over the training part"] = 100
    batch: Annotated[int, "samples a step, over all devices"] = 32
    lr: Annotated[float, "learning rate, the highest of its schedule"] = 1e-3
    patience: Annotated[int, "epochs without a better one until it stops; 0 for never"] = 10
    min_delta: Annotated[float, "what counts as better"] = 0.0
    watch: Annotated[str, 'the head whose error chooses the epoch; "" for the loss'] = ""
    clip: Annotated[float, "longest gradient; 0 for any"] = 1.0
    ema: Annotated[float, "decay of the running mean of weights that is kept instead of the last; 0 for none"] = 0.0
    balance: Annotated[str, "head whose targets, or trait whose values, are drawn equally often"] = ""
    precision: Annotated[Literal["32", "bf16"], "numbers in the network: 32 bits, or bfloat16 where it is safe"] = "32"
    crop_px: Annotated[
        int, "learnt on random squares of this side, judged while learning on middle ones; 0 for all of the picture"
    ] = 0
    channels_last: Annotated[bool, "pictures with their channels last in memory, quicker for most convolutions"] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where it runs; changes no result that matters and is no part of the hash."""

    accelerator: Annotated[Literal["auto", "cpu", "gpu"], "what to compute on"] = "auto"
    devices: Annotated[int, "how many of them; several learn together (DDP)"] = 1
    threads: Annotated[int, "processor threads, 0 for all"] = 0
    cache: Annotated[str, 'folder for decoded pictures; "" for that of the user, "none" for memory only'] = ""
    tensorboard: Annotated[bool, "also write a TensorBoard log"] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """All that a run is."""

    name: Annotated[str, "names the run, with the hash behind it"] = "run"
    about: Annotated[str, "what it is for, one line"] = ""
    seed: Annotated[int, "draws weights, order and augmentation"] = 0
    data: Data = field(default_factory=Data)
    split: Split = field(default_factory=Split)
    input: Input = field(default_factory=Input)
    network: Network = field(default_factory=Network)
    head: Mapping[str, Head] = field(default_factory=dict)
    loss: Mapping[str, Loss] = field(default_factory=dict)
    optimiser: Optimiser = field(default_factory=Optimiser)
    schedule: Schedule = field(default_factory=Schedule)
    augment: Augment = field(default_factory=Augment)
    train: Train = field(default_factory=Train)
    machine: Machine = field(default_factory=Machine)


def read_recipe(path: Path, settings: Sequence[str] = ()) -> Recipe:
    """Return the recipe in a TOML file, with `settings` such as "train.epochs=3" laid over it.

    Raises UsageError for a file that is no TOML, an unknown key (naming the nearest one), or a value of another kind.
    """
    try:
        held = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"The recipe {path} cannot be read ({error.strerror}).", advice=_shipped()) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not TOML: {error}.", advice="Write key = value, text in quotes.") from None
    return recipe_from(held, settings, default_name=path.stem)


def find_recipe(name: str) -> Path:
    """Return the path of a recipe named by its file, or by the name of one that ships with dermis."""
    path = Path(name)
    if path.suffix == ".toml" or path.exists():
        return path
    names = sorted(one.stem for one in RECIPES.glob("*.toml"))
    if name not in names:
        raise UsageError(f"No recipe is called {name!r}.", advice=nearest(name, names) or _shipped())
    return RECIPES / f"{name}.toml"


def recipe_from(held: Mapping[str, Any], settings: Sequence[str] = (), *, default_name: str = "run") -> Recipe:
    """Return the recipe said by nested tables, completed by what follows from it, and checked."""
    tables: dict[str, Any] = {"name": default_name, **held}
    for text in settings:
        setting(tables, text)
    return _checked(_completed(record_from(Recipe, tables)))


def with_settings(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """Return the recipe with settings such as "train.lr=1e-4" laid over it."""
    return recipe_from(asdict(recipe), settings)


_LATER = (("data", "items"),)
"""Keys that came after runs had been published by their hash: left alone, they do not change it."""


def recipe_hash(recipe: Recipe) -> str:
    """Return ten hexadecimal digits that change with everything in the recipe but its words and the machine."""
    held = asdict(replace(recipe, name="", about="", machine=Machine()))
    for section, key in _LATER:
        if held[section][key] == getattr(getattr(Recipe(), section), key):
            del held[section][key]
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()[:10]


def describe(recipe: Recipe, *, comments: bool = True) -> str:
    """Return the recipe as TOML, without what does not apply to it; with `comments` each value with what it means."""
    return toml_of(recipe, comments=comments, all_fields=False)


def _completed(recipe: Recipe) -> Recipe:
    """Return the recipe with what follows from it written out, so that the run folder says it all."""
    heads = {name: _head(name, head) for name, head in recipe.head.items()}
    losses = {name: _loss(head, recipe.loss.get(name, Loss())) for name, head in heads.items()}
    unknown = set(recipe.loss) - set(heads)
    if unknown:
        name = sorted(unknown)[0]
        raise UsageError(f"loss.{name} belongs to no head.", advice=nearest(name, heads) or "Name it as its head.")
    return replace(recipe, head=heads, loss=losses)


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


def _checked(recipe: Recipe) -> Recipe:
    """Return the recipe; UsageError for what the record's kinds alone do not exclude."""
    if not recipe.head:
        raise UsageError("The recipe has no head.", advice="Say what to learn: [head.NAME] with a kind and targets.")
    if recipe.data.patches and recipe.data.items:
        raise UsageError("data.patches and data.items are both set.", advice="Cut faces into the one or the other.")
    for name, head in recipe.head.items():
        _check_head(name, head)
        _among(loss_names(head), recipe.loss[name].name, f"loss.{name}.name")
    for feature in recipe.input.features:
        _among(FEATURES, feature, "input.features")
    _among(CROPS, recipe.input.crop, "input.crop")
    _check_sizes(recipe)
    if recipe.train.watch:
        _among(recipe.head, recipe.train.watch, "train.watch")
    for what, value, least in (
        ("seed", recipe.seed, 0),
        ("split.seed", recipe.split.seed, 0),
        ("input.size_px", recipe.input.size_px, 1),
        ("network.width", recipe.network.width, 0),
        ("train.epochs", recipe.train.epochs, 1),
        ("train.batch", recipe.train.batch, 1),
        ("schedule.cycle_steps", recipe.schedule.cycle_steps, 1),
        ("machine.devices", recipe.machine.devices, 1),
    ):
        if value < least:
            raise UsageError(f"{what} = {value}.", advice=f"At least {least}.")
    return recipe


def _check_sizes(recipe: Recipe) -> None:
    crop_px, shown = recipe.train.crop_px, recipe.input
    if crop_px and not 0 < crop_px <= shown.size_px:
        raise UsageError(f"train.crop_px = {crop_px}.", advice=f"At most input.size_px, {shown.size_px}; 0 for all.")
    if shown.beside and shown.values != "linear":
        raise UsageError(f"input.beside = {shown.beside!r} holds no sRGB.", advice='Set input.values = "linear".')
    moved = (recipe.augment.flip, recipe.augment.rotate_deg, recipe.augment.zoom, recipe.augment.shift)
    if any(moved) and any(head.kind == "spectrum" for head in recipe.head.values()):
        raise UsageError("Spectra do not move with their picture.", advice="Leave augment alone, set train.crop_px.")


def _check_head(name: str, head: Head) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UsageError(f"head.{name}: a head's name is also a column and an output.", advice="Use a-z, 0-9 and _.")
    if not head.kind:
        raise UsageError(f"head.{name}.kind is missing.", advice="No task has this name to take it from.")
    if head.kind != "measure" and len(head.targets) > 1:
        raise UsageError(f"head.{name} has several targets.", advice="Only a measure may; make more heads.")
    if head.kind == "ordinal" and (head.step <= 0 or head.highest - head.lowest < head.step):
        raise UsageError(f"head.{name} has fewer than two grades.", advice="Set lowest, highest and step.")
    if head.kind == "spectrum" and (head.step <= 0 or head.highest <= head.lowest):
        raise UsageError(f"head.{name} has no bands.", advice="Set lowest, highest and step, in nm.")
    if head.kind == "map" and head.classes not in (0, *range(2, 255)):
        raise UsageError(f"head.{name}.classes = {head.classes}.", advice="0 for a density, else 2 to 254.")


def _among(table: Iterable[str], word: str, where: str) -> None:
    names = list(table)
    if word not in names:
        raise UsageError(f"{where}: there is no {word!r}.", advice=nearest(word, [name for name in names if name]))


def _shipped() -> str:
    return f"Shipped recipes: {', '.join(sorted(one.stem for one in RECIPES.glob('*.toml')))}."
