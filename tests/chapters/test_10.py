"""Chapter 10 draws and measures as torch and the package do, in any order, and with any digits."""

import copy
import math

import jupytext
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from page import Page, code_cells
from torch import nn
from torch.nn import functional

from lenet_course import data, networks, recipes, training

PAGE = Page("10_initialisation")
SOURCE, hand_made = PAGE.source, PAGE.hand_made
sections, run = PAGE.sections, PAGE.run

NETWORK = networks.FAMILY["relu-avg"]
fans = hand_made("fans", math=math)
evenly = hand_made("evenly", torch=torch)
truncated = hand_made("truncated", torch=torch)
start = hand_made("start", torch=torch, networks=networks, network=NETWORK)

seeds = st.integers(0, 2**31)
dense = st.tuples(st.integers(1, 40), st.integers(1, 40))
windowed = st.tuples(*[st.integers(1, 12)] * 2, *[st.integers(1, 6)] * 2)
over_many_inputs = settings(max_examples=50, deadline=None)


def random_digits(count, seed):
    noise = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (count, 28, 28), generator=noise, dtype=torch.uint8)
    return data.Split(images, torch.randint(10, (count,), generator=noise))


# --- by hand and in torch -----------------------------------------------------------------------


@over_many_inputs
@given(st.one_of(dense, windowed))
def test_the_hand_made_fans_are_torchs(shape):
    assert fans(shape) == nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))


@over_many_inputs
@given(seeds, st.floats(0.01, 5))
def test_evenly_drawn_is_what_torch_calls_uniform(seed, bound):
    torch.manual_seed(seed)
    ours = evenly((50, 40), bound)
    assert -bound <= ours.min() < -0.9 * bound and 0.9 * bound < ours.max() <= bound
    assert ours.std().item() == pytest.approx(bound / math.sqrt(3), rel=0.08)


@given(seeds, st.floats(0.01, 5))
@settings(max_examples=20, deadline=None)
def test_the_hand_made_truncated_normal_is_torchs(seed, sd):
    torch.manual_seed(seed)
    ours = truncated((100, 200), sd).flatten() / sd
    theirs = nn.init.trunc_normal_(torch.empty(20_000), std=sd, a=-2 * sd, b=2 * sd) / sd
    assert ours.abs().max() <= 2
    steps = torch.linspace(0.01, 0.99, 30)
    torch.testing.assert_close(ours.quantile(steps), theirs.quantile(steps), atol=0.08, rtol=0)


def test_the_packages_truncated_normal_has_the_spread_that_the_chapter_found():
    model = networks.build("wide-dropout", seed=0)
    torch.manual_seed(0)
    recipes.truncated_normal(model, sd=0.1)
    assert model.C5.weight.std().item() == pytest.approx(0.088, abs=2e-4)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("Glorot", nn.init.xavier_uniform_),
        ("He", nn.init.kaiming_normal_),
        ("1/√F", lambda weight: nn.Linear(weight.shape[1], len(weight)).weight),
    ],
)
def test_the_rules_have_the_spread_of_torchs_own(name, theirs, seed):
    names = {"math": math, "torch": torch, "fans": fans, "evenly": evenly}
    (cell,) = [c for c in code_cells(jupytext.read(SOURCE).cells) if "rules = {" in c.source]
    definition = cell.source.partition("torch.manual_seed")[0]
    exec(definition, names)
    torch.manual_seed(seed)
    ours = names["rules"][name]((300, 500))
    wanted = theirs(torch.empty(300, 500))
    assert ours.std().item() == pytest.approx(wanted.std().item(), rel=0.02)


@given(seeds, st.integers(2, 30))
@settings(max_examples=20, deadline=None)
def test_the_hand_made_spreads_are_those_that_hooks_see(seed, count):
    batch = random_digits(count, seed)
    pixels = NETWORK.prepare(batch.images)
    names = {"pixels": pixels, "batch": batch, "functional": functional}
    spreads = hand_made("spreads", **names)
    model = networks.build(NETWORK, seed=seed)
    forward, backward = spreads(model)
    seen, slopes = {}, {}
    for name in forward:
        layer = getattr(model, f"{name}_relu", getattr(model, name))
        layer.register_forward_hook(lambda m, i, out, name=name: seen.update({name: out}))
    loss = training.cross_entropy(model(pixels), batch.labels).sum()
    for name, slope in zip(seen, torch.autograd.grad(loss, list(seen.values())), strict=True):
        slopes[name] = slope.std().item()
    assert forward == pytest.approx({name: out.std().item() for name, out in seen.items()})
    assert backward == pytest.approx(slopes)


def test_start_takes_weights_from_the_rule_and_leaves_biases_at_zero():
    model = start(lambda shape: torch.full(shape, 0.5), seed=3)
    for name, parameter in model.named_parameters():
        assert bool((parameter == (0.5 if name.endswith("weight") else 0)).all())


def test_start_is_the_same_for_the_same_seed_and_scales_with_the_rule():
    one, same = start(torch.randn, seed=1), start(torch.randn, seed=1)
    other, small = start(torch.randn, seed=2), start(lambda s: 0.01 * torch.randn(s), seed=1)
    assert torch.equal(one.C5.weight, same.C5.weight)
    assert not torch.equal(one.C5.weight, other.C5.weight)
    torch.testing.assert_close(small.C5.weight, 0.01 * one.C5.weight)


def test_the_weights_in_the_graph_are_the_packages_scaled_ones():
    names = {"torch": torch, "networks": networks, "network": NETWORK, "recipes": recipes}
    in_the_graph = hand_made("in_the_graph", **names)
    names |= {"in_the_graph": in_the_graph, "parametrize": nn.utils.parametrize}
    once = hand_made("once", **names)
    graph, plain = in_the_graph(5), once(5)
    stored = graph.C5.parametrizations.weight.original
    torch.testing.assert_close(plain.C5.weight, recipes.Scaled(0.01)(stored))
    assert not nn.utils.parametrize.is_parametrized(plain)
    pictures = NETWORK.prepare(random_digits(4, 0).images)
    torch.testing.assert_close(graph(pictures), plain(pictures))


@pytest.mark.parametrize("bias", [0.0, 1.0])
def test_units_are_sorted_into_shut_open_and_switching_as_one_by_one(bias):
    few = random_digits(1_000, 3)
    names = {"torch": torch, "nn": nn, "networks": networks, "recipes": recipes, "few": few}
    model = hand_made("with_biases", **names)("relu-avg", bias)
    assert model.C1.bias.eq(0).all() and model.C5.bias.eq(bias).all()
    outputs_of = hand_made("outputs_of", **names)
    counted = hand_made("switching", outputs_of=outputs_of, network=NETWORK)(model)
    given = model[: list(dict(model.named_children())).index("C5_relu") + 1]
    opened = (given(NETWORK.prepare(few.images)) > 0).double().mean(dim=0).tolist()
    dead, always = opened.count(0.0), opened.count(1.0)
    assert counted["C5"] == (dead, always, 120 - dead - always)


# --- the page -----------------------------------------------------------------------------------


def remembering(fit):
    """training.fit, but what it has trained once from the same weights it gives again."""
    known = {}

    def quick(model, train, *, optimizer, **settings):
        key = (
            *(value.numpy().tobytes() for value in model.state_dict().values()),
            *(train.images.data_ptr(), type(optimizer), str(optimizer.defaults)),
            *(settings["epochs"], settings["max_steps"]),
        )
        if key not in known:
            history = fit(model, train, optimizer=optimizer, **settings)
            known[key] = history, copy.deepcopy(model.state_dict())
        history, state = known[key]
        model.load_state_dict(state)
        return history

    return quick


@pytest.mark.long
def test_every_cell_runs_again_at_once_and_after_the_whole_page(mnist, monkeypatch):
    monkeypatch.setattr(data, "load", lambda: mnist)
    monkeypatch.setattr(training, "fit", remembering(training.fit))
    cells, names = [cell for section in sections() for cell in section], {}
    for cell in cells:
        run([cell, cell], names)
    run(reversed(cells[2:]), names)  # so that no cell lives on what the last one left


def test_every_section_runs_alone_with_the_stand_in_digits(with_stand_in):
    first, *others = sections()
    names = {}
    run(first, names)
    assert names["digits"].name == "scikit-learn digits"
    for section in others:
        run(section, dict(names))
