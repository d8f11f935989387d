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
        (lambda: right()[:1], "There is 1 layer, activations included; 10 are described."),
        (lambda: [shapes.Conv2d(1, 8, 5), *right()[1:]], "shapes.Conv2d(8, 5)"),
        (lambda: [shapes.Conv2d(1, 8, kernel_size=5), *right()[1:]], "shapes.Conv2d(8, 5)"),
        (lambda: [*right()[:7], shapes.Linear(192, 50), *right()[8:]], "shapes.Linear(50)"),
        (lambda: [right()[0], shapes.ReLU()], 'Activations are shapes.Activation("relu").'),
        (lambda: [one for one in right() if not isinstance(one, shapes.Flatten)], "Put Flatten()"),
        (list, "There are 0 layers"),
    ],
)
def test_other_wrong_descriptions_are_told_where_they_differ(answer, said):
    outcome = check("described", answer)
    assert outcome.status == "wrong"
    assert said in outcome.message


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda: [torch.nn.Conv2d(1, 8, 5)], "Item 0 of the list is Conv2d(1, 8"),
        (
            lambda: [one for one in right() if not isinstance(one, shapes.Flatten)],
            "linear_1 reads a vector, but it gets maps of 12x4x4.",
        ),
    ],
)
def test_descriptions_that_do_not_fit_get_the_shape_errors_own_words_only(answer, said):
    outcome = check("described", answer)
    assert outcome.status == "wrong"
    assert outcome.message.startswith(said)


WRONG = [
    ("table_row", lambda row: [row, row + 1, row + 2], "After map 5 comes map 0: `%`"),
    ("table_row", lambda row: [row, (row + 1) % 6, (row + 2) % 6], "expected [0, 4, 5]"),
    ("table_row", lambda row: [(row + k) % 6 for k in range(3)], "Sort the list. And from row 6"),
    (
        "table_row",
        lambda row: [c for c in range(16) if row in layers.TABLE_I[c]],
        "This is a *line* of the picture",
    ),
    ("nearest_code", lambda distances, limit: min(distances), "The answer is its place"),
    (
        "nearest_code",
        lambda distances, limit: (
            distances.index(min(distances)) if min(distances) <= limit else None
        ),
        "gives None, expected -1.\nA refusal is -1.",
    ),
    ("surplus", lambda: (936, -44, 850), "36 more pairs of maps have 25 weights each"),
    ("surplus", lambda: (884, -44, 850), "Both networks have 16 biases in C3"),
    ("surplus", lambda: [900, -32, 850], "S2 is missing"),
    ("surplus", lambda: (884, -32, 850), "16 biases in C3"),
    ("surplus", lambda: (2416, 0, 850), "Take off those of 1998"),
    ("surplus", lambda: (1, -44, 850), "C3 is not right yet; the other two are."),
    ("surplus", lambda: (900, 1, 850), "S2 and S4 are not right yet; the other two are."),
    ("surplus", lambda: (900, -44, 1), "The output is not right yet; the other two are."),
    ("surplus", lambda: (1, 2, 850), "The output is right; the other two are not yet."),
    ("surplus", lambda: (1, 2, 3), "(1, 2, 3) is not the answer."),
    ("merged", lambda W1, b1, W2, b2: (W1 @ W2, b1 + b2), "in the wrong order"),
    ("merged", lambda W1, b1, W2, b2: (W1 @ W2, W1 @ b2 + b1), "in the wrong order"),
    ("merged", lambda W1, b1, W2, b2: (W2 * W1, b1 * b2), "Layers in a row are a matrix product"),
    ("merged", lambda W1, b1, W2, b2: (W2 @ W1, b1 @ W2 + b2), "the vector stands on the left"),
    ("merged", lambda W1, b1, W2, b2: (W2 @ W1, b1), "the bias is not yet"),
    ("merged", lambda W1, b1, W2, b2: (W2.T @ W1, W2 @ b1 + b2), "the weight is not yet"),
]


@pytest.mark.parametrize(("name", "answer", "said"), WRONG)
def test_a_wrong_answer_is_told_its_mistake(name, answer, said):
    outcome = check(name, answer)
    assert outcome.status == "wrong"
    assert said in outcome.message, outcome


def test_where_the_weight_is_wrong_nothing_is_said_of_the_bias():
    outcome = check("merged", lambda W1, b1, W2, b2: (W1 @ W2, b1 + b2))
    assert outcome.message.endswith("what works on the input first stands on the right, W2 @ W1.")
