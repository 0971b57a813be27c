"""What can be said about a network, its heads and their losses: plain records, no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

__all__ = ["LOSSES", "Head", "Loss", "Network", "bands_of", "loss_names"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What turns a picture, and numbers beside it, into features."""

    name: Annotated[str, "a network of the table NETWORKS"] = "small_cnn"
    stands_in_for: Annotated[str, "what a source used where this network stands in; every table says so"] = ""
    pretrained: Annotated[str, '"" for none, "package" for the weights of its package, else a file of weights'] = ""
    frozen_epochs: Annotated[int, "epochs in which the pretrained layers stay as they are; -1 for all"] = 0
    frozen_looks: Annotated[
        int, "frozen throughout: changed pictures of each that are asked once and kept for all runs; 0: asked anew"
    ] = 0
    frozen_stages: Annotated[int, "first stages of the network that never learn, norms included"] = 0
    frozen_depthwise: Annotated[bool, "filters of single channels never learn: they change little and cost most"] = (
        False
    )
    warm_start: Annotated[str, "weights to go on from: a network of `dermis models`, or the folder of a run"] = ""
    fusion: Annotated[
        Literal["concat", "film", "cross_attention"], "how the numbers beside the picture join it, where there are any"
    ] = "concat"
    layers: Annotated[tuple[int, ...], "sizes of layers between what the network sees and these features"] = ()
    width: Annotated[int, "number of features that the heads get; 0: what the network sees, without a layer"] = 128
    dropout: Annotated[float, "share of these features dropped while learning"] = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One question to the network; its name in the recipe is its name everywhere.

    What begins with kinds counts only for these.
    """

    kind: Annotated[
        Literal["", "measure", "ordinal", "count", "presence", "map", "spectrum"],
        'what is answered; "" takes it from the task of this name',
    ] = ""
    targets: Annotated[
        tuple[str, ...],
        "labels learnt (a measure may have several), for a map or a spectrum what lies beside the photo, "
        '"items" for the density of marked items; nothing: the head\'s name',
    ] = ()
    unit: Annotated[str, "unit of the answer, for people"] = ""
    lowest: Annotated[float, "ordinal|spectrum: lowest grade, or shortest wavelength in nm"] = 0.0
    highest: Annotated[float, "ordinal|spectrum: highest grade, or longest wavelength in nm"] = 0.0
    step: Annotated[float, "ordinal|spectrum: distance of two grades, or of two bands in nm"] = 1.0
    classes: Annotated[int, "map: number of classes; 0 for a map of real numbers (a density)"] = 0
    spread: Annotated[bool, "measure: also say how far off the answer may be (scale of a Laplace error)"] = False
    residual: Annotated[str, "measure: feature that the answer starts from, such as mean_colour; as many numbers"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What a head is punished for; what begins with names of losses counts only for these."""

    name: Annotated[str, 'a loss of the table LOSSES that fits the head; "" for the first'] = ""
    weight: Annotated[float, "its share in the sum over all heads"] = 1.0
    robust: Annotated[
        Literal["none", "huber", "charbonnier"],
        "difference|delta_e_00|logarithm|density: how large differences are tamed",
    ] = "huber"
    delta: Annotated[
        float, "difference|delta_e_00|logarithm|density: where huber turns straight; rounding of charbonnier at 0"
    ] = 1.0
    anneal_epochs: Annotated[int, "delta_e_00: epochs over which squared Lab differences give way to it"] = 0
    sigma: Annotated[float, "distribution: width of the target about the label, in grades"] = 0.5
    limits: Annotated[
        tuple[float, ...], "distribution: values between whose shares the loss also holds each sum to the target's"
    ] = ()
    gamma: Annotated[float, "focal|map_focal: how much easy examples count less"] = 2.0
    dice: Annotated[float, "map_cross_entropy|map_focal: weight of the dice loss beside it"] = 0.5


LOSSES: Mapping[str, tuple[str, ...]] = {
    "measure": ("difference", "delta_e_00", "laplace"),
    "ordinal": ("corn", "cumulative", "distribution", "prototypes"),
    "count": ("poisson", "logarithm"),
    "presence": ("cross_entropy", "focal"),
    "map of classes": ("map_cross_entropy", "map_focal"),
    "density": ("density",),
    "spectrum": ("absolute", "angle", "relative"),
}
"""The losses that fit each kind of head, the usual one first. Those of grades also say how grades are coded."""


def loss_names(head: Head) -> tuple[str, ...]:
    """Return the losses that fit a head."""
    if head.kind == "map":
        return LOSSES["map of classes" if head.classes else "density"]
    return LOSSES[head.kind]


def bands_of(head: Head) -> tuple[float, ...]:
    """Return the wavelengths in nm that a head of kind spectrum answers."""
    count = round((head.highest - head.lowest) / head.step) + 1
    return tuple(head.lowest + place * head.step for place in range(count))
