"""A picture that changes while a cell runs, and stays when it ends. Introduced in chapter 09."""

from __future__ import annotations

import ipywidgets

from lenet_course.notebook import in_notebook

from .static_text import StaticText


class LivePicture(StaticText, ipywidgets.Image):
    """A place on the page for a picture that changes: a loss curve while a network learns.

        with LivePicture("The loss, drawn while the network learns.") as live:
            for epoch in range(5):
                ...
                live.show(figures.loss_curve(history))

    The sentence is what readers without a widget get. At the end of the `with`, also after an error
    or an interruption, the live picture gives its place to the last one as an ordinary picture,
    which a saved notebook keeps. Outside a notebook nothing is shown.
    """

    def __init__(self, text: str) -> None:
        super().__init__(format="png")
        self.text_alternative = text
        self.last: tuple[bytes, str] | None = None

    def show(self, picture: object) -> None:
        """Show another picture: PNG bytes, or a `figures.Picture`."""
        png = getattr(picture, "image", picture)
        alt = getattr(picture, "alt", self.text_alternative)
        self.last = png, alt
        self.value = png

    def __enter__(self) -> LivePicture:
        if in_notebook():
            from IPython.display import display

            display(self)
        return self

    def __exit__(self, *error: object) -> None:
        if in_notebook() and self.last is not None:
            from IPython.display import display

            png, alt = self.last
            bundle = {"image/png": png, "text/plain": self.text_alternative}
            display(bundle, metadata={"image/png": {"alt": alt}}, raw=True)
        self.close()
