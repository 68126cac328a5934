"""Pictures in a zip that stays zipped: names as they were meant, members that cannot be read."""

from __future__ import annotations

import errno
import lzma
import re
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from podium.core.errors import PodiumError
from podium.core.picture_decoder import UnreadableImage
from podium.core.printable import printable

MAX_PICTURE_BYTES = 1 << 28  # no camera writes 256 MiB pictures; a zip bomb would
MAX_RATIO = 200  # pictures are compressed already; real zips stay near 1
_ENCRYPTED, _UTF8 = 0x1, 0x800  # bits of a member's flags (APPNOTE.TXT 4.4.4)
_UNICODE_PATH = 0x7075  # extra field with the name in UTF-8 (APPNOTE.TXT 4.6.9)
_DAMAGE = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, struct.error,
    zlib.error, lzma.LZMAError,
)  # fmt: skip


class PictureZip:
    """A zip of pictures.

    Attributes:
        path: of the zip.
        members: name -> entry of each file; names have `/` between their parts.
        encoding_note: a line about names whose encoding is unknown; '' if there are none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except _DAMAGE as error:
            raise PodiumError(
                f"{printable(path)}: not a readable zip ({printable(error)})\n"
                "remedy: download it again"
            ) from None
        if not all(info.filename for info in self._zip.infolist()):
            raise PodiumError(f"{printable(path)}: a member has no name\nremedy: zip it again")
        infos = [info for info in self._zip.infolist() if not info.is_dir()]
        guessed = [info.filename for info in infos if _name_bytes(info) and not _utf8_name(info)]
        self.encoding_note = _encoding_note(path, guessed)
        self.members: dict[str, zipfile.ZipInfo] = {}
        for info in infos:
            self._add(info)

    def _add(self, info: zipfile.ZipInfo) -> None:
        name = (_utf8_name(info) or info.filename).replace("\\", "/")  # Windows' separators
        if name.endswith("/"):  # a folder, written by a program of Windows
            return
        where = f"{printable(self.path)}: member {printable(name)!r}"
        _refuse_hostile(where, name, info)
        if name in self.members:
            raise PodiumError(f"{where} is there twice\nremedy: zip the files again")
        self.members[name] = info

    def fault(self, name: str) -> str:
        """Return why a member cannot be read, as far as the zip's directory says; '' if it can."""
        info = self.members[name]
        if info.flag_bits & _ENCRYPTED:
            return "encrypted member of a zip: unpack it and zip it without a password"
        try:
            zipfile._check_compression(info.compress_type)  # type: ignore[attr-defined]
        except NotImplementedError:
            kind = zipfile.compressor_names.get(info.compress_type, str(info.compress_type))  # type: ignore[attr-defined]
            return f"member of a zip, compressed in a way that is not read: {kind}; use deflate"
        return ""

    def read(self, name: str, n_bytes: int = -1) -> bytes:
        """Return the bytes of a member, all or the first; safe to call from several threads.

        Raises:
            UnreadableImage: it is damaged.
        """
        try:
            with self._zip.open(self.members[name]) as member:
                return member.read(n_bytes)
        except _DAMAGE as error:
            reason = printable(error) or type(error).__name__
        except OSError as error:
            if error.errno not in (None, errno.EINVAL):  # EINVAL: it begins before the file
                raise
            reason = printable(error)
        raise UnreadableImage(f"damaged member of a zip: {reason}")


def _refuse_hostile(where: str, name: str, info: zipfile.ZipInfo) -> None:
    if ".." in PurePosixPath(name).parts or name.startswith("/") or re.match("[A-Za-z]:", name):
        raise PodiumError(f"{where} points outside the archive\nremedy: zip it again")
    ratio = info.file_size / max(info.compress_size, 1)
    if info.file_size > MAX_PICTURE_BYTES or (ratio > MAX_RATIO and info.file_size > 1 << 20):
        raise PodiumError(
            f"{where} unpacks to {info.file_size} bytes, {ratio:.0f} times as packed\n"
            "remedy: this is no picture; remove it from the archive"
        )


def _name_bytes(info: zipfile.ZipInfo) -> bytes:
    """The bytes of a name that is neither ASCII nor said to be UTF-8; else nothing."""
    data = b"" if info.flag_bits & _UTF8 else info.filename.encode("cp437", "replace")
    return b"" if data.isascii() else data


def _utf8_name(info: zipfile.ZipInfo) -> str:
    """The name as UTF-8, where the zip does not say so but its bytes do; else nothing."""
    data, extra = _name_bytes(info), info.extra
    while data and len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == _UNICODE_PATH and size > 5:
            data = extra[9 : 4 + size]  # behind a version and a checksum
            break
        extra = extra[4 + size :]
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def _encoding_note(path: Path, names: list[str]) -> str:
    if not names:
        return ""
    example = names[0]
    try:
        meant = example.encode("cp437").decode("gbk")
    except UnicodeError:
        meant = ""
    perhaps = f" (in GBK it would be {printable(meant)!r})" if meant else ""
    return (
        f"{printable(path)}: {len(names)} names do not say how they are encoded; they were read as "
        f"code page 437, e.g. {printable(example)!r}{perhaps}; if that is wrong, zip with UTF-8 "
        "names"
    )
