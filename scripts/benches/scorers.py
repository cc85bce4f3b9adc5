"""What it costs to order lines: the shipped model beside a token classifier of ModernBERT-base's shape, on one core.

The classifier's weights are random, so only its cost is measured, not what it would choose. Needs `[ml]`:
`pip install torch transformers`, or PYTHON=… with them.
"""

from __future__ import annotations

import random
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import ModernBertConfig, ModernBertModel

from headroom_wrap import kompress, tokens
from headroom_wrap.kompress import classifier, hub
from headroom_wrap.kompress.scorer import by_line, placed

ROOT = Path(kompress.__file__).parents[2]
LINES, TEXTS = 150, 3
SPECIAL = ["[PAD]", "[CLS]", "[SEP]"]


def sources() -> list[list[str]]:
    """-> runs of this package's own lines."""
    lines = [line for path in sorted(ROOT.glob("headroom_wrap/**/*.py")) for line in path.read_text().split("\n")]
    starts = random.Random(1).sample(range(0, len(lines) - LINES, LINES), TEXTS)
    return [lines[start : start + LINES] for start in starts]


def checkpoint(folder: Path) -> None:
    """Write an encoder of ModernBERT-base's shape with Kompress's two heads, random, and a tokenizer for sources."""
    torch.manual_seed(0)
    spans = (torch.nn.Conv1d(768, 256, 5, padding=2), torch.nn.GELU(), torch.nn.Conv1d(256, 1, 3, padding=1))
    parts = {
        "encoder": ModernBertModel(ModernBertConfig()),
        "token_head": torch.nn.Linear(768, 2),
        "span_conv": torch.nn.Sequential(*spans),
    }
    save_file(torch.nn.ModuleDict(parts).state_dict(), folder / "model.safetensors")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=8_000, special_tokens=SPECIAL, initial_alphabet=alphabet)
    tokenizer.train_from_iterator((path.read_text() for path in ROOT.glob("headroom_wrap/**/*.py")), trainer)
    special = [(name, tokenizer.token_to_id(name)) for name in SPECIAL]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=special)
    tokenizer.save(str(folder / "tokenizer.json"))


def spent(work: Callable[[], object]) -> float:
    """-> seconds of processor time."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    texts = sources()
    count = sum(tokens.count("\n".join(lines)) for lines in texts)
    shipped = [kompress.scores(lines, tool="Read", call="", goal="") or [] for lines in texts]

    def by_ours() -> None:
        for _ in range(50):
            for lines in texts:
                kompress.scores(lines, tool="Read", call="file_path=a.py", goal="Fix the parser of settings")

    ours = spent(by_ours) / 50
    with tempfile.TemporaryDirectory() as name:
        checkpoint(Path(name))
        before = time.process_time()
        model = classifier.load(hub.found(name))
        loaded = time.process_time() - before
        seen = 0

        def by_theirs() -> None:
            nonlocal seen
            for lines, scores in zip(texts, shipped, strict=True):
                found = model.tokens([word for line in lines for word in line.split()], 1 << 30) or []
                placed(by_line(lines, found), scores, kompress.costs(lines))
                seen += len(found)

        model.tokens(["warm"], 8)
        theirs = spent(by_theirs)
    print(f"{TEXTS} texts of {LINES} lines, {count:,} tokens (o200k), processor time on one core")
    print(f"shipped model: {count / ours:,.0f} tokens/s")
    print(f"ModernBERT-base's shape, random weights: {count / theirs:,.0f} tokens/s ({seen:,} of its own tokens)")
    print(f"  {theirs / ours:,.0f} times as long; read in {loaded:.1f} s, torch's own start not counted")
    print(f"  resident {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024:,} MB with the making of it")


if __name__ == "__main__":
    main()
