"""Steps and passes of 1998: seeds side by side, the same after a stop, the same when compiled."""

import warnings
from dataclasses import replace

import numpy
import pytest
import torch

from lenet_course import back_to_1998 as engine
from lenet_course.back_to_1998 import distortions, losses, network, training
from lenet_course.data import Split

SEEDS = [0, 1, 2]
SHORT = engine.Plan(rates=(1e-4, 1e-4, 1e-5), digits=30)
PLANS = pytest.mark.parametrize(
    "plan",
    [
        SHORT,
        replace(SHORT, loss=engine.MAP(20.0)),
        replace(SHORT, second_order=False),
        replace(SHORT, averaged=True),
        replace(SHORT, distorted=True),
    ],
    ids=["second order", "MAP", "plain", "averaged", "distorted"],
)


@pytest.fixture(scope="module")
def digits():
    """Sixty random pictures: enough to step on."""
    noise = torch.Generator().manual_seed(0)
    images = torch.randint(256, (60, 28, 28), generator=noise, dtype=torch.uint8)
    return Split(images, torch.arange(60) % 10)


@pytest.fixture(autouse=True)
def few_samples(monkeypatch):
    monkeypatch.setattr(training, "SAMPLES", 8)


def trained(plan, seeds, digits, passes, flat=None, dtype=torch.float32, first=1, step=None):
    flat = engine.first_weights(seeds, plan.first_weights).to(dtype) if flat is None else flat
    for number in range(first, first + passes):
        engine.one_pass(flat, plan, digits, seeds, number, step)
    return flat


@PLANS
def test_seeds_side_by_side_learn_what_each_learns_alone(plan, digits):
    together = trained(plan, SEEDS, digits, 2, dtype=torch.float64)
    for row, seed in zip(together, SEEDS, strict=True):
        alone = trained(plan, [seed], digits, 2, dtype=torch.float64)
        torch.testing.assert_close(row, alone[0], rtol=0, atol=1e-10)


@PLANS
def test_a_run_that_goes_on_after_a_pass_ends_as_if_it_had_not_stopped(plan, digits):
    whole = trained(plan, SEEDS, digits, 3)
    stopped = trained(plan, SEEDS, digits, 1)
    again = trained(plan, SEEDS, digits, 2, flat=stopped.clone(), first=2)
    assert torch.equal(again, whole)


def test_one_step_is_the_gradient_of_one_digit_times_each_weights_step_size(digits):
    flat = engine.first_weights([0]).double()
    before, plan = flat.clone(), replace(SHORT, digits=1)
    sizes = engine.step_sizes(flat, plan, digits, [0], 1)
    engine.one_pass(flat, plan, digits, [0], 1)
    model = engine.to_module(before[0])
    states = model[:-1](training.NETWORK.prepare(digits.images[:1]).double())
    codes = losses.codes_like(states)
    plan.loss.value(states, digits.labels[:1], codes).sum().backward()
    for parameter in model.parameters():
        parameter.data = parameter.grad
    wanted = before[0] - sizes[0] * engine.from_module(model)
    torch.testing.assert_close(flat[0], wanted, rtol=0, atol=1e-12)


def test_the_step_sizes_are_eta_over_mu_plus_curvature_and_none_passes_the_ceiling(digits):
    flat = engine.first_weights(SEEDS)
    sizes = engine.step_sizes(flat, SHORT, digits, SEEDS, 1)
    learns = engine.trainable().bool()
    assert (sizes[:, learns] > 0).all() and not sizes[:, ~learns].any()
    assert sizes.max() <= 1e-4 / 0.02
    assert sizes[:, learns].min() < 0.1 * sizes.max()  # a shared weight's is far smaller


def test_plain_steps_are_all_the_same(digits):
    plan = replace(SHORT, second_order=False)
    sizes = engine.step_sizes(engine.first_weights(SEEDS), plan, digits, SEEDS, 3)
    assert sizes[:, engine.trainable().bool()].unique().tolist() == pytest.approx([1e-5])


def of_means(flat):
    """Make the same network of units that average: each coefficient four times as large."""
    model = engine.to_module(flat)
    for unit in (model.S2, model.S4):
        unit.reduction = "mean"
        unit.coefficient.data *= 4
    return model


def test_averaged_is_a_network_whose_units_average_each_step_of_it(digits):
    flat = engine.first_weights([0]).double()
    plan = replace(SHORT, digits=1, second_order=False, rates=(1e-3,), averaged=True)
    model = of_means(flat[0])
    states = model[:-1](training.NETWORK.prepare(digits.images[:1]).double())
    plan.loss.value(states, digits.labels[:1], losses.codes_like(states)).sum().backward()
    torch.optim.SGD(model.parameters(), lr=1e-3).step()
    engine.one_pass(flat, plan, digits, [0], 1)
    for ours, theirs in zip(of_means(flat[0]).parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


def test_where_units_average_mu_weighs_sixteen_times_as_much_for_their_coefficients(digits):
    flat = engine.first_weights(SEEDS)
    summed, averaged = (
        network.named(engine.step_sizes(flat, replace(SHORT, averaged=averaged), digits, SEEDS, 1))
        for averaged in (False, True)
    )
    for name, ours in averaged.items():
        if name.endswith("coefficient"):
            h = 1e-4 / summed[name] - training.MU
            torch.testing.assert_close(ours, 1e-4 / (16 * training.MU + h), rtol=1e-4, atol=0)
        else:
            assert torch.equal(ours, summed[name])


def test_the_kernels_that_table_I_leaves_out_stay_zero(digits):
    flat = trained(SHORT, SEEDS, digits, 1)
    assert not flat[:, ~engine.trainable().bool()].any()


def test_the_record_judges_each_digit_before_its_step(digits):
    plan = replace(SHORT, second_order=False, rates=(0.0,))
    flat = engine.first_weights([0])
    row = engine.one_pass(flat, plan, digits, [0], 1)
    assert row.error[0] == pytest.approx(engine.errors(flat, digits[:30])[0] / 30)


def test_a_step_lowers_the_loss_of_its_digit(digits):
    plan = replace(SHORT, digits=1, rates=(1e-4,) * 5)
    flat = engine.first_weights(SEEDS)
    records = [engine.one_pass(flat, plan, digits, SEEDS, number) for number in range(1, 6)]
    for before, after in zip(records[0].loss, records[-1].loss, strict=True):
        assert after < 0.9 * before


def test_each_seed_and_each_pass_has_an_order_of_its_own(digits):
    flat = engine.first_weights([0, 1])
    first = torch.cat([labels for _, labels in training._shown(flat, SHORT, digits, [0, 1], 1)])
    second = torch.cat([labels for _, labels in training._shown(flat, SHORT, digits, [0, 1], 2)])
    assert first.shape == (30, 2)
    assert not torch.equal(first[:, 0], first[:, 1])
    assert not torch.equal(first, second)
    assert torch.equal(first.sort(0).values, second.sort(0).values)


def test_only_the_first_digits_are_learned_from_when_the_plan_says_so(digits):
    unseen = Split(digits.images.clone(), digits.labels)
    unseen.images[30:] = 0
    assert torch.equal(trained(SHORT, [0], digits, 1), trained(SHORT, [0], unseen, 1))


# --- distortions --------------------------------------------------------------------------------


def test_a_shift_moves_a_digit_by_so_many_pixels():
    digit = torch.rand(1, 32, 32)
    right = torch.tensor([[[1, 0, -2 / 16], [0, 1, 0]]])  # read two pixels to the left
    moved = distortions.distort(digit, right, background=-0.1)
    torch.testing.assert_close(moved[..., 2:], digit[..., :-2], atol=1e-5, rtol=0)
    torch.testing.assert_close(moved[..., :2], torch.full((1, 32, 2), -0.1))


def test_one_digit_in_ten_stays_as_it_is_and_no_other_is_far_from_it():
    matrices = distortions.draw(20_000, numpy.random.default_rng(0))
    same = torch.tensor([[1.0, 0, 0], [0, 1, 0]])
    assert (matrices == same).all(2).all(1).float().mean() == pytest.approx(0.1, abs=0.01)
    size = 1 / torch.linalg.det(matrices[:, :, :2])
    assert size.min() > 0.8 and size.max() < 1.25
    assert (16 * matrices[:, :, 2]).abs().max() <= distortions.SHIFT + 1e-5


# --- compiled -----------------------------------------------------------------------------------


def test_a_step_that_cannot_be_compiled_runs_as_it_is(digits, monkeypatch):
    def fails(step, **options):
        def first_call(*arguments):
            raise RuntimeError("no compiler")

        return first_call

    monkeypatch.setattr(torch, "compile", fails)
    step = engine.make_step(SHORT.loss, compiled=True)
    with pytest.warns(UserWarning, match="slower, with equal results"):
        found = trained(SHORT, SEEDS, digits, 1, step=step)
    assert torch.equal(found, trained(SHORT, SEEDS, digits, 1))


@pytest.mark.long
@pytest.mark.parametrize("loss", [engine.SquaredError(), engine.MAP(20.0)], ids=repr)
def test_a_compiled_step_gives_what_the_plain_one_gives(digits, loss):
    plan = replace(SHORT, loss=loss)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="The step could not be compiled")
        try:
            step = engine.make_step(loss, compiled=True)
            compiled = trained(plan, SEEDS, digits, 2, dtype=torch.float64, step=step)
        except UserWarning:
            pytest.skip("no compiler here")
    plain = trained(plan, SEEDS, digits, 2, dtype=torch.float64)
    torch.testing.assert_close(compiled, plain, rtol=0, atol=1e-10)


def test_the_parts_lie_in_the_order_of_the_layers():
    flat = torch.arange(network.COUNT).float()[None]
    parts = [part.flatten() for part in network.named(flat).values()]
    assert torch.equal(torch.cat(parts), flat[0])
