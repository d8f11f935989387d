"""The seven recipes, setting by setting; each runs, and its traps are the ones it is known for."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from lenet_course import checkpoints, networks, recipes, training
from lenet_course.data import Digits, Split
from lenet_course.recipes import RECIPES, RECORDS


def noise(count, seed, side=28):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(256, (count, side, side), dtype=torch.uint8, generator=generator)
    return Split(images, torch.randint(10, (count,), generator=generator))


@pytest.fixture(scope="module")
def tiny():
    """Noise split in three, enough for a few steps."""
    return Digits("noise", noise(60, seed=0), noise(20, seed=1), noise(30, seed=2))


def test_there_are_seven_recipes_and_each_knows_its_name():
    assert list(RECIPES) == [
        "sigmoid-avg",
        "relu-max",
        "relu-avg-scaled",
        "relu-avg-adam",
        "no-activation",
        "wide-dropout",
        "relu-max-tutorial",
    ]
    assert all(recipe.name == name for name, recipe in RECIPES.items())


def settings(name):
    """Everything about a recipe that is a plain value."""
    recipe = RECIPES[name]
    model = networks.build(recipe.network)
    optimizer = recipe.optimizer(model.parameters())
    return {
        "network": recipe.network.name,
        "optimizer": type(optimizer).__name__,
        "rate": optimizer.param_groups[0]["lr"],
        "batch_size": recipe.batch_size,
        "epochs": recipe.epochs,
        "max_steps": recipe.max_steps,
        "shuffle": recipe.shuffle,
        "reduction": recipe.reduction,
        "validate_every": recipe.validate_every,
    }


USUAL = {
    "optimizer": "Adam",
    "rate": 1e-3,
    "epochs": 10,
    "max_steps": None,
    "shuffle": True,
    "reduction": "mean",
    "validate_every": None,
}


@pytest.mark.parametrize(
    ("name", "special"),
    [
        ("sigmoid-avg", {"network": "sigmoid-avg", "batch_size": 32}),
        ("relu-max", {"network": "relu-max", "batch_size": 128, "shuffle": False}),
        ("relu-avg-scaled", {"network": "relu-avg", "batch_size": 64}),
        ("relu-avg-adam", {"network": "relu-avg", "batch_size": 32, "rate": 1e-4}),
        (
            "no-activation",
            {"network": "no-activation", "batch_size": 64, "optimizer": "SGD", "reduction": "sum"},
        ),
        (
            "wide-dropout",
            {
                "network": "wide-dropout",
                "batch_size": 20,
                "epochs": 1,
                "max_steps": 100,
                "validate_every": 10,
            },
        ),
        (
            "relu-max-tutorial",
            {
                "network": "relu-max",
                "batch_size": 1,
                "epochs": 1,
                "max_steps": 1,
                "optimizer": "SGD",
                "rate": 1e-2,
            },
        ),
    ],
)
def test_each_recipe_has_its_settings(name, special):
    assert settings(name) == USUAL | special


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        ("sigmoid-avg", {}),
        ("relu-max", {}),
        (
            "relu-avg-scaled",
            {"train accuracy": 96.12, "validation accuracy": 96.48, "test accuracy": 96.45},
        ),
        ("relu-avg-adam", {"test accuracy": 99.05}),
        ("no-activation", {"train accuracy": 98.75}),
        ("wide-dropout", {}),
        ("relu-max-tutorial", {"parameter tensors": 10}),
    ],
)
def test_each_recipe_says_what_its_source_reports(name, reported):
    assert RECIPES[name].reported == reported


def test_no_recipe_trains_with_plain_sgd_that_has_momentum():
    optimizer = RECIPES["no-activation"].optimizer(nn.Linear(1, 1).parameters())
    assert optimizer.param_groups[0]["momentum"] == 0


@pytest.mark.parametrize("name", RECIPES)
def test_the_ends_of_the_pixels_are_the_recipes(name):
    network = RECIPES[name].network
    ends = (-1.0, 1.0) if name == "relu-avg-adam" else (0.0, 1.0)
    pictures = torch.stack([torch.zeros(28, 28), torch.full((28, 28), 255)]).to(torch.uint8)
    prepared = network.prepare(pictures)
    assert (prepared.min().item(), prepared.max().item()) == pytest.approx(ends)


def initialised(name, seed=0):
    torch.manual_seed(seed)
    model = networks.build(RECIPES[name].network, seed=seed)
    RECIPES[name].initialise(model)
    return model


def biases(model):
    return {
        name.removesuffix(".bias"): parameter.unique().tolist()
        for name, parameter in model.named_parameters()
        if name.endswith("bias")
    }


def test_the_sigmoid_network_starts_with_biases_of_one_but_for_c1():
    model = initialised("sigmoid-avg")
    assert biases(model) == {"C1": [0], "C3": [1], "C5": [1], "F6": [1], "output": [1]}
    assert model.C5.weight.abs().max() <= 0.2


def test_the_relu_network_starts_with_biases_of_zero():
    assert set(map(tuple, biases(initialised("relu-max")).values())) == {(0.0,)}


def test_the_wide_network_starts_with_biases_of_a_tenth():
    for values in biases(initialised("wide-dropout")).values():
        assert values == pytest.approx([0.1])


@pytest.mark.parametrize("name", ["no-activation", "relu-avg-adam", "relu-max-tutorial"])
def test_the_others_start_as_torch_does(name):
    built = networks.build(RECIPES[name].network, seed=0).state_dict()
    for key, value in initialised(name).state_dict().items():
        assert torch.equal(value, built[key])


def test_cutting_a_normal_at_two_sd_leaves_a_spread_of_0_88():
    model = initialised("wide-dropout")
    weights = model.C5.weight  # 3 million of them
    assert weights.abs().max() <= 0.2
    assert weights.std().item() / 0.1 == pytest.approx(0.8796, abs=2e-3)
    assert weights.mean().item() == pytest.approx(0, abs=2e-4)


def test_the_cut_scales_with_the_spread():
    model = networks.build("relu-avg", seed=0)
    recipes.truncated_normal(model, sd=1.0)
    assert 1.9 < model.C5.weight.abs().max() <= 2.0


def test_the_scaled_network_uses_a_hundredth_of_the_weights_that_it_stores():
    model = initialised("relu-avg-scaled")
    for layer in (model.C5, model.F6, model.output):
        stored = layer.parametrizations.weight.original
        torch.testing.assert_close(layer.weight, 0.01 * stored)
        assert stored.std().item() == pytest.approx(1.0, abs=0.05)
    assert 0.8 < model.C3.weight.std().item() < 0.95


def test_the_scale_shrinks_the_gradient_as_well():
    scaled, plain = initialised("relu-avg-scaled"), networks.build("relu-avg")
    with torch.no_grad():
        for mine, theirs in zip(scaled.children(), plain.children(), strict=True):
            if hasattr(mine, "weight"):
                theirs.weight.copy_(mine.weight)
                theirs.bias.copy_(mine.bias)
    split = noise(8, seed=0)
    for model in (scaled, plain):
        outputs = model(networks.FAMILY["relu-avg"].prepare(split.images))
        training.cross_entropy(outputs, split.labels).mean().backward()
    for name in ("C5", "F6", "output"):
        stored = scaled.get_submodule(name).parametrizations.weight.original
        torch.testing.assert_close(stored.grad, 0.01 * plain.get_submodule(name).weight.grad)
        assert stored.grad.abs().max() > 0


def test_the_scale_is_trained_through():
    """The stored weights are parameters, so an optimizer made afterwards holds them."""
    model = initialised("relu-avg-scaled")
    assert len(list(model.parameters())) == 10
    assert sum(p.numel() for p in model.parameters()) == 44_426


def test_the_tutorials_network_has_ten_parameter_tensors_the_first_6_by_1_by_5_by_5():
    parameters = list(networks.build(RECIPES["relu-max-tutorial"].network).parameters())
    assert len(parameters) == RECIPES["relu-max-tutorial"].reported["parameter tensors"]
    assert parameters[0].shape == (6, 1, 5, 5)


def test_the_tutorials_only_picture_is_random_and_the_same_for_a_seed(tiny):
    draw = RECIPES["relu-max-tutorial"].digits
    one, same, other = draw(tiny, 3), draw(tiny, 3), draw(tiny, 4)
    assert one.images.shape == (1, 32, 32)
    assert torch.equal(one.images, same.images)
    assert not torch.equal(one.images, other.images)


def test_the_tutorials_loss_is_the_mean_squared_distance_from_the_right_answer():
    outputs = torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, 0.0]])
    loss = RECIPES["relu-max-tutorial"].loss(outputs, torch.tensor([1, 1]))
    assert loss.tolist() == pytest.approx([(1 + 1 + 0) / 3, 0])


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_runs_from_the_first_weights_to_the_test(tiny, name):
    result = recipes.run(RECIPES[name], tiny, epochs=1)
    history = result.history
    assert result.recipe is RECIPES[name]
    assert result.test.count == 30
    assert history.stopped is None
    assert history.steps == {"relu-max-tutorial": 1}.get(name, -(-60 // RECIPES[name].batch_size))
    assert all(torch.isfinite(torch.tensor(history.losses)))
    assert history.validations or name == "wide-dropout"


def test_a_recipe_follows_its_own_epochs_unless_told_otherwise(tiny):
    result = recipes.run(RECIPES["relu-max"], tiny)
    assert len(result.history.epochs) == len(result.history.validations) == 10


def test_the_wide_recipe_takes_100_steps_and_looks_every_ten(tiny):
    digits = Digits("noise", noise(2001, seed=0), tiny.validation, tiny.test)
    history = recipes.run(RECIPES["wide-dropout"], digits).history
    assert history.steps == 100
    assert [row.step for row in history.validations] == list(range(10, 101, 10))


def test_a_seed_decides_everything_dropout_included(tiny):
    one, same, other = (
        recipes.run(RECIPES["wide-dropout"], tiny, seed=seed).history.losses for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_a_recipe_can_be_watched(tiny):
    seen = []
    recipes.run(RECIPES["sigmoid-avg"], tiny, epochs=1, watch=lambda h: seen.append(h.steps))
    assert seen == [2]


def test_the_test_digits_are_read_only_once_the_training_is_over(tiny, monkeypatch):
    judged = []
    evaluate = training.evaluate

    def note(model, split, **others):
        judged.append(len(split))
        return evaluate(model, split, **others)

    monkeypatch.setattr(training, "evaluate", note)
    recipes.run(RECIPES["relu-avg-adam"], tiny, epochs=3)
    assert judged == [20, 20, 20, 30]


def test_a_recipe_is_found_by_its_name_and_others_are_refused_with_the_list():
    assert recipes.find("relu-max") is RECIPES["relu-max"]
    with pytest.raises(ValueError, match=r"no recipe 'relu'.*relu-max-tutorial"):
        recipes.find("relu")


# The course's own


def test_the_courses_own_recipes_stand_apart_and_are_found_by_name():
    assert list(RECORDS) == ["fast", "fast-99", "best"]
    assert not RECORDS.keys() & RECIPES.keys()
    for name, recipe in RECORDS.items():
        assert recipes.find(name) is recipe
        assert recipe.name == name
        assert recipe.network.trace().parameters == 61_706


@pytest.mark.parametrize("name", RECORDS)
def test_the_courses_own_train_by_adamw_and_one_cycle(name):
    parameter = nn.Parameter(torch.zeros(1))
    optimizer = RECORDS[name].optimizer([parameter])
    assert type(optimizer) is torch.optim.AdamW
    assert optimizer.defaults["betas"] == (0.7, 0.9)
    assert RECORDS[name].schedule is recipes.one_cycle


def rates(steps):
    """The learning rate of each step of one cycle to 0.1."""
    optimizer = torch.optim.AdamW([nn.Parameter(torch.zeros(1))], lr=0.1, betas=(0.7, 0.9))
    schedule, seen = recipes.one_cycle(optimizer, steps), []
    for _ in range(steps):
        seen.append(optimizer.param_groups[0]["lr"])
        assert optimizer.param_groups[0]["betas"] == (0.7, 0.9)
        optimizer.step()
        schedule.step()
    return seen


def test_one_cycle_rises_for_three_tenths_of_the_way_and_falls_to_almost_nothing():
    seen = rates(100)
    assert seen[0] == pytest.approx(0.1 / 25)
    assert seen.index(max(seen)) == 29
    assert max(seen) == pytest.approx(0.1)
    assert seen[:30] == sorted(seen[:30])
    assert seen[29:] == sorted(seen[29:], reverse=True)
    assert seen[-1] < 1e-5


def test_a_smoothed_target_is_a_part_short_of_certain():
    outputs, labels = torch.tensor([[1.0, 2.0, 0.0, 0.5]]), torch.tensor([1])
    target = torch.tensor([[0.05, 0.85, 0.05, 0.05]])
    wanted = -(target * outputs.log_softmax(dim=1)).sum(dim=1)
    torch.testing.assert_close(recipes.smoothed(0.2)(outputs, labels), wanted)


@pytest.mark.parametrize(
    ("given", "epochs", "steps"),
    [({"epochs": 3}, None, 12), ({"epochs": 3}, 2, 8), ({"max_steps": 5, "epochs": 3}, None, 5)],
)
def test_a_schedule_is_as_long_as_the_run(tiny, given, epochs, steps):
    lengths = []

    def schedule(optimizer, steps):
        lengths.append(steps)
        return recipes.one_cycle(optimizer, steps)

    recipe = replace(RECORDS["best"], schedule=schedule, batch_size=16, **given)
    assert recipes.run(recipe, tiny, epochs=epochs).history.steps == steps
    assert lengths == [steps]


def test_digits_are_distorted_to_learn_from_and_never_to_be_judged_on(tiny):
    seen = []

    def turn_over(digits):
        seen.append(len(digits))
        return digits.flip(-1)

    recipe = replace(RECORDS["best"], distort=turn_over, batch_size=16)
    result = recipes.run(recipe, tiny, epochs=2)
    assert seen == [16, 16, 16, 12] * 2
    prepare = recipe.network.prepare
    again = training.evaluate(result.model, tiny.test, prepare=prepare, loss=recipe.loss)
    assert torch.equal(again.predictions, result.test.predictions)
    assert again.loss == result.test.loss


def test_distortions_are_decided_by_the_seed(tiny):
    one, same, other = (
        recipes.run(RECORDS["best"], tiny, seed=seed, epochs=1).history.losses for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_that_was_stopped_goes_on_with_the_same_numbers(tiny, tmp_path, name):
    recipe = replace(RECORDS[name], batch_size=16, max_steps=None, epochs=2)
    whole = recipes.run(recipe, tiny)
    keeper = checkpoints.Keeper(tmp_path, keep=20, every_steps=3)
    recipes.run(recipe, tiny, keeper=keeper)
    first, *later = checkpoints.all(tmp_path)
    for path in later:
        path.unlink()
    assert first.exists()
    resumed = recipes.run(recipe, tiny, keeper=checkpoints.Keeper(tmp_path))
    assert resumed.history.losses == whole.history.losses
    assert torch.equal(resumed.test.predictions, whole.test.predictions)
