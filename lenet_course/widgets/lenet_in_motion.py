"""Draw a digit, and watch it go through one or two networks, layer by layer. For chapter 00."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any, ClassVar

import ipywidgets
import numpy as np
import torch
import traitlets
from torch import Tensor, nn

from lenet_course import shapes
from lenet_course.handwriting import BOX, HandwritingError, steps
from lenet_course.networks import Network, build

from .drawing_pad import DrawingPad
from .explorer import Explorer, number, script
from .layer_by_layer import through
from .static_text import StaticText

Networks = Mapping[str, tuple[nn.Module, Network]]
Seen = dict[str, Tensor]
DARKEST = 0.7  # of a layer's largest number: the weaker ones are to be seen on a projector too


class LeNetInMotion(StaticText, ipywidgets.Box):
    """A drawing pad, and all that becomes of the drawing on its way to ten answers.

    The page shows how the drawing is prepared, what every layer of each network makes of it, F6 as
    its 7x12 picture, which melts into the code of the answer where the network has codes, and the
    ten outputs as bars. It follows the pen.

    `motion.answers` are the digits read, `motion.seen` what every layer gives, both
    by the network's name and empty while nothing is drawn; `motion.pad.ink = picture` draws from
    Python, and `motion.layers.melt`, from 0 to 100, says how far F6 has melted. With a name,
    drawing and melting are still there when the cell runs again.

    Args:
        networks: what a network is called on the page to (module, the Network it was built from).
            There is room for two side by side.
        name: keeps the drawing when the cell runs again.

    Raises:
        ValueError: no network is given, or a module is not built as its Network describes.

    Example:
        >>> from lenet_course import networks
        >>> network = networks.find("lenet5-1998")
        >>> motion = LeNetInMotion({"LeNet-5 of 1998": (networks.build(network, seed=0), network)})
        >>> motion.answers  # nothing is drawn yet
        {}

    Introduced in chapter 00; beside each other in chapters 07 and 12.
    """

    _named: dict[str, LeNetInMotion] = {}  # noqa: RUF012 - shared by all on purpose

    def __init__(self, networks: Networks, name: str | None = None) -> None:
        _check(networks)
        self.pad = DrawingPad(name and f"{name}, in motion")  # a reader may have a pad of that name
        self.layers = Layers(networks, self.pad.ink, name)
        super().__init__([self.pad, self.layers], layout={"display": "block"})
        self.add_class("lenet-motion")
        if name is not None:
            if name in self._named:
                self._named[name].close()
            self._named[name] = self
        self.pad.on_change(self.layers.look)

    @property
    def seen(self) -> dict[str, Seen]:
        """What every layer of each network makes of the drawing; empty while nothing is read."""
        return self.layers.seen

    @property
    def answers(self) -> dict[str, int]:
        """What each network reads; empty while nothing is read."""
        return self.layers.answers

    @property
    def text_alternative(self) -> str:
        """What stands on a page where no widget can live."""
        return self.layers.text_alternative

    def close(self) -> None:
        """Take pad and layers off the page; nothing of them stays behind."""
        for part in self.children:
            part.close()
        super().close()

    def picture(self) -> Any:
        """The drawing on its way through every layer."""
        return self.layers.picture()


class Layers(Explorer):
    """The page beside the pad of LeNetInMotion: preparation, layers, F6 and bars.

    networks, name: as there; ink: uint8 (H, W), the drawing to begin with. `layers.look(ink)` shows
    another one.
    """

    _esm = script("lenet_in_motion.js")

    settings: ClassVar[tuple[str, ...]] = ("melt",)
    places = (1, 1)  # no unit is looked at alone

    melt = traitlets.Int(0, help="How far F6 has melted into the code, in percent").tag(sync=True)

    def __init__(self, networks: Networks, ink: np.ndarray, name: str | None = None) -> None:
        self._networks = dict(networks)
        self._unlit = [_unlit(name, network) for name, (_, network) in networks.items()]
        self._state = self._read(ink)
        super().__init__(name, melt=0)

    @property
    def seen(self) -> dict[str, Seen]:
        """What every layer of each network makes of the drawing; empty while nothing is read."""
        return self._state[1]

    @property
    def answers(self) -> dict[str, int]:
        """What each network reads; empty while nothing is read."""
        return {
            name: int(self._networks[name][1].decide(seen["output"][None])[0])
            for name, seen in self.seen.items()
        }

    def look(self, ink: np.ndarray) -> None:
        """Show what becomes of another drawing: uint8 (H, W), 0 for paper and 255 for ink.

        F6 is unmelted again.
        """
        state = ({}, {}, "No reading: see the message under the pad.")
        try:
            state = self._read(ink)
        finally:
            self._state = state  # at once: a cell may be looking at it
            if self.melt:
                self.melt = 0  # F6 of another drawing is to be seen first
            else:
                self._update()

    def _read(self, ink: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, Seen], str]:
        """The drawing's preparation, what the networks make of it, and what hinders them."""
        try:
            prepared = steps(ink)
        except HandwritingError as error:  # an empty pad is no mistake: say what to do
            return {}, {}, str(error)
        digit = torch.from_numpy(prepared["centred"])
        seen = {
            name: through(model, network.prepare(digit[None]))
            for name, (model, network) in self._networks.items()
        }
        return prepared, seen, ""

    def compute(self) -> dict[str, Any]:
        """The steps of the preparation, and each network with its layers, F6, bars and words."""
        prepared, _, hindered = self._state
        reads = "; ".join(f"{name} reads {answer}" for name, answer in self.answers.items())
        return {
            "steps": _preparation(prepared),
            "networks": [unlit | lit for unlit, lit in zip(self._unlit, self._lit(), strict=True)],
            "words": hindered or f"{reads}.",
        }

    def _lit(self) -> list[dict[str, Any]]:
        """What the page shows of each network while there is a drawing."""
        seen, answers = self.seen, self.answers
        return [
            _lit(network, seen[name], answers[name], self.melt / 100) if seen else {}
            for name, (_, network) in self._networks.items()
        ]

    @property
    def text_alternative(self) -> str:
        """What stands on a page where no widget can live: the same for every drawing."""
        told = "; ".join(
            f"{name}: {', '.join(_shapes(network))}"
            for name, (_, network) in self._networks.items()
        )
        return (
            "A drawing pad, the drawing prepared as a digit, and what every layer makes of it. "
            f"{told}. Widgets need a running kernel: run this cell in JupyterLab."
        )

    @traitlets.validate("melt")
    def _percent(self, proposal: dict[str, Any]) -> int:
        return max(0, min(proposal["value"], 100))

    def picture(self) -> Any:
        """The drawing on its way through every layer."""
        from lenet_course import figures  # matplotlib, which no stroke has to wait for

        prepared, seen, _ = self._state
        lit, codes = dict(seen), {}
        for name, (_, network) in self._networks.items():
            if name not in lit:
                lit[name] = {layer: torch.zeros(shape) for layer, shape in _shapes(network).items()}
            if (ten := _codes(network)) is not None:
                codes[name] = ten[self.answers[name]] if seen else torch.zeros(ten.shape[1])
        return figures.in_motion(prepared, lit, codes)


def _check(networks: Networks) -> None:
    """Refuse what cannot be watched, before anyone draws."""
    if not networks:
        raise ValueError('Give at least one network, such as {"mine": (model, network)}.')
    for title, (model, network) in networks.items():
        layers = (_described(each) for each in (model, build(network, seed=0)))
        for given, wanted in zip_longest(*layers, fillvalue="no layer"):
            if given != wanted:
                raise ValueError(
                    f"{title!r}: its module has {given}, where {network.name} has {wanted}. Give "
                    "the Network it was built from."
                )


def _described(model: nn.Module) -> list[str]:
    """Say of each layer what it is called, and what torch says of it."""
    return [f"{name}: {layer}" for name, layer in model.named_children()]


def _shapes(network: Network) -> dict[str, tuple[int, ...]]:
    """The shapes of what is shown, from "input" to "output"; a squash belongs to its layer."""
    hidden = shapes.Activation | shapes.Flatten | shapes.Dropout
    rows = [row for row in network.trace() if not isinstance(row.layer, hidden)]
    return {"input": network.input_shape, **{row.name: row.output_shape for row in rows}}


def _bytes(values: Tensor, limit: float | Tensor) -> bytes:
    """Numbers from -limit to limit as one byte each, -127 to 127: a small message is a fast one."""
    scaled = 127 * values / max(float(limit), 1e-9)
    return scaled.round().clamp(-127, 127).to(torch.int8).numpy().tobytes()


def _preparation(prepared: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Three pictures, each with its size and what is marked on it: [row, column, rows, columns]."""
    if not prepared:
        return []
    drawn, fitted, centred = (prepared[step] for step in ("drawn", "fitted", "centred"))
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    high, wide = prepared["cropped"].shape
    ink = centred / centred.sum(dtype=float)
    row, column = ink.sum(axis=1) @ np.arange(len(ink)), ink.sum(axis=0) @ np.arange(len(ink))
    marked = {
        "drawn": (drawn[::2, ::2], [rows[0] / 2, columns[0] / 2, high / 2, wide / 2]),
        "fitted": (_in_box(fitted), []),
        "centred": (centred, [row, column, 1, 1]),
    }
    notes = {
        "drawn": f"ink: {high}×{wide}",
        "fitted": f"now {fitted.shape[0]}×{fitted.shape[1]}",
        "centred": f"middle: {number(row, 1)}, {number(column, 1)}",
    }
    return [
        {
            "size": list(picture.shape),
            "values": (picture >> 1).tobytes(),
            "mark": [float(place) for place in mark],
            "note": notes[step],
        }
        for step, (picture, mark) in marked.items()
    ]


def _in_box(fitted: np.ndarray) -> np.ndarray:
    """The fitted ink in the middle of the box of 20x20 that it was fitted into."""
    box = np.zeros((BOX, BOX), np.uint8)
    (top, left), (high, wide) = ((BOX - side) // 2 for side in fitted.shape), fitted.shape
    box[top : top + high, left : left + wide] = fitted
    return box


def _unlit(name: str, network: Network) -> dict[str, Any]:
    """What the page knows of a network before anything is drawn."""
    return {
        "title": name,
        "layers": [
            {"name": layer, "shape": [*shape, 1, 1][:3]}
            for layer, shape in _shapes(network).items()
            if layer != "output"
        ],
        "has_codes": _codes(network) is not None,
        "caption": (
            "squared distance to each code: the smallest wins"
            if network.smallest_wins
            else "logits: the largest wins"
        ),
    }


def _lit(network: Network, seen: Seen, answer: int, melted: float) -> dict[str, Any]:
    """What the page shows of a network while there is a drawing."""
    values = {name: _bytes(layer, DARKEST * layer.abs().max()) for name, layer in seen.items()}
    shades = seen["input"] - network.background  # paper is white, whatever number it is
    values["input"] = _bytes(shades, network.ink - network.background)
    outputs = seen["output"]
    order = outputs.argsort(descending=not network.smallest_wins)
    second = next(int(place) for place in order if int(place) != answer)
    lit = {
        "values": values,
        "outputs": outputs.tolist(),
        "texts": [number(output, 1) for output in outputs],
        "answer": answer,
        "told": f"{answer} with {number(outputs[answer], 1)}, "
        f"then {second} with {number(outputs[second], 1)}",
    }
    if "F6" not in seen:
        return lit
    return lit | _picture_of_f6(network, seen["F6"], answer, melted)


def _picture_of_f6(network: Network, states: Tensor, answer: int, melted: float) -> dict[str, Any]:
    """F6 on its way into the code of the answer, and in words how far it has to go."""
    if (ten := _codes(network)) is None:
        return {"f6": "Its 84 numbers, drawn as 7 by 12. They have no code to become."}
    code, limit = ten[answer], states.abs().max()
    agree = int((states.sign() == code).sum())
    distance = (states - code).square().sum()
    words = f"F6 has the sign of the code of {answer} in {agree} of {len(code)} pixels."
    if melted:
        whole, left = number(distance, 1), number((1 - melted) ** 2 * distance, 1)
        words = f"Unmelted, {words} Melted by {melted:.0%}: of the squared distance {whole}, "
        words += f"{left} is left."
    return {
        "picture": _bytes((1 - melted) * states + melted * code, limit),
        "code": _bytes(code, limit),
        "f6": words,
    }


def _codes(network: Network) -> Tensor | None:
    """The pictures that F6 is to become, (10, 84), where the network has any."""
    output = network.layers[-1]
    return torch.tensor(output.codes).float() if isinstance(output, shapes.RBF) else None
