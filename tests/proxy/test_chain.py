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


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1080", "http://me:se/cret@proxy", "http://p:99999", "http://[::1"])
def test_what_is_no_url_of_a_proxy_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"^the upstream proxy is no http:// or https:// URL; give one like \S+$"):
        Chain(url)
