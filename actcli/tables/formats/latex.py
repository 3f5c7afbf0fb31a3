"""A table of LaTeX by the package booktabs, which is written only."""

from collections.abc import Iterable, Iterator, Sequence

from actcli.tables.format import Form, Format, FrameWriter
from actcli.text import Cell, shown, tex, visible

TAIL = b"\\bottomrule\n\\end{tabular}\n"


def _rows(columns: Sequence[str], rows: Iterable[Sequence[Cell]], form: Form) -> Iterator[bytes]:
    """Words to the left, numbers to the right."""
    cells = [list(row) for row in rows]
    texts = [any(isinstance(row[i], str) and row[i] != "" for row in cells) for i in range(len(columns))]
    yield _head(columns, "".join("l" if text else "r" for text in texts))
    yield from (_line([shown(cell, form.digits) for cell in row]) for row in cells)
    yield TAIL


def _frames(columns: Sequence[str], form: Form) -> FrameWriter[bytes]:
    """Of the first row it is not known what the others are: all stand to the right."""
    from actcli.tables.textual import for_people

    head = _head(columns, "r" * len(columns))
    return for_people(columns, form, _cell, ("", " & ", r" \\"), head=head, tail=TAIL)


def _head(columns: Sequence[str], places: str) -> bytes:
    return f"\\begin{{tabular}}{{{places}}}\n\\toprule\n".encode() + _line(columns) + b"\\midrule\n"


def _cell(text: str) -> str:
    return tex(visible(text))


def _line(cells: Iterable[str]) -> bytes:
    return f"{' & '.join(map(_cell, cells))} \\\\\n".encode()


FORMATS = (Format("latex", (".tex",), frames=_frames, rows=_rows, for_people=True),)
