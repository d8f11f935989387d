"""Cut a chapter into slides that a projector can show.

A chapter's tags say where a new thought begins. What follows a tag may be taller than a slide, so
it goes on on the next one below: heights are reckoned here in the pixels of a slide, and a browser
only has to mend what the reckoning missed (website/deck/deck.js).
"""

from __future__ import annotations

import base64
import copy
import math
import re
import struct

import nbformat

ROOM = 680  # pixels of a slide that hold text
ROOM_FOR_BOTH = 800  # for what belongs to what is above it: deck.js makes both smaller
LINE, CHARACTERS = 38, 82  # of words: the height of a line, and how many letters fill one
WIDTH = 1180
LARGEST_CODE, LETTER_WIDTH = 24, 0.602  # pixels, and a letter's width in its height
LARGEST_SCALE, TALLEST_PICTURE = 1.4, 560
PAUSE = 14  # pixels between two paragraphs, or below a block
NOT_SHOWN = {"skip", "notes"}


def words_height(text: str) -> float:
    """Reckon how tall a page of Markdown is; what is folded counts one line."""
    text = re.sub(r"<details>.*?</details>", "folded", text, flags=re.S)
    height = 0.0
    for block in re.split(r"\n\n+", text.strip()):
        if block.startswith("```"):
            height += code_height(block.strip("`\n"))
        elif block.startswith("|"):
            height += 36 * (block.count("\n") + 1)
        else:
            tall = 1.6 if block.startswith("#") else 1
            items = re.split(r"\n(?=[*-] |\d+\. )", block)
            height += sum(tall * LINE * math.ceil(len(item) / CHARACTERS) for item in items)
        height += PAUSE
    return height


def code_height(source: str) -> float:
    """Reckon how tall code is: as large as its longest line permits, as deck.js makes it."""
    lines = source.split("\n")
    size = min(LARGEST_CODE, WIDTH / (LETTER_WIDTH * max(map(len, lines), default=1) or 1))
    return 1.3 * size * len(lines) + 2 * PAUSE


def picture_size(content: str) -> tuple[int, int]:
    """Say how wide and high a PNG or GIF in base64 is shown: larger than on paper, if it fits."""
    head = base64.b64decode(content[:64])
    if head.startswith(b"GIF8"):
        width, height = struct.unpack("<HH", head[6:10])
    else:
        width, height = struct.unpack(">II", head[16:24])
    scale = min(LARGEST_SCALE, WIDTH / width, TALLEST_PICTURE / height)
    return round(scale * width), round(scale * height)


def output_height(output: nbformat.NotebookNode) -> float:
    """Reckon how tall one output is, and note how wide its picture is to be shown."""
    data = output.get("data", {})
    for kind in ("image/png", "image/gif"):
        if kind in data:
            width, height = picture_size(data[kind])
            output.metadata[kind].width = width
            return height + PAUSE
    if "text/html" in data:
        return 36.0 * data["text/html"].count("<tr")
    if "text/markdown" in data:
        return words_height(data["text/markdown"])
    return code_height(data.get("text/plain") or output.get("text", ""))


def pieces(cell: nbformat.NotebookNode) -> list[tuple[nbformat.NotebookNode, float]]:
    """Take a cell apart into what may stand on two slides, code and what came out, with heights."""
    if cell.cell_type != "code":
        return [(cell, words_height(cell.source))]
    code, came_out = copy.deepcopy(cell), copy.deepcopy(cell)
    code.outputs, came_out.source = [], ""
    came_out.id += "-output"
    came_out.metadata = nbformat.from_dict({})
    found = [(code, code_height(cell.source))]
    if cell.outputs:
        found.append((came_out, sum(map(output_height, came_out.outputs))))
    return found


def paged(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a notebook in which a slide that would be too tall goes on below."""
    cells, used = [], 0.0
    for cell in notebook.cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type")
        if kind in NOT_SHOWN:
            cells.append(cell)
            continue
        if kind in {"slide", "subslide"}:
            used = 0.0
        for number, (piece, height) in enumerate(pieces(cell)):
            belongs = number or piece.source.startswith("<details>")  # an output, or a solution
            room = ROOM_FOR_BOTH if belongs else ROOM
            if used and used + height > room:
                piece.metadata.slideshow = {"slide_type": "subslide"}
                used = 0.0
            used += height
            cells.append(piece)
    paged = copy.copy(notebook)
    paged.cells = cells
    return paged
