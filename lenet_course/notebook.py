"""Is there a page to show things on, and how is a widget put there with a text beside it?"""

from __future__ import annotations

import sys

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def in_notebook() -> bool:
    """Whether this code runs in a Jupyter kernel, so that there is a page to show things on."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


def widget_bundle(model_id: str, text: str) -> dict[str, object]:
    """What IPython's display needs to show a widget, with a text of our own for other pages."""
    view = {"version_major": 2, "version_minor": 0, "model_id": model_id}
    return {"text/plain": text, WIDGET_VIEW: view}
