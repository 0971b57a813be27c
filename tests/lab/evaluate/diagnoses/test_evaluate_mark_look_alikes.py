"""The table of look-alikes of brown marks."""

from dermis.lab.evaluate.diagnoses.mark_look_alikes import LookAlikeOnFace, look_alike_table


def on_face(name, moved, darker=0.0, called=0.0):
    return LookAlikeOnFace(name=name, person="a", darker=darker, moved=moved, called=called)


def test_each_look_alike_has_its_line():
    rows = [on_face("moles", 0.1), on_face("moles", -0.5, 12.0, 0.5), on_face("scabs", 0.2, called=float("nan"))]
    *_, moles, scabs = look_alike_table(rows).splitlines()
    assert moles == "| moles | 2 | -0.20, -0.50 | 50% | 25% | +0.10 | -0.50 |"
    assert scabs == "| scabs | 1 | +0.20, +0.20 | 100% | - | +0.20 | - |"
