"""The user's `scorer` (a Hugging Face id or a folder) in, the files of a token classifier on this disk out.

Nothing is ever downloaded, no weight is read and torch is not imported here: it runs before an agent is started.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from headroom_wrap.refused import Refused

BASE = "answerdotai/ModernBERT-base"
"""The encoder that Kompress was trained from, and whose tokenizer and shape hold where a folder has none of its own."""

NEEDS = ("numpy", "torch", "transformers", "tokenizers", "safetensors", "huggingface_hub")
HEADS = frozenset(("token_head.weight", "token_head.bias", "span_conv.0.weight", "span_conv.2.weight"))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A token classifier on disk. `weights`: `model.safetensors`, or Kompress's own `merged.pt`. `config`: None for
    ModernBERT-base's shape. `heads`: Kompress's two heads, otherwise transformers' one. `tokenizer`: tokenizer.json."""

    folder: Path
    weights: Path
    config: Path | None
    tokenizer: Path
    heads: bool


def found(name: str) -> Checkpoint:
    """-> the files that `name` means. Raises Refused: what is missing or wrong, and the mend."""
    missing = [module for module in NEEDS if find_spec(module) is None]
    if missing:
        raise Refused(_said(name), f"{missing[0]} is not installed", 'run: pip install "headroom-wrap[ml]"')
    folder = _folder(name, name)
    config = folder / "config.json"
    _modernbert(name, config)
    weights, heads = _weights(name, folder)
    if not heads and not config.is_file():
        raise Refused(_said(name), f"no config.json in {folder}", "give a whole checkpoint")
    tokenizer = folder / "tokenizer.json"
    if not tokenizer.is_file():
        tokenizer = _folder(name, BASE) / "tokenizer.json"
    if not tokenizer.is_file():
        raise Refused(_said(name), f"{BASE} has no tokenizer.json here", f"run: hf download {BASE}")
    _table(name, tokenizer)
    return Checkpoint(folder, weights, config if config.is_file() else None, tokenizer, heads)


def _said(name: str) -> str:
    return f"scorer {name!r}"


def _folder(name: str, part: str) -> Path:
    """-> the folder of an id or a path; an id is looked up in Hugging Face's cache on this machine only."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - an optional package, 0.3 s

    path = Path(part).expanduser()
    if path.is_absolute() or part.startswith("."):  # not any name: a cloned repository must not stand in for an id
        if path.is_dir():
            return path.resolve()
        raise Refused(_said(name), f"there is no folder {part}", "correct or unset HEADROOM_SCORER")
    try:
        return Path(snapshot_download(part, local_files_only=True))
    except FileNotFoundError:
        raise Refused(_said(name), f"{part} is not on this machine", f"run: hf download {part}") from None
    except ValueError:
        raise Refused(
            _said(name), "neither a folder nor a Hugging Face id", "correct or unset HEADROOM_SCORER"
        ) from None


def _modernbert(name: str, config: Path) -> None:
    kind = _table(name, config).get("model_type", "modernbert") if config.is_file() else "modernbert"
    if kind != "modernbert":
        raise Refused(_said(name), f"it is a {kind}", "give a ModernBERT token classifier")


def _table(name: str, file: Path) -> dict[str, Any]:
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        table = None
    if not isinstance(table, dict):
        raise Refused(_said(name), f"{file} can't be read", "fetch the checkpoint again")
    return table


def _weights(name: str, folder: Path) -> tuple[Path, bool]:
    """-> the file of weights and whether they have Kompress's two heads. kompress-v2-base holds them merged in
    `merged.pt`; its `model.safetensors` is the adapter before merging, of no use without its training library."""
    merged, plain = folder / "merged.pt", folder / "model.safetensors"
    if merged.is_file():
        return merged, True
    if not plain.is_file():
        raise Refused(_said(name), f"no model.safetensors in {folder}", f"run: hf download {name}, or give its folder")
    names = _tensors(name, plain)
    if any(".lora_" in each or ".base_layer." in each for each in names):
        raise Refused(_said(name), "its weights are an adapter that is not merged", "fetch merged.pt too, or merge it")
    if names >= HEADS:
        return plain, True
    if "classifier.weight" in names:
        return plain, False
    raise Refused(_said(name), "its weights have no head for tokens", "give a ModernBERT token classifier")


def _tensors(name: str, file: Path) -> frozenset[str]:
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415 - an optional package

    try:
        with safe_open(file, framework="numpy") as held:
            names: Iterable[str] = held.keys()
            return frozenset(names)
    except (OSError, SafetensorError):
        raise Refused(_said(name), f"{file} can't be read", "fetch the checkpoint again") from None
