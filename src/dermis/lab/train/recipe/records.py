"""The records that a recipe is made of; each field says what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from dermis.lab.networks.settings import Head, Loss, Network
from dermis.lab.train.augment import Augment
from dermis.models.preprocess import Input

__all__ = ["Data", "Machine", "Optimiser", "Pool", "Recipe", "Schedule", "Split", "Stage", "Train"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Which samples, and whose labels."""

    dataset: Annotated[str, "a dataset of `dermis datasets`"] = ""
    graders: Annotated[tuple[str, ...], "whose labels count; nobody named: the mean of all"] = ()
    patches: Annotated[bool, "each face as its forehead, cheeks and chin, each with the label of the face"] = False
    items: Annotated[bool, "each marked lesion of known type by itself, with its type as the label lesion_type"] = False
    parsed: Annotated[bool, "the mask skin by the parser, of photos that have none beside them"] = False
    limit: Annotated[int, "use only so many samples, drawn by the seed; 0 for all"] = 0
    made: Annotated[str, "recipe of `dermis synth` that makes the data where no folder is named"] = ""
    settings: Annotated[tuple[str, ...], "settings of that recipe"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """One source of examples, of those learners that see several."""

    data: Annotated[str, "its dataset; --data NAME=DIR names the folder"] = ""
    examples: Annotated[str, "how its samples become examples, of the table EXAMPLES"] = ""
    share: Annotated[float, "examples an epoch for each of the first pool's; of a fixed number its share"] = 1.0
    made: Annotated[str, "recipe of `dermis synth` that makes the data where no folder is named"] = ""
    settings: Annotated[tuple[str, ...], "settings of that recipe; without data those of the examples"] = ()
    part: Annotated[Literal["train", "validate", "test"], "what it is for, where it is not split"] = "train"
    held: Annotated[tuple[str, ...], "subjects that never teach: they choose and calibrate"] = ()
    held_every: Annotated[int, "every so-manieth subject never teaches, by the number in its name; 0 for none"] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of the course; stages follow each other in the order of their names. Without any there is one."""

    epochs: Annotated[int, "of this stage"] = 1
    size_px: Annotated[int, "side of its views; 0 for input.size_px"] = 0
    examples: Annotated[int, "examples an epoch; 0 for the first pool once and the others by their shares"] = 0
    shares: Annotated[Mapping[str, float], "of the pools, where they differ from pool.NAME.share"] = field(
        default_factory=dict
    )
    restart: Annotated[bool, "begin from the running mean with a new optimiser and schedule"] = False
    ema: Annotated[float, "decay of the running mean in this stage; 0 for train.ema"] = 0.0


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
    warmup_steps: Annotated[int, "steps in which it rises from 0, where warmup_epochs is 0"] = 0
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
    keep: Annotated[Literal["best", "last"], "which epoch is the model: the best on the part validate, or the last"] = (
        "best"
    )
    precision: Annotated[Literal["32", "bf16"], "numbers in the network: 32 bits, or bfloat16 where it is safe"] = "32"
    crop_px: Annotated[
        int, "learnt on random squares of this side, judged while learning on middle ones; 0 for all of the picture"
    ] = 0
    pixel_passes: Annotated[int, "spectra by single pixels: passes over drawn pixels before the first epoch"] = 0
    pixel_lr: Annotated[float, "learning rate of these passes, at its highest"] = 4e-3
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
    limits: Annotated[tuple[str, ...], "what the result cannot do, for its card"] = ()
    seed: Annotated[int, "draws weights, order and augmentation"] = 0
    learner: Annotated[str, "what learns, of the table LEARNERS"] = "samples"
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
    pool: Mapping[str, Pool] = field(default_factory=dict)
    stage: Mapping[str, Stage] = field(default_factory=dict)
    term: Annotated[Mapping[str, float], "weights of the terms of the learner's loss"] = field(default_factory=dict)
    view: Annotated[Mapping[str, float], "how the learner draws views; odds and widths"] = field(default_factory=dict)
    fit: Annotated[Mapping[str, float], "numbers of a fit without epochs"] = field(default_factory=dict)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages in their order; one of `train.epochs` where none is named."""
        return tuple(self.stage[name] for name in sorted(self.stage)) or (Stage(epochs=self.train.epochs),)

    @property
    def epochs(self) -> int:
        """Epochs of all stages."""
        return sum(one.epochs for one in self.stages)
