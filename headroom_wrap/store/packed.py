"""Outcomes in, bytes out, and back; fields that a newer version added are left out when an older one reads them."""

from __future__ import annotations

import json
import zlib
from dataclasses import MISSING, fields

from headroom_wrap.segment import Outcome

PACK_BYTES = 1024

_FIELDS = tuple((field.name, field.default) for field in fields(Outcome) if field.name != "replayed")


def packed(outcome: Outcome) -> bytes:
    """-> an outcome as JSON without its default fields, compressed when large."""
    values = {name: getattr(outcome, name) for name, _ in _FIELDS}
    kept = {name: values[name] for name, default in _FIELDS if default is MISSING or values[name] != default}
    raw = json.dumps(kept).encode()
    return raw if len(raw) < PACK_BYTES else zlib.compress(raw, 3)


def unpacked(packed: bytes) -> Outcome:
    """-> the outcome; what a newer version added to it is left out."""
    values = json.loads(packed if packed[:1] == b"{" else zlib.decompress(packed))
    return Outcome(**{name: values[name] for name, _ in _FIELDS if name in values}, replayed=True)
