"""What slides and website share: the run chapters, ready to be shown without a kernel."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from docutils.utils.math.latex2mathml import tex2mathml

FORMULA = re.compile(r"\$\$(.+?)\$\$", re.S)


def with_mathml(text: str) -> str:
    r"""Turn the formulas of a page into MathML, which browsers draw without MathJax.

    Example:
        >>> print(with_mathml(r"$$\frac{n}{s}$$"))
        <div class="formula"><math xmlns="http://www.w3.org/1998/Math/MathML" display="block">
          <mfrac>
            <mi>n</mi>
            <mi>s</mi>
          </mfrac>
        </math></div>
    """
    return FORMULA.sub(
        lambda found: f'<div class="formula">{tex2mathml(found[1], as_block=True).strip()}</div>',
        text,
    )


def read_page(path: Path) -> nbformat.NotebookNode:
    """Read a chapter's notebook with its formulas as MathML."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = with_mathml(cell.source)
    return notebook
