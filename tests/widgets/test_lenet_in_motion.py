"""What LeNet in motion shows is what the networks compute, layer by layer."""

import time
from importlib import resources

import numpy as np
import pytest
import torch

from lenet_course import handwriting, networks, results, trained
from lenet_course.codes import digit_codes
from lenet_course.handwriting import to_mnist
from lenet_course.widgets import LeNetInMotion
from lenet_course.widgets.layer_by_layer import through
from lenet_course.widgets.lenet_in_motion import DARKEST

OF_1998 = trained.load(resources.files(results) / "1998-map-distortions.safetensors")
MODERN = trained.load()
BOTH = {"1998": (OF_1998.model, OF_1998.network), "modern": (MODERN.model, MODERN.network)}


def one():
    ink = np.zeros((140, 140), np.uint8)
    ink[20:120, 65:75] = 255
    return ink


def digit(ink):
    return torch.from_numpy(to_mnist(ink))


@pytest.fixture
def motion():
    return LeNetInMotion(BOTH)


@pytest.fixture
def drawn(motion):
    motion.pad.ink = one()
    return motion


def shown(motion, name):
    """What the page is told about a network."""
    return next(each for each in motion.layers.shown["networks"] if each["title"] == name)


# --- what every layer makes of it ---------------------------------------------------------------


@pytest.mark.parametrize("name", networks.FAMILY)
def test_what_goes_through_ends_in_the_networks_own_outputs(name):
    network = networks.FAMILY[name]
    model = networks.build(network, seed=0).eval()
    seen = through(model, network.prepare(digit(one())[None]))
    inputs = network.prepare(digit(one())[None])
    assert torch.equal(seen["input"], inputs[0])
    torch.testing.assert_close(seen["output"], model(inputs)[0], atol=1e-4, rtol=1e-4)
    assert not any(values.requires_grad for values in seen.values())


def test_a_network_that_is_training_is_looked_at_without_dropout_and_without_being_switched():
    network = networks.find("wide-dropout")
    model = networks.build(network, seed=0).train()
    one_look, another = (through(model, network.prepare(digit(one())[None])) for _ in range(2))
    assert torch.equal(one_look["output"], another["output"])
    assert model.training and model.dropout.training


# --- the page -----------------------------------------------------------------------------------


def test_an_empty_pad_says_what_to_do_and_no_layer_is_lit(motion):
    assert motion.answers == motion.seen == {}
    assert "draw a digit first" in motion.layers.words
    assert motion.layers.shown["steps"] == []
    for name, (_, network) in BOTH.items():
        unlit = shown(motion, name)
        assert "values" not in unlit and "outputs" not in unlit
        sizes = {layer["name"]: layer["shape"] for layer in unlit["layers"]}
        assert sizes["input"] == list(network.input_shape)
        assert sizes["C3"] == [16, 10, 10]
        assert sizes["C5"] == [120, 1, 1] and sizes["F6"] == [84, 1, 1]


def test_what_is_drawn_goes_through_both_networks(drawn):
    assert drawn.answers == {"1998": 1, "modern": 1}
    assert drawn.layers.words == "1998 reads 1; modern reads 1."
    for name, (model, network) in BOTH.items():
        wanted = through(model, network.prepare(digit(one())[None]))
        assert all(torch.equal(drawn.seen[name][layer], wanted[layer]) for layer in wanted)


def test_a_byte_stands_for_each_number_and_zero_for_zero(drawn):
    for name, (_, network) in BOTH.items():
        values = shown(drawn, name)["values"]
        for layer, numbers in drawn.seen[name].items():
            if layer == "input":
                numbers, limit = numbers - network.background, network.ink - network.background
            else:
                limit = DARKEST * float(numbers.abs().max())
            sent = np.frombuffer(values[layer], np.int8).reshape(numbers.shape)
            wanted = (numbers / limit).clamp(-1, 1).numpy()
            np.testing.assert_allclose(sent / 127, wanted, atol=0.51 / 127)


def test_paper_is_white_in_every_input(drawn):
    for name in BOTH:
        pixels = np.frombuffer(shown(drawn, name)["values"]["input"], np.int8).reshape(32, 32)
        assert (pixels[:2] == 0).all() and pixels.max() > 100


def test_of_distances_the_smallest_wins_and_of_logits_the_largest(drawn):
    distances, logits = (shown(drawn, name) for name in BOTH)
    assert distances["answer"] == int(np.argmin(distances["outputs"]))
    assert logits["answer"] == int(np.argmax(logits["outputs"]))
    assert "the smallest wins" in distances["caption"] and "distance" in distances["caption"]
    assert "the largest wins" in logits["caption"] and "logits" in logits["caption"]
    first, second = sorted(distances["outputs"])[:2]
    assert distances["told"].startswith(f"1 with {first:.1f}, then ")
    assert distances["told"].endswith(f" with {second:.1f}")
    first, second = sorted(logits["outputs"])[:-3:-1]
    assert logits["told"].startswith(f"1 with {first:.1f}, then ")
    assert logits["told"].endswith(f" with {second:.1f}")


def test_the_preparation_is_shown_step_by_step(drawn):
    steps = drawn.layers.shown["steps"]
    assert [step["size"] for step in steps] == [[70, 70], [20, 20], [28, 28]]
    assert [step["note"] for step in steps] == ["ink: 100×10", "now 20×2", "middle: 13.5, 14.5"]
    assert steps[0]["mark"] == [10, 32.5, 50, 5]
    assert steps[2]["mark"] == pytest.approx([13.5, 14.5, 1, 1])
    pictures = [np.frombuffer(step["values"], np.uint8).reshape(step["size"]) for step in steps]
    assert (pictures[1][:, 9:11] == 127).all() and pictures[1].sum() == 20 * 2 * 127
    assert (pictures[2] == to_mnist(one()) // 2).all()


# --- F6 and its code ----------------------------------------------------------------------------


def pixels(view):
    return np.frombuffer(view, np.int8).astype(float)


def test_f6_melts_into_the_code_of_the_answer(drawn):
    states, code = drawn.seen["1998"]["F6"].numpy(), np.array(digit_codes()[1])
    for percent in (0, 30, 100):
        drawn.layers.melt = percent
        now = shown(drawn, "1998")
        mixed = states + percent / 100 * (code - states)
        scale = 127 / abs(states).max()
        np.testing.assert_allclose(pixels(now["picture"]), scale * mixed, atol=0.51)
        np.testing.assert_allclose(pixels(now["code"]), scale * code, atol=0.51)
    assert now["picture"] == now["code"]


def test_the_words_tell_how_alike_f6_and_the_code_are_and_what_is_left(drawn):
    states, code = drawn.seen["1998"]["F6"], torch.tensor(digit_codes()[1])
    alike = int((states.sign() == code).sum())
    said = f"F6 has the sign of the code of 1 in {alike} of 84 pixels."
    assert shown(drawn, "1998")["f6"] == said
    drawn.layers.melt = 50
    distance = float(drawn.seen["1998"]["output"][1])
    assert shown(drawn, "1998")["f6"] == (
        f"Unmelted, {said} Melted by 50%: of the squared distance {distance:.1f}, "
        f"{distance / 4:.1f} is left."
    )


def test_a_modern_network_has_no_code_and_says_so(drawn):
    modern = shown(drawn, "modern")
    assert not modern["has_codes"] and "code" not in modern
    assert modern["f6"].endswith("They have no code to become.")
    assert shown(drawn, "1998")["has_codes"]


def test_a_network_without_f6_is_shown_all_the_same():
    network = networks.find("wide-dropout")
    motion = LeNetInMotion({"wide": (networks.build(network, seed=0), network)})
    motion.pad.ink = one()
    assert "F6" not in motion.seen["wide"] and "f6" not in shown(motion, "wide")
    assert motion.picture().image.startswith(b"\x89PNG")


def test_whoever_looks_while_a_drawing_is_read_sees_what_was_read_before(drawn, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "lenet_course.widgets.lenet_in_motion.steps",
        lambda ink: seen.append(drawn.answers) or handwriting.steps(ink),
    )
    drawn.pad.ink = one().T
    assert seen == [{"1998": 1, "modern": 1}]


def test_a_new_stroke_shows_f6_unmelted(drawn):
    drawn.layers.melt = 100
    drawn.pad.ink = one().T
    assert drawn.layers.melt == 0
    f6, code = (shown(drawn, "1998")[name] for name in ("picture", "code"))
    assert f6 != code


def test_melting_stays_between_none_and_all(motion):
    motion.layers.melt = 170
    assert motion.layers.melt == 100
    motion.layers.melt = -3
    assert motion.layers.melt == 0


# --- what may go wrong, and what stays ----------------------------------------------------------


def test_without_a_network_there_is_nothing_to_watch():
    with pytest.raises(ValueError, match="at least one network"):
        LeNetInMotion({})


@pytest.mark.parametrize(
    "built, shown, words",
    [
        ("lenet5-1998", "relu-max", r"has C1_scaled_tanh: .*, where relu-max has C1_relu: ReLU"),
        ("relu-avg", "relu-max", r"has S2: AvgPool2d\(.*, where relu-max has S2: MaxPool2d\("),
        ("sigmoid-avg", "sigmoid-max", r"has S2: AvgPool2d"),
        ("wide-dropout", "relu-max", r"has C1: .*, where relu-max has C1: "),
    ],
)
def test_a_module_of_another_network_is_refused_with_the_first_layer_that_differs(
    built, shown, words
):
    with pytest.raises(ValueError, match=f"'mine': its module {words}"):
        LeNetInMotion({"mine": (networks.build(built, seed=0), networks.find(shown))})


def test_an_error_in_the_kernel_is_said_under_the_pad_and_goes_with_the_next_drawing(monkeypatch):
    model = networks.build("relu-max", seed=0)
    motion = LeNetInMotion({"mine": (model, networks.find("relu-max"))})
    motion.pad.ink = one()
    monkeypatch.setattr(model.C3, "forward", lambda maps: maps.nonsense())
    motion.pad.ink = one().T
    assert "nonsense" in motion.pad.message
    assert motion.layers.words == "No reading: see the message under the pad."
    assert motion.answers == {} and "values" not in shown(motion, "mine")
    monkeypatch.undo()
    motion.pad.ink = one()
    assert motion.pad.message == "" and motion.answers


def test_clearing_the_pad_puts_the_lights_out(drawn):
    drawn.pad.ink = np.zeros((140, 140), np.uint8)
    assert drawn.answers == {} and "values" not in shown(drawn, "1998")


def test_drawing_and_melting_are_still_there_when_the_cell_runs_again():
    first = LeNetInMotion(BOTH, name="test: motion")
    first.pad.ink, first.layers.melt = one(), 40
    second = LeNetInMotion(BOTH, name="test: motion")
    assert (second.pad.ink == one()).all() and second.layers.melt == 40
    assert second.answers == {"1998": 1, "modern": 1}
    assert first.comm is first.pad.comm is first.layers.comm is None, "the earlier one is closed"
    second.close()


def test_a_page_without_widgets_gets_a_sentence_that_is_always_the_same_and_a_picture(motion):
    told = []
    for ink, begins, read in (
        (np.zeros((140, 140), np.uint8), "An empty pad, and what every layer", "no output yet"),
        (one(), "A drawing, prepared, and what every layer", "the smallest output is 1"),
    ):
        motion.pad.ink = ink
        data, metadata = motion._repr_mimebundle_()
        told.append(data["text/plain"])
        assert data["image/png"].startswith(b"\x89PNG") and len(data["image/png"]) < 40_000
        alt = metadata["image/png"]["alt"]
        assert alt.startswith(begins) and read in alt
    assert told[0] == told[1]
    assert "1998: input, C1, S2, C3, S4, C5, F6, output" in told[0]
    assert "run this cell in JupyterLab" in told[0]


def test_nothing_is_fetched_from_elsewhere(motion):
    source = str(motion.layers._esm)
    assert "://" not in source and "import" not in source


def test_a_message_to_the_page_is_small(drawn):
    """Bytes, not lists of numbers: or the bars would lag behind the pen."""
    sent = [step["values"] for step in drawn.layers.shown["steps"]]
    sent += [layer for name in BOTH for layer in shown(drawn, name)["values"].values()]
    assert all(isinstance(part, bytes) for part in sent)
    assert sum(map(len, sent)) < 30_000


def test_the_kernel_answers_a_stroke_in_well_under_a_tenth_of_a_second(motion):
    seconds = []
    for number in range(21):
        ink = one()
        ink[100, number] = 255
        start = time.process_time()
        motion.pad.ink = ink
        seconds.append(time.process_time() - start)
    assert np.median(seconds) < 0.05
