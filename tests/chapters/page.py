"""A chapter's source, to be run by sections, and its hand-made functions, to be tried alone."""

import ast
import re
from pathlib import Path

import jupytext

CHAPTERS = Path(__file__).parents[2] / "chapters"


def code_cells(cells):
    return [cell for cell in cells if cell.cell_type == "code"]


class Page:
    """One chapter, by its name, such as "01_shape_arithmetic"."""

    def __init__(self, name):
        self.source = CHAPTERS / f"{name}.py"

    def hand_made(self, name, **names):
        """The chapter's own function of that name, the last one where there are several versions.

        names: what else it uses.
        """
        tree = ast.parse(self.source.read_text(encoding="utf-8"))
        versions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        last = [node for node in versions if node.name == name][-1]
        exec(compile(ast.Module([last], []), self.source.name, "exec"), names)
        return names[name]

    def sections(self):
        """The code cells, cut before each second-level heading; the first part imports."""
        parts = [[]]
        for cell in jupytext.read(self.source).cells:
            if cell.cell_type == "markdown" and re.search(r"^## ", cell.source, re.M):
                parts.append([])
            parts[-1].append(cell)
        return [code_cells(part) for part in parts]

    def run(self, cells, names):
        """Run code cells one after the other in the same names."""
        for cell in cells:
            exec(compile(cell.source, self.source.name, "exec"), names)
