"""The gallery of errors shows whose mistakes it is asked for, and what layers make of them."""

import pytest
import torch
import traitlets

from lenet_course import figure_8, networks
from lenet_course.data import Split
from lenet_course.widgets import ErrorGallery

NETWORK = networks.find("lenet5-1998")
MODEL = networks.build(NETWORK, seed=0)
LABELS = torch.arange(30) % 10
IMAGES = torch.randint(
    256, (30, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
THEIRS, YOURS = {4: 9, 9: 4, 19: 4, 23: 8}, {9: 4, 19: 7, 28: 3}
TOGETHER = "1998 and yours"


def gallery(mistakes=None, model=MODEL, network=NETWORK, **settings):
    mistakes = {"1998": THEIRS, "yours": YOURS} if mistakes is None else mistakes
    return ErrorGallery(Split(IMAGES, LABELS), mistakes, model, network.prepare, **settings)


def test_all_mistakes_of_the_first_are_shown_at_first():
    shown = gallery()
    assert shown.listed == [4, 9, 19, 23] and shown.chosen == 4
    assert shown.words == (
        "4 of 4 shown: read wrongly by 1998. Digit number 4 is a 4: 1998 says 9; yours says 4, "
        "rightly."
    )


@pytest.mark.parametrize(
    ("settings", "listed", "told"),
    [
        ({"true": 9}, [9, 19], "2 of 4 shown: read wrongly by 1998, digit 9."),
        ({"given": 4}, [9, 19], "2 of 4 shown: read wrongly by 1998, read as 4."),
        ({"true": 9, "given": 8}, [], "0 of 4 shown: read wrongly by 1998, digit 9, read as 8."),
        ({"whose": "yours", "given": 7}, [19], "1 of 3 shown: read wrongly by yours, read as 7."),
        ({"whose": TOGETHER}, [9, 19], f"2 of 2 shown: read wrongly by {TOGETHER}."),
        ({"whose": TOGETHER, "given": 7}, [19], "1 of 2 shown: read wrongly by 1998 and yours, "),
    ],
)
def test_three_fields_filter(settings, listed, told):
    shown = gallery()
    shown.set_state(settings)  # as the browser does
    assert shown.listed == listed == [index for index, _ in shown.shown["grid"]]
    assert shown.words.startswith(told)
    assert shown.chosen == (listed[0] if listed else -1)
    assert shown.thumbnails == IMAGES[listed].numpy().tobytes()


def test_the_chosen_one_stays_while_it_is_among_those_shown():
    shown = gallery(chosen=19)
    shown.true = 9
    assert shown.chosen == 19
    shown.true = 4
    assert shown.chosen == 4


def test_two_answers_stand_in_the_caption_of_a_common_mistake():
    shown = gallery(whose=TOGETHER)
    assert dict(shown.shown["grid"]) == {9: "9→4", 19: "9→4/7"}
    shown.chosen = 19
    assert shown.words.endswith("Digit number 19 is a 9: 1998 says 4; yours says 7.")


def test_messages_are_small_a_byte_for_each_number():
    shown = gallery(chosen=23)
    assert len(shown.thumbnails) == 4 * 28 * 28
    maps = 32 * 32 + 6 * 28 * 28 + 6 * 14 * 14 + 16 * 10 * 10 + 16 * 5 * 5 + 120 + 84 + 10
    assert len(shown.layers) == maps


@pytest.mark.parametrize("name", ["relu-max", "wide-dropout", "no-activation"])
def test_any_network_of_the_family_can_be_looked_into_and_is_left_as_it_is(name):
    network = networks.find(name)
    model = networks.build(network, seed=0).train()
    layers = gallery(model=model, network=network).shown["layers"]
    assert layers[0]["name"] == "input" and layers[-1]["name"] == "output"
    assert model.training and "flatten" not in [layer["name"] for layer in layers]


def test_of_very_many_mistakes_the_first_are_shown_and_all_are_counted():
    split = Split(IMAGES[:1].repeat(1_000, 1, 1), LABELS[:1].repeat(1_000))
    many = ErrorGallery(split, {"it": dict.fromkeys(range(1_000), 5)}, MODEL, NETWORK.prepare)
    assert many.words.startswith("400 of 1000 shown") and len(many.shown["grid"]) == 400


def test_without_mistakes_there_is_nothing_to_choose():
    none = gallery({"1998": {}, "yours": YOURS})
    assert none.words == "0 of 0 shown: read wrongly by 1998."
    assert (none.chosen, none.layers, none.shown["layers"]) == (-1, b"", [])
    assert "image/png" not in none._repr_mimebundle_()
    none.whose = "yours"
    assert none.words.startswith("3 of 3 shown")


def test_who_is_not_there_cannot_be_asked():
    with pytest.raises(
        traitlets.TraitError, match="no mistakes of 'hers', only of '1998', 'yours'"
    ):
        gallery(whose="hers")
    shown = gallery()
    shown.true, shown.given = 12, -7
    assert (shown.true, shown.given) == (-1, -1)


def test_the_82_of_1998_and_how_many_9s_were_read_as_4():
    labels = torch.zeros(10_000, dtype=torch.long)
    for one in figure_8.mistakes():
        labels[one.index] = one.label
    split = Split(torch.zeros(10_000, 28, 28, dtype=torch.uint8), labels)
    theirs = {one.index: one.answer for one in figure_8.mistakes()}
    shown = ErrorGallery(split, {"1998": theirs}, MODEL, NETWORK.prepare)
    assert shown.words.startswith("82 of 82 shown")
    shown.true, shown.given = 9, 4
    assert shown.words.startswith("8 of 82 shown: read wrongly by 1998, digit 9, read as 4.")


def test_what_was_set_is_still_there_when_the_cell_runs_again():
    first = gallery(name="test")
    first.whose, first.true, first.chosen = "yours", 9, 19
    second = gallery(name="test")
    assert (second.whose, second.true, second.given, second.chosen) == ("yours", 9, -1, 19)
    assert first.comm is None, "the earlier one is closed"
    second.close()


def test_without_anybody_whose_mistakes_to_show_it_says_so():
    with pytest.raises(ValueError, match="mistakes of at least one reader"):
        gallery({})


def test_a_page_without_widgets_gets_the_chosen_digits_layers_and_a_sentence_that_stays():
    shown = gallery()
    data, metadata = shown._repr_mimebundle_()
    assert data["image/png"][:4] == b"\x89PNG" and len(data["image/png"]) < 25_000
    said = shown.words.partition(" shown: read wrongly by 1998. ")[2]
    assert said and metadata["image/png"]["alt"].startswith(said)
    assert "One digit, layer by layer" in metadata["image/png"]["alt"]
    shown.true = 9
    assert shown._repr_mimebundle_()[0]["text/plain"] == data["text/plain"]
