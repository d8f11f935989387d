"""The website and the slides as a reader gets them: whole, readable, and from this machine alone.

The everyday suite builds everything once and looks at a few pages in a browser; the long suite
looks at every page and every slide, in both colour schemes.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote, urldefrag

import bs4
import build_site
import nbformat
import pytest

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted(path.stem for path in (ROOT / "chapters").glob("*.ipynb"))
PAGES = ["index", "teachers", "search", *(f"chapters/{name}" for name in CHAPTERS)]
PLANS = [f"slides/{name}.plan" for name in CHAPTERS]
DECKS = [f"slides/{name}" for name in CHAPTERS]
EVERYDAY = ["index", "teachers", "chapters/00_start_here", "slides/07_the_whole_network.plan"]

PHONE = {"width": 375, "height": 800}
SCREENS = [{"width": 1280, "height": 720}, {"width": 1920, "height": 1080}]
SMALLEST_CODE = 14  # pixels of a slide's 720, before it is scaled to the screen

VALIDATOR = "vnu-jar@26.9.27"  # the W3C's own checker, from npm; it needs Java
SERIOUS = """async () => {
  const options = { resultTypes: ["violations"], preload: false };
  const { violations } = await axe.run(document, options);
  return violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`);
}"""
SLIDES = """() => Reveal.getSlides().map((slide) => {
  const { h, v } = Reveal.getIndices(slide);
  Reveal.slide(h, v, 1000);
  const scale = (code) => Number(code.closest("section > *").style.zoom || 1);
  const sizes = [...slide.querySelectorAll("pre")].filter((code) => code.offsetParent)
    .map((code) => parseFloat(code.style.fontSize) * scale(code));
  return {
    place: `${h}/${v}`,
    wide: slide.scrollWidth > slide.clientWidth,
    hidden: slide.scrollHeight > slide.clientHeight && slide.tabIndex !== 0,
    tall: slide.scrollHeight > slide.clientHeight,
    code: Math.min(99, ...sizes),
    pictures: [...slide.querySelectorAll("img")].every((one) => one.complete && one.naturalWidth),
  };
})"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the whole website, built once; Sphinx has nothing to warn of."""
    folder = tmp_path_factory.mktemp("website").resolve() / "site"
    build_site.build(ROOT, folder)
    return folder


@pytest.fixture
def look(browser, site):
    """Opens a page by name; afterwards nothing may have been asked of another machine."""
    contexts, asked = [], []

    def open_page(name, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("requestfailed", lambda request: asked.append(f"failed: {request.url}"))
        page.on("pageerror", lambda error: asked.append(f"error: {error}"))
        page.goto((site / f"{name}.html").as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.fixture(scope="module")
def trees(site):
    """Every page as a tree, by its path; without scripts, styles and the pictures' bytes."""
    heavy = re.compile(r"<(script|style)\b[^>]*>.*?</\1>|(?<=base64,)[^\"]+", re.S)
    pages = {path: path.read_text("utf-8") for path in site.rglob("*.html")}
    return {
        path: bs4.BeautifulSoup(heavy.sub("", text), "html.parser") for path, text in pages.items()
    }


def test_the_site_has_every_page(site):
    made = {str(path.relative_to(site))[:-5] for path in site.rglob("*.html")}
    assert {*PAGES, *PLANS, *DECKS, "slides/index"} <= made


def test_every_link_leads_somewhere(trees):
    anchors = {path: {tag["id"] for tag in tree.select("[id]")} for path, tree in trees.items()}
    broken = []
    for path, tree in trees.items():
        for tag in tree.select("a[href], link[href], [src]"):
            target = tag.get("href") or tag.get("src")
            if re.match(r"https://[\w.-]+\.\w+(/\S*)?$|data:", target):
                continue
            address, anchor = urldefrag(target)
            address = unquote(address.partition("?")[0])
            place = (path.parent / address).resolve() if address else path
            lost = anchor and place in anchors and unquote(anchor) not in anchors[place]
            if not place.is_file() or lost:
                broken.append((path.name, target))
    assert len(trees) > 50
    assert not broken


def test_nothing_but_links_to_follow_names_another_host(trees, site):
    for path, tree in trees.items():
        fetched = [tag.get("src") or tag.get("href") for tag in tree.select("[src], link[href]")]
        assert not [one for one in fetched if re.match(r"(https?:)?//", one)], path.name
    for path in site.rglob("*.html"):
        scripts = re.findall(r"<script[^>]*src=\"([^\"]*)", path.read_text("utf-8"))
        assert not [one for one in scripts if re.match(r"(https?:)?//", one)], path.name


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_shows_its_outputs_pictures_and_folded_solutions(trees, site, name):
    notebook = nbformat.read(ROOT / "chapters" / f"{name}.ipynb", as_version=4)
    tree = trees[site / "chapters" / f"{name}.html"]
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    wanted = [
        " ".join(output.metadata[kind].alt.split())
        for output in outputs
        for kind in output.get("data", {})
        if kind.startswith("image/")
    ]
    assert [" ".join(image["alt"].split()) for image in tree.select(".cell_output img")] == wanted
    folded = sum(cell.source.count("<details>") for cell in notebook.cells)
    assert len(tree.select("details")) == folded > 0
    assert not tree.select("details[open]")


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_opens_in_binder_and_colab_and_leads_on(trees, site, name):
    tree = trees[site / "chapters" / f"{name}.html"]
    links = [tag["href"] for tag in tree.select("a[href]")]
    assert any("mybinder.org" in link and f"{name}.ipynb" in link for link in links)
    assert any("colab.research" in link and link.endswith(f"{name}.ipynb") for link in links)
    around = ["../index", *CHAPTERS, "../teachers"]
    here = around.index(name)
    for way, neighbour in (("prev", around[here - 1]), ("next", around[here + 1])):
        assert tree.select_one(f"a.{way}-page")["href"] == f"{neighbour}.html"


@pytest.mark.browser
@pytest.mark.parametrize("name", EVERYDAY)
def test_nothing_serious_stands_in_anyones_way(look, name):
    assert serious(look(name), "light") == []


@pytest.mark.browser
def test_the_dark_scheme_is_dark_and_nothing_serious_stands_in_the_way(look):
    page = look("teachers", color_scheme="dark")
    paper = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert max(map(int, re.findall(r"\d+", paper)[:3])) < 60
    assert serious(page, "dark") == []


def serious(page, scheme):
    """What axe-core finds that is serious or critical."""
    from axe_playwright_python.base import AXE_SCRIPT

    page.emulate_media(color_scheme=scheme)
    page.evaluate(AXE_SCRIPT)
    return page.evaluate(SERIOUS)


@pytest.mark.browser
def test_a_reader_chooses_light_or_dark(look):
    page = look("index", color_scheme="light")
    themes = []
    for _ in range(2):
        page.locator(".content-icon-container .theme-toggle").click()
        themes.append(page.evaluate("() => document.body.dataset.theme"))
    assert set(themes) == {"light", "dark"}


@pytest.mark.browser
def test_the_search_finds_a_word_in_its_chapter(look):
    page = look("index")
    page.locator(".sidebar-search").fill("receptive")
    page.keyboard.press("Enter")
    page.locator("#search-results a", has_text="Shape arithmetic").first.wait_for()


@pytest.mark.browser
@pytest.mark.parametrize("name", [*EVERYDAY, "slides/index"])
def test_a_page_fits_a_phone(look, name):
    page = look(name, viewport=PHONE)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.browser
@pytest.mark.parametrize("name", PLANS)
def test_a_lesson_plan_is_one_page_on_paper(look, name):
    paper = look(name).pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1


@pytest.mark.browser
def test_on_paper_there_is_no_navigation(look):
    page = look("chapters/00_start_here")
    page.emulate_media(media="print")
    for part in (".sidebar-drawer", ".toc-drawer", ".related-pages"):
        assert not page.locator(part).is_visible()


@pytest.mark.browser
def test_every_slide_of_the_first_chapter_can_be_read(look):
    check_deck(look("slides/00_start_here", viewport=SCREENS[0]))


def check_deck(page):
    """No slide hides anything, and code is large enough; gives how many slides there are."""
    page.wait_for_function("() => Reveal.isReady()")
    seen = page.evaluate(SLIDES)
    assert not [one for one in seen if one["wide"] or one["hidden"] or not one["pictures"]]
    assert min(one["code"] for one in seen) >= SMALLEST_CODE
    assert sum(one["tall"] for one in seen) <= len(seen) / 20, "few slides have to scroll"
    return len(seen)


@pytest.mark.browser
def test_the_speakers_window_shows_the_notes(look):
    page = look("slides/00_start_here")
    page.wait_for_function("() => Reveal.isReady()")
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    opened.value.locator(".speaker-controls-notes .value", has_text="For the teacher").wait_for()


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", [*PAGES, *PLANS, "slides/index"])
def test_nothing_serious_stands_in_anyones_way_on_any_page(look, name, scheme):
    assert serious(look(name, color_scheme=scheme), scheme) == []


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.parametrize("name", [*PAGES, *PLANS, "slides/index"])
def test_every_page_fits_a_phone(look, name):
    page = look(name, viewport=PHONE)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: f"{screen['height']} lines")
@pytest.mark.parametrize("name", DECKS)
def test_every_slide_can_be_read(look, name, screen):
    assert check_deck(look(name, viewport=screen)) >= 20


@pytest.mark.long
def test_every_page_is_valid_html(site, tmp_path):
    npm, java = shutil.which("npm"), shutil.which("java")
    if not (npm and java):
        said = "Not tested: whether the pages are valid HTML, which needs npm and Java."
        required = os.environ.get("LENET_COURSE_VALIDATOR") == "required"
        (pytest.fail if required else pytest.skip)(said)
    fetch = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", tmp_path]
    subprocess.run([*fetch, VALIDATOR], check=True)
    jar = tmp_path / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    options = ["--errors-only", "--skip-non-html", "--format", "json"]
    done = subprocess.run([java, "-jar", jar, *options, site], capture_output=True, text=True)
    found = json.loads(done.stderr)["messages"]
    assert [f"{Path(one['url']).name}: {one['message']}" for one in found] == []
