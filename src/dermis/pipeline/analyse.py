"""Photo -> Analysis, in one straight line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from dermis.care import advise
from dermis.core import (
    Analysis,
    CaptureCondition,
    Face,
    FaceLesions,
    Finding,
    Photo,
    Provenance,
    Quality,
    Skin,
    Task,
)
from dermis.core.arrays import BoolMap, FloatMap, LabelMap
from dermis.errors import InputError, UnreadablePhoto
from dermis.face.crop import crop
from dermis.face.find import find_face, models_used
from dermis.formats.analysis_json import analysis_object
from dermis.formats.images.container import plain_name, plain_path
from dermis.formats.images.masks import read_mask, read_parts
from dermis.formats.images.photo import read_photo
from dermis.pipeline.exclusion import exclude
from dermis.pipeline.foreign import with_foreign
from dermis.pipeline.light.beside_chart import beside_chart
from dermis.pipeline.light.lighting import AS_BALANCED, Lighting, lighting_of, linear_light, with_pair
from dermis.pipeline.options import AS_IT_COMES, AnalyseOptions
from dermis.pipeline.products import OUTPUT, PRODUCTS, Source, begin, compute, need, offered, side_by_side
from dermis.pipeline.quality.measures import quality_measures
from dermis.pipeline.quality.problems import problem_of
from dermis.pipeline.quality.tasks import given, judge_tasks, with_reservations
from dermis.pipeline.quality.verdict import assess, no_face, refused
from dermis.tasks import TASKS, choose
from dermis.tasks.intervals import with_intervals
from dermis.tasks.tone_posterior import posterior_tone
from dermis.version import __version__

__all__ = [
    "analyse",
    "analyse_file",
    "compute_products",
    "measure_skin",
    "measure_tasks",
]


def analyse_file(
    path: str | Path,
    options: AnalyseOptions = AS_IT_COMES,
    *,
    tasks: Iterable[Task] | None = None,
    mask: BoolMap | None = None,
    parts: LabelMap | None = None,
    ambient: Photo | None = None,
) -> Analysis:
    """Read and analyse one file; a file or option that cannot be used gives an analysis that says why.

    Arguments as of `analyse`. Of a flash pair `path` is the frame with flash.
    """
    start = perf_counter()
    name = plain_name(path)
    try:
        photo = read_photo(path)
    except InputError as error:
        return _refused(name, plain_path(path), None, "unreadable", error)
    read_s = perf_counter() - start
    try:
        if ambient is None and options.flash_pair is not None:
            ambient = read_photo(options.flash_pair[0])
        analysis = analyse(photo, options, tasks=tasks, mask=mask, parts=parts, ambient=ambient)
    except UnreadablePhoto as error:  # a large photo is decoded whole late
        return _refused(name, plain_path(path), None, "unreadable", error)
    except InputError as error:
        return _refused(name, plain_path(path), photo, "unusable_option", error)
    seconds = {"read": read_s, **analysis.provenance.seconds}
    seconds["total"] += read_s
    return replace(analysis, path=plain_path(path), provenance=replace(analysis.provenance, seconds=seconds))


def analyse(
    photo: Photo,
    options: AnalyseOptions = AS_IT_COMES,
    *,
    tasks: Iterable[Task] | None = None,
    mask: BoolMap | None = None,
    parts: LabelMap | None = None,
    ambient: Photo | None = None,
) -> Analysis:
    """Measure the skin of the largest face in a photo.

    ambient: the frame without flash, of a flash pair; `photo` is the one with it. tasks, mask, parts: what the options
    of these names ask for, at hand: records; (h, w) bool of photo size, the user's own skin mask; (h, w) uint8 of
    `SegmentationClass` of photo size, as `Face.segmentation` or parts.png has them.
    Raises UsageError for an option or a task that means nothing, InputError for a reference, pair, mask or parts that
    cannot be used, ModelMissing for a task whose network is not here; everything else that is wrong with a photo is
    said in `quality`.
    """
    start = perf_counter()
    wanted = with_foreign(_wanted(options) if tasks is None else tuple(tasks), options.weights)
    need(wanted)
    if mask is None and options.mask is not None:
        mask = read_mask(options.mask, photo.width_px, photo.height_px)
    if parts is None and options.parts is not None:
        parts = read_parts(options.parts, photo.width_px, photo.height_px)
    lighting = lighting_of(photo, options, pair=ambient is not None)
    face = find_face(photo, close_up=options.close_up, mask=mask, parts=parts)
    found_s = perf_counter() - start
    if face is None:
        seconds = {"face": found_s, "total": found_s}
        return _assembled(photo, no_face(), seconds, lighting=lighting)
    if ambient is not None:
        lighting = with_pair(lighting, ambient, photo, face, options.pupils_mm)
    with begin(photo, face, wanted) as lesions:
        encoded = crop(photo, face.frame)
        skin = measure_skin(encoded, photo, face, lighting, own_area=mask is not None, own_parts=parts is not None)
        if lighting.reference is not None and lighting.reference.kind == "chart" and mask is None:
            skin = beside_chart(skin, face)
        if lighting.kind is CaptureCondition.UNKNOWN:
            skin = replace(skin, tone=posterior_tone(skin, face, photo))
        measures = quality_measures(face, skin, encoded, photo.capture, vouched=mask is not None)
        quality = assess(measures, face, lighting.reference)
        quality = replace(quality, problems=(*quality.problems, *map(problem_of, lighting.problems)))
        quality = judge_tasks(quality, wanted)
        judged_s = perf_counter() - start
        source = Source(photo=photo, face=face, skin=skin, own_area=mask is not None, lesions=lesions)
        wanted = given(quality, wanted)
        products = compute_products(source, wanted)
        findings = with_reservations(measure_tasks(wanted, products), quality)
    total_s = perf_counter() - start
    seconds = {"face": found_s, "quality": judged_s - found_s, "tasks": total_s - judged_s, "total": total_s}
    placed = products.get("lesions")
    analysis = _assembled(
        photo,
        quality,
        seconds,
        face=face,
        skin=skin,
        lighting=lighting,
        lesions=placed if isinstance(placed, FaceLesions) else None,
        findings=findings,
    )
    return replace(analysis, care=advise(analysis_object(analysis))) if findings else analysis


def _wanted(options: AnalyseOptions) -> tuple[Task, ...]:
    return offered() if options.tasks is None else choose(options.tasks)


def measure_skin(
    encoded: FloatMap,
    photo: Photo,
    face: Face,
    lighting: Lighting = AS_BALANCED,
    *,
    own_area: bool = False,
    own_parts: bool = False,
) -> Skin:
    """Return the skin of a face in linear light, with all that is left out of measurements named.

    own_area: the user drew the mask; measure all of it, up to its edge. own_parts: the user drew the parts; the face
    is measured up to its edge, neck and ears are not.
    """
    plain, linear, unlit = linear_light(encoded, photo, face, lighting)
    excluded = exclude(encoded, plain, face.skin, face.segmentation, face.confidence)
    if unlit is not None:
        excluded["unlit"] = face.skin & unlit
    if own_area or own_parts:
        del excluded["border"]
    if own_area:
        del excluded["beside_face"], excluded["facial_hair"]
    measured = face.skin & ~np.logical_or.reduce(list(excluded.values()))
    return Skin(
        linear=linear,
        visible=face.skin,
        measured=measured,
        regions=face.regions,
        excluded=excluded,
        view=face.view,
        light_known=lighting.known,
        light_by=lighting.by,
        measured_as=lighting.measured_as,
    )


def compute_products(source: Source, tasks: Iterable[Task]) -> dict[str, object]:
    """Return what the tasks need, by name, each computed once."""
    # What runs networks comes first: arithmetic goes on beside it.
    names = sorted({name for task in tasks for name in task.needs}, key=lambda name: (not _runs_network(name), name))
    return dict(zip(names, side_by_side(lambda name: compute(name, source), names), strict=True))


def _runs_network(product: str) -> bool:
    return product.startswith(OUTPUT) or bool(PRODUCTS[product].network)


def measure_tasks(tasks: Iterable[Task], products: Mapping[str, object]) -> tuple[Finding, ...]:
    """Return the findings of each task from the products it needs; a network's answers are passed as `output`."""
    measured = side_by_side(
        lambda task: task.measure(**{name.partition(":")[0]: products[name] for name in task.needs}), tasks
    )
    return tuple(finding for findings in measured for finding in findings)


def _refused(name: str, path: str, photo: Photo | None, code: str, error: InputError) -> Analysis:
    quality = refused(code, error.message, error.advice)
    return Analysis(name=name, path=path, photo=photo, quality=quality, provenance=_provenance({}, ()))


def _assembled(
    photo: Photo,
    quality: Quality,
    seconds: dict[str, float],
    *,
    lighting: Lighting,
    findings: tuple[Finding, ...] = (),
    lesions: FaceLesions | None = None,
    **parts: Any,  # noqa: ANN401
) -> Analysis:
    return Analysis(
        name=photo.origin.name,
        path=photo.origin.name,
        photo=photo,
        condition=lighting.kind,
        quality=quality,
        provenance=_provenance(seconds, findings, lesions),
        reference=lighting.reference,
        flash_pair=None if lighting.pair is None else lighting.pair.record,
        device="" if lighting.profile is None else lighting.profile.name,
        findings=with_intervals(findings, lighting.measured_as),
        lesions=lesions,
        **parts,
    )


def _provenance(
    seconds: dict[str, float], findings: Iterable[Finding], lesions: FaceLesions | None = None
) -> Provenance:
    """Name the networks of others, our parser, and the network behind each task that needs one."""
    models = dict(models_used())
    if lesions is not None:
        models[PRODUCTS["lesions"].network] = lesions.found.model
    for finding in findings:
        if finding.task not in TASKS:
            models.setdefault(finding.model, "foreign")
        for name in TASKS[finding.task].needs if finding.task in TASKS else ():
            network = PRODUCTS[name].network if name in PRODUCTS else name.partition(":")[2]
            if network:
                models.setdefault(network, finding.model)
    return Provenance(dermis=__version__, models=models, seconds=seconds)
