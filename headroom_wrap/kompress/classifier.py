"""The files of a token classifier and words in, the probability that each token is to be kept out. torch on one core.

Two forms are read: transformers' `ModernBertForTokenClassification` with two labels, and Kompress's two heads (a
linear layer over each token, and a small convolution that says how much the region around it matters).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pickle import UnpicklingError
from typing import Any

from headroom_wrap.kompress.hub import Checkpoint, found
from headroom_wrap.kompress.scorer import CHOSEN
from headroom_wrap.refused import Refused

WINDOW = 512
"""Tokens that the model sees at once, its own two included: what Kompress was trained on."""

OVERLAP = 128
"""Tokens that a window shares with the next: ModernBERT's local attention reaches 64 to each side."""


class Unfit(ValueError):
    """Weights that are not what their folder says they are."""


@dataclass(frozen=True, slots=True)
class Classifier:
    """`tokenizer`: a `tokenizers.Tokenizer`. `keep`: the ids of one window -> a probability for each."""

    tokenizer: Any
    keep: Callable[[Sequence[int]], list[float]]

    def tokens(self, words: Sequence[str], most: int) -> list[tuple[int, float]] | None:
        """-> for each token in order its word and the probability that it is to be kept: the mean over the windows
        that it stands in. None: more than `most` tokens."""
        clean = [word.encode("utf-8", "replace").decode() for word in words]  # lone surrogates stop the tokenizer
        coded = self.tokenizer.encode(clean, is_pretokenized=True, add_special_tokens=False)
        if len(coded.ids) > most:
            return None
        marks = self.tokenizer.encode("").ids
        before, after = marks[:1], marks[1:]
        sums, times = [0.0] * len(coded.ids), [0] * len(coded.ids)
        for first, last in windows(len(coded.ids), WINDOW - len(marks)):
            chances = self.keep([*before, *coded.ids[first:last], *after])
            for place, chance in zip(range(first, last), chances[len(before) :], strict=False):
                sums[place] += chance
                times[place] += 1
        return [(word, total / n) for word, total, n in zip(coded.word_ids, sums, times, strict=True)]


def windows(count: int, size: int) -> Iterator[tuple[int, int]]:
    """-> [first, last) of windows that cover `count` tokens, each with `OVERLAP` of the one before."""
    first = 0
    while count:
        last = min(first + size, count)
        yield first, last
        if last == count:
            return
        first = last - OVERLAP


def use(name: str) -> None:
    """Let the user's scorer order the lines from now on in this program, empty: none. Seconds the first time.
    Raises Refused, and so do all scores from then on."""
    if name != CHOSEN.name:
        CHOSEN.name, CHOSEN.problem, CHOSEN.tokens = name, None, None
        try:
            CHOSEN.tokens = _named(name).tokens if name else None
        except Refused as problem:
            CHOSEN.problem = problem
    if CHOSEN.problem:
        raise CHOSEN.problem


def _named(name: str) -> Classifier:
    try:
        return load(found(name))
    except (ImportError, OSError, ValueError, RuntimeError, KeyError, UnpicklingError) as problem:
        why = f"{type(problem).__name__}: {problem}"[:300]
        raise Refused(f"scorer {name!r} can't be loaded", why, "fetch it again or unset HEADROOM_SCORER") from None


def load(checkpoint: Checkpoint) -> Classifier:
    """-> the classifier, in 32 bits on the CPU. Raises Unfit, OSError, ValueError or RuntimeError for files that can't
    be used, ImportError without torch."""
    from tokenizers import Tokenizer  # noqa: PLC0415 - optional packages, seconds

    tokenizer = Tokenizer.from_file(str(checkpoint.tokenizer))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    with one_core(), _quiet():
        return Classifier(tokenizer, _two_heads(checkpoint) if checkpoint.heads else _one_head(checkpoint))


@contextmanager
def one_core() -> Iterator[None]:
    """torch on one thread while the block runs: sums come out the same, and other programs keep their cores."""
    import torch  # noqa: PLC0415 - optional, seconds

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _quiet() -> Iterator[None]:
    """transformers without progress bars and reports while the block runs: what the proxy writes to stderr last is
    read as the reason of its death."""
    from transformers.utils import logging  # noqa: PLC0415

    before = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        logging.enable_progress_bar()


def _one_head(checkpoint: Checkpoint) -> Callable[[Sequence[int]], list[float]]:
    import torch  # noqa: PLC0415
    from transformers import ModernBertForTokenClassification  # noqa: PLC0415

    model, said = ModernBertForTokenClassification.from_pretrained(
        checkpoint.folder, local_files_only=True, output_loading_info=True, attn_implementation="sdpa"
    )
    _complete(said)
    if model.config.num_labels != 2:
        raise Unfit(f"it has {model.config.num_labels} labels instead of 2")
    labels = {str(label).lower(): int(place) for place, label in model.config.id2label.items()}
    place = labels.get("keep", 1)
    model = model.float().eval()

    def keep(ids: Sequence[int]) -> list[float]:
        with one_core():
            logits = model(input_ids=torch.tensor([list(ids)])).logits
            chances: list[float] = torch.softmax(logits, dim=-1)[0, :, place].tolist()
        return chances

    return keep


def _two_heads(checkpoint: Checkpoint) -> Callable[[Sequence[int]], list[float]]:
    import torch  # noqa: PLC0415
    from transformers import ModernBertConfig, ModernBertModel  # noqa: PLC0415

    path = checkpoint.config
    config = ModernBertConfig.from_json_file(str(path)) if path else ModernBertConfig()
    parts = _parts(checkpoint)
    # Not load_state_dict: drawing random weights first takes 20 s.
    encoder, said = ModernBertModel.from_pretrained(
        None, config=config, state_dict=parts["encoder"], output_loading_info=True, attn_implementation="sdpa"
    )
    _complete(said)
    middle, width, reach = parts["span_conv"]["0.weight"].shape
    last = parts["span_conv"]["2.weight"].shape[2]
    token_head = torch.nn.Linear(width, 2)
    span_conv = torch.nn.Sequential(
        torch.nn.Conv1d(width, middle, kernel_size=reach, padding=reach // 2),
        torch.nn.GELU(),
        torch.nn.Conv1d(middle, 1, kernel_size=last, padding=last // 2),
        torch.nn.Sigmoid(),
    )
    token_head.load_state_dict(parts["token_head"])
    span_conv.load_state_dict(parts["span_conv"])
    for each in (encoder, token_head, span_conv):
        each.float().eval()

    def keep(ids: Sequence[int]) -> list[float]:
        with one_core():
            hidden = encoder(input_ids=torch.tensor([list(ids)])).last_hidden_state
            token = torch.softmax(token_head(hidden), dim=-1)[0, :, 1]
            span = span_conv(hidden.transpose(1, 2))[0, 0]
            chances: list[float] = (token * (0.5 + 0.5 * span)).tolist()
        return chances

    return keep


def _complete(said: Mapping[str, Any]) -> None:
    """Raise Unfit where transformers had to make up weights, which it only warns of."""
    if missing := sorted(said["missing_keys"]):
        raise Unfit(f"{len(missing)} weights are missing, {missing[0]} among them")


def _parts(checkpoint: Checkpoint) -> dict[str, dict[str, Any]]:
    """-> the weights of the encoder and of each of the two heads by name. `merged.pt` has a table for each."""
    parts = ("encoder", "token_head", "span_conv")
    if checkpoint.weights.suffix == ".pt":
        import torch  # noqa: PLC0415

        tables = torch.load(checkpoint.weights, map_location="cpu", weights_only=True)
        return {part: tables[f"{part}_state_dict"] for part in parts}
    from safetensors.torch import load_file  # noqa: PLC0415

    held = load_file(checkpoint.weights)
    return {
        part: {name.removeprefix(f"{part}."): tensor for name, tensor in held.items() if name.startswith(f"{part}.")}
        for part in parts
    }
