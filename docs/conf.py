"""How Sphinx makes the site of this folder: `bash .ci/docs`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from settings_fields import document_fields

from napari_apprentice import __version__

project = "napari-apprentice"
author = "napari-apprentice developers"
copyright = "2026, napari-apprentice developers, BSD-3-Clause"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc"]
html_theme = "pydata_sphinx_theme"
html_title = project
html_show_sourcelink = False
html_sidebars = {name: [] for name in ("install", "first-result", "compared", "cite")}  # no pages below them
html_theme_options = {
    "github_url": "https://github.com/napari-apprentice/napari-apprentice",
    "header_links_before_dropdown": 5,
    "show_toc_level": 2,
    "navigation_with_keys": False,
}

# `page.md#a-heading` is a link to check, by the same names of headings as on GitHub
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

# types are in the signature, what they mean is in the docstring
autodoc_member_order = "bysource"
autodoc_default_options = {"exclude-members": "model_config"}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
default_role = "py:obj"
toc_object_entries_show_parents = "hide"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

# `bash .ci/docs --links` asks every address that is linked to
linkcheck_timeout = 20
linkcheck_retries = 2
linkcheck_anchors = False


def setup(app: object) -> None:
    """Settings tell their fields."""
    app.connect("autodoc-process-docstring", document_fields)
