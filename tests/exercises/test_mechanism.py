"""What the learner is told, whatever the answer does."""

import contextlib
import operator
import random

import numpy as np
import pytest
import torch

from lenet_course import exercises
from lenet_course.exercises import TODO, ExerciseError, check, checking, exercise, hint, solution
from lenet_course.exercises.checking import examine
from lenet_course.exercises.comparing import short
from lenet_course.exercises.declaring import Exercise


def weighted_sum(pixels, weights):
    return (pixels * weights).sum()


def rows_of_tensors(generator):
    torch_generator = torch.Generator().manual_seed(generator.randrange(2**31))
    for length in (3, 5, 8):
        pixels = torch.randn(length, 2, generator=torch_generator).t()[0]  # not contiguous
        yield pixels, torch.randn(length, generator=torch_generator)


WEIGHTED = Exercise("weighted_sum", "00", ("a hint",), weighted_sum, rows_of_tensors)


@WEIGHTED.mistake("Multiply, do not add.")
def added(pixels, weights):
    return (pixels + weights).sum()


def outcome_of(answer):
    return examine(WEIGHTED, answer)


# --- the three outcomes -------------------------------------------------------------------------


def test_a_stub_is_not_attempted_and_the_function_comes_back(capsys):
    @exercise("places")
    def places(size, kernel, stride):
        return TODO

    assert capsys.readouterr().out.startswith("places: not attempted yet.")
    assert places(7, 2, 2) is TODO


def test_a_right_answer_is_right_and_comes_back_unchanged(capsys):
    def places(size, kernel, stride):
        return [left for left in range(0, size, stride) if left + kernel <= size]

    assert exercise("places")(places) is places
    assert capsys.readouterr().out == "places: right.\n"


def test_a_wrong_answer_sees_its_own_input_result_and_mistake(capsys):
    @exercise("places")
    def places(size, kernel, stride):
        return list(range(0, size, stride))

    said = capsys.readouterr().out
    assert "places(size=7, kernel=2, stride=2) gives [0, 2, 4, 6], expected [0, 2, 4]." in said
    assert "hangs over the border" in said
    assert 'hint("places")' in said


def test_the_outcome_shows_itself_as_the_last_line_of_a_cell():
    assert repr(check("places", TODO)).startswith("places: not attempted yet.")


def test_a_mistake_nobody_foresaw_still_shows_input_result_and_expectation():
    outcome = check("places", lambda size, kernel, stride: [99])
    assert outcome.status == "wrong"
    assert "gives [99], expected [0, 2, 4]." in outcome.message


def test_a_plain_value_can_be_the_answer():
    assert check("wrong_comment", TODO).status == "not attempted"
    assert check("wrong_comment", (1, 28)).status == "right"
    assert "Line 6 is code" in check("wrong_comment", (6, 5)).message


def test_a_wrong_value_does_not_give_the_answer_away():
    message = check("wrong_comment", (3, 3)).message
    assert message == "(3, 3) is not the answer."


def test_a_value_where_a_function_is_asked_for_is_wrong():
    assert "A function places(size, kernel, stride)" in check("places", 5).message


# --- TODO ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "use",
    [
        lambda: TODO + 1,
        lambda: 2 * TODO // 3,
        lambda: -TODO,
        lambda: TODO[3],
        lambda: TODO.weight.grad,
        lambda: TODO(1, size=2),
        lambda: TODO == 5,
        lambda: torch.ones(3) * TODO,
        lambda: TODO * torch.ones(3),
        lambda: torch.relu(TODO),
        lambda: np.ones(3) + TODO,
        lambda: np.maximum(TODO, 0),
        lambda: sum([1, TODO]),
    ],
)
def test_whatever_is_done_with_todo_stays_todo(use):
    assert use() is TODO


@pytest.mark.parametrize(
    "use",
    [
        lambda *_: [1, TODO],
        lambda *_: {"value": (TODO,)},
        lambda *_: np.array([1, TODO]),
        lambda *_: list(range(TODO)),
        lambda *_: 1 if TODO else 2,
        lambda *_: list(TODO),
        lambda *_: torch.zeros(TODO),
        lambda *_: f"{TODO:.3f}",
        lambda *_: 1 / 0 if TODO is not None else 0,
    ],
)
def test_an_answer_with_todo_in_it_is_not_attempted_whatever_becomes_of_it(use):
    assert outcome_of(use).status == "not attempted"


def test_a_branch_left_open_is_not_attempted():
    def half(pixels, weights):
        if len(pixels) == 3:
            return 7.0
        return TODO

    assert outcome_of(half).status == "not attempted"


def test_a_class_with_todo_in_a_method_is_not_attempted():
    class Half:
        def __init__(self, pixels, weights):
            self.value = TODO

    assert outcome_of(Half).status == "not attempted"


# --- right answers, written differently ---------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        lambda pixels, weights: sum(
            float(p) * float(w) for p, w in zip(pixels, weights, strict=True)
        ),
        lambda pixels, weights: torch.einsum("i,i->", pixels, weights),
        lambda pixels, weights: pixels.double() @ weights.double(),
        lambda pixels, weights: np.dot(pixels.numpy(), weights.numpy()),
        lambda pixels, weights: (pixels * weights).sum().requires_grad_(),
    ],
)
def test_other_ways_to_write_a_right_answer_are_right(answer):
    assert outcome_of(answer).status == "right"


@pytest.mark.parametrize(
    "write",
    [tuple, np.array, torch.tensor, iter, lambda lefts: [np.int64(left) for left in lefts]],
)
def test_lists_may_be_tuples_arrays_tensors_or_generators(write):
    def places(size, kernel, stride):
        return write([left for left in range(0, size, stride) if left + kernel <= size])

    assert check("places", places).status == "right"


def test_whole_numbers_must_be_exact_however_large():
    def one_off(in_channels, out_channels, kernel, size):
        parameters = out_channels * (in_channels * kernel * kernel + 1)
        return parameters, parameters * (size - kernel + 1) ** 2 + (size == 32)

    assert "(156, 122305), expected (156, 122304)" in check("convolution_cost", one_off).message


def test_true_does_not_serve_for_one():
    answer = lambda size, kernel, stride: [bool(left) for left in range(size)]  # noqa: E731
    assert check("places", answer).status == "wrong"


def test_a_number_that_is_not_a_number_is_wrong():
    assert outcome_of(lambda pixels, weights: float("nan")).status == "wrong"


# --- answers that misbehave ---------------------------------------------------------------------


def test_an_error_that_a_known_mistake_raises_gets_its_words():
    exercise = Exercise("half", "00", (), lambda n: n // 2, lambda generator: [(3,), (4,)])
    exercise.mistake("range wants whole numbers: divide by //.")(lambda n: len(range(n / 2)))
    message = examine(exercise, lambda number: len(range(number / 2))).message
    assert "half(n=3) stopped with TypeError: 'float' object cannot be" in message
    assert message.endswith("\nrange wants whole numbers: divide by //.")
    other = examine(exercise, lambda number: number / 0).message
    assert "range wants" not in other


def test_an_error_counts_as_the_same_when_its_sizes_stand_the_other_way_round():
    exercise = Exercise("twice", "00", (), lambda n: 2 * n, lambda generator: [(3,)])
    exercise.mistake("Sizes differ.")(lambda n: torch.ones(n) * torch.ones(2))
    message = examine(exercise, lambda number: torch.ones(2) * torch.ones(number)).message
    assert message.endswith("\nSizes differ.")


def test_dots_in_a_mistake_stand_for_anything():
    exercise = Exercise("ends", "00", (), lambda n: (n, 2 * n), lambda generator: [(3,), (4,)])
    exercise.mistake("The second is right.")(lambda n: (..., 2 * n))
    assert examine(exercise, lambda n: (n, 2 * n)).status == "right"
    assert "The second is right." in examine(exercise, lambda n: ("no", 2 * n)).message
    assert "The second is right." not in examine(exercise, lambda n: (n, 3 * n)).message
    assert examine(exercise, lambda n: (..., 2 * n)).status == "wrong"


def test_an_error_that_ends_in_a_stop_is_given_one_stop():
    def refuses(size, kernel, stride):
        raise ValueError("This does not fit.")

    message = check("places", refuses).message
    assert message.endswith(
        'ValueError: This does not fit, in the line `raise ValueError("This does not fit.")`.'
    )


def test_an_error_in_the_answer_names_input_error_and_line():
    def divides(size, kernel, stride):
        return size / (kernel - kernel)

    message = check("places", divides).message
    assert "places(size=7, kernel=2, stride=2) stopped with ZeroDivisionError" in message
    assert "in the line `return size / (kernel - kernel)`" in message


def test_a_missing_parameter_is_a_wrong_answer_not_a_traceback():
    assert "stopped with TypeError" in check("places", lambda size: []).message


def test_endless_recursion_is_a_wrong_answer():
    def again(size, kernel, stride):
        return again(size, kernel, stride)

    assert "RecursionError" in check("places", again).message


def test_exit_is_a_wrong_answer():
    assert "SystemExit" in check("places", lambda *arguments: exit()).message


def test_nothing_returned_asks_for_the_return():
    message = check("places", lambda *_: None).message
    assert message.endswith("gives None, expected [0, 2, 4].\nIs a `return` missing?")


def test_an_argument_that_is_not_used_is_named():
    def of_the_notebook(pixels, weights):
        return sum(one * weight for one, weight in zip([1, 2, 3], weights, strict=False))

    assert "\nIt does not use `pixels`, and the right" in outcome_of(of_the_notebook).message


@pytest.mark.parametrize(
    "answer",
    [
        lambda pixels, weights: pixels.sum() - weights.sum(),
        lambda pixels, weights: sum(one - weights.sum() for one in pixels),
        lambda pixels, weights: (lambda: pixels - weights)().sum(),
        lambda *both: both[0].sum(),
        operator.sub,
    ],
)
def test_arguments_that_are_used_somewhere_are_not_complained_of(answer):
    outcome = outcome_of(answer)
    assert outcome.status == "wrong"
    assert "does not use" not in outcome.message


def test_a_result_of_another_kind_is_a_wrong_answer():
    assert "gives 'seven', expected [0, 2, 4]" in check("places", lambda *_: "seven").message
    assert check("places", lambda *_: object()).status == "wrong"


def test_a_result_of_another_shape_names_both_shapes():
    exercise = Exercise("grid", "00", (), lambda n: torch.zeros(n, 30), lambda generator: [(4,)])
    message = examine(exercise, lambda n: torch.zeros(30, n)).message
    assert "gives values of shape (30, 4), expected values of shape (4, 30)" in message


def test_long_lists_of_words_are_given_whole_and_numbers_to_six_digits():
    words = ["open the new file", "write into it", "push it to the disk", "replace the old file"]
    assert short(words) == repr(words)
    assert short(torch.tensor([0.1, -0.05])) == "[0.1, -0.05]"


def test_rows_of_unequal_lengths_are_told_as_such():
    table = [list(range(10)), list(range(30)), list(range(20))]
    assert short(table) == "3 rows of unequal lengths"
    exercise = Exercise("grid", "00", (), lambda: table, lambda generator: [()])
    assert examine(exercise, lambda: [*table[:2], [1]]).status == "wrong"


def test_in_a_large_result_the_first_difference_is_named():
    exercise = Exercise("grid", "00", (), lambda n: np.zeros((n, 30)), lambda generator: [(4,)])

    def one_wrong(n):
        grid = np.zeros((n, 30))
        grid[2, 7] = 5
        return grid

    assert "differs first at [2][7]: 5 there, expected 0" in examine(exercise, one_wrong).message


@pytest.mark.skipif(not hasattr(checking.signal, "setitimer"), reason="no alarm on this system")
def test_an_endless_loop_is_stopped_and_named(monkeypatch):
    monkeypatch.setattr(checking, "TIME_LIMIT", 0.2)

    def forever(size, kernel, stride):
        while True:
            with contextlib.suppress(Exception):
                size += 1

    message = check("places", forever).message
    assert "has not ended" in message and "endless loop" in message


def test_an_interruption_by_the_learner_is_not_swallowed():
    def interrupted(size, kernel, stride):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check("places", interrupted)


# --- what a check leaves as it was --------------------------------------------------------------


def test_a_check_leaves_random_states_gradient_mode_and_dtype_as_they_were():
    def meddles(pixels, weights):
        random.seed(1)
        np.random.seed(1)
        torch.manual_seed(1)
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        return (pixels * weights).sum()

    before = random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state()
    assert outcome_of(meddles).status == "right"
    assert random.getstate() == before[0]
    assert (np.random.get_state()[1] == before[1]).all()
    assert torch.equal(torch.get_rng_state(), before[2])
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32


def test_an_answer_that_changes_its_input_harms_nobody():
    def overwrites(pixels, weights):
        total = (pixels * weights).sum()
        pixels.zero_()
        weights.zero_()
        return total

    assert outcome_of(overwrites).status == "right"


def test_the_same_answer_is_told_the_same_thing_twice():
    wrong = lambda pixels, weights: (pixels - weights).sum()  # noqa: E731
    assert str(outcome_of(wrong)) == str(outcome_of(wrong))


def test_a_diagnosis_of_its_own_may_look_at_anything():
    def learns(answer, generator):
        return None if answer(2.0).requires_grad else "No gradient reaches the weight."

    exercise = Exercise(
        "weight", "00", (), lambda value: torch.tensor(value).requires_grad_(), list, learns
    )
    assert examine(exercise, exercise.solution).status == "right"
    assert examine(exercise, torch.tensor).message == "No gradient reaches the weight."
    assert examine(exercise, lambda value: TODO).status == "not attempted"
    assert "cannot be compared" in examine(exercise, lambda value: 3).message


# --- names, hints, solutions --------------------------------------------------------------------


def test_an_unknown_name_is_told_the_nearest():
    for use in (exercise, hint, solution, lambda name: check(name, 1)):
        with pytest.raises(ExerciseError, match=r"no exercise 'placs'; did you mean places\?$"):
            use("placs")


def test_hints_and_solutions_are_found_by_the_function_too(capsys):
    def places(size, kernel, stride):
        return TODO

    hint(places)
    assert 'More: hint("places", 2)' in capsys.readouterr().out
    solution(places)
    assert capsys.readouterr().out.startswith("def places(")
    with pytest.raises(ExerciseError, match="no exercise 'plaices'"):
        hint(type("plaices", (), {}))


def test_hints_are_counted_from_one_and_lead_on(capsys):
    hint("places")
    assert capsys.readouterr().out.startswith("Hint 1 of 3: ")
    hint("places", 3)
    said = capsys.readouterr().out
    assert said.startswith("Hint 3 of 3: ") and 'solution("places")' in said
    hint("places", 4)
    assert "has hints 1 to 3" in capsys.readouterr().out


def test_a_solution_is_printed_from_def_on(capsys):
    solution("places")
    assert capsys.readouterr().out.startswith("def places(size, kernel, stride):\n    return ")


def test_two_chapters_cannot_use_one_name():
    def places():
        return 1

    places.__module__ = "lenet_course.exercises.chapter_99"
    with pytest.raises(ValueError, match="two exercises are called 'places'"):
        exercises.problem(hints=["one"])(places)
