"""Chapter 07's solutions are held to the package, to torch and to the paper's numbers."""

import pytest
import torch

from lenet_course import codes, layers, networks, shapes
from lenet_course.exercises import chapter_07 as chapter
from lenet_course.exercises import check


def test_the_rule_gives_the_first_twelve_rows_of_table_one():
    for row in range(12):
        assert chapter.table_row.solution(row) == list(layers.TABLE_I[row])


def test_the_rule_ends_where_the_paper_says_it_does():
    assert [len(row) for row in layers.TABLE_I[12:]] == [4, 4, 4, 6]


def test_the_nearest_code_is_what_the_network_decides():
    states = torch.randn(50, 84, generator=torch.Generator().manual_seed(0))
    distances = layers.RBF(codes.digit_codes())(states)
    decided = networks.FAMILY["lenet5-1998"].decide(distances).tolist()
    assert [chapter.nearest_code.solution(row, 1e9) for row in distances.tolist()] == decided
    assert chapter.nearest_code.solution(distances[0].tolist(), 0) == -1


def test_the_surplus_is_what_the_traces_say():
    paper, modern = (networks.FAMILY[name].trace() for name in ("lenet5-1998", "relu-max"))

    def more(*names):
        return sum(modern[name].parameters - paper[name].parameters for name in names)

    assert chapter.surplus.solution() == (more("C3"), more("S2", "S4"), more("output"))
    assert sum(chapter.surplus.solution()) == modern.parameters - paper.parameters == 1_706


def test_the_merged_layer_does_what_the_two_did():
    first, second = torch.nn.Linear(4, 4).double(), torch.nn.Linear(4, 4).double()
    weight, bias = chapter.merged.solution(first.weight, first.bias, second.weight, second.bias)
    picture = torch.randn(4).double()
    assert torch.allclose(weight @ picture + bias, second(first(picture)))


def test_the_described_network_can_be_built_and_takes_its_field():
    model = networks.build(chapter.described.solution(), input_shape=chapter.FIELD, seed=0)
    assert model(torch.zeros(2, *chapter.FIELD)).shape == (2, 10)


def renamed():
    return [shapes.Conv2d(8, kernel_size=5, padding="same", name="C1"), *right()[1:]]


def right():
    return chapter.described.solution()


def test_a_description_in_other_words_is_right_too():
    assert check("described", renamed).status == "right"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda: [shapes.Conv2d(8, 3, padding=1), *right()[1:]], "Layer 1 is Conv2d, which gives"),
        (lambda: [*right()[:4], shapes.Activation("sigmoid"), *right()[5:]], "Layer 5 is Activ"),
        (lambda: right()[:3], "There are 3 layers"),
        (lambda: [one for one in right() if not isinstance(one, shapes.Flatten)], "Put Flatten()"),
        (list, "There are 0 layers"),
    ],
)
def test_other_wrong_descriptions_are_told_where_they_differ(answer, said):
    outcome = check("described", answer)
    assert outcome.status == "wrong"
    assert said in outcome.message
