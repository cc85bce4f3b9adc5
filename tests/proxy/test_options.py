from __future__ import annotations

import pytest

from headroom_wrap.proxy.options import Options, line, parse


def test_options_survive_their_line() -> None:
    options = Options("/h", session="s", hosts=("a.example", "b.example"), base_port=8787, websocket=False)
    assert parse(line(options)) == options


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("no json", "not JSON"),
        ("[]", '"home"'),
        ("{}", '"home"'),
        ('{"home": "/h", "prot": 1}', "unknown proxy option 'prot'"),
        ('{"home": "/h", "hosts": "a"}', "must be a list of strings"),
        ('{"home": "/h", "base_port": "8787"}', "must be of type int"),
        ('{"home": "/h", "base_port": true}', "must be of type int"),
        ('{"home": "/h", "websocket": 1}', "must be of type bool"),
    ],
)
def test_bad_options_are_refused_in_one_line(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as error:
        parse(text)
    assert "\n" not in str(error.value)
