"""The table of flash pairs."""

from dermis.lab.evaluate.flash_pairs import METHODS, print_table


def row(number, error, *, automatic=False, refused=""):
    true = -50.0 + 10 * number
    ita = {} if refused else {method: true + error * (place + 1) for place, method in enumerate(METHODS)}
    return {"number": number, "true": true, "automatic": automatic, "refused": refused, "ita": ita}


def test_shares_are_of_the_pairs_that_were_measured():
    rows = [row(number, 3.0) for number in range(10)]
    rows += [row(number, 20.0, automatic=True) for number in range(4)] + [row(3, 0, refused="too weak")]
    lines = print_table(rows).splitlines()
    known = next(line for line in lines if line.startswith(f"| {METHODS[0]} | fixed | all"))
    assert "| 10 | 100 % [100, 100] | 3.0 | +3.0 |" in known
    assert f"| {METHODS[1]} | fixed | all | 10 | 0 % [0, 0] | 6.0 | +6.0 |" in lines
    assert any(line.startswith(f"| {METHODS[0]} | automatic | all | 4 | 0 %") for line in lines)
    assert lines[-1] == "15 pairs were made; 1 were refused."
