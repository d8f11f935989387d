"""TODO: what stands in an exercise until the learner writes an answer."""

from __future__ import annotations


class NotAttemptedError(Exception):
    """Raised where TODO meets Python's own machinery (`if TODO`, `range(TODO)`)."""

    def __init__(self) -> None:
        super().__init__("this exercise is not attempted yet: write your answer in place of TODO")


class Todo:
    """A value that stays TODO whatever is done with it, so a half-written answer is no mistake.

    Arithmetic, indexing, calls and attributes give TODO again, also beside numpy arrays and torch
    tensors. Where Python insists on a number, a truth value or a loop, NotAttemptedError is raised.
    """

    def __repr__(self) -> str:
        return "TODO"

    def __reduce__(self) -> str:
        return "TODO"  # a copy is the same TODO

    def __getattr__(self, name: str) -> Todo:
        if name.startswith("_"):  # notebooks and numpy look for special methods: it has none
            raise AttributeError(name)
        return self

    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None) -> Todo:
        return TODO


def _todo_again(self, *args, **kwargs):
    return TODO


def _refuse(self, *args, **kwargs):
    raise NotAttemptedError()


_ARITHMETIC = (
    *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "divmod", "pow"),
    *("lshift", "rshift", "and", "or", "xor"),
)
_ABSORBING = (
    *_ARITHMETIC,
    *(f"r{name}" for name in _ARITHMETIC),
    *("neg", "pos", "abs", "invert", "round", "call", "getitem", "setitem"),
    *("eq", "ne", "lt", "le", "gt", "ge", "array_ufunc", "array_function"),
)
_REFUSING = ("bool", "int", "float", "complex", "index", "iter", "len", "contains")

for _name in _ABSORBING:
    setattr(Todo, f"__{_name}__", _todo_again)
for _name in _REFUSING:
    setattr(Todo, f"__{_name}__", _refuse)
Todo.__hash__ = object.__hash__

TODO = Todo()


def holds_todo(value: object) -> bool:
    """Whether a value is TODO, or a list, tuple, dict or array with TODO in it."""
    if isinstance(value, Todo):
        return True
    if isinstance(value, dict):
        return any(holds_todo(item) for item in value.values())
    if getattr(getattr(value, "dtype", None), "kind", "") == "O":
        value = value.ravel().tolist()
    return isinstance(value, (list, tuple)) and any(holds_todo(item) for item in value)


def mentions_todo(answer: object) -> bool:
    """Whether TODO is still written in the code of a function or class (comments do not count)."""
    if isinstance(answer, type):
        return any(mentions_todo(item) for item in vars(answer).values())
    code = getattr(answer, "__code__", answer)
    if not hasattr(code, "co_names"):
        return False
    return "TODO" in code.co_names or any(mentions_todo(item) for item in code.co_consts)
