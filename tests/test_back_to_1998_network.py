"""The network of 1998 by hand: held to the course's own module, and to autograd."""

import pytest
import torch
from torch.func import functional_call, jacrev

from lenet_course import back_to_1998 as engine
from lenet_course import layers, networks
from lenet_course.back_to_1998 import losses, network, weights

PARTS = pytest.mark.parametrize("part", network.SHAPES)
LOSSES = pytest.mark.parametrize(
    "loss",
    [engine.SquaredError(), engine.MAP(20.0, exact=True), engine.MAP(0.1, exact=True)],
    ids=repr,
)


@pytest.fixture
def flat():
    """Three networks, in float64 so that comparisons can be sharp."""
    return engine.first_weights([0, 1, 2]).double()


@pytest.fixture
def digits():
    """A picture for each network, as loud as digits are."""
    noise = torch.Generator().manual_seed(0)
    return torch.rand(3, 32, 32, generator=noise, dtype=torch.float64) * 1.275 - 0.1


LABELS = torch.tensor([3, 0, 8])


def by_autograd(row, digit, function):
    """The gradient of a function of F6's states, by torch, as a row of 60,900 numbers."""
    model = engine.to_module(row)
    function(model[:-1](digit[None, None])).backward()
    for parameter in model.parameters():
        parameter.data = parameter.grad
    return engine.from_module(model)


def learns():
    return engine.trainable().double()


# --- forward ------------------------------------------------------------------------------------


def test_the_states_are_those_of_the_courses_own_network(flat, digits):
    states, _ = network.forward(network.named(flat), digits)
    for row, digit, own in zip(flat, digits, states, strict=True):
        model = engine.to_module(row)
        torch.testing.assert_close(own[None], model[:-1](digit[None, None]), rtol=0, atol=1e-12)


def test_weights_go_to_the_courses_own_network_and_come_back_the_same(flat):
    for row in flat:
        assert torch.equal(engine.from_module(engine.to_module(row)), row)


def test_weights_of_the_courses_own_network_come_here_and_go_back_the_same():
    model = networks.build("lenet5-1998", seed=4)
    again = engine.to_module(engine.from_module(model))
    for name, tensor in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor), name


def test_gathering_is_what_subsampling_sums():
    maps = torch.randn(2, 6, 28, 28)
    unit = layers.Subsampling(6)
    torch.nn.init.ones_(unit.coefficient)
    torch.testing.assert_close(network.gather(maps), unit(maps))


# --- first derivatives --------------------------------------------------------------------------


@LOSSES
def test_the_gradient_is_that_of_autograd(flat, digits, loss):
    codes = losses.codes_like(flat)
    named = network.named(flat)
    states, trace = network.forward(named, digits)
    found = network.backward(named, trace, loss.gradient(states, LABELS, codes)) * learns()
    for place, (row, digit) in enumerate(zip(flat, digits, strict=True)):
        label = LABELS[place, None]
        wanted = by_autograd(row, digit, lambda F6, at=label: loss.value(F6, at, codes).sum())
        torch.testing.assert_close(found[place], wanted, rtol=0, atol=1e-10)


@LOSSES
def test_a_losss_derivatives_are_those_of_autograd_at_every_distance_from_the_code(loss):
    codes = losses.codes_like(torch.zeros(1, dtype=torch.float64))
    noise, label = torch.Generator().manual_seed(0), torch.tensor([8])
    for spread in (0.01, 0.1, 0.3, 1.0):
        away = torch.randn(84, generator=noise, dtype=torch.float64)
        states = codes[8] + spread * away

        def value(states):
            return loss.value(states[None], label, codes).sum()

        first = torch.func.grad(value)(states)
        second = torch.func.hessian(value)(states).diagonal()
        at = states[None], label, codes
        torch.testing.assert_close(loss.gradient(*at)[0], first, rtol=0, atol=1e-10)
        torch.testing.assert_close(loss.curvature(*at)[0], second, rtol=0, atol=1e-10)


def test_the_losses_are_half_of_those_in_the_paper():
    states = torch.randn(5, 84)
    codes, labels = losses.codes_like(states), torch.arange(5)
    apart = layers.RBF(codes.int().tolist())(states)
    torch.testing.assert_close(
        2 * engine.SquaredError().value(states, labels, codes),
        apart.gather(1, labels[:, None])[:, 0],
    )
    torch.testing.assert_close(
        2 * engine.MAP(20.0).value(states, labels, codes), layers.map_loss(apart, labels, 20.0)
    )


def test_the_exact_curvature_of_the_MAP_loss_is_never_negative_and_gone_where_it_is_confident():
    states = 3 * torch.randn(200, 84, dtype=torch.float64)
    codes = losses.codes_like(states)
    near = codes + 0.1 * states[:10]
    labels = torch.arange(210) % 10
    found = engine.MAP(20.0, exact=True).curvature(torch.cat([states, near]), labels, codes)
    assert (found > -1e-12).all()
    assert found[200:].max() < 1e-3
    assert (engine.MAP(20.0).curvature(near, labels[:10], codes) == 1).all()


# --- second derivatives -------------------------------------------------------------------------


def test_in_F6_and_C5_the_curvature_is_exactly_that_of_gauss_and_newton(flat, digits):
    """No two paths lead from these weights to a unit, so nothing is left out there: the diagonal
    of J^T J, with J from autograd through the whole network."""
    row, digit = flat[0], digits[0]
    found = engine.curvature(row[None], engine.SquaredError(), digit[None, None], LABELS[None, :1])
    model = engine.to_module(row)
    parameters = dict(model.named_parameters())

    def states(chosen):
        held = {**parameters, **chosen}
        return functional_call(model[:-1], held, (digit[None, None],))[0]

    for name in ("F6.weight", "F6.bias", "C5.weight", "C5.bias"):
        jacobian = jacrev(states)({name: parameters[name].detach()})[name]
        exact = jacobian.square().sum(0).flatten()
        own = network.named(found)[name][0].flatten()
        torch.testing.assert_close(own, exact, rtol=1e-10, atol=1e-14)


def test_layer_by_layer_the_curvature_goes_back_by_the_squares_of_autograds_jacobians(flat, digits):
    """Farther down the paper's own approximation is checked, not the exact diagonal: at every layer
    all Jacobians, taken by autograd from the course's modules, are squared number by number."""
    row, digit = flat[1], digits[1]
    found = engine.curvature(row[None], engine.SquaredError(), digit[None, None], LABELS[None, 1:2])
    model = engine.to_module(row)
    below, through = digit[None, None], []
    for module in model[:-1]:
        through.append((module, below))
        below = module(below).detach()
    above = torch.ones_like(below)  # second derivatives at F6's states
    wanted = {}
    for module, inputs in reversed(through):
        for name, parameter in module.named_parameters():

            def layer(held, name=name, module=module, inputs=inputs):
                return functional_call(module, {name: held}, (inputs,))

            wanted[module, name] = squared(jacrev(layer)(parameter.detach()), above)
        above = squared(jacrev(module)(inputs), above).view_as(inputs)
    with torch.no_grad():
        for (module, name), values in wanted.items():
            getattr(module, name).copy_(values.view_as(getattr(module, name)))
    torch.testing.assert_close(
        found[0] * learns(), engine.from_module(model), rtol=1e-9, atol=1e-13
    )


def squared(jacobian, above):
    """Carry second derivatives back through a layer, as on p. 41-42."""
    return torch.tensordot(above, jacobian.square(), dims=above.dim())


def test_the_curvature_is_the_mean_over_the_digits(flat, digits):
    three = digits[:, None].expand(3, 3, 32, 32)
    labels = LABELS[:, None].expand(3, 3)
    loss = engine.SquaredError()
    each = [engine.curvature(flat, loss, three[t : t + 1], labels[t : t + 1]) for t in range(3)]
    mean = engine.curvature(flat, loss, three, labels)
    torch.testing.assert_close(mean, torch.stack(each).mean(0), rtol=1e-12, atol=0)


# --- first weights ------------------------------------------------------------------------------


def test_60_000_numbers_learn_and_the_kernels_that_table_I_leaves_out_are_zero(flat):
    assert engine.trainable().sum() == 60_000
    for rule in weights.RULES:
        drawn = engine.first_weights([5], rule)[0]
        assert not drawn[engine.trainable() == 0].any()


@PARTS
def test_the_rule_of_the_paper_draws_everything_from_2_4_over_the_fan_in(part):
    inputs = {"C1": 25, "S2": 4, "S4": 4, "C5": 400, "F6": 120, "C3": 75}[part[:2]]
    drawn = network.named(engine.first_weights(range(40), "2.4/F"))[part]
    if part.startswith("C3"):
        drawn = drawn[:, 0]  # the first map reads three maps
    assert drawn.abs().max() <= 2.4 / inputs
    assert drawn.abs().max() > 0.9 * 2.4 / inputs


@PARTS
def test_the_later_rule_begins_with_zero_biases_and_a_gentle_blur(part):
    drawn = network.named(engine.first_weights([0, 1], "1/sqrt(F)"))[part]
    if part.endswith("bias"):
        assert not drawn.any()
    elif part.endswith("coefficient"):
        assert (drawn == 0.5).all()
    else:
        bound = {"C1": 25, "C3": 75, "C5": 400, "F6": 120}[part[:2]] ** -0.5
        assert 0.98 * bound < drawn.abs().max() <= bound


def test_a_seeds_first_weights_do_not_depend_on_its_neighbours():
    assert torch.equal(engine.first_weights([3, 7])[1], engine.first_weights([7])[0])


def test_an_unknown_rule_is_answered_with_those_there_are():
    with pytest.raises(ValueError, match=r"2\.4/F"):
        engine.first_weights([0], "2.4/f")
