from __future__ import annotations

import pytest
from mitmproxy.proxy.mode_specs import ProxyMode

from headroom_wrap.proxy.chain import Chain


@pytest.mark.parametrize(
    ("url", "via"),
    [
        ("http://proxy.example:3128", ("http", ("proxy.example", 3128))),
        ("proxy.example:3128", ("http", ("proxy.example", 3128))),
        ("https://user:secret@proxy.example", ("https", ("proxy.example", 443))),
        ("http://[fd00::1]:3128", ("http", ("fd00::1", 3128))),
    ],
)
def test_a_proxy_is_chained_by_its_url_in_every_usual_form(url: str, via: object) -> None:
    chain = Chain(url)

    assert chain.via == via
    assert ProxyMode.parse(chain.mode).type_name == "upstream"


def test_a_proxy_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="no http:// or https:// URL"):
        Chain("socks5://127.0.0.1:1080")
