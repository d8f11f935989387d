"""Digits that were read wrongly: to filter, and each to look at in every layer. For chapter 12."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
import traitlets
from torch import Tensor, nn

from lenet_course.data import Split

from .explorer import Explorer, number, script
from .layer_by_layer import through

ANY = -1  # in place of a digit or a choice
MOST = 400  # pictures on the page at once

Prepare = Callable[[Tensor], Tensor]


class ErrorGallery(Explorer):
    """Digits that were read wrongly; a click on one shows what every layer makes of it.

    Three fields choose whose mistakes are shown, which digits, and read as what; arrow keys go
    through the pictures, and a click or Enter chooses one. Python has the same in its hands:
    `gallery.whose`, `.true`, `.given` (-1 for any), `.chosen`, a digit's index; and `.listed`.

    Args:
        digits: uint8 images with their labels.
        mistakes: a name of who reads to the wrong answers, by the digit's index. What is not among
            them was read rightly.
        model: whose layers are looked at; its children are called as those that
            `networks.build` makes.
        prepare: uint8 images to the model's input, for example `network.prepare`.
        whose, true, given, chosen: what is shown first.
        name: keeps what was set when the cell runs again.

    Raises:
        ValueError: there is nobody whose mistakes could be shown.
        traitlets.TraitError: `whose` is not among them.

    Example:
        >>> from lenet_course import networks
        >>> network = networks.FAMILY["relu-avg"]
        >>> model = networks.build(network, seed=0)
        >>> nine = Split(torch.zeros(1, 28, 28, dtype=torch.uint8), torch.tensor([9]))
        >>> ErrorGallery(nine, {"1998": {0: 4}}, model, network.prepare).words
        '1 of 1 shown: read wrongly by 1998. Digit number 0 is a 9: 1998 says 4.'

    Introduced in chapter 12.
    """

    _esm = script("error_gallery.js")

    settings: ClassVar[tuple[str, ...]] = ("whose", "true", "given", "chosen")
    places = (1, 1)  # there are no units to choose from

    whose = traitlets.Unicode("", help="Whose mistakes").tag(sync=True)
    true = traitlets.Int(ANY, help="Only digits with this label").tag(sync=True)
    given = traitlets.Int(ANY, help="Only digits read as this").tag(sync=True)
    chosen = traitlets.Int(ANY, help="The index of the digit that is looked at").tag(sync=True)
    thumbnails = traitlets.Bytes(b"", help="The pictures that are shown, a byte a pixel").tag(
        sync=True
    )
    layers = traitlets.Bytes(b"", help="What each layer gives, a byte a number").tag(sync=True)

    def __init__(
        self,
        digits: Split,
        mistakes: Mapping[str, Mapping[int, int]],
        model: nn.Module,
        prepare: Prepare,
        whose: str | None = None,
        true: int = ANY,
        given: int = ANY,
        chosen: int = ANY,
        name: str | None = None,
    ) -> None:
        if not mistakes:
            raise ValueError('Give mistakes of at least one reader, such as {"mine": {247: 9}}.')
        self._digits, self._model, self._prepare = digits, model, prepare
        self._groups = _groups(mistakes)
        self._mistakes = {who: dict(wrong) for who, wrong in mistakes.items()}
        first = {"true": true, "given": given, "chosen": chosen}
        super().__init__(name, whose=whose or next(iter(self._groups)), **first)

    @property
    def listed(self) -> list[int]:
        """The indices of the digits that are shown."""
        labels = self._digits.labels
        found = [
            index
            for index in self._of(self.whose)
            if self.true in (ANY, int(labels[index]))
            and self.given in (ANY, *(self._said(who, index) for who in self._groups[self.whose]))
        ]
        return found[:MOST]

    def compute(self) -> dict[str, Any]:
        """The pictures that are shown, their captions, the chosen one's layers, and the words."""
        listed = self.listed
        if self.chosen not in listed:
            self.chosen = listed[0] if listed else ANY
        images = self._digits.images
        self.thumbnails = images[listed].cpu().numpy().tobytes()
        return {
            "groups": list(self._groups),
            "size": list(images.shape[1:]),
            "grid": [[index, self._caption(index)] for index in listed],
            "layers": self._layers(),
            "words": " ".join([self._count(len(listed)), self._detail()]).strip(),
        }

    def _of(self, whose: str) -> list[int]:
        """The digits that all of a group read wrongly."""
        wrong = [set(self._mistakes[who]) for who in self._groups[whose]]
        return sorted(set.intersection(*wrong))

    def _said(self, who: str, index: int) -> int:
        return self._mistakes[who].get(index, int(self._digits.labels[index]))

    def _caption(self, index: int) -> str:
        answers = [str(self._said(who, index)) for who in self._groups[self.whose]]
        return f"{int(self._digits.labels[index])}→{'/'.join(dict.fromkeys(answers))}"

    def _count(self, shown: int) -> str:
        told = f"{shown} of {len(self._of(self.whose))} shown: read wrongly by {self.whose}"
        told += f", digit {self.true}" if self.true != ANY else ""
        return f"{told}{f', read as {self.given}' if self.given != ANY else ''}."

    def _detail(self) -> str:
        """What the chosen digit is, and what each said of it."""
        if self.chosen == ANY:
            return ""
        label = int(self._digits.labels[self.chosen])
        told = []
        for who in self._mistakes:
            said = self._said(who, self.chosen)
            told.append(f"{who} says {said}{', rightly' if said == label else ''}")
        return f"Digit number {self.chosen} is a {label}: {'; '.join(told)}."

    def _layers(self) -> list[dict[str, Any]]:
        """Put each layer's numbers into bytes, and tell how to read them."""
        if self.chosen == ANY:
            self.layers = b""
            return []
        told, data = [], b""
        for layer, values in self._seen().items():
            maps = values if values.dim() == 3 else values.reshape(len(values), 1, 1)
            told.append({"name": layer, "shape": list(maps.shape), "at": len(data)})
            if maps.shape == (10, 1, 1):
                told[-1]["numbers"] = [number(value) for value in maps.flatten()]
            data += _as_grey(maps).numpy().tobytes()
        self.layers = data
        return told

    def _seen(self) -> dict[str, Tensor]:
        """What each layer gives for the chosen digit, (maps, height, width) or (units,)."""
        return through(self._model, self._prepare(self._digits.images[self.chosen][None]))

    def _update(self, change: object = None) -> None:
        with self.hold_sync():  # one message: pictures and the words that belong to them
            super()._update(change)

    @traitlets.validate("whose")
    def _known(self, proposal: dict[str, Any]) -> str:
        if proposal["value"] not in self._groups:
            known = ", ".join(map(repr, self._groups))
            raise traitlets.TraitError(
                f"There are no mistakes of {proposal['value']!r}, only of {known}."
            )
        return proposal["value"]

    @traitlets.validate("true", "given")
    def _digit(self, proposal: dict[str, Any]) -> int:
        return proposal["value"] if 0 <= proposal["value"] <= 9 else ANY

    @property
    def text_alternative(self) -> str:
        """What stands on a page where no widget can live: nothing that a training changes."""
        return (
            f"A gallery of digits read wrongly by {', '.join(self._mistakes)}: to filter by digit "
            "and by answer, and to look at in every layer. Widgets need a running kernel: run this "
            "cell in JupyterLab."
        )

    def picture(self) -> Any:
        """What each layer makes of the chosen digit; None while none is chosen."""
        from lenet_course import figures  # matplotlib, which no key has to wait for

        if self.chosen == ANY:
            return None
        picture = figures.feature_maps(self._seen())
        return figures.Picture(picture.image, f"{self._detail()} {picture.alt}")


def _groups(mistakes: Mapping[str, object]) -> dict[str, list[str]]:
    """Who may be asked for: each alone, and all together."""
    groups = {who: [who] for who in mistakes}
    if len(mistakes) > 1:
        groups[" and ".join(mistakes)] = list(mistakes)
    return groups


def _as_grey(maps: Tensor) -> Tensor:
    """Numbers as uint8, 0 for a layer's smallest and 255 for its largest."""
    low, high = maps.min(), maps.max()
    return ((maps - low) * (255 / (high - low).clamp_min(1e-9))).round().to(torch.uint8)
