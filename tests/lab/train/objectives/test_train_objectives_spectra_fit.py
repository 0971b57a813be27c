"""The closed-form fit has a run, a hash and a card, like all that is learnt by steps."""

import gzip
import json

import numpy as np
import pytest

from dermis.lab.train.export import export
from dermis.lab.train.objectives.spectra_fit import TABLES
from dermis.lab.train.recipe import find_recipe, read_recipe
from dermis.lab.train.train import train_recipe
from dermis.spectra.prior import read_prior


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Spectra drawn from the shipped prior, laid out as the measured ones."""
    prior, rng = read_prior(), np.random.default_rng(0)
    home = tmp_path_factory.mktemp("data")
    folder = home / "spectra"
    folder.mkdir()
    which = np.repeat(rng.integers(len(prior.means), size=8), 60)
    deviations = rng.normal(size=(len(which), prior.axes.shape[1]))
    logs = prior.means[which] + np.einsum("nk,nkb->nb", deviations, prior.axes[which])
    visible = np.exp(logs[:, :31])
    np.savez(folder / "skin_reflectance_400_700_10nm.npz", bare_skin=visible)
    write_people(home / "issa_spectra", visible)
    write_near_infrared(home / "nist_spectra", np.exp(logs[:60]))
    rows = np.column_stack([np.arange(26), visible[:26]])
    np.savetxt(folder / "vrhel_skin_reflectance.csv", rows, delimiter=",", header="nm", comments="")
    return home


def write_people(folder, visible):
    """Write an archive of as many people as spectra, two groups of two origins."""
    folder.mkdir()
    words = ["group", "ethnicity", "origin", "location", "gender", "age_group"]
    lines = [",".join([*words, *(f"R{nm}" for nm in range(400, 701, 10))])]
    for at, row in enumerate(visible):
        who = [f"P{at}", f"E{at % 2}", f"O{at % 2}", "cheek", "F", "20-29"]
        lines.append(",".join([*who, *(f"{value:.5f}" for value in row)]))
    (folder / "spectra.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))


def write_near_infrared(folder, spectra):
    folder.mkdir()
    lines = [",".join(["subject", "repeat", *(str(nm) for nm in range(400, 1001, 10))])]
    lines += [
        ",".join([f"{at // 3}", f"R{at % 3}", *(f"{value:.5f}" for value in row)]) for at, row in enumerate(spectra)
    ]
    (folder / "spectra.csv").write_text("\n".join(lines))


def test_a_fit_is_a_run_and_ships(folder, tmp_path):
    run = train_recipe(read_recipe(find_recipe("skin-spectra")), {"": folder}, tmp_path / "runs")
    assert run.finished
    assert run.result()["spectra"] == 480
    assert 0 < run.result()["left_log_rms_low"] <= run.result()["left_log_rms_high"]
    out = export(run, "skin-spectra", home=tmp_path / "weights")
    assert {path.name for path in out.iterdir()} == {*TABLES, "meta.json", "card.md"}
    with np.load(out / "prior.npz") as held:
        assert held["means"].shape[1] == 61
    assert json.loads((out / "meta.json").read_text())["learner"] == "skin_spectra"
    assert "No measured spectrum can be read from it" in (out / "card.md").read_text()
    again = train_recipe(read_recipe(find_recipe("skin-spectra")), {"": folder}, tmp_path / "runs")
    assert again.folder == run.folder
