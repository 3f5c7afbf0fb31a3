"""Files written beside the ones that they replace, which take their places together."""

import errno
import os
import stat
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import IO

from actcli.output.places import naming
from actcli.output.streams import writer

# Why a file that may be written may not be replaced: a mount, a sticky folder, a folder that may not be written.
_NOT_REPLACED = {errno.EBUSY, errno.EPERM, errno.EACCES, errno.EXDEV, errno.EROFS}
_BINARY = getattr(os, "O_BINARY", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY


@dataclass(slots=True)
class Draft:
    """The new content of a file, which replaces it where that leaves all else as it was.

    A file with hard links, a mounted one, and one in a folder that may not be written get the content copied into them
    when all of it is there: who reads one at that moment may see a part of it.
    """

    path: str
    target: str  # behind the links, which stay
    old: int | None  # the file that is there, open for writing
    in_place: bool
    name: str
    file: IO[bytes]
    backup: str | None = None
    published: bool = False

    def publish(self, *, alone: bool) -> None:
        """Put it in its place; where other files are written too, so that `undo` can take it away again."""
        self.file.flush()
        if self.old is None or not self.in_place:
            try:
                self._replace(alone=alone)
                return
            except OSError as error:
                if self.old is None or error.errno not in _NOT_REPLACED:
                    raise
        _copy(self.name, self.old)

    def _replace(self, *, alone: bool) -> None:
        _make_like(self.name, self.target, self.old)
        if not alone and self.old is not None:
            self.backup = _beside(self.target)
            os.link(self.target, self.backup)
        self.published = True
        os.replace(self.name, self.target)

    def undo(self) -> None:
        if self.published and self.backup is not None:
            os.replace(self.backup, self.target)
        elif self.published and self.old is None:
            _remove(self.target)

    def close(self) -> None:
        with suppress(OSError):  # what was not written before is not wanted
            self.file.close()
        for path in filter(None, (self.name, self.backup)):
            _remove(path)
        if self.old is not None:
            os.close(self.old)


def begin(path: str, stack: ExitStack) -> Draft:
    """A draft of the file, closed with the stack. Raises OSError where the file may not be written."""
    target = os.path.realpath(path)
    old = os.open(target, os.O_WRONLY | _BINARY) if os.path.exists(target) else None
    in_place = old is not None and os.fstat(old).st_nlink > 1
    name = _beside(target)
    stack.callback(_remove, name)  # before there is one: a signal may come between
    try:
        new = os.open(name, _NEW, 0o600)
    except OSError as error:
        if old is None or error.errno not in _NOT_REPLACED:
            raise
        import tempfile

        in_place, name = True, _beside(os.path.join(tempfile.gettempdir(), ""))
        stack.callback(_remove, name)
        new = os.open(name, _NEW, 0o600)
    draft = Draft(path, target, old, in_place, name, writer(new))
    stack.callback(draft.close)
    return draft


def publish(drafts: Sequence[Draft]) -> None:
    """All of them, or none: those that are replaced come first, and the old files come back where a later one fails.
    What was copied in place does not: its room was had before, so that only a broken disk can do that to a second."""
    done: list[Draft] = []
    try:
        for draft in sorted(drafts, key=lambda draft: draft.in_place):
            done.append(draft)
            with naming(draft.path):
                draft.publish(alone=len(drafts) == 1)
    except BaseException:
        for draft in reversed(done):
            draft.undo()
        raise


def _copy(name: str, file: int) -> None:
    """The content into the file, once the system has the room for all of it."""
    before, size = os.fstat(file).st_size, os.stat(name).st_size
    try:
        if size and hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file, 0, size)
    except OSError as error:
        os.ftruncate(file, before)
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # a file system that does not know it
            raise
    with open(name, "rb") as source, writer(os.dup(file)) as target:
        while part := source.read(1 << 20):
            target.write(part)
        target.flush()
        os.ftruncate(file, size)


def _beside(target: str) -> str:
    return os.path.join(os.path.dirname(target), f".actcli-{os.urandom(8).hex()}")


def _remove(path: str) -> None:
    with suppress(OSError):
        os.unlink(path)


def _make_like(name: str, target: str, old: int | None) -> None:
    """What writing the file directly would leave it with: owner, mode, and attributes. Not setuid and setgid, which
    the system takes from a file whose content changes."""
    if old is None:
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(name, 0o666 & ~umask)
        return
    import shutil

    was, now = os.fstat(old), os.stat(name)
    if (was.st_uid, was.st_gid) != (now.st_uid, now.st_gid):
        os.chown(name, was.st_uid, was.st_gid)
    shutil.copystat(target, name)
    os.chmod(name, stat.S_IMODE(was.st_mode) & 0o1777)
    os.utime(name)
