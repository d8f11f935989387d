"""What stands in a page where no widget can live: a sentence, and a picture where there is one."""

from __future__ import annotations

from lenet_course.notebook import widget_bundle


class StaticText:
    """Mixed into a widget class before ipywidgets' own: fixes its text/plain.

    ipywidgets shows repr(self), which holds numbers that change from run to run. The sentence here
    is the same every time, so nbval can compare it, and tells a reader what a widget would show.
    """

    text_alternative = "An interactive widget: run this cell in JupyterLab to use it."

    _ipython_display_ = None  # ipywidgets 7 (Colab) would go this way and pass by the bundle below

    def picture(self) -> object | None:
        """The widget as it is now, for pages without widgets: PNG bytes or a `figures.Picture`.

        None for text only.
        """
        return None

    def _repr_mimebundle_(self, **options):
        bundle = widget_bundle(self.model_id, self.text_alternative)
        picture = self.picture()
        if picture is None:
            return bundle
        png = getattr(picture, "image", picture)
        alt = getattr(picture, "alt", self.text_alternative)
        return {**bundle, "image/png": png}, {"image/png": {"alt": alt}}
