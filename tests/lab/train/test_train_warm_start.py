"""Going on from exported weights: the network that is filled answers as the file does."""

import numpy as np
import pytest
import torch

from dermis.errors import ModelMissing, UsageError
from dermis.lab.networks.model import Model
from dermis.lab.train.recipe import find_recipe, read_recipe
from dermis.lab.train.warm_start import begin_warm
from dermis.models.weights import open_weights


def model_of(name, *settings):
    recipe = read_recipe(find_recipe(name), [*settings, "network.pretrained="])
    return Model(recipe.network, recipe.head, recipe.loss)


def test_a_network_that_was_filled_from_a_shipped_one_answers_alike():
    model = model_of("acne-types")
    begin_warm(model, "acne-types")
    weights = open_weights("acne-types")
    picture = np.random.default_rng(0).integers(0, 256, (1, 40, 40, 3), dtype=np.uint8)
    seen = torch.from_numpy(picture).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        mine = model.eval().answer(model(seen, torch.zeros(1, 0)))
    theirs = weights.run(picture)["lesion_type_shares"]
    np.testing.assert_allclose(mine["lesion_type_shares"].numpy(), theirs, atol=5e-3)


def test_what_does_not_fit_stays_as_it_was_drawn():
    model = model_of("acne-types", "head.lesion_type.highest=5.0")
    before = model.heads[0].linear.weight.detach().clone()
    begin_warm(model, "acne-types")
    assert torch.equal(model.heads[0].linear.weight, before)


def test_weights_of_another_network_and_names_that_are_none_are_refused(tmp_path):
    (tmp_path / "weights").mkdir()
    torch.save({"of.another": torch.zeros(3)}, tmp_path / "weights" / "best.pt")
    with pytest.raises(UsageError, match="no weights that fit"):
        begin_warm(model_of("acne-types"), str(tmp_path))
    with pytest.raises(ModelMissing, match="acne-types"):
        begin_warm(model_of("acne-types"), "acne-typse")
