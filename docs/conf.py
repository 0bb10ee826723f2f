"""Sphinx reads the pages beside this file; nothing is fetched while it does."""

from fauve.version import __version__

project = "Fauve"
author = "The Fauve authors"
release = __version__
extensions = ["myst_parser"]
myst_heading_anchors = 3
html_theme = "furo"
exclude_patterns = ["_build"]
