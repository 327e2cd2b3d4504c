"""PDFs typeset by typst, with fonts for every common script, the same on every machine."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import manimgx_fonts
import manimgx_fonts_cjk
import typst


def compile_pdf(template: Path, data: Mapping[str, Any]) -> bytes:
    """Return the PDF of a typst `template`, which reads `data`; equal arguments give equal bytes.

    The data are passed as text, so that none is read as markup. Characters that the template's font lacks come from
    the Noto fonts of two packages, never from fonts of the machine.
    """
    pdf: Any = typst.compile(
        template.read_bytes(), font_paths=_load_fonts(), ignore_system_fonts=True, sys_inputs={"data": json.dumps(data)}
    )
    return bytes(pdf)


@cache
def _load_fonts() -> typst.Fonts:
    folders = [Path(str(package.__file__)).parent for package in (manimgx_fonts, manimgx_fonts_cjk)]
    return typst.Fonts(include_system_fonts=False, font_paths=folders)
