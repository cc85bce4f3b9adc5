import pytest
from hypothesis import given
from hypothesis import strategies as st

from headroom_wrap.compressors.config_text import config_text
from headroom_wrap.segment import Segment

REF = "0123456789a"
NAMES = [f"{letter}-lib" for letter in "abcdefghijklmnopqrstuvwxyz"]
FORMS = {
    "Cargo.lock": lambda n: ["[[package]]", f'name = "{n}"', 'version = "1.0.0"', 'checksum = "0f"', ""],
    "yarn.lock": lambda n: [f"{n}@^1.0.0:", '  version "1.0.0"', f'  resolved "https://r/{n}.tgz#0f"', ""],
    "pnpm-lock.yaml": lambda n: [f"  {n}@1.0.0:", "    resolution: {integrity: sha512-0f}", "    dev: true", ""],
    "package-lock.json": lambda n: [f'    "node_modules/{n}": {{', '      "version": "1.0.0",', "    },"],
    "Pipfile.lock": lambda n: [
        f'        "{n}": {{',
        '            "hashes": [],',
        f'            "version": "=={len(n)}"',
        "        },",
    ],
    "composer.lock": lambda n: [
        "        {",
        f'            "name": "{n}",',
        '            "version": "1.0.0"',
        "        },",
    ],
    "go.sum": lambda n: [f"example.org/x/{n} v1.0.0 h1:0f=", f"example.org/x/{n} v1.0.0/go.mod h1:0f="],
}


def read(name, lines, **facts):
    path = f"/src/{name}"
    facts = {"tool": "Read", "path": path, "call": f"file_path={path}", "way_back": "headroom get", **facts}
    return Segment(text="\n".join(lines), ref=REF, **facts)


HEADS = {
    "package-lock.json": ["{", '  "packages": {'],
    "Pipfile.lock": ["{", '    "default": {'],
    "composer.lock": ["{", '    "packages": ['],
}


def lock(name):
    return [*HEADS.get(name, ["# generated", ""]), *(line for each in NAMES for line in FORMS[name](each))]


@pytest.mark.parametrize("name", FORMS)
def test_a_lock_file_keeps_its_head_and_says_which_packages_it_folds(name):
    lines = lock(name)
    result = config_text(read(name, lines))
    text = result.text.split("\n")
    assert text[:20] == lines[:20]
    assert text[-2].startswith("[lines ")
    assert text[-2].endswith("z-lib]")
    assert text[-1] == f"[{result.omitted} · headroom get {REF} --grep PACKAGE -C 5]"


@pytest.mark.parametrize("name", FORMS)
def test_a_package_that_the_goal_names_stays(name):
    text = config_text(read(name, lock(name), goal="which version of q-lib do we have?")).text
    assert FORMS[name]("q-lib")[-2] in text
    assert [line for line in FORMS[name]("s-lib") if "s-lib" in line and line in text] == []


def test_a_named_package_keeps_its_dependencies():
    needs = [f'        "d{n}": "^1",' for n in range(9)]
    inside = ['      "version": "1.0.0",', '      "dependencies": {', *needs, "      },"]
    entries = [line for n in NAMES for line in (f'    "node_modules/{n}": {{', *inside, "    },")]
    lines = ["{", '  "packages": {', *entries, "  }", "}"]
    text = config_text(read("package-lock.json", lines, goal="who needs q-lib?")).text
    assert "\n".join(['    "node_modules/q-lib": {', *inside, "    },"]) in text
    assert "packages r-lib to z-lib]" in text


def test_numbers_in_the_gaps_are_those_of_the_file():
    lines = [f"{n:6d}→{line}" for n, line in enumerate(lock("go.sum"), 1)]
    assert config_text(read("go.sum", lines)).text.split("\n")[-2] == (
        "[lines 22-54 folded: packages example.org/x/j-lib to example.org/x/z-lib]"
    )


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("config.yaml", {}),
        ("go.sum", {"way_back": ""}),
        ("go.sum", {"error": True}),
        ("go.sum", {"call": "file_path=/src/go.sum offset=3 limit=50"}),
        ("go.sum", {"tool": "Bash", "path": "", "call": "grep q go.sum"}),
    ],
)
def test_everything_else_is_left_alone(name, facts):
    assert config_text(read(name, lock("go.sum"), **facts)) is None


@given(st.lists(st.sampled_from([*lock("Cargo.lock"), *lock("yarn.lock"), *lock("go.sum"), "x", ""]), max_size=120))
def test_kept_lines_are_lines_of_the_file_in_their_order(lines):
    result = config_text(read("yarn.lock", lines))
    rest = iter(lines)
    assert result is None or all(line.startswith("[lines ") or line in rest for line in result.text.split("\n")[:-1])
