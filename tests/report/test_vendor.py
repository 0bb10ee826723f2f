from __future__ import annotations

import hashlib
import re
from importlib.resources import files


def test_vendored_scripts_are_what_the_list_says() -> None:
    folder = files("fauve.report").joinpath("static/vendor")
    listed = dict(
        re.findall(r"^\| `([\w.-]+\.js)` .*`([0-9a-f]{64})` \|$", folder.joinpath("VENDORED.md").read_text(), re.M)
    )
    scripts = {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name.endswith(".js")}
    assert {name: hashlib.sha256(data).hexdigest() for name, data in scripts.items()} == listed
    licences = {entry.name for entry in folder.iterdir()}
    assert {"vega.LICENSE", "vega-lite.LICENSE", "vega-interpreter.LICENSE", "vega.bundled.LICENSES"} <= licences
