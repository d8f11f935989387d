"""The mistakes of 1998 are digits of MNIST's test set, with the labels that it gives them."""

from lenet_course import figure_8


def test_there_are_82_mistakes_in_the_order_of_the_test_set():
    indices = [one.index for one in figure_8.mistakes()]
    assert len(indices) == 82
    assert indices == sorted(set(indices))
    assert indices[0] >= 0 and indices[-1] < 10_000


def test_their_labels_are_those_of_mnist_and_no_answer_is_right(mnist):
    for index, label, answer in figure_8.mistakes():
        assert label == mnist.test.labels[index]
        assert answer != label and 0 <= answer <= 9


def test_15_labels_are_in_doubt_and_10_of_them_are_among_the_82():
    wrong = figure_8.wrong_labels()
    assert len(set(wrong)) == 15
    assert len(set(wrong) & {one.index for one in figure_8.mistakes()}) == 10
