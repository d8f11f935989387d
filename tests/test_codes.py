"""Figure 3's pictures, and the distances between them that the paper argues with."""

from itertools import combinations

import pytest

from lenet_course import codes


def distances():
    return {
        (a, b): codes.distance(codes.code(a), codes.code(b))
        for a, b in combinations("0123456789", 2)
    }


def test_every_digit_has_a_picture_of_twelve_rows_and_seven_columns():
    table = codes.digit_codes()
    assert len(table) == 10
    assert codes.ROWS * codes.COLUMNS == 84
    assert {len(code) for code in table} == {84}
    assert {value for code in table for value in code} == {-1, 1}


def test_a_code_is_read_row_by_row_with_ink_as_plus_one():
    ones = codes.code("1")
    picture = ["".join("#" if v > 0 else "." for v in ones[i : i + 7]) for i in range(0, 84, 7)]
    assert picture == [
        "...##..",
        "..###..",
        ".####..",
        *["...##.."] * 6,
        ".######",
        ".......",
        ".......",
    ]


def test_figure_3_has_every_printable_character_of_ascii():
    drawn = [codes.code(chr(number)) for number in range(32, 127)]
    assert {len(code) for code in drawn} == {84}


def test_the_nearest_digits_are_6_and_8_then_0_and_4_and_8_and_9():
    found = distances()
    assert min(found.values()) == found["6", "8"] == 12
    others = {pair: d for pair, d in found.items() if pair != ("6", "8")}
    assert min(others.values()) == 18
    assert {pair for pair, d in others.items() if d == 18} == {("0", "4"), ("8", "9")}


def test_the_farthest_digits_are_50_pixels_apart():
    found = distances()
    assert max(found.values()) == 50
    assert {pair for pair, d in found.items() if d == 50} == {("1", "4"), ("1", "8"), ("4", "7")}


def test_two_digits_differ_in_31_pixels_on_average():
    found = distances()
    assert sum(found.values()) / len(found) == pytest.approx(31.1, abs=0.05)


@pytest.mark.parametrize(("pair", "apart"), [("Oo", 5), ("l1", 6), ("I1", 7), ("O0", 10)])
def test_characters_that_look_alike_have_codes_that_are_alike(pair, apart):
    assert codes.distance(*map(codes.code, pair)) == apart


def test_a_distance_is_symmetric_and_zero_from_itself():
    one, other = codes.code("3"), codes.code("5")
    assert codes.distance(one, other) == codes.distance(other, one) > 0
    assert codes.distance(one, one) == 0


def test_a_character_that_figure_3_lacks_is_refused_in_words():
    with pytest.raises(ValueError, match=r"no code for 'é'.*printable character of ASCII"):
        codes.code("é")
