"""A segment in, whether it shows a file that the agent may edit next out: such lines must stand as they are."""

from __future__ import annotations

import re

from headroom_wrap.segment import Segment
from headroom_wrap.syntax.languages import language_of
from headroom_wrap.syntax.shown import shown

_WRITTEN = re.compile(
    r"(?i)\.(?:jsonc?|json5|ya?ml|toml|ini|cfg|conf|properties|env|md|mdx|rst|txt|html?|css|s[ac]ss|less|vue|svelte|xml"
    r"|sql|graphql|proto|rb|php|kt|kts|swift|cs|scala|clj|ex|exs|erl|hs|ml|lua|pl|r|jl|dart|zig|nix|tf|gradle|cmake|mk"
    r"|ps1|bat)\Z|(?:^|/)(?:Makefile|Dockerfile|Gemfile|Rakefile|CMakeLists\.txt)\Z"
)


def edited(segment: Segment) -> bool:
    """-> whether the text was read from a file that people write by hand, as far as its name tells."""
    file = shown(segment)
    return file is not None and bool(language_of(file.path) or _WRITTEN.search(file.path))
