"""The files that a report is."""

from __future__ import annotations

import os
from collections.abc import Iterator

from actcli.reports.blocks import Report
from actcli.reports.markdown import drawings, figure_name, markdown_page
from actcli.reports.page import html_page


def report_files(report: Report, path: str, digits: int) -> Iterator[tuple[str, bytes]]:
    """The files, path and content, of a report that is written to `path`, a name in .html or .md."""
    stem, suffix = os.path.splitext(path)
    if suffix.lower() == ".html":
        yield path, html_page(report, digits).encode()
        return
    folder, name = os.path.split(stem)
    yield path, markdown_page(report, name, digits).encode()
    for drawing in drawings(report):
        yield os.path.join(folder, figure_name(name, drawing)), drawing.light
