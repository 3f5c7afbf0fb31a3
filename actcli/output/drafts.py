"""Files written next to the ones they replace; several replace theirs together."""

import errno
import os
import stat
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import IO

from actcli.output.places import naming
from actcli.output.streams import writer

# Why a writable file cannot be replaced: a mount, a sticky folder, a read-only folder.
_NOT_REPLACED = {errno.EBUSY, errno.EPERM, errno.EACCES, errno.EXDEV, errno.EROFS}
_BINARY = getattr(os, "O_BINARY", 0)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY


@dataclass(slots=True, eq=False, repr=False)
class Draft:
    """The new content of a file, which replaces the file if that changes nothing else.

    If the file has hard links, is mounted, or is in a read-only folder, the content is copied into it once complete:
    someone reading the file at that moment may see only part of it.
    """

    path: str
    target: str  # the end of symbolic links, which stay
    old: int | None  # the existing file, open for writing
    in_place: bool
    name: str
    file: IO[bytes]
    backup: str | None = None
    published: bool = False

    def publish(self, *, alone: bool) -> None:
        """Replace the file; unless it is written `alone`, `undo` can revert this."""
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
        with suppress(OSError):  # data still unwritten is not needed
            self.file.close()
        for path in filter(None, (self.name, self.backup)):
            _remove(path)
        if self.old is not None:
            os.close(self.old)


def begin(path: str, stack: ExitStack) -> Draft:
    """Begin a draft of the file, closed with the stack. Raises OSError if the file cannot be written."""
    target = os.path.realpath(path)
    old = os.open(target, os.O_WRONLY | _BINARY) if os.path.exists(target) else None
    in_place = old is not None and os.fstat(old).st_nlink > 1
    name = _beside(target)
    stack.callback(_remove, name)  # before the file exists: a signal may arrive in between
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
    """Publish all drafts or none: replacements come first, and are undone if a later draft fails. Copies in place are
    not undone, but their space is allocated first, so that only a broken disk can make a second one fail."""
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
    """Copy the content into the file, after the system has allocated space for all of it."""
    before, size = os.fstat(file).st_size, os.stat(name).st_size
    try:
        if size and hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file, 0, size)
    except OSError as error:
        os.ftruncate(file, before)
        if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # not supported by the file system
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
    """Give the draft the owner, mode and attributes that the file would keep if written directly. Not setuid and
    setgid, which the system clears when the content of a file changes."""
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
