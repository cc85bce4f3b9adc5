"""One line in; whether it is a frame of a stack trace, and of a library or of the user's own code, out."""

from __future__ import annotations

import re

_FRAME = re.compile(
    r"\s+at \S|\s+File \"[^\"]+\", line \d+|\s+\.\.\. \d+ (?:more|common)|\t\S+\.go:\d+"
    r"|\s+\d+: (?:0x[0-9a-f]+ - \S|[\w<>]+::)|\s+#\d+\s+\S|\s*from \S+:\d+:in |\s+at /"
)

_LIBRARY = re.compile(
    r"site-packages|dist-packages|node_modules|node:internal|\(internal/|lib/python\d|<frozen "
    r"|\bjava\.|\bjavax\.|\bjdk\."
    r"|\bsun\.|\bcom\.sun\.|\borg\.(?:junit|apache\.(?:maven|tools|catalina|tomcat)|gradle|springframework|hibernate|codehaus)\."
    r"|\bscala\.|\bkotlin\.|\bgroovy\.|/runtime/|/usr/local/go/|/usr/lib/|\bstd::|\bcore::|\balloc::|/rustc/|\.cargo/registry"
    r"|/gems/|\bSystem\.|\bMicrosoft\.|\bXunit\.|\bNUnit\.|/vendor/|\bio\.netty\.|\breactor\.|pkg/mod/"
)


def is_frame(line: str) -> bool:
    """-> whether the line is one frame of a stack trace (Python, JVM, .NET, JavaScript, Go, Rust, Ruby, gdb)."""
    return line[:1] in " \tf" and _FRAME.match(line) is not None


def is_library_frame(line: str) -> bool:
    """-> whether the line is a frame inside a library, a runtime or a test runner."""
    return is_frame(line) and (line.lstrip().startswith("... ") or _LIBRARY.search(line) is not None)
