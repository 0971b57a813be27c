"""Dark spots on photos of other people: outlines, diagnoses and painted faces as lines of a table."""

from dataclasses import replace

import numpy as np

from dermis.core import Analysis, Finding, Provenance, Quality, Region
from dermis.lab.evaluate.diagnoses.pigmentation import (
    KINDS,
    GradedPhoto,
    OutlinedPhoto,
    graded_lines,
    judge_outlines,
    kept_aside,
    outlined_lines,
)
from dermis.lab.evaluate.diagnoses.pigmentation_table import (
    FLAWS,
    STEPS,
    PaintedFace,
    cheek_lines,
    clear_cheeks,
    has_clear_cheeks,
    lines_of,
    paint_face,
    painted_cheeks,
    painted_lines,
    very_dark_faces,
)
from dermis.tasks.pigmentation.contrast import MELANIN_AXIS
from fakes.lesions import face_lesions, item
from fakes.plain_face import SIZE, face_with


def test_pixels_inside_outlines_are_told_from_the_ring_around():
    y, x = np.mgrid[:SIZE, :SIZE]
    inside = np.hypot(y - 140, x - 120) < 12
    face, skin = face_with(np.where(inside, 14.0, 0.0)[..., None] * np.array(MELANIN_AXIS))
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    outline = np.stack([120.5 + 12 * np.cos(turn), 140.5 + 12 * np.sin(turn)], axis=1)
    found = judge_outlines(face, skin, "g1", [("dark spots", outline)])
    assert set(found.by_chance) == {"dark spots"}
    assert found.by_chance["dark spots"] > 0.9
    assert found.by_melanin["dark spots"] > 0.9
    assert not found.rich


def test_the_lines_of_outlines_hold_each_kind_and_the_mean():
    rows = [
        OutlinedPhoto(group=f"g{number}", by_chance=dict.fromkeys(KINDS.values(), 0.9),
                      by_melanin=dict.fromkeys(KINDS.values(), 0.7), dice=0.5, rich=number % 2 == 0)
        for number in range(6)
    ]  # fmt: skip
    lines = outlined_lines(rows)
    assert len(lines) == len(KINDS) + 2
    assert "| 6 | 0.900 [0.900, 0.900] | 0.700 [0.700, 0.700] | 0.80 |" in lines[-2]
    assert "| 3 | 0.500" in lines[-1]


def test_the_lines_of_grades_say_what_they_tell_apart():
    def photos(source, label, grade, names="a"):
        return [
            GradedPhoto(source=source, file=f"{names}{number}.jpg", group=f"{source}{label}{number}", label=label,
                        grade=grade + number / 10, melanin=5.0)
            for number in range(6)
        ]  # fmt: skip

    rows = [
        *photos("melasma_faces", "melasma", 5.0), *photos("melasma_faces", "non-melasma", 0.0),
        *photos("caltech_faces_light", "", 0.0), *photos("portraits", "", 1.0), *photos("dermnetnz_face", "pih", 4.0),
        *photos("dermnetnz_face", "rosacea", 4.0),
        GradedPhoto(source="dermnetnz_face", file="x-pre-hq.jpg", group="p", label="melasma", grade=6, melanin=1.0),
        GradedPhoto(source="dermnetnz_face", file="x-post-hq.jpg", group="p", label="melasma", grade=3, melanin=1.0),
    ]  # fmt: skip
    text = "\n".join(graded_lines(rows))
    assert "melasma against clear web faces: AUC | 6 and 6 | 1.000 [1.000, 1.000] | 0.500" in text
    assert "before and after hydroquinone | 1 person | 6.0 and 3.0" in text
    assert "| grade of clear adults: median, 10 to 90 % | 6 | 0.2" in text


def test_painting_a_face_in_steps_raises_its_grade():
    face, skin = face_with(np.zeros((SIZE, SIZE, 3)))
    found = paint_face(np.random.default_rng(1), face, skin, darker=12.0)
    assert len(found.grades) == len(STEPS)
    assert found.grades[-1] > found.grades[0]
    assert found.cameras >= 0


def test_the_lines_of_painted_faces_go_by_tone():
    rows = [
        PaintedFace(darker=tone, grades=tuple(range(len(STEPS))), redness=0.1, lamp=-0.2, cameras=0.15)
        for tone in (0.0, 24.0)
    ]
    text = "\n".join(painted_lines(rows))
    assert "painted, all: Spearman of grade and step, mean (share of faces with 0.97) | 2 | 1.000 (100%)" in text
    assert "painted, darkened by 24: a lamp aside moves it by, median (most) | 1 | 0.20 (0.20)" in text
    assert "darkened by 12" not in text


def test_one_person_with_very_dark_skin_is_painted_in_each_light(tmp_path):
    rows = ("images/pA_01_full.jpg,pA,2", "images/pB_01_full.jpg,pB,1", "images/pB_02_full.jpg,pB,2",
            "images/pB_02_face.jpg,pB,2")  # fmt: skip
    (tmp_path / "labels.csv").write_text("\n".join(["file,group,shot_in_block", *rows]))
    assert very_dark_faces(tmp_path) == [tmp_path / "images" / "pB_02_full.jpg"]


def test_each_half_of_the_groups_is_told_apart():
    sound = dict.fromkeys(KINDS.values(), 0.9)
    outlined = [
        OutlinedPhoto(group=f"g{number}", by_chance=sound, by_melanin=sound, dice=0.5, rich=True)
        for number in range(24)
    ]
    rows = [
        GradedPhoto(source="melasma_faces", file=f"{number}.jpg", group=f"g{number}", grade=float(number % 2),
                    label="melasma" if number % 2 else "clear", melanin=1.0)
        for number in range(24)
    ]  # fmt: skip
    asides = [number for number in range(24) if kept_aside(f"g{number}")]
    assert 4 < len(asides) < 20
    text = lines_of(outlined, rows, [])
    assert f"| half kept aside, photos rich in marks: Dice | {len(asides)} | 0.500" in text
    ill = sum(number % 2 for number in asides)
    assert f"| half kept aside, melasma against clear web faces: AUC | {ill} and {len(asides) - ill} | 1.000" in text
    assert "half kept aside, grade of" not in text


def test_clear_cheeks_are_sought_where_no_flaw_is_outlined_and_once_a_group(tmp_path):
    names = [f"n_{flaw}" for flaw in FLAWS]
    rows = [
        ("b.jpg", "g1", {}),
        ("a.jpg", "g1", {}),
        ("c.jpg", "g2", {"n_acne": 2}),
        ("d.jpg", "g3", {"n_vascular": 1}),
    ]
    lines = [",".join([file, group, *(str(flaws.get(name, 0)) for name in names)]) for file, group, flaws in rows]
    (tmp_path / "labels.csv").write_text("\n".join([",".join(["file", "group", *names]), *lines]))
    assert list(clear_cheeks(tmp_path)) == [tmp_path / "a.jpg"]


def _seen(*, word="none", redness="almost clear", items=()):
    words = {"pigmentation_grade": word, "redness_grade": redness}
    findings = tuple(
        Finding(task=task, region=region, value=0.0, unit="", label=label, model="by hand")
        for task, label in words.items()
        for region in (Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
    )
    return Analysis(name="a", photo=None, quality=Quality(), provenance=Provenance(dermis="0"), findings=findings,
                    lesions=face_lesions(items))  # fmt: skip


def test_cheeks_are_clear_where_the_tool_calls_nothing_on_them():
    assert has_clear_cheeks(_seen(items=[item(region=Region.CHIN)]))
    assert not has_clear_cheeks(_seen(items=[item(region=Region.LEFT_CHEEK)]))
    assert not has_clear_cheeks(_seen(word="mild"))
    assert not has_clear_cheeks(_seen(redness="mild"))
    one = _seen()
    assert not has_clear_cheeks(replace(one, findings=one.findings[:3]))
    assert not has_clear_cheeks(replace(one, lesions=None))


def test_cheeks_alone_are_painted_and_graded(tmp_path, monkeypatch):
    face, skin = face_with(np.zeros((SIZE, SIZE, 3)))
    face = replace(face, landmarks=np.zeros((478, 3), np.float32))
    cut = []

    def painted(rng, face, skin, **more):
        cut.append((face, skin))
        return paint_face(rng, replace(face, landmarks=None), skin, **more)

    for name, stand_in in {
        "read_photo": str, "analyse": lambda name, tasks: _seen(redness="severe" if "red" in name else "clear"),
        "measured": lambda _: (face, skin), "cut_out": lambda *both: both, "paint_face": painted,
    }.items():  # fmt: skip
        monkeypatch.setattr(f"dermis.lab.evaluate.diagnoses.pigmentation_table.{name}", stand_in)
    rows = list(painted_cheeks([tmp_path / "red.jpg", tmp_path / "clear.jpg"]))
    assert len(rows) == 1
    assert rows[0].grades[-1] > rows[0].grades[0]
    for one in cut[0]:
        assert set(np.unique(one.regions)) == {0, Region.LEFT_CHEEK.code, Region.RIGHT_CHEEK.code}
    lines = cheek_lines(rows)
    assert "painted, clear cheeks of other photos: Spearman" in lines[0]
    assert lines[-1] == f"| painted, clear cheeks of other photos: tones as photographed | 1 | 1 {rows[0].tone} | | |"
    assert rows[0].tone
    assert cheek_lines([]) == []
