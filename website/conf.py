"""What Sphinx has to know of the website: tools/build_site.py lays out its sources and calls it."""

project = "LeNet-5, from 1998 to your own handwriting"
author = "The lenet-course authors"
language = "en"

extensions = ["myst_nb"]
nb_execution_mode = "off"  # the notebooks come with what their cells gave
nb_render_markdown_format = "myst"  # tables
myst_heading_anchors = 3
nitpicky = True

html_theme = "furo"
html_title = "LeNet-5"
html_static_path = ["static"]
html_css_files = ["course.css"]
html_js_files = ["course.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # it would be fetched, which a page from a disk may not
html_theme_options = {"footer_icons": []}
