"""LaTeX tables (write only) with the package booktabs."""

from collections.abc import Iterable, Iterator, Sequence

from actcli.tables.format import Form, Format, FrameWriter
from actcli.text import Cell, shown, tex, visible

TAIL = b"\\bottomrule\n\\end{tabular}\n"


def _rows(columns: Sequence[str], rows: Iterable[Sequence[Cell]], form: Form) -> Iterator[bytes]:
    """Align words to the left, numbers to the right."""
    cells = [list(row) for row in rows]
    texts = [any(isinstance(row[i], str) and row[i] != "" for row in cells) for i in range(len(columns))]
    yield _head(columns, "".join("l" if text else "r" for text in texts))
    yield from (_line([shown(cell, form.digits) for cell in row]) for row in cells)
    yield TAIL


def _frames(columns: Sequence[str], form: Form) -> FrameWriter[bytes]:
    """Align all columns to the right: the head is written before the types of all blocks are known."""
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
