"""ZIP archives, as CHARX uses them: a card and its files, perhaps behind a picture.

Nothing is unpacked but what is asked for, and never more of it than asked for;
a member's name is a name and never becomes a path.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bot.core.phrases import phrase

MAGIC = b"PK\x03\x04"
MOST_MEMBERS = 4000
_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_END_MARK, _ENTRY_MARK = b"PK\x05\x06", b"PK\x01\x02"
_STORED, _DEFLATED = 0, 8
_ENCRYPTED, _UTF_8 = 1, 0x800
_VERSION, _1980 = 20, 0x21  # of ZIP, and its first day


class BadArchive(ValueError):
    """The archive cannot be used; `str()` says why, as the second half of a sentence."""


class Member(NamedTuple):
    """A file in an archive, still packed.

    Attributes:
        size: unpacked, as the archive claims.
        packed: a view into the archive.
    """

    name: str
    method: int
    crc: int
    size: int
    packed: memoryview

    def unpacked(self, most_bytes: int) -> bytes:
        """Return the file.

        Raises:
            BadArchive: it is larger than *most_bytes*, or cannot be unpacked.
        """
        if self.method == _STORED:
            data = bytes(self.packed[: most_bytes + 1])
        elif self.method == _DEFLATED:
            try:
                data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(self.packed, most_bytes + 1)
            except zlib.error:
                raise BadArchive(phrase("{name} in it is damaged", name=repr(self.name))) from None
        else:
            raise BadArchive(
                phrase("{name} in it is packed in a way that is not read", name=repr(self.name))
            )
        if len(data) > most_bytes:
            raise BadArchive(
                phrase(
                    "{name} in it is larger than {most_bytes} MB",
                    name=repr(self.name),
                    most_bytes=most_bytes // 1024**2,
                )
            )
        return data


def is_archive(data: bytes) -> bool:
    """Whether an archive ends *data*, whatever it begins with."""
    return data.startswith(MAGIC) or data.rfind(_END_MARK) >= 0


def members(data: bytes) -> list[Member]:
    """Return the files of the archive at the end of *data*; folders are none.

    Raises:
        BadArchive: it is damaged, or has too many files.
    """
    end = data.rfind(_END_MARK)
    if end < 0 or end + _END.size > len(data):
        raise BadArchive(phrase("it is cut short"))
    _, _, _, _, _, size, offset, _ = _END.unpack_from(data, end)
    start = end - size
    before = start - offset  # whatever stands in front: a picture
    if start < 0 or before < 0:
        raise BadArchive(phrase("its list of files is damaged"))
    found = list(_entries(memoryview(data), start, end, before))
    if sum(len(each.packed) for each in found) > len(data):
        raise BadArchive(
            phrase("its files lie over each other")
        )  # each copy of them would be as large
    return found


def _entries(view: memoryview, at: int, end: int, before: int) -> Iterator[Member]:
    for _ in range(MOST_MEMBERS):
        if at >= end:
            return
        if at + _ENTRY.size > end:
            raise BadArchive(phrase("its list of files is damaged"))
        entry = _ENTRY.unpack_from(view, at)
        mark, flags, method, crc = entry[0], entry[3], entry[4], entry[7]
        packed, size, letters, extra, remark, local = *entry[8:13], entry[16]
        if mark != _ENTRY_MARK:
            raise BadArchive(phrase("its list of files is damaged"))
        at += _ENTRY.size
        name = _name(bytes(view[at : at + letters]), flags)
        at += letters + extra + remark
        if flags & _ENCRYPTED:
            raise BadArchive(phrase("it is locked with a password"))
        if not name.endswith("/"):
            yield Member(name, method, crc, size, _packed(view, before + local, packed))
    raise BadArchive(phrase("it has more than {most_members:,} files", most_members=MOST_MEMBERS))


def _name(raw: bytes, flags: int) -> str:
    if not flags & _UTF_8:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw.decode("cp437")
    return raw.decode("utf-8", "replace")


def _packed(view: memoryview, at: int, length: int) -> memoryview:
    if at + _LOCAL.size > len(view):
        raise BadArchive(phrase("it is cut short"))
    local = _LOCAL.unpack_from(view, at)
    start = at + _LOCAL.size + local[9] + local[10]
    if local[0] != MAGIC or start + length > len(view):
        raise BadArchive(phrase("one of its files is damaged"))
    return view[start : start + length]


def member(name: str, data: bytes) -> Member:
    """Pack *data* to lie in an archive as *name*."""
    packing = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packing.compress(data) + packing.flush()
    return Member(name, _DEFLATED, zlib.crc32(data), len(data), memoryview(packed))


def archive_of(files: Sequence[Member]) -> bytes:
    """Write *files* as an archive; the same files make the same bytes."""
    written = bytearray()
    listed = bytearray()
    for file in files:
        name = file.name.encode("utf-8", "replace")
        shared = (_VERSION, _UTF_8, file.method, 0, _1980, file.crc, len(file.packed), file.size)
        listed += _ENTRY.pack(
            *(_ENTRY_MARK, _VERSION, *shared, len(name), 0, 0, 0, 0, 0, len(written))
        )
        listed += name
        written += _LOCAL.pack(MAGIC, *shared, len(name), 0) + name + file.packed
    end = _END.pack(_END_MARK, 0, 0, len(files), len(files), len(listed), len(written), 0)
    return bytes(written + listed + end)
