"""Chapter 00's solutions are held to what the package and plain counting say."""

import random

import pytest
import torch

from lenet_course import data
from lenet_course.exercises import TODO, check
from lenet_course.exercises import chapter_00 as chapter
from lenet_course.exercises.checking import examine
from lenet_course.training import Evaluation

EXERCISES = [chapter.border_pixels, chapter.wrong_answers, chapter.accuracy]


def test_the_border_is_what_padding_adds():
    for digit, field in [(28, 32), (20, 28), (3, 8)]:
        ink = torch.ones(digit, digit, dtype=torch.uint8)
        added = int((data.pad(ink, field) == 0).sum())
        assert chapter.border_pixels.solution(digit, field) == added
    assert chapter.border_pixels.solution(28, 32) == 240


def test_the_wrong_answers_are_those_of_the_paper():
    assert chapter.wrong_answers.solution(0.95, 10_000) == 95
    assert chapter.wrong_answers.solution(1, 10_000) == 100


def test_the_accuracy_is_that_of_an_evaluation():
    for predictions, labels in chapter.answers_and_labels(random.Random(0)):
        errors = int((predictions != labels).sum())
        theirs = Evaluation(len(labels), errors, 0.0, predictions).accuracy
        assert chapter.accuracy.solution(predictions, labels) == pytest.approx(theirs)


def test_some_digits_are_read_rightly_and_some_are_not():
    for seed in range(20):
        for predictions, labels in chapter.answers_and_labels(random.Random(seed)):
            assert 0 < chapter.accuracy.solution(predictions, labels) < 1


@pytest.mark.parametrize("problem", EXERCISES, ids=lambda problem: problem.name)
def test_a_stub_is_not_attempted(problem):
    assert check(problem.name, lambda *arguments: TODO).status == "not attempted"


@pytest.mark.parametrize("problem", EXERCISES, ids=lambda problem: problem.name)
def test_each_mistake_gets_its_own_diagnosis_over_twenty_seeds(problem):
    assert len(problem.mistakes) >= 5
    for seed in range(20):
        for mistake in problem.mistakes:
            outcome = examine(problem, mistake.answer, seed)
            assert outcome.status == "wrong" and mistake.message in outcome.message


def test_the_border_may_be_counted_strip_by_strip():
    def border_pixels(digit, field):
        border = (field - digit) // 2
        return 4 * border * (field - border)

    for seed in range(20):
        assert examine(chapter.border_pixels, border_pixels, seed).status == "right"


@pytest.mark.parametrize(
    ("name", "answer", "told"),
    [
        ("border_pixels", lambda digit, field: field ^ 2 - digit ^ 2, "no power in Python"),
        ("border_pixels", lambda digit, field: (field ^ 2) - (digit ^ 2), "no power in Python"),
        ("border_pixels", lambda digit, field: field * 2 - digit * 2, "not an area"),
        ("accuracy", lambda said, meant: (said == meant).mean(), "True and False have no mean"),
    ],
)
def test_what_learners_wrote_is_told_its_reason(name, answer, told):
    outcome = check(name, answer)
    assert outcome.status == "wrong" and told in outcome.message


def test_accuracy_may_be_a_tensor():
    answer = lambda predictions, labels: (predictions == labels).float().mean()  # noqa: E731
    assert check("accuracy", answer).status == "right"


def test_wrong_answers_may_be_rounded_to_whole_digits():
    answer = lambda percent, count: round(count * percent / 100)  # noqa: E731
    assert check("wrong_answers", answer).status == "right"
