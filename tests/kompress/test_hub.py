"""A token classifier of the user's own orders the lines; whatever is wrong with it is said in one line."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import headroom_wrap
from headroom_wrap import kompress, library, settings
from headroom_wrap.cli.session import proxy_options
from headroom_wrap.kompress import classifier, hub, scorer
from headroom_wrap.kompress.scorer import MOST
from headroom_wrap.proxy.frames import Frame, outcomes
from headroom_wrap.proxy.options import Options
from headroom_wrap.proxy.worker import Answers
from headroom_wrap.refused import Refused
from headroom_wrap.segment import Outcome
from headroom_wrap.settings import BadSetting
from headroom_wrap.store.local import LocalStore
from tests.kompress.texts import OUTPUT

WHY = "[ml] is not installed: scripts/test --ml"
torch = pytest.importorskip("torch", reason=WHY)
transformers = pytest.importorskip("transformers", reason=WHY)
tokenizers = pytest.importorskip("tokenizers", reason=WHY)
safetensors = pytest.importorskip("safetensors.torch", reason=WHY)
arrays = pytest.importorskip("safetensors.numpy", reason=WHY)
constants = pytest.importorskip("huggingface_hub.constants", reason=WHY)

pytestmark = pytest.mark.slow
ROOT = Path(headroom_wrap.__file__).parents[1]
UNSET = "correct or unset HEADROOM_SCORER"
SHAPE = {
    **{"vocab_size": 300, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2},
    **{"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "cls_token_id": 1, "sep_token_id": 2},
}


@pytest.fixture(autouse=True)
def _no_scorer() -> Iterator[None]:
    yield
    classifier.use("")


def tokenizer(folder: Path) -> None:
    """A tokenizer whose tokens are single bytes, between [CLS] and [SEP] as ModernBERT's."""

    letters = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: place for place, token in enumerate(["[PAD]", "[CLS]", "[SEP]", "[UNK]", *letters])}
    made = tokenizers.Tokenizer(tokenizers.models.BPE(vocabulary, [], unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    special = [("[CLS]", 1), ("[SEP]", 2)]
    made.post_processor = tokenizers.processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=special)
    made.enable_truncation(8)  # a checkpoint's own limits are not ours
    folder.mkdir(exist_ok=True)
    made.save(str(folder / "tokenizer.json"))


def one_head(folder: Path, **shape: Any) -> Path:

    torch.manual_seed(7)
    config = transformers.ModernBertConfig(**{**SHAPE, "num_labels": 2, "initializer_range": 0.4, **shape})
    transformers.ModernBertForTokenClassification(config).save_pretrained(folder)
    tokenizer(folder)
    return folder


def two_heads(folder: Path, merged: bool = False) -> Path:
    """Kompress's own form: an encoder, a linear head and a convolution, in one file or as three tables."""

    torch.manual_seed(7)
    config = transformers.ModernBertConfig(**{**SHAPE, "initializer_range": 0.4})
    spans = (torch.nn.Conv1d(32, 16, 5, padding=2), torch.nn.GELU(), torch.nn.Conv1d(16, 1, 3, padding=1))
    parts = {
        "encoder": transformers.ModernBertModel(config),
        "token_head": torch.nn.Linear(32, 2),
        "span_conv": torch.nn.Sequential(*spans, torch.nn.Sigmoid()),
    }
    tokenizer(folder)
    config.save_pretrained(folder)
    if merged:
        torch.save({f"{name}_state_dict": part.state_dict() for name, part in parts.items()}, folder / "merged.pt")
    else:
        safetensors.save_file(torch.nn.ModuleDict(parts).state_dict(), folder / "model.safetensors")
    return folder


def loaded(folder: Path) -> classifier.Classifier:
    return classifier.load(hub.found(str(folder)))


def refusal(name: str) -> str:
    with pytest.raises(Refused) as said:
        hub.found(name)
    assert "\n" not in str(said.value)
    return str(said.value)


def test_a_checkpoint_of_transformers_gives_what_transformers_gives(tmp_path: Path) -> None:

    folder = one_head(tmp_path / "one")
    model = transformers.ModernBertForTokenClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        letters = hub_ids(folder, "ab cd")
        expected = torch.softmax(model(input_ids=torch.tensor([letters])).logits, -1)[0, 1:-1, 1].tolist()
    found = loaded(folder).tokens(["ab", "cd"], MOST)
    assert found is not None
    assert [word for word, _ in found] == [0, 0, 1, 1]
    assert [chance for _, chance in found] == pytest.approx(expected, abs=1e-6)
    assert len(set(expected)) == 4  # the test would not notice a model that says the same of every token


def hub_ids(folder: Path, text: str) -> list[int]:

    made = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    made.no_truncation()
    ids: list[int] = made.encode(text.split(), is_pretokenized=True).ids
    return ids


def test_the_label_named_keep_is_the_one_that_keeps(tmp_path: Path) -> None:
    plain = loaded(one_head(tmp_path / "a")).tokens(["word"], MOST)
    turned = loaded(one_head(tmp_path / "b", id2label={0: "KEEP", 1: "DISCARD"})).tokens(["word"], MOST)
    assert plain is not None and turned is not None
    assert [1 - chance for _, chance in plain] == pytest.approx([chance for _, chance in turned], abs=1e-6)


def test_two_heads_are_the_keep_probability_times_the_weight_of_the_region(tmp_path: Path) -> None:

    folder = two_heads(tmp_path / "two")
    held = safetensors.load_file(folder / "model.safetensors")
    encoder = transformers.ModernBertModel(transformers.ModernBertConfig.from_pretrained(folder)).eval()
    encoder.load_state_dict({name[8:]: value for name, value in held.items() if name.startswith("encoder.")})
    with torch.inference_mode():
        hidden = encoder(input_ids=torch.tensor([hub_ids(folder, "some words")])).last_hidden_state
        token = torch.softmax(hidden @ held["token_head.weight"].T + held["token_head.bias"], -1)[0, :, 1]
        first = torch.nn.functional.conv1d(
            hidden.transpose(1, 2), held["span_conv.0.weight"], held["span_conv.0.bias"], padding=2
        )
        second = torch.nn.functional.conv1d(
            torch.nn.functional.gelu(first), held["span_conv.2.weight"], held["span_conv.2.bias"], padding=1
        )
        expected = (token * (0.5 + 0.5 * torch.sigmoid(second)[0, 0]))[1:-1].tolist()
    found = loaded(folder).tokens(["some", "words"], MOST)
    assert found is not None
    assert [chance for _, chance in found] == pytest.approx(expected, abs=1e-6)


def test_merged_tables_score_as_the_same_weights_in_one_file(tmp_path: Path) -> None:
    words = " ".join(OUTPUT).split()[:80]
    one, tables = two_heads(tmp_path / "one"), two_heads(tmp_path / "tables", merged=True)
    assert loaded(one).tokens(words, MOST) == loaded(tables).tokens(words, MOST)


def test_scores_are_the_same_in_another_process_whatever_its_threads(tmp_path: Path) -> None:
    folder = two_heads(tmp_path / "two")
    script = f"""
import json
from headroom_wrap import kompress
from headroom_wrap.kompress import classifier
from tests.kompress.texts import OUTPUT
classifier.use({str(folder)!r})
print(json.dumps(kompress.scores(OUTPUT[:40], tool="Bash", call="make", goal="")))
"""
    said = [
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": threads, "HF_HUB_OFFLINE": "1"},
        ).stdout
        for threads in ("1", "4")
    ]
    classifier.use(str(folder))
    here = kompress.scores(OUTPUT[:40], tool="Bash", call="make", goal="")
    assert [json.loads(each) for each in said] == [here, here]
    classifier.use("")
    assert here != kompress.scores(OUTPUT[:40], tool="Bash", call="make", goal="")


def test_a_text_of_many_windows_has_every_token_scored_once(tmp_path: Path) -> None:
    words = ["word", "é", "\ud800", "x" * 700] * 2
    found = loaded(one_head(tmp_path / "one")).tokens(words, 10_000)
    assert found is not None
    assert [word for word, _ in found] == [place for place, word in enumerate(words) for _ in bytes_of(word)]
    assert all(0 <= chance <= 1 for _, chance in found)


def bytes_of(word: str) -> bytes:
    return word.encode("utf-8", "replace")


def test_too_long_a_text_is_left_to_the_shipped_model(tmp_path: Path) -> None:
    lines = ["word " * 10] * (MOST // 40 + 1)
    shipped = kompress.scores(lines, tool="Bash", call="make", goal="")
    classifier.use(str(one_head(tmp_path / "one")))
    assert kompress.scores(lines, tool="Bash", call="make", goal="") == shipped
    assert kompress.scores(lines[:-2], tool="Bash", call="make", goal="") is not None


def test_what_is_wrong_with_a_folder_is_said_in_one_line(tmp_path: Path) -> None:
    empty, other, head = tmp_path / "empty", tmp_path / "other", tmp_path / "head"
    empty.mkdir()
    tokenizer(other)
    (other / "config.json").write_text('{"model_type": "bert"}')

    def weights(folder: Path, *names: str) -> str:
        tokenizer(folder)
        arrays.save_file({name: np.zeros(1, np.float32) for name in names}, folder / "model.safetensors")
        return str(folder)

    broken = tmp_path / "broken"
    tokenizer(broken)
    (broken / "model.safetensors").write_bytes(b"not weights")
    assert refusal(str(tmp_path / "none")).endswith("there is no folder " + str(tmp_path / "none") + "; " + UNSET)
    assert f"no model.safetensors in {empty}" in refusal(str(empty))
    assert refusal(str(other)) == f"scorer {str(other)!r}: it is a bert; give a ModernBERT token classifier"
    assert "its weights have no head for tokens" in refusal(weights(head, "encoder.norm.weight"))
    assert "an adapter that is not merged" in refusal(weights(tmp_path / "lora", "encoder.layers.0.lora_A.weight"))
    assert "no config.json" in refusal(weights(tmp_path / "plain", "classifier.weight"))
    assert "can't be read; fetch the checkpoint again" in refusal(str(broken))
    (empty / "config.json").write_text("{")
    assert "config.json can't be read" in refusal(str(empty))


def test_an_id_is_found_in_the_cache_of_this_machine_and_never_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert (
        refusal("some/model") == "scorer 'some/model': some/model is not on this machine; run: hf download some/model"
    )
    assert refusal("no id").endswith("neither a folder nor a Hugging Face id; " + UNSET)
    repository = tmp_path / "models--some--model"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("a" * 40)
    (repository / "snapshots").mkdir()
    snapshot = two_heads(repository / "snapshots" / ("a" * 40))
    assert hub.found("some/model").weights == snapshot / "model.safetensors"
    (snapshot / "tokenizer.json").unlink()
    assert refusal("some/model").endswith(f"{hub.BASE} is not on this machine; run: hf download {hub.BASE}")


def test_a_folder_here_does_not_stand_in_for_an_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some").mkdir()
    two_heads(tmp_path / "some" / "model")
    assert "is not on this machine" in refusal("some/model")
    assert hub.found("./some/model").folder == tmp_path / "some" / "model"


@pytest.mark.parametrize("change", [{"num_labels": 5}, {"hidden_size": 64}])
def test_weights_that_do_not_fit_are_refused_and_then_nothing_is_scored(tmp_path: Path, change: dict[str, int]) -> None:
    folder = one_head(tmp_path / "one")
    if "num_labels" in change:
        folder = one_head(tmp_path / "five", num_labels=5)
    else:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **change}))
    for _ in range(2):
        with pytest.raises(Refused, match="can't be loaded") as said:
            classifier.use(str(folder))
        assert "\n" not in str(said.value)
    with pytest.raises(Refused):
        kompress.scores(["a"], tool="", call="", goal="")


@pytest.mark.parametrize("lost", ["encoder.final_norm.weight", "span_conv.2.bias"])
def test_a_weight_that_is_missing_is_never_made_up(tmp_path: Path, lost: str) -> None:
    folder = two_heads(tmp_path / "two")
    held = safetensors.load_file(folder / "model.safetensors")
    del held[lost]
    safetensors.save_file(held, folder / "model.safetensors")
    with pytest.raises(Refused, match="can't be loaded"):
        classifier.use(str(folder))


def body(words: int) -> bytes:
    draw = random.Random(5)
    lines = [" ".join(draw.choices(WORDS, k=2)) for _ in range(words // 2)]
    use = {"type": "tool_use", "id": "1", "name": "Bash", "input": {"command": "./run"}}
    result = {"type": "tool_result", "tool_use_id": "1", "content": "\n".join(lines)}
    messages = [
        {"role": "user", "content": "Why does it stop?"},
        {"role": "assistant", "content": [use]},
        {"role": "user", "content": [result]},
    ]
    return json.dumps({"model": "claude-sonnet-4-5", "tools": [{"name": "Bash"}], "messages": messages}).encode()


WORDS = [
    "alpha",
    "beta_two",
    "/usr/lib",
    "gamma.delta",
    "17",
    "stopped",
    "began",
    "x=3",
    "handle",
    "ready",
    "ok",
    "none",
]


def outcome(home: Path, scorer: str) -> Outcome:
    """-> what a worker makes of a result, with a store of its own."""
    worker = Answers(Options(str(home), scorer=scorer, stop_after=0), LocalStore.open(home))
    head = {"kind": "body", "path": "/v1/messages", "encoding": "", "decide": True}
    (found,) = outcomes(worker.answer(Frame(head, body(1_800))).tail)
    return found


def test_the_proxys_worker_orders_by_the_users_scorer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorer, "MOST", 100_000)
    folder = two_heads(tmp_path / "two")
    plain, ours = outcome(tmp_path / "a", ""), outcome(tmp_path / "b", str(folder))
    assert plain.compressor == ours.compressor == "lines_by_use"
    assert plain.omitted != ours.omitted
    assert ours == outcome(tmp_path / "c", str(folder))
    assert plain.after < plain.before and ours.after < ours.before


def test_where_the_worker_can_not_load_it_results_pass_and_say_so(tmp_path: Path) -> None:
    found = outcome(tmp_path / "home", str(tmp_path / "gone"))
    assert (found.text, found.why) == (None, "Refused in lines_by_use")


def test_a_run_gets_the_folder_and_the_time_that_a_scorer_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = two_heads(tmp_path / "two")
    monkeypatch.setenv("HEADROOM_SCORER", str(folder))
    monkeypatch.setenv("HEADROOM_HOME", str(tmp_path / "home"))
    options = proxy_options(settings.load(tmp_path), {}, "s")
    assert (options.scorer, options.stop_after, options.backstop) == (str(folder), 30.0, 180.0)
    monkeypatch.setenv("HEADROOM_STOP_AFTER", "4")
    assert proxy_options(settings.load(tmp_path), {}, "s").stop_after == 4
    monkeypatch.setenv("HEADROOM_SCORER", str(tmp_path / "none"))
    with pytest.raises(Refused, match="there is no folder"):
        proxy_options(settings.load(tmp_path), {}, "s")


def test_the_library_refuses_a_scorer_that_can_not_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setenv("HEADROOM_SCORER", str(tmp_path / "none"))
    library._settings.cache_clear()
    try:
        with pytest.raises(BadSetting, match="there is no folder"):
            library.compress([{"role": "user", "content": [{"type": "tool_result", "content": "x"}]}])
    finally:
        library._settings.cache_clear()
