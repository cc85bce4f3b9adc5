"""Bytes under a Content-Encoding in, the bytes themselves out, never more than a cap: whole bodies and streams.

A megabyte of zeros is a kilobyte on the wire, so nothing is decompressed in one go: each codec gets pieces so small
that one of them can't fill the memory before the cap is looked at.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, Protocol

from headroom_wrap.wire import Unreadable


class Decoder(Protocol):
    """A stream of one encoding."""

    def feed(self, chunk: bytes, most: int) -> bytes:
        """-> what this chunk holds. Raises Unreadable: damaged, of another encoding, or more than `most` bytes."""

    def complete(self) -> bool:
        """-> whether the stream has ended as its format asks."""


class Plain:
    """No encoding."""

    def feed(self, chunk: bytes, most: int) -> bytes:
        """-> the chunk itself. Raises Unreadable: more than `most` bytes."""
        if len(chunk) > most:
            raise Unreadable("larger than allowed")
        return chunk

    def complete(self) -> bool:
        """-> True: nothing marks its end."""
        return True


class Zlib:
    """gzip of one or more members (`wbits` 31), or deflate, which servers send with and without the zlib header."""

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._stream = zlib.decompressobj(wbits)
        self._begun = False

    def feed(self, chunk: bytes, most: int) -> bytes:
        """-> what this chunk holds. Raises Unreadable."""
        if not self._begun and chunk and self._wbits == zlib.MAX_WBITS and not _zlib_header(chunk):
            self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
        out = bytearray()
        while chunk:
            if self._stream.eof:
                self._stream = zlib.decompressobj(self._wbits)
            self._begun = True
            try:
                out += self._stream.decompress(chunk, most - len(out) + 1)
            except zlib.error as error:
                raise Unreadable(f"not gzip or deflate: {error}") from None
            if len(out) > most:
                raise Unreadable("decodes to more than allowed")
            chunk = self._stream.unused_data or self._stream.unconsumed_tail
        return bytes(out)

    def complete(self) -> bool:
        """-> whether the last member was read to its end, checksum included."""
        return self._stream.eof


def _zlib_header(chunk: bytes) -> bool:
    return chunk[0] & 15 == 8 and (len(chunk) < 2 or (chunk[0] * 256 + chunk[1]) % 31 == 0)


class Pieces:
    """A codec that offers no limit of its own, fed in pieces of `size` bytes."""

    def __init__(self, step: Callable[[bytes], bytes], ended: Callable[[], bool], size: int) -> None:
        self._step, self._ended, self._size = step, ended, size

    def feed(self, chunk: bytes, most: int) -> bytes:
        """-> what this chunk holds. Raises Unreadable."""
        out = bytearray()
        for start in range(0, len(chunk), self._size):
            out += self._step(chunk[start : start + self._size])
            if len(out) > most:
                raise Unreadable("decodes to more than allowed")
        return bytes(out)

    def complete(self) -> bool:
        """-> whether the stream was read to its end."""
        return self._ended()


def _brotli() -> Decoder:
    """-> brotli in pieces of 64 bytes: one may hold a few copy commands of at most 16 MB each (RFC 7932, 9.2)."""
    try:
        import brotli  # type: ignore[import-untyped,unused-ignore] # noqa: PLC0415
    except ImportError:
        raise Unreadable('brotli is not installed: pip install "headroom-wrap[proxy]"') from None
    stream = brotli.Decompressor()

    def step(piece: bytes) -> bytes:
        try:
            return bytes(stream.process(piece))
        except brotli.error as error:
            raise Unreadable(f"not brotli: {error}") from None

    return Pieces(step, lambda: bool(stream.is_finished()), 64)


def _zstd() -> Decoder:
    """-> zstandard in pieces of 1 KB: a block of 4 bytes holds at most 128 KB (RFC 8878, 3.1.1.2)."""
    try:
        import zstandard  # noqa: PLC0415
    except ImportError:
        raise Unreadable('zstandard is not installed: pip install "headroom-wrap[proxy]"') from None
    streams: list[Any] = [_new_zstd()]

    def step(piece: bytes) -> bytes:
        out = b""
        while piece:
            if streams[0].eof:
                streams[0] = _new_zstd()
            try:
                out += streams[0].decompress(piece)
            except zstandard.ZstdError as error:
                raise Unreadable(f"not zstd: {error}") from None
            piece = streams[0].unused_data
        return out

    return Pieces(step, lambda: bool(streams[0].eof), 1024)


def _new_zstd() -> Any:
    import zstandard  # noqa: PLC0415

    return zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()


_DECODERS: dict[str, Callable[[], Decoder]] = {
    "": Plain,
    "identity": Plain,
    "gzip": lambda: Zlib(zlib.MAX_WBITS + 16),
    "x-gzip": lambda: Zlib(zlib.MAX_WBITS + 16),
    "deflate": lambda: Zlib(zlib.MAX_WBITS),
    "br": _brotli,
    "zstd": _zstd,
}


class Decoding:
    """A stream under a Content-Encoding header, which may name several encodings, the outermost last."""

    def __init__(self, encoding: str, cap: int) -> None:
        names = [part.strip().lower() for part in encoding.split(",")]
        unknown = [part for part in names if part not in _DECODERS]
        if unknown or len(names) > 3:
            raise Unreadable(f"unknown content encoding {encoding[:40]!r}")
        self._decoders = [_DECODERS[part]() for part in reversed(names)]
        self._left, self._cap = cap, cap

    def feed(self, chunk: bytes) -> bytes:
        """-> the bytes that this chunk completes. Raises Unreadable: damaged, mislabelled, or past the cap."""
        for decoder in self._decoders:
            chunk = decoder.feed(chunk, self._cap)
        self._left -= len(chunk)
        if self._left < 0:
            raise Unreadable("decodes to more than allowed")
        return chunk

    def complete(self) -> bool:
        """-> whether every encoding was read to its end."""
        return all(decoder.complete() for decoder in self._decoders)


def decoded(raw: bytes, encoding: str, cap: int) -> bytes:
    """-> a whole body without its Content-Encoding; without one, the same object.

    Raises Unreadable: unknown or wrong encoding, damaged, cut off, or more than `cap` bytes.
    """
    stream = Decoding(encoding, cap)
    body = stream.feed(raw)
    if not stream.complete():
        raise Unreadable(f"cut off: the {encoding} stream has no end")
    return body
