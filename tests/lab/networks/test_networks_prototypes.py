"""A Siamese network as a grader."""

import pytest
import torch

from dermis.lab.networks.heads import Joined
from dermis.lab.networks.prototypes import PrototypeHead
from dermis.lab.networks.settings import Head, Loss


def head_of(width=4):
    torch.manual_seed(1)
    settings = Head(kind="ordinal", targets=("grade",), lowest=2.5, highest=5.5, step=0.5)
    return PrototypeHead("grade", settings, Loss(name="prototypes"), width)


def test_the_nearest_prototype_is_the_answer():
    head = head_of()
    head.prototypes.copy_(torch.eye(7, 128))
    answers = head.answer(torch.eye(7, 128))
    assert answers["grade"].tolist() == pytest.approx([2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5])
    assert answers["grade_shares"].sum(dim=1).tolist() == pytest.approx([1.0] * 7)
    assert (answers["grade_shares"].argmax(dim=1) == torch.arange(7)).all()


def test_likeness_does_not_depend_on_the_order_of_a_pair():
    head, one = head_of(), torch.rand(5, 128)
    torch.testing.assert_close(head.likeness(one, one), head.likeness(one, one).T)


def test_it_learns_to_part_grades_and_grades_beyond_the_ends_are_the_ends():
    head = head_of(width=2).train()
    vectors = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).repeat(8, 1)
    grades = torch.tensor([[1.0], [7.0]]).repeat(8, 1)
    optimiser = torch.optim.Adam(head.parameters(), lr=0.05)
    before = None
    for _ in range(200):
        joined = Joined(vectors, vectors, None, (1, 1))
        loss = head.loss(head(joined), grades, 0.0).mean()
        before = float(loss.detach()) if before is None else before
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.5 * before
    told = head.eval().answer(head(Joined(vectors[:2], vectors[:2], None, (1, 1))))["grade"]
    assert told.tolist() == [2.5, 5.5]
