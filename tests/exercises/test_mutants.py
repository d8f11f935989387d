"""Checkers turn away what a machine changes in their solutions."""

import mutants
import pytest

from lenet_course.exercises import every_exercise

LEAST_SHARE_TURNED_AWAY = 0.95


@pytest.fixture(scope="module")
def tried():
    """Of every exercise, how many mutants there are and which of them pass for right."""
    return [mutants.tried(problem) for problem in every_exercise().values()]


def test_a_mutant_is_the_solution_with_one_thing_changed():
    source = "def sums(table, bias):\n    return table.sum(0) + bias\n"
    made = dict(mutants.mutants(source))
    assert made["line 2, sign: `table.sum(0) + bias` -> `table.sum(0) - bias`"].endswith(
        "return table.sum(0) - bias"
    )
    kinds = {words.split(", ")[1].split(":")[0] for words in made}
    assert kinds == {
        "sign",
        "left out",
        "one more",
        "one less",
        "taken for another",
        "call left out",
    }
    assert len(set(made.values())) == len(made) and source.strip() not in made.values()


def test_a_gradient_is_cut_only_where_one_is_asked_for():
    asked = "def slope(x):\n    return torch.autograd.grad(x.sum(), x)[0]\n"
    assert any("gradient cut" in words for words, _ in mutants.mutants(asked))
    assert not any("gradient cut" in words for words, _ in mutants.mutants("def f(x):\n  return x"))


def test_at_least_95_in_a_hundred_are_turned_away(tried):
    total = sum(count for count, _ in tried)
    passed = sum(len(survivors) for _, survivors in tried)
    assert total > 300
    assert 1 - passed / total >= LEAST_SHARE_TURNED_AWAY


def test_those_that_pass_for_right_are_listed(tried):
    listed = mutants.SURVIVORS.read_text(encoding="utf-8").splitlines()
    found = [line for _, survivors in tried for line in survivors]
    assert sorted(found) == sorted(listed), "run `python tests/exercises/mutants.py` and look"
