"""What must not happen, read from the sources a second time: ingredient by ingredient, apart from the shipped table."""

from __future__ import annotations

from dataclasses import dataclass

from dermis.care.ingredients import Dose, read_dose
from dermis.care.situation import Situation
from dermis.core import Advice, AdviceKind

ON_SKIN_RETINOIDS = (
    "adapalene",
    "tretinoin",
    "tazarotene",
    "trifarotene",
    "isotretinoin gel",
    "retinol",
    "retinal",
    "retinyl esters",
    "hydroxypinacolone retinoate",
)
STINGING_RETINOIDS = tuple(name for name in ON_SKIN_RETINOIDS if name != "retinyl esters")
BY_MOUTH_RETINOIDS = ("isotretinoin capsules", "acitretin")
FRUIT_ACIDS = ("glycolic acid", "lactic acid", "mandelic acid")
PEELS = ("trichloroacetic acid", "jessner peel")
ACIDS = ("salicylic acid", "betaine salicylate", *FRUIT_ACIDS, *PEELS)
SALICYLATES = ("salicylic acid", "betaine salicylate", "willow bark", "jessner peel")
TETRACYCLINES = ("doxycycline", "lymecycline", "minocycline", "tetracycline", "sarecycline")
SKIN_ANTIBIOTICS = ("clindamycin", "erythromycin gel", "minocycline foam")
MOUTH_ANTIBIOTICS = (*TETRACYCLINES, "erythromycin tablets", "azithromycin", "trimethoprim")
IRRITANTS = ("alcohol", "menthol", "camphor", "peppermint oil", "eucalyptus oil", "witch hazel")
STINGING = (*STINGING_RETINOIDS, "benzoyl peroxide", "salicylic acid", *FRUIT_ACIDS, *PEELS)
FILTERS = ("zinc oxide", "titanium dioxide", "organic sunscreen filters")
GRADED = ("mild", "moderate", "severe")

AVOID, DOCTOR, HABIT = AdviceKind.AVOID, AdviceKind.SEE_DOCTOR, AdviceKind.HABIT


@dataclass(frozen=True, kw_only=True)
class Unsafe:
    """`names`, above a strength, in a state or beside `others`: how a line must tell of it, and in which words.

    state: field and values; ("", ()) always. apart: only at the same time. needs: unsafe without the others.
    allowed: may be given, with the warning.
    """

    names: tuple[str, ...]
    word: str
    kind: AdviceKind = AVOID
    above: float | None = None
    field: str = ""
    values: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    apart: bool = False
    needs: bool = False
    allowed: bool = False
    told_anyway: bool = False

    def about(self, dose: Dose) -> bool:
        """Tell whether this is about the dose."""
        return dose.name in self.names and (self.above is None or (dose.percent or 0) > self.above)

    def in_state(self, situation: Situation) -> bool:
        """Tell whether the state is this situation's."""
        return not self.others and (not self.field or getattr(situation, self.field) in self.values)

    def pair(self, one: Dose, two: Dose) -> bool:
        """Tell whether this is about the two, in either order."""
        if one.name == two.name:
            return False
        return (self.about(one) and two.name in self.others) or (self.about(two) and one.name in self.others)


def pregnant(names: tuple[str, ...], word: str, **more: object) -> Unsafe:
    return Unsafe(names=names, word=word, field="pregnancy", values=("yes",), **more)  # type: ignore[arg-type]


def maybe(names: tuple[str, ...], word: str, **more: object) -> Unsafe:
    return Unsafe(names=names, word=word, field="pregnancy", values=("possible",), **more)  # type: ignore[arg-type]


def child(names: tuple[str, ...], word: str, **more: object) -> Unsafe:
    return Unsafe(names=names, word=word, field="age", values=("child",), **more)  # type: ignore[arg-type]


def sensitive(names: tuple[str, ...], word: str, **more: object) -> Unsafe:
    return Unsafe(names=names, word=word, field="sensitive", values=("yes",), **more)  # type: ignore[arg-type]


def red(names: tuple[str, ...], word: str, values: tuple[str, ...] = GRADED, **more: object) -> Unsafe:
    return Unsafe(names=names, word=word, field="redness", values=values, **more)  # type: ignore[arg-type]


def dark(names: tuple[str, ...], word: str) -> Unsafe:
    return Unsafe(names=names, word=word, field="tone", values=("dark",))


def apart(names: tuple[str, ...], others: tuple[str, ...], word: str) -> Unsafe:
    return Unsafe(names=names, others=others, word=word, apart=True)


UNSAFE = (
    pregnant(ON_SKIN_RETINOIDS, "every retinoid on the skin", told_anyway=True),
    maybe(ON_SKIN_RETINOIDS, "silence"),
    pregnant(BY_MOUTH_RETINOIDS, "malformation", kind=DOCTOR, told_anyway=True),
    maybe(BY_MOUTH_RETINOIDS, "contraception", kind=HABIT, allowed=True),
    pregnant(("hydroquinone",), "far more than of other creams", told_anyway=True),
    maybe(("hydroquinone",), "may become pregnant"),
    pregnant(("arbutin",), "arbutin"),
    pregnant(SALICYLATES, "in pregnancy", above=2, told_anyway=True),
    pregnant(PEELS, "no chemical peel in pregnancy"),
    pregnant(TETRACYCLINES, "teeth", kind=DOCTOR),
    child(TETRACYCLINES, "teeth", kind=DOCTOR),
    pregnant(("spironolactone",), "spironolactone", kind=DOCTOR),
    pregnant(("tranexamic acid tablets",), "pregnancy", kind=DOCTOR),
    Unsafe(names=("tranexamic acid tablets",), others=("combined pill",), word="clots", kind=DOCTOR),
    child(ON_SKIN_RETINOIDS, "no retinoid under 12"),
    child(ACIDS, "no peeling acids under 12"),
    child(("benzoyl peroxide",), "no benzoyl peroxide under 12"),
    child(("hydroquinone",), "no hydroquinone under 12"),
    apart(("benzoyl peroxide",), ("tretinoin",), "destroyed"),
    apart(("benzoyl peroxide",), ("isotretinoin gel",), "oxidised"),
    apart(("benzoyl peroxide",), ("dapsone gel",), "orange"),
    apart(("benzoyl peroxide",), ("hydroquinone",), "dark"),
    Unsafe(names=ON_SKIN_RETINOIDS, others=ON_SKIN_RETINOIDS, word="one retinoid"),
    Unsafe(names=STINGING, others=BY_MOUTH_RETINOIDS, word="capsules"),
    Unsafe(names=("azelaic acid",), others=BY_MOUTH_RETINOIDS, word="only if the prescriber"),
    Unsafe(names=BY_MOUTH_RETINOIDS, others=TETRACYCLINES, word="pressure", kind=DOCTOR),
    Unsafe(names=BY_MOUTH_RETINOIDS, others=("vitamin a supplement",), word="toxic"),
    apart(ON_SKIN_RETINOIDS, ACIDS, "horny layer"),
    Unsafe(names=SKIN_ANTIBIOTICS, others=MOUTH_ANTIBIOTICS, word="which of them"),
    Unsafe(names=SKIN_ANTIBIOTICS, others=("benzoyl peroxide",), word="on the skin alone", needs=True),
    Unsafe(names=MOUTH_ANTIBIOTICS, others=("benzoyl peroxide",), word="by mouth is for acne", needs=True),
    Unsafe(names=PEELS, word="at home"),
    Unsafe(names=FRUIT_ACIDS, above=10, word="above 10 % at home"),
    Unsafe(names=SALICYLATES, above=2, word="on the face at home"),
    dark(FRUIT_ACIDS, "trained on dark skin"),
    dark(PEELS, "on dark skin outside"),
    sensitive(ACIDS, "sensitive"),
    sensitive(IRRITANTS, "sensitive"),
    sensitive(("fragrance",), "without fragrance"),
    sensitive(("benzoyl peroxide",), "above 2.5 %", above=2.5),
    red(STINGING, "rosacea", ("moderate", "severe")),
    red(IRRITANTS, "red skin"),
    red(("topical corticosteroid",), "rosacea", kind=DOCTOR),
    Unsafe(names=("topical corticosteroid",), field="acne", values=GRADED, word="acne-like", kind=DOCTOR),
    Unsafe(names=("hydroquinone",), word="blue-black"),
    Unsafe(names=("mercury",), word="kidneys", kind=DOCTOR),
    Unsafe(names=("combined pill",), field="pigment", values=GRADED, word="melasma", kind=HABIT, allowed=True),
    Unsafe(names=("doxycycline", "tetracycline"), word="burn in the sun", kind=HABIT, allowed=True),
)

ABOUT = {
    name: tuple(unsafe for unsafe in UNSAFE if name in unsafe.names or name in unsafe.others)
    for name in {name for unsafe in UNSAFE for name in (*unsafe.names, *unsafe.others)}
}
TOLD_ANYWAY = tuple(unsafe for unsafe in UNSAFE if unsafe.told_anyway)


def faults(situation: Situation, lines: tuple[Advice, ...]) -> list[str]:
    """Return everything that is wrong with the advice for a situation."""
    return [
        *_incomplete(lines),
        *_given(situation, lines),
        *_untold(situation, lines),
        *_without_sun(situation, lines),
    ]


def _incomplete(lines: tuple[Advice, ...]) -> list[str]:
    bare = [
        line.rule for line in lines if not (line.advice and line.reason and line.source and line.rule and line.when)
    ]
    kinds = {line.kind for line in lines}
    nothing = [] if kinds & {AdviceKind.USE, DOCTOR} else ["neither advice nor a referral"]
    return [f"{rule} lacks words" for rule in bare] + nothing


def _given(situation: Situation, lines: tuple[Advice, ...]) -> list[str]:
    using = [line for line in lines if line.kind is AdviceKind.USE]
    doses = [(read_dose(text), line) for line in using for text in line.ingredients]
    found = []
    for dose, line in doses:
        others = [(other, two) for other, two in doses if other.name != dose.name]
        if any(dose.name == feared.name or feared.name in _classes(dose) for feared in situation.feared):
            found.append(f"{line.rule}: {dose.text} is not tolerated")
        for unsafe in ABOUT.get(dose.name, ()):
            if unsafe.allowed or unsafe.needs:
                continue
            met = [o for o, two in others if not unsafe.apart or _same_time(line, two)]
            beside = [*met, *(() if unsafe.apart else situation.used)]
            if (unsafe.about(dose) and unsafe.in_state(situation)) or any(unsafe.pair(dose, one) for one in beside):
                found.append(f"{line.rule}: {dose.text} is unsafe ({unsafe.word})")
    return found


def _classes(dose: Dose) -> frozenset[str]:
    return frozenset() if dose.ingredient is None else dose.ingredient.classes


def _same_time(one: Advice, two: Advice) -> bool:
    return any(time in one.when and time in two.when for time in ("morning", "evening"))


def _untold(situation: Situation, lines: tuple[Advice, ...]) -> list[str]:
    """Return what is in use and unsafe, or unsafe enough to be told anyway, without a line that says so."""
    given = [read_dose(text) for line in lines if line.kind is AdviceKind.USE for text in line.ingredients]
    used = situation.used
    found = []
    for dose in used:
        for unsafe in ABOUT.get(dose.name, ()):
            met = [*used, *(given if unsafe.apart or unsafe.needs else ())]
            paired = [other for other in met if unsafe.pair(dose, other)]
            alone = unsafe.needs and unsafe.about(dose) and not any(one.name in unsafe.others for one in met)
            offends = alone or (paired and not unsafe.needs) or (unsafe.about(dose) and unsafe.in_state(situation))
            if offends and not _tells(lines, unsafe, dose.text):
                found.append(f"nothing is said of {dose.text} ({unsafe.word})")
    for unsafe in TOLD_ANYWAY:
        if unsafe.in_state(situation) and not _tells(lines, unsafe, None):
            found.append(f"{unsafe.names[0]} is not warned of ({unsafe.word})")
    return found


def _tells(lines: tuple[Advice, ...], unsafe: Unsafe, text: str | None) -> bool:
    for line in lines:
        said = f"{line.advice} {line.reason}".lower()
        kind = line.kind is unsafe.kind or (text is None and line.kind in (AVOID, DOCTOR))
        if kind and unsafe.word in said and (text is None or text in line.ingredients):
            return True
    return False


def _without_sun(situation: Situation, lines: tuple[Advice, ...]) -> list[str]:
    if situation.pigment not in GRADED:
        return []
    filters = any(
        read_dose(text).name in FILTERS for line in lines if line.kind is AdviceKind.USE for text in line.ingredients
    )
    cover = any(line.rule == "sun-cover" for line in lines)
    hat = any("hat" in line.advice for line in lines)
    return [] if hat and (filters or cover) else ["a plan for dark marks without sun protection"]
