from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
import zstandard

from headroom_wrap.wire import Unreadable
from headroom_wrap.wire.encoding import Decoding, decoded

CAP = 1 << 20


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


def zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(body)


PACKED = [
    ("gzip", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("br", brotli.compress),
    ("zstd", zstd),
    ("gzip, zstd", lambda body: zstd(gzip.compress(body))),
]
BODY = b'{"messages": ["' + bytes(range(32, 127)) * 3000 + b'"]}'


@pytest.mark.parametrize(("encoding", "packed"), PACKED)
def test_a_body_comes_out_whole_and_byte_by_byte(encoding: str, packed) -> None:  # type: ignore[no-untyped-def]
    assert decoded(packed(BODY), encoding, CAP) == BODY
    stream = Decoding(encoding, CAP)
    assert b"".join(stream.feed(bytes([byte])) for byte in packed(BODY)) == BODY
    assert stream.complete()


@pytest.mark.parametrize(("encoding", "packed"), PACKED)
def test_a_bomb_is_refused_at_the_cap(encoding: str, packed) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(Unreadable, match="more than allowed"):
        decoded(packed(bytes(30 * CAP)), encoding, CAP)


@pytest.mark.parametrize(("encoding", "packed"), PACKED)
def test_a_body_cut_off_or_of_another_encoding_is_refused(encoding: str, packed) -> None:  # type: ignore[no-untyped-def]
    for raw in (packed(BODY)[:-1], packed(BODY)[: len(packed(BODY)) // 2], BODY, b""):
        with pytest.raises(Unreadable):
            decoded(raw, encoding, CAP)


@pytest.mark.parametrize(("encoding", "packed"), [PACKED[0], PACKED[4]])
def test_several_members_are_one_body(encoding: str, packed) -> None:  # type: ignore[no-untyped-def]
    assert decoded(packed(BODY) + packed(b"more"), encoding, CAP) == BODY + b"more"


def test_without_an_encoding_the_very_same_bytes_come_back() -> None:
    assert decoded(BODY, "", CAP) is BODY
    assert decoded(BODY, "identity", CAP) is BODY
    with pytest.raises(Unreadable):
        decoded(BODY, "", 10)


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(Unreadable, match="unknown content encoding 'lzma'"):
        decoded(BODY, "lzma", CAP)
