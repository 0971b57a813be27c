"""What changed over visits: against closed forms, against a truth that was drawn, and from the files that say it."""

import io
import json

import numpy as np
import pytest
from PIL import Image
from scipy import stats
from typer.testing import CliRunner

from dermis.cli import app
from dermis.errors import InputError, UsageError
from dermis.report.plots import HEIGHT_PX, WIDTH_PX
from dermis.report.trial import curves_png, responders_png
from dermis.study import mixed_model
from dermis.study.measurements import Measurement, read_measurements, week_of
from dermis.study.mixed_model import fit_mixed_model
from dermis.study.trial import trial_of, wilson

WEEKS = (0.0, 4.0, 12.0)
EFFECT = {"treated": -1.0, "vehicle": -0.2}


def drawn(seed=1, people=30, noise=0.3):
    """Two arms: own levels, a true change that grows to week 12, and noise."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(people):
        arm = ("treated", "vehicle")[number % 2]
        level = rng.normal(4, 1)
        for week in WEEKS:
            value = level + EFFECT[arm] * week / 12 + rng.normal(0, noise)
            found.append(Measurement(subject=str(number), week=week, value=float(value), arm=arm))
    return found


def found_in(measurements, **asked):
    return trial_of(measurements, **{"task": "pigmentation_grade", "improved_by": 0.5, **asked})


def test_a_paired_change_is_students():
    measurements = drawn()
    trial = found_in(measurements)
    (one,) = [change for change in trial.changes if (change.arm, change.week) == ("treated", 12.0)]
    values = {(m.subject, m.week): m.value for m in measurements if m.arm == "treated"}
    after = [values[key] for key in sorted(values) if key[1] == 12.0]
    before = [values[key] for key in sorted(values) if key[1] == 0.0]
    test = stats.ttest_rel(after, before)
    ends = test.confidence_interval(0.95)
    assert (one.n, one.mean) == (15, pytest.approx(np.mean(after) - np.mean(before)))
    assert (one.low, one.high, one.p) == pytest.approx((ends.low, ends.high, test.pvalue))
    assert one.low < EFFECT["treated"] < one.high
    (gap,) = [gap for gap in trial.differences if gap.week == 12.0]
    assert (gap.arm, gap.control) == ("treated", "vehicle")
    assert gap.low < EFFECT["treated"] - EFFECT["vehicle"] < gap.high


def test_intervals_hold_the_truth_as_often_as_they_say():
    held = [found_in(drawn(seed)).changes for seed in range(120)]
    hits = [one.low < EFFECT[one.arm] < one.high for changes in held for one in changes if one.week == 12.0]
    assert 0.91 < np.mean(hits) < 0.985


def test_responders_are_counted_with_wilsons_interval():
    values = {"a": (4.0, 3.0), "b": (4.0, 3.6), "c": (2.0, 1.6), "d": (3.0, 3.4)}
    rows = [
        Measurement(subject=name, week=week, value=value)
        for name, pair in values.items()
        for week, value in zip((0.0, 4.0), pair, strict=True)
    ]
    (one,) = found_in(rows).responders
    assert (one.responders, one.n) == (1, 4)
    (relative,) = found_in(rows, improved_by=0.1, relative=True).responders
    assert relative.responders == 3
    (worse,) = found_in(rows, improved_by=0.3, higher_is_better=True).responders
    assert worse.responders == 1
    # Newcombe 1998, Stat. Med. 17:857, table I: 81 of 263 and 15 of 148, method 3
    assert wilson(81, 263, 0.95) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148, 0.95) == pytest.approx((0.0624, 0.1605), abs=5e-5)


def test_a_mixed_model_of_whole_data_gives_the_paired_means():
    pytest.importorskip("statsmodels")
    measurements = drawn()
    model, trial = fit_mixed_model(measurements), found_in(measurements)
    changes = {(one.arm, one.week): one.estimate for one in model.effects if not one.control}
    assert changes == pytest.approx({(one.arm, one.week): one.mean for one in trial.changes}, abs=1e-6)
    gaps = {one.week: one.estimate for one in model.effects if one.control}
    assert gaps == pytest.approx({one.week: one.difference for one in trial.differences}, abs=1e-6)
    assert model.error_sd == pytest.approx(0.3, rel=0.25)
    assert model.person_sd == pytest.approx(1.0, rel=0.4)


def test_a_mixed_model_keeps_people_who_missed_a_visit():
    pytest.importorskip("statsmodels")
    missed = [one for one in drawn(people=60) if not (one.week == 12.0 and int(one.subject) % 5 == 0)]
    model = fit_mixed_model(missed)
    assert (model.people, model.values) == (60, len(missed))
    for one in model.effects:
        if not one.control and one.week == 12.0:
            assert one.low < EFFECT[one.arm] < one.high
    with pytest.raises(UsageError, match="too few"):
        fit_mixed_model(missed[:4])


def test_without_statsmodels_the_way_out_is_said(monkeypatch):
    monkeypatch.setattr(mixed_model, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="statsmodels") as refusal:
        fit_mixed_model(drawn())
    assert "dermis[study]" in refusal.value.advice


def test_weeks_are_read_from_visits():
    assert [week_of(word) for word in ("Baseline", "Week 4", "W17", "12", "3.5", "later")] == [0, 4, 17, 12, 3.5, None]


def csv_of(path, columns, rows):
    path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


@pytest.fixture
def files(tmp_path):
    """Findings by photo as a batch writes them, and a sheet of arms by subject."""
    rows = []
    for one in drawn(people=12):
        for side in "LR":
            name = f"photos/P{int(one.subject):04d}_FACE_{side}_S00_VCR_S2_V00D00W{int(one.week):02d}.jpg"
            rows.append((name, "pigmentation_grade", "face", one.value))
            rows.append((name, "pigmentation_grade", "nose", 9))
    findings = csv_of(tmp_path / "findings.csv", ("path", "task", "region", "value"), rows)
    arms = {int(one.subject): one.arm for one in drawn(people=12)}
    return findings, csv_of(tmp_path / "arms.csv", ("subject", "arm"), sorted(arms.items()))


def test_names_of_files_say_subject_and_visit_and_the_sheet_the_arm(files):
    findings, sheet = files
    measurements, notes = read_measurements([findings], sheet, task="pigmentation_grade")
    assert notes == []
    assert found_in(measurements) == found_in(drawn(people=12))


def test_a_sheet_of_photos_and_analyses_say_the_same(tmp_path):
    folder = tmp_path / "out"
    rows = []
    for number, one in enumerate(drawn(people=6)):
        (folder / str(number)).mkdir(parents=True)
        finding = {"task": "melanin", "region": "face", "value": one.value}
        held = {"photo": {"file": f"{number}.jpg"}, "findings": [finding]}
        (folder / str(number) / "analysis.json").write_text(json.dumps(held))
        rows.append((f"{number}.jpg", f"S{one.subject}", f"Week {one.week:g}", one.arm))
    sheet = csv_of(tmp_path / "photos.csv", ("Photo", "ID", "Visit", "Arm"), rows[:-1])
    measurements, notes = read_measurements([folder], sheet, task="melanin")
    assert len(measurements) == len(rows) - 1
    assert "1 values were left out" in notes[0]
    table = csv_of(tmp_path / "wide.csv", ("subject", "visit", "melanin"), [(1, "Baseline", 2.5), (1, "W4", 2)])
    wide, _ = read_measurements([table], None, task="melanin")
    assert [(one.week, one.value) for one in wide] == [(0.0, 2.5), (4.0, 2.0)]


def test_what_cannot_be_read_is_refused(tmp_path):
    table = csv_of(
        tmp_path / "t.csv", ("subject", "visit", "melanin", "arm"), [(1, "Baseline", 2, "a"), (1, "W4", 2, "b")]
    )
    with pytest.raises(InputError, match="two arms"):
        read_measurements([table], None, task="melanin")
    with pytest.raises(InputError, match="neither"):
        read_measurements([table], None, task="redness")
    with pytest.raises(InputError, match="one visit"):
        found_in([Measurement(subject="a", week=0.0, value=1.0)])


def test_the_command_writes_tables_json_and_a_figure(files, tmp_path):
    findings, sheet = files
    out = tmp_path / "trial"
    done = CliRunner().invoke(app, ["study", "trial", str(findings), "--subjects", str(sheet), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "treated less vehicle" in done.output
    held = json.loads((out / "trial.json").read_text())
    assert held["schema"] == "dermis.trial/1"
    assert {one["arm"] for one in held["changes"]} == {"treated", "vehicle"}
    assert (out / "trial.png").read_bytes().startswith(b"\x89PNG")
    heads = {path.name: path.read_text().splitlines()[0] for path in out.glob("*.csv")}
    assert heads["curves.csv"] == "subject,arm,week_0,week_4,week_12"
    tables = {"arms", "changes", "curves", "mixed_model", "people", "responders"}
    assert set(heads) == {f"{name}.csv" for name in tables}
    assert {path.name for path in out.glob("*.png")} == {"trial.png", "curves.png", "responders.png"}


def test_each_person_has_a_line_from_the_first_to_their_last_visit():
    lost = [Measurement(subject="lost", week=0.0, value=4.0, arm="vehicle")]
    trial = found_in([*drawn(3), *lost])
    assert {one.subject for one in trial.people} == {curve.subject for curve in trial.curves} - {"lost"}
    one = trial.people[0]
    values = next(curve.values for curve in trial.curves if curve.subject == one.subject)
    assert (one.first, one.last, one.last_week, one.visits) == (values[0.0], values[12.0], 12.0, len(values))
    assert one.change == pytest.approx(one.last - one.first)
    assert one.slope == pytest.approx(np.polyfit(list(values), list(values.values()), 1)[0])
    for arm in EFFECT:
        (rate,) = [rate for rate in trial.responders if (rate.arm, rate.week) == (arm, 12.0)]
        assert rate.responders == sum(person.responded for person in trial.people if person.arm == arm)


@pytest.mark.parametrize("draw", [curves_png, responders_png])
def test_figures_show_who_responded(draw):
    measurements = drawn(3)
    picture = draw(found_in(measurements))
    with Image.open(io.BytesIO(picture)) as opened:
        assert opened.size == (WIDTH_PX, HEIGHT_PX)
    assert draw(found_in(measurements)) == picture
    assert draw(found_in(measurements, improved_by=50.0)) != picture
