"""What colour science and figures give on drawn numbers: see `fakes.frozen_steps`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from dermis.colour import difference
from dermis.colour.adaptation import CONE_MATRICES, WHITES, adapt
from dermis.colour.chart import chart_linear, fit_chart
from dermis.colour.chart_finder import find_chart
from dermis.colour.device import fit_tone_curve, straighten
from dermis.colour.lab import lab_to_linear, lab_to_xyz, linear_to_lab, srgb_to_lab, xyz_to_lab
from dermis.colour.reference import fit_light
from dermis.colour.srgb import decode, encode, linear_to_xyz, xyz_to_linear
from dermis.colour.tone import cita_deg, hue_deg, ita_deg, monk_distance, monk_tones
from dermis.metrics import METRICS, agreement, calibration, detection, label_errors, ordinal, spectral
from dermis.metrics.bootstrap import bootstrap
from dermis.metrics.evaluation import BootstrapConfig, PairedComparison, gain_of, paired_tests_of, slices_of
from dermis.metrics.registry import EVALUATION_METRICS, LEADING, Answers, metric_names
from fakes.charts import chart_picture

Told = Mapping[str, object]
MATRIX = np.array([[0.8, 0.1, 0.02], [0.05, 0.7, 0.05], [0.0, 0.1, 0.55]])


def colour() -> Told:
    rng = np.random.default_rng(11)
    rgb = np.concatenate([np.linspace(-0.05, 1.1, 24).reshape(-1, 3), rng.random((60, 3))])
    lab = np.concatenate(
        [rng.uniform((5, -60, -60), (98, 60, 60), (200, 3)), rng.normal((60, 0, 0), (20, 2, 2), (50, 3))]
    )
    other = lab + rng.normal(0, (4, 9, 9), lab.shape)
    xyz = np.concatenate([np.linspace(0, 0.02, 12).reshape(-1, 3), rng.random((40, 3))])
    return {
        "transfer": [decode(rgb).ravel()[:24], encode(rgb).ravel()[:24], decode(rgb), encode(rgb)],
        "xyz": [linear_to_xyz(rgb), xyz_to_linear(rgb)],
        "lab": [xyz_to_lab(xyz), xyz_to_lab(xyz, WHITES["A"]), lab_to_xyz(lab), linear_to_lab(rgb.clip(0)),
                lab_to_linear(lab), srgb_to_lab(rgb.clip(0, 1))],
        "adapted": {name: adapt(xyz, WHITES["A"], WHITES["D50"], name) for name in CONE_MATRICES},
        "one white": [adapt(np.eye(3), WHITES["D65"], WHITES["A"], name).ravel().tolist() for name in CONE_MATRICES],
        "differences": [difference.delta_e_76(lab, other), difference.delta_e_00(lab, other),
                        difference._by_angles(lab, other), difference._by_vectors(lab, other)],
        "angles": [ita_deg(lab), cita_deg(lab), hue_deg(lab)],
        "monk": [monk_tones(lab[:40]), [monk_distance(one) for one in lab[:6]]],
    }  # fmt: skip


def charts() -> Told:
    true = chart_linear()
    seen = (true @ np.linalg.inv(MATRIX).T - 0.01).clip(0.002, 1.2)
    curve = straighten(true.clip(0), (0.9, 0.04, 0.01))
    picture, centres = chart_picture(matrix=MATRIX, offset=0.01, noise=0.004, turn_deg=14.0, shape=(420, 560))
    found = find_chart(picture)
    rng = np.random.default_rng(2)
    patch = 0.3 * np.array([1.2, 1.0, 0.7]) * rng.uniform(0.9, 1.1, (80, 1)) + rng.normal(0, 0.01, (80, 3))
    lit = {name: fit_light(patch, name) for name in ("#777777", "#c08a70")}
    return {
        "patches": true.ravel().tolist(),
        "fit": fit_chart(seen),
        "found": [found, float(np.abs(found.centres_px - centres).mean())],
        "curve": [curve.ravel().tolist(), fit_tone_curve([(curve[18:], true[18:] @ np.array([0.2, 0.7, 0.1]))])],
        "patch": [{"fit": one, "gains": one.gains} for one in lit.values()],
    }


def numbers() -> Told:
    rng = np.random.default_rng(5)
    target = rng.integers(0, 4, 60).astype(float)
    said = np.clip(target + rng.integers(-1, 3, 60), 0, 4).astype(float)
    ratings = np.stack([target, said, np.clip(target + rng.integers(-1, 2, 60), 0, 4)], axis=1)
    holes = ratings.copy()
    holes[::7, 1] = np.nan
    low, high = target - rng.random(60), target + 1.5 * rng.random(60)
    chance, yes = rng.random(60), (rng.random(60) < 0.4).astype(float)
    shares = rng.dirichlet(np.ones(4), 60)
    groups = np.repeat(np.arange(20), 3)
    found = [bootstrap(lambda at: float(np.mean(target[at] ** 2)), groups, resamples=200, method=how, level=level)
             for how, level in (("bca", 0.9), ("percentile", 0.8))]  # fmt: skip
    return {
        "metrics": {name: [one.function(target, said), one.higher_is_better] for name, one in METRICS.items()},
        "kappas": [agreement.cohen_kappa(target, said, weights=one) for one in ("none", "linear", "quadratic")],
        "fleiss": agreement.fleiss_kappa(ratings),
        "icc": [agreement.icc(ratings, form) for form in ("1", "2,1", "3,1", "1,k", "2,k", "3,k")],
        "kendall": agreement.kendall_w(ratings),
        "alpha": [agreement.krippendorff_alpha(holes, one) for one in ("nominal", "ordinal", "interval", "ratio")],
        "intervals": [calibration.coverage(said, low, high), calibration.width(low, high),
                      calibration.interval_score(said, low, high, level=0.8)],
        "probabilities": [calibration.brier(chance, yes), calibration.brier(shares, target.astype(int)),
                          calibration.calibration_error(chance, yes), calibration.reliability(chance, yes, bins=7)],
        "conformal": [calibration.conformal_quantile(chance, 0.8),
                      calibration.conformal_quantile(chance, 0.8, groups=groups),
                      calibration.conformal_levels(chance, np.array([0.1, 0.5, 0.9]), groups=groups),
                      calibration.conformal_quantiles(chance, 0.7, strata=yes, groups=groups)],
        "yes or no": [ordinal.auroc(yes, chance), ordinal.f1(yes, chance), ordinal.within(target, said, distance=1)],
        "confusion": ordinal.confusion(target, said, np.arange(5)).tolist(),
        "bootstrap": found,
    }  # fmt: skip


def places() -> Told:
    rng = np.random.default_rng(8)
    truth = [np.column_stack([rng.uniform(0, 80, (count, 2)), rng.uniform(8, 20, (count, 2))]) for count in (6, 3, 0)]
    boxes = [np.concatenate([one + rng.normal(0, 1.2, one.shape), rng.uniform(5, 40, (3, 4))]) for one in truth]
    found = [detection.Found(boxes=one, scores=rng.random(len(one))) for one in boxes]
    y, x = np.mgrid[:40, :50]
    one, other = (x - 20) ** 2 + (y - 18) ** 2 < 150, (x - 23) ** 2 + (y - 20) ** 2 < 170
    maps = (x // 10 + y // 13) % 4, (x // 11 + y // 13) % 4
    names = {"label_names": ["papule", "", "pustule", "papule", "x", "y"], "found_names": ["papule"] * 9}
    cases = label_errors.box_disagreements(0, truth[0], found[0], **names, least=0.4)
    doubted = [label_errors.grade_disagreement(1, grade, [0.1, 0.6, 0.25, 0.05]) for grade in (0.0, 1.0, 2.4, 3.0)]
    wave = np.linspace(0, 1, 12)
    cube = 0.3 + 0.2 * wave + 0.05 * rng.random((14, 16, 12))
    said = cube + 0.02 * np.sin(6 * wave) + 0.01 * rng.standard_normal(cube.shape)
    mask = (np.mgrid[:14, :16] > 2).all(axis=0)
    return {
        "precision": [detection.average_precision(truth, found, iou=least) for least in (0.3, 0.5, 0.7)],
        "few": detection.average_precision(truth, found, most_a_photo=3),
        "count": detection.count_mae(truth, found, score=0.5),
        "overlap": [detection.iou(one, other), detection.dice(one, other), detection.boundary_f(one, other),
                    detection.boundary_f(one, other, tolerance_px=1.0),
                    detection.class_overlap(*maps, 4, unknown=2).tolist()],
        "label or model": [label_errors.sorted_by_evidence([*cases, *(case for case in doubted if case)]),
                           [label_errors.log_odds(share) for share in (0.0, 0.3, 1.0)]],
        "spectra": [spectral.spectral_scores(cube, said, mask), spectral.spectral_scores(cube, said, peak=0.6),
                    spectral.challenge_scores(cube, said, mask), spectral.challenge_scores(cube, said),
                    spectral.band_errors(cube, said, mask),
                    spectral.similarity_map(cube, said, mask), spectral.angle_map_rad(cube, said)],
    }  # fmt: skip


def _answers() -> dict[str, tuple[Answers, Answers]]:
    rng = np.random.default_rng(3)
    target = rng.normal(20, 6, (48, 1))
    grades = np.arange(4.0)
    graded = rng.integers(0, 4, (48, 1)).astype(float)
    yes = (rng.random((48, 1)) < 0.5).astype(float)
    told = {"covered": (rng.random(48) < 0.8).astype(float), "width": rng.uniform(3, 9, 48), "level": rng.random(48)}
    either = rng.integers(5, 40, (48, 3)).astype(float)
    found = {}
    for place in (0, 1):
        draw = np.random.default_rng(place)
        said = target + draw.normal(0.4, 2 + place, target.shape)
        near = graded + draw.normal(0, 0.6 + 0.3 * place, graded.shape)
        chance = np.clip(0.6 * yes + 0.4 * draw.random(yes.shape), 0, 1)
        colours, spectra = draw.normal(0, 3, (48, 3)), draw.random((48, 5))
        pairs = {
            "measure": (target, said, told), "count": (target, said, told),
            "colour": (np.zeros((48, 3)), colours, told),
            "ordinal": (graded, near, {"grades": grades, "shares": draw.dirichlet(np.ones(4), 48), **told}),
            "presence": (yes, chance, {}), "classes": (either * draw.random((48, 3)), either, {}),
            "spectrum": (np.ones((48, 1)), spectra, {}),
        }  # fmt: skip
        for kind, (true, guess, more) in pairs.items():
            errors = np.linalg.norm(np.atleast_2d(true)[:, :1] - np.atleast_2d(guess)[:, :1], axis=1)
            found.setdefault(kind, []).append(Answers(kind=kind, target=true, predicted=guess, errors=errors, **more))
    return {kind: tuple(both) for kind, both in found.items()}


def evaluations() -> Told:
    groups, traits = np.repeat(np.arange(12), 4), np.repeat(np.array(["a", "b", "c"]), (24, 16, 8))
    draws = BootstrapConfig(level=0.9, resamples=60, seed=3)
    told: dict[str, object] = {}
    for kind, (one, other) in _answers().items():
        figures = EVALUATION_METRICS[kind]
        told[kind] = {
            "figures": {name: [figures[name].function(one), figures[name].higher_is_better, figures[name].unit]
                        for name in metric_names(one)},
            "without": metric_names(replace(one, covered=None, shares=None)), "leading": list(LEADING[kind]),
        }  # fmt: skip
        if kind in ("measure", "presence"):
            tests = paired_tests_of(one, other, groups, draws)
            told[kind] |= {"slices": slices_of(one, groups, traits, draws), "gain": gain_of(one, other, groups, draws),
                           "tests": [[one.gain, one.winner] for one in tests.values()]}  # fmt: skip
            both = PairedComparison(question="q", kind=kind, unit="u", first="a", second="b", keys=(), groups=groups,
                                    errors=(one.errors, other.errors), tolerance=0.5, bouts={})  # fmt: skip
            told[kind] |= {"wins": both.wins, "biggest": both.biggest(4)}
    return told
