"""Every public name explains itself, and the examples in the explanations are true."""

import doctest
import importlib
import inspect
import pkgutil
import re
from itertools import filterfalse

import pytest

import lenet_course

# The modules that chapters teach from: what they offer shows by an example how it is used, and says
# where it comes from. The others are machinery, whose functions need say only what they do.
TAUGHT = {
    "augmentation",
    "codes",
    "data",
    "devices",
    "history",
    "interrupts",
    "layers",
    "networks",
    "own_images",
    "photographs",
    "processes",
    "recipes",
    "shapes",
    "trained",
    "training",
}
NOT_IMPORTED = {"__main__"}  # importing it would run the command line

PREFIX = "lenet_course."


def module_names():
    found = pkgutil.walk_packages(lenet_course.__path__, PREFIX)
    names = [module.name.removeprefix(PREFIX) for module in found]
    return [name for name in names if name.split(".")[-1] not in NOT_IMPORTED]


def public(module, kind):
    """The public functions or classes that a module defines itself."""
    return [
        member
        for name, member in inspect.getmembers(module, kind)
        if not name.startswith("_") and member.__module__ == module.__name__
    ]


def functions():
    """Every public function of the package, called by module and name."""
    for name in filterfalse(is_exercise, module_names()):
        for function in public(importlib.import_module(PREFIX + name), inspect.isfunction):
            yield pytest.param(function, id=f"{name}.{function.__name__}")


def taught():
    """The functions that the taught modules offer, wherever they are written."""
    for name in sorted(TAUGHT):
        module = importlib.import_module(PREFIX + name)
        offered = getattr(module, "__all__", None) or [
            function.__name__ for function in public(module, inspect.isfunction)
        ]
        for each in offered:
            if inspect.isfunction(getattr(module, each)):
                yield pytest.param(getattr(module, each), id=f"{name}.{each}")


def is_exercise(name):
    """Their functions are answers, right and wrong, which tests/exercises looks after."""
    return re.fullmatch(r"exercises\.chapter_\d\d", name)


def test_what_is_taught_is_found():
    assert set(module_names()) >= TAUGHT
    assert len(list(taught())) > 20


@pytest.mark.parametrize("name", module_names())
def test_the_examples_of_a_module_are_true(name):
    result = doctest.testmod(importlib.import_module(PREFIX + name))
    assert result.failed == 0


@pytest.mark.parametrize("name", module_names())
def test_a_module_says_what_it_is_for(name):
    module = importlib.import_module(PREFIX + name)
    assert module.__doc__
    assert module.__doc__.splitlines()[0].endswith((".", ":", "?"))


@pytest.mark.parametrize("name", module_names())
def test_every_public_class_has_a_docstring_of_its_own(name):
    module = importlib.import_module(PREFIX + name)
    for kind in public(module, inspect.isclass):
        # A dataclass without one is given its signature.
        assert kind.__doc__, kind
        assert not kind.__doc__.startswith(f"{kind.__name__}("), kind


@pytest.mark.parametrize("function", list(functions()))
def test_every_public_function_has_a_docstring_and_type_hints(function):
    assert function.__doc__
    signature = inspect.signature(function)
    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty, parameter


@pytest.mark.parametrize("function", list(taught()))
def test_every_function_that_is_taught_says_where_it_comes_from(function):
    assert re.search(r"Introduced in\s+chapter \d\d|Source: ", function.__doc__)


@pytest.mark.parametrize("function", list(taught()))
def test_every_function_that_is_taught_has_an_example(function):
    assert ">>> " in function.__doc__
