"""Headroom: what coding agents read, compressed before it is sent; the originals stay on this machine.

agent ─► proxy ─► wire ─► segments ─► route ─► compressors ─► store ─► wire ─► upstream
                                                                                  │
dashboard ◄─ ledger ◄─ usage ◄─ wire ◄─ proxy (a tap on the response) ◄───────────┘
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headroom_wrap.library import Compression, compress, restore
    from headroom_wrap.segment import Outcome
    from headroom_wrap.settings import BadSetting
    from headroom_wrap.store import Store, UnknownRef

__all__ = ["BadSetting", "Compression", "Outcome", "Store", "UnknownRef", "compress", "restore"]

_HOMES = {
    "BadSetting": "settings",
    "Compression": "library",
    "Outcome": "segment",
    "Store": "store",
    "UnknownRef": "store",
    "compress": "library",
    "restore": "library",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: `headroom --help` needs none of them, and takes 0.1 s less without."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
