"""STACK: the compressors in the order they are asked; the first that answers has the segment. Order is meaning."""

from __future__ import annotations

from headroom_wrap.segment import Compressor

STACK: tuple[Compressor, ...] = ()
