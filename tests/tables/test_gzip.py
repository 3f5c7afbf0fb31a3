"""Gzip: for any members and headers, the bytes are those that Python's own reader gives."""

from __future__ import annotations

import gzip
import random
import zlib
from pathlib import Path

import pytest

from actcli.errors import DataError
from actcli.tables.streams import FileStream, decompressed

NOISE = random.Random(0).randbytes(300_000)


def member(content: bytes, flags: int = 0, more: bytes = b"") -> bytes:
    """Return a member with these flags in its header, and the fields that they announce."""
    packed = zlib.compressobj(6, zlib.DEFLATED, -15)
    head = b"\x1f\x8b\x08" + bytes([flags]) + bytes(6) + more
    tail = zlib.crc32(content).to_bytes(4, "little") + (len(content) % 2**32).to_bytes(4, "little")
    return head + packed.compress(content) + packed.flush() + tail


def read(path: Path, content: bytes, size: int) -> bytes:
    path.write_bytes(content)
    stream = decompressed(FileStream(str(path)), "it")
    assert stream is not None
    found = []
    while len(part := stream.look(size)):
        found.append(stream.take(len(part))())
    return b"".join(found)


@pytest.mark.parametrize(
    "content",
    [
        member(b""), member(b"a"), member(b"a") + member(b"") + member(b"bc"), member(NOISE), member(bytes(9_000_000)),
        member(NOISE[: 1 << 18]) + bytes(70_000) + member(b"end") + bytes(3),
        b"".join(member(NOISE[i : i + 999]) for i in range(0, 50_000, 999)),
        member(b"named", 8 + 16, b"a.csv\0of June\0"), member(b"more", 4 + 1, b"\x03\x00abc"),
        member(b"a sum of the header that is wrong", 2, b"\x12\x34"), member(b"a flag that nobody knows", 128),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1000, 1 << 16, 1 << 22])
def test_the_bytes_are_those_of_pythons_reader(tmp_path: Path, content: bytes, size: int) -> None:
    assert read(tmp_path / "a.gz", content, size) == gzip.decompress(content)


@pytest.mark.parametrize("cut", [1, 4, 8, 9, 5000])
def test_truncated_members_and_trailing_data_are_refused(tmp_path: Path, cut: int) -> None:
    whole = member(NOISE) + member(NOISE)
    for content in (whole[:-cut], whole + b"x" * cut, whole + member(b"") + b"\x1f"):
        with pytest.raises(DataError, match=r"ends too early|is damaged"):
            read(tmp_path / "a.gz", content, 1 << 16)
