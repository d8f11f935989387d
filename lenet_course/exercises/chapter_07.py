"""Exercises of chapter 07, the whole network."""

# ruff: noqa: D103 - solutions are printed as they stand; a mistake's message says what it does

from __future__ import annotations

import contextlib

from lenet_course import shapes

from .declaring import problem

# --- table_row ----------------------------------------------------------------------------------


def the_first_twelve_rows(random):
    yield from [(4,), (0,), (6,), (11,)]
    yield from [(row,) for row in (1, 2, 3, 5, 7, 8, 9, 10)]


@problem(
    inputs=the_first_twelve_rows,
    hints=[
        "Read the picture column by column. How many marks have maps 0 to 5, and where is the "
        "first of them? And maps 6 to 11?",
        "Map 4 reads 4, 5 and then 0: after map 5 the count begins again. `%` does that.",
        "(row + step) % 6 for step in range(3), and so with 4 steps from row 6 on; then sort.",
    ],
)
def table_row(row):
    count = 3 if row < 6 else 4
    return sorted((row + step) % 6 for step in range(count))


AFTER_FIVE = "S2 has maps 0 to 5 only. After map 5 comes map 0: `%` begins again."


@table_row.mistake(AFTER_FIVE)
def never_begins_again(row):
    return list(range(row % 6, row % 6 + (3 if row < 6 else 4)))


@table_row.mistake(AFTER_FIVE)
def counts_on_and_on(row):
    return list(range(row, row + (3 if row < 6 else 4)))


@table_row.mistake(f"{AFTER_FIVE} And from row 6 on there are four maps, not three.")
def three_that_never_begin_again(row):
    return [row, row + 1, row + 2]


@table_row.mistake("What comes after map 5 is cut off here. After map 5 comes map 0: `%`.")
def cut_off_at_the_end(row):
    return [source for source in never_begins_again(row) if source < 6]


@table_row.mistake("The right maps, in the order of counting. Sort them, as the paper's table is.")
def not_sorted(row):
    return [(row + step) % 6 for step in range(3 if row < 6 else 4)]


@table_row.mistake("Sort the list. And from row 6 on, a map of C3 reads four maps, not three.")
def three_not_sorted(row):
    return [(row + step) % 6 for step in range(3)]


@table_row.mistake("From row 6 on, a map of C3 reads four maps of S2, not three.")
def always_three(row):
    return sorted((row + step) % 6 for step in range(3))


@table_row.mistake("The first six maps of C3 read three maps of S2 each, not four.")
def always_four(row):
    return sorted((row + step) % 6 for step in range(4))


@table_row.mistake("Row 6 begins a new round: like row 0 it starts at map 0, not one further.")
def second_round_one_too_far(row):
    return table_row.solution(row) if row < 6 else sorted((row + 1 + k) % 6 for k in range(4))


@table_row.mistake("The maps are counted from 1 here. The paper's table counts them from 0.")
def counted_from_one(row):
    return [source + 1 for source in table_row.solution(row)]


@table_row.mistake(
    "This is a *line* of the picture: the maps of C3 that read this map of S2. Map `row` of C3 is "
    "a column."
)
def a_line_for_a_column(row):
    from lenet_course import layers

    readers = [number for number, sources in enumerate(layers.TABLE_I) if row in sources]
    return readers if row < 6 else ...  # the picture has six lines


@table_row.mistake(
    "This is a *line* of the picture: the maps of C3 that read this map of S2. Map `row` of C3 is "
    "a column."
)
def the_first_twelve_of_a_line(row):
    readers = a_line_for_a_column(row)
    return [number for number in readers if number < 12] if row < 6 else ...


# --- nearest_code -------------------------------------------------------------------------------


def rows_of_distances(random):
    yield [40, 90, 12, 75, 60, 88, 31, 54, 66, 70], 50
    yield [80, 90, 92, 75, 60, 88, 61, 95, 66, 70], 50
    yield [80, 90, 92, 75, 60, 50, 61, 95, 66, 70], 50
    for _ in range(9):
        # No two alike, so that the nearest is one.
        distances = random.sample(range(5, 200), 10)
        yield distances, min(distances) + random.choice([-3, 3, 20])


@problem(
    inputs=rows_of_distances,
    hints=[
        "A distance says how far F6 is from a code. Which of two distances speaks for its digit?",
        "The place of the smallest: distances.index(min(distances)).",
        "Before that, look whether min(distances) is above the limit; then the answer is -1.",
    ],
)
def nearest_code(distances, limit):
    nearest = min(distances)
    return distances.index(nearest) if nearest <= limit else -1


@nearest_code.mistake(
    "The largest distance wins here: that is the digit that the picture is *least* like."
)
def the_farthest_wins(distances, limit):
    return distances.index(max(distances)) if min(distances) <= limit else -1


@nearest_code.mistake(
    "The largest distance wins here, and the limit does not count. The digit that the picture is "
    "most like has the smallest distance."
)
def the_farthest_wins_without_limit(distances, limit):
    return distances.index(max(distances))


@nearest_code.mistake(
    "The limit does not count here. When even the nearest code is farther than the limit, the "
    "picture is no digit: -1."
)
def limit_forgotten(distances, limit):
    return distances.index(min(distances))


@nearest_code.mistake("This is the smallest distance. The answer is its place: the digit.")
def the_distance_itself(distances, limit):
    return min(distances) if min(distances) <= limit else -1


@nearest_code.mistake(
    "This is the smallest distance. The answer is its place: the digit; and -1 beyond the limit."
)
def the_distance_itself_without_limit(distances, limit):
    return min(distances)


@nearest_code.mistake("A refusal is -1.")
def refused_by_none(distances, limit):
    return distances.index(min(distances)) if min(distances) <= limit else None


@nearest_code.mistake("The limit the wrong way round: what is *farther* than the limit gets -1.")
def limit_turned_round(distances, limit):
    return distances.index(min(distances)) if min(distances) > limit else -1


@nearest_code.mistake(
    "This is the first digit within the limit. Another one may be nearer: look for the smallest."
)
def the_first_within_the_limit(distances, limit):
    return next((digit for digit, one in enumerate(distances) if one <= limit), -1)


@nearest_code.mistake("A distance of exactly the limit is not farther than the limit: use <=.")
def the_limit_itself_refused(distances, limit):
    return distances.index(min(distances)) if min(distances) < limit else -1


# --- surplus ------------------------------------------------------------------------------------


@problem(
    hints=[
        "C3: 60 kernels of 5x5 in 1998, all 16 * 6 of them today. The 16 biases are in both.",
        "S2 and S4 together: a coefficient and a bias for each of 6 + 16 maps in 1998, and "
        "today? What is missing counts as negative.",
        "Output: ten codes that are not learned in 1998; today 84 weights and a bias for each "
        "of ten units.",
    ],
)
def surplus():
    c3, subsampling, output = 900, -44, 850
    return c3, subsampling, output


@surplus.mistake("These are 1998 minus today. What today's network has *more* is asked for.")
def the_other_way_round():
    return -900, 44, -850


@surplus.mistake(
    "These are the numbers of today. How many *more* are they? Take off those of 1998."
)
def those_of_today():
    return 2416, 0, 850


@surplus.mistake(
    "Subsampling has parameters in 1998 and none today, so the modern network has *fewer* there: "
    "a negative number. The three have to add up to 1,706."
)
def subsampling_added():
    return ..., 44, ...


@surplus.mistake(
    "Ten units with 84 weights have a bias each today. The three have to add up to 1,706."
)
def biases_of_the_output_forgotten():
    return ..., ..., 840


@surplus.mistake(
    "The codes of 1998 are fixed: they are no parameters, so nothing is taken off the 850."
)
def codes_counted_as_learned():
    return ..., ..., 10


@surplus.mistake(
    "36 more pairs of maps is right; but each pair has a kernel of 25 weights. The three have to "
    "add up to 1,706."
)
def pairs_in_place_of_weights():
    return 36, ..., ...


@surplus.mistake(
    "36 more pairs of maps have 25 weights each. The biases belong to the maps, not to the pairs. "
    "The three have to add up to 1,706."
)
def a_bias_for_each_pair():
    return 936, ..., ...


@surplus.mistake(
    "A coefficient *and* a bias for each map of S2 and S4: two numbers. The three have to add up "
    "to 1,706."
)
def one_number_a_map():
    return ..., -22, ...


@surplus.mistake(
    "Both networks have 16 biases in C3, and Table I takes none away. The three have to add up "
    "to 1,706."
)
def biases_of_c3_counted():
    return 916, ..., ...


@surplus.mistake(
    "Both networks have 16 biases in C3, and Table I takes none away. The three have to add up "
    "to 1,706."
)
def biases_of_c3_taken_off():
    return 884, ..., ...


@surplus.mistake(
    "S4 pools too, and has 16 maps: 32 numbers beside the 12 of S2. The three have to add up to "
    "1,706."
)
def s4_forgotten():
    return ..., -12, ...


@surplus.mistake(
    "S2 is missing: 12 numbers beside the 32 of S4. The three have to add up to 1,706."
)
def s2_forgotten():
    return ..., -32, ...


@surplus.mistake("C3 is not right yet; the other two are. The three have to add up to 1,706.")
def another_c3():
    return ..., -44, 850


@surplus.mistake("S2 and S4 are not right yet; the other two are. All have to add up to 1,706.")
def another_subsampling():
    return 900, ..., 850


@surplus.mistake(
    "The output is not right yet; the other two are. The three have to add up to 1,706."
)
def another_output():
    return 900, -44, ...


@surplus.mistake("C3 is right; the other two are not yet. The three have to add up to 1,706.")
def only_c3():
    return 900, ..., ...


@surplus.mistake("S2 and S4 are right; the other two are not yet. All have to add up to 1,706.")
def only_subsampling():
    return ..., -44, ...


@surplus.mistake(
    "The output is right; the other two are not yet. The three have to add up to 1,706."
)
def only_output():
    return ..., ..., 850


# --- merged -------------------------------------------------------------------------------------


def pairs_of_affine_layers(random):
    import torch

    def table(*sides):
        numbers = torch.Generator().manual_seed(random.randrange(2**31))
        return torch.randint(-4, 5, sides, generator=numbers).double()

    # Square, so that a product in the wrong order is a wrong number and no error.
    for size in (2, 3, 3, 4, 5):
        yield table(size, size), table(size), table(size, size), table(size)


@problem(
    inputs=pairs_of_affine_layers,
    hints=[
        "The first layer turns x into W1 @ x + b1. Put that in place of x in W2 @ x + b2.",
        "W2 @ (W1 @ x + b1) + b2 = (W2 @ W1) @ x + (W2 @ b1 + b2).",
    ],
)
def merged(W1, b1, W2, b2):
    return W2 @ W1, W2 @ b1 + b2


# The weight comes first: where it is wrong, nothing is said of the bias.


@merged.mistake(
    "The product is in the wrong order: what works on the input first stands on the right, W2 @ W1."
)
def wrong_order(W1, b1, W2, b2):
    return W1 @ W2, ...


@merged.mistake("`*` multiplies number by number. Layers in a row are a matrix product: W2 @ W1.")
def multiplied_number_by_number(W1, b1, W2, b2):
    return W2 * W1, ...


@merged.mistake(
    "The weights are added here. The second layer works on what the first one gives: W2 @ W1."
)
def weights_added(W1, b1, W2, b2):
    return W1 + W2, ...


@merged.mistake(
    "The weight is right. The first bias passes through the second layer: it becomes W2 @ b1."
)
def biases_added(W1, b1, W2, b2):
    return W2 @ W1, b1 + b2


@merged.mistake("The weight is right. The first layer's bias is lost: W2 @ b1 belongs to the sum.")
def first_bias_lost(W1, b1, W2, b2):
    return W2 @ W1, b2


@merged.mistake("The weight is right. The second layer's bias is lost: add b2 at the end.")
def second_bias_lost(W1, b1, W2, b2):
    return W2 @ W1, W2 @ b1


@merged.mistake(
    "The weight is right. In the bias the vector stands on the left: the matrix works on what "
    "stands on its right, W2 @ b1."
)
def bias_on_the_left(W1, b1, W2, b2):
    return W2 @ W1, b1 @ W2 + b2


@merged.mistake(
    "The weight is right. The bias of the first layer meets W2, and no longer W1: W2 @ b1 + b2."
)
def bias_through_the_wrong_layer(W1, b1, W2, b2):
    return W2 @ W1, W1 @ b1 + b2


@merged.mistake("The weight is right, the bias is not yet. What does W2 do to the first bias?")
def another_bias(W1, b1, W2, b2):
    return W2 @ W1, ...


@merged.mistake(
    "The bias is right, the weight is not yet: W1 works on the input, W2 on what W1 gives."
)
def another_weight(W1, b1, W2, b2):
    return ..., W2 @ b1 + b2


# --- described ----------------------------------------------------------------------------------
# In words: a picture of 20x20. C1 learns 8 maps with a window of 5, padded by 2; ReLU. S2 keeps
# the largest of every 2x2. C3 learns 12 maps with a window of 3; ReLU. S4 averages every 2x2.
# Flattened, then F6 with 50 units, ReLU, and an output of 10.

FIELD = (1, 20, 20)
ACTIVATIONS = 'Activations are shapes.Activation("relu").'


def account(layers):
    """What each layer is, gives and learns; names, or "same" for padding=2, make no difference."""
    return [
        (
            type(row.layer).__name__,
            getattr(row.layer, "function", ""),
            row.output_shape,
            row.parameters,
        )
        for row in shapes.trace(layers, FIELD)
    ]


TORCHS_ORDER = (
    "The first number is the maps, or units, that come out; what comes in follows from the layer "
    "before: shapes.Conv2d(8, 5), shapes.Linear(50)."
)


def compare_accounts(answer, random):
    try:
        layers = answer()
    except Exception as error:
        described.note_if_known(error, ())
        raise
    if any(_in_torchs_order(layer) for layer in layers):
        return TORCHS_ORDER
    try:
        given = account(layers)
    except shapes.ShapeError as error:
        return str(error)
    wanted = account(described.solution())
    if given == wanted:
        return None
    for mistake in described.mistakes:
        # Some mistakes give no layers at all, or none that fit.
        with contextlib.suppress(AttributeError, TypeError, shapes.ShapeError):
            if given == account(mistake.answer()):
                return mistake.message
    for number, (one, other) in enumerate(zip(given, wanted, strict=False), start=1):
        if one != other:
            return f"Layer {number} is {_in_words(one)}: something else is described."
    count = "is 1 layer" if len(given) == 1 else f"are {len(given)} layers"
    return f"There {count}, activations included; {len(wanted)} are described."


def _in_torchs_order(layer):
    """Whether a layer's second number fell where a stride or a switch belongs."""
    if isinstance(layer, shapes.Conv2d):
        return layer.stride != 1  # no convolution of this description has one
    return isinstance(layer, shapes.Linear) and not isinstance(layer.bias, bool)


def _in_words(entry):
    kind, function, shape, parameters = entry
    if function:
        return f"{kind}({function!r})"
    learned = f" and has {parameters:,} parameters" if parameters else ""
    return f"{kind}, which gives {'x'.join(map(str, shape))}{learned}"


@problem(
    diagnose=compare_accounts,
    hints=[
        "One line for each layer: shapes.Conv2d(8, kernel_size=5, padding=2) is the first.",
        'Each "ReLU" is a line of its own: shapes.Activation("relu"). There are three.',
        "shapes.trace(layers, (1, 20, 20)) shows what you have so far: S4 has to give 12 maps "
        "of 4x4, and flattened they are 192.",
    ],
)
def described():
    return [
        shapes.Conv2d(8, kernel_size=5, padding=2),
        shapes.Activation("relu"),
        shapes.MaxPool2d(2),
        shapes.Conv2d(12, kernel_size=3),
        shapes.Activation("relu"),
        shapes.AvgPool2d(2),
        shapes.Flatten(),
        shapes.Linear(50),
        shapes.Activation("relu"),
        shapes.Linear(10),
    ]


def with_layer(place, *layers):
    """The right list with the layer at one place replaced by others, or by none."""
    right = described.solution()
    return [*right[:place], *layers, *right[place + 1 :]]


@described.mistake(
    "C1 is not padded here: its maps are 16x16, and the description keeps them at 20x20 "
    "(padding=2)."
)
def padding_forgotten():
    return with_layer(0, shapes.Conv2d(8, kernel_size=5))


@described.mistake("S2 keeps the *largest* of every 2x2: that is MaxPool2d, and only S4 averages.")
def two_averages():
    return with_layer(2, shapes.AvgPool2d(2))


@described.mistake("S4 *averages* every 2x2: that is AvgPool2d, and only S2 keeps the largest.")
def two_maxima():
    return with_layer(5, shapes.MaxPool2d(2))


@described.mistake(
    "The output is squashed by a ReLU here: the description ends with ten plain numbers."
)
def output_squashed():
    return [*described.solution(), shapes.Activation("relu")]


@described.mistake(
    "There is no ReLU anywhere: without one, neighbouring layers merge into a single one."
)
def no_activations():
    return [one for one in described.solution() if not isinstance(one, shapes.Activation)]


@described.mistake("F6 lacks its ReLU: F6 and the output would be a single affine map.")
def f6_without_activation():
    return with_layer(8)


@described.mistake("C3's window is 3 pixels wide, not 5: its maps are 8x8.")
def c3_with_the_window_of_c1():
    return with_layer(3, shapes.Conv2d(12, kernel_size=5))


@described.mistake(TORCHS_ORDER)
def in_torchs_order():
    return with_layer(0, shapes.Conv2d(1, 8, 5, padding=2))


@described.mistake(TORCHS_ORDER)
def units_in_torchs_order():
    return [*described.solution()[:7], shapes.Linear(192, 50), shapes.Linear(50, 10)]


@described.mistake(TORCHS_ORDER)
def in_torchs_order_with_a_name():
    return with_layer(0, shapes.Conv2d(1, 8, kernel_size=5, padding=2))


@described.mistake(ACTIVATIONS)
def relu_as_in_torch():
    return with_layer(1, shapes.ReLU())


@described.mistake(ACTIVATIONS)
def relu_as_a_function():
    return with_layer(1, shapes.relu())


@described.mistake("F6 with its 50 units is missing between the flattened maps and the output.")
def f6_left_out():
    return [*described.solution()[:7], shapes.Linear(10)]
