"""One line of command output in; what kind of known noise it is out, or nothing.

The grammar lists only what is certain: passes, progress, downloads and command echoes of known tools, anchored at the
start of the line. A line that no rule knows is never noise.
"""

from __future__ import annotations

import re

# What multiplexers put before a line: `@scope/pkg test: `, `[lint:go] `, docker's `#12 3.45 `, GitHub's timestamps.
_PREFIX = (
    r"(?:@?[\w./-]{1,60} [\w:-]{1,20}: |\[[\w:./@-]{1,40}\] |#\d{1,3} \d+\.\d+ |\d{4}-\d\d-\d\dT[\d:.]+Z )?"
    r"\s*(?!\s)"
)

_RULES: tuple[tuple[str, str], ...] = (
    ("passed test", r"--- PASS: \S"),
    ("passed test", r"\(pass\) \S"),
    ("passed test", r"(?:\[gw\d+\] )?(?:\[ *\d+%\] )?PASSED \S+::\S"),
    ("passed test", r"\S+::\S.{0,300} PASSED(?: +\[ *\d+%\])?\s*$"),
    ("passed test", r"test \S.{0,300} \.\.\. ok\s*$"),
    ("passed test", r"\w.{0,300}(?:\)| ) ?\.\.\. ok\s*$"),
    ("passed test", r"\S[^\n]{0,200} > \S[^\n]{0,200} PASSED\s*$"),
    ("passed file", r"\S+\.py(?:\[\d+\])? [.sx]+(?: +\[(?: *\d+%|OK)\])?\s*$"),
    ("passed file", r"PASS +(?:\S+ )?\S+\.(?:[cm]?[jt]sx?|vue|svelte)\b"),
    ("passed file", r"(?:\[\w+\] )?Tests run: [1-9]\d*, Failures: 0, Errors: 0, Skipped: \d+, Time elapsed: [^!]*$"),
    ("passed package", r"ok\s+\S+\s+(?:\(cached\)|[\d.]+s)(?:\s+\[no tests to run\])?\s*$"),
    ("untested package", r"\?\s+\S+\s+\[no test files\]\s*$"),
    ("progress line", r"=== (?:RUN|PAUSE|CONT|NAME)\s"),
    ("progress line", r"[.sx]{20,}(?: +\[ *\d+%\])?\s*$"),
    ("progress line", r"(?:Creating|Cloning|Destroying) test database for alias \S+\s*$"),
    ("progress line", r"(?:\[INFO\] )?Running (?:[a-z]\w*\.)+[A-Z]\w*\s*$"),
    (
        "progress line",
        r"(?:Downloading|Downloaded)(?: from)?\b.{0,20} https?://|Progress \(\d+\)|\[INFO\] Download(?:ing|ed)\b",
    ),
    (
        "progress line",
        r"\[INFO\] --- \S+ \(\S+\) @ |\[INFO\] (?:Nothing to compile"
        r"|Compiling \d+ source|skip non existing|Using '\S+' enc)",
    ),
    ("progress line", r"> Task :\S+(?: (?:UP-TO-DATE|NO-SOURCE|FROM-CACHE|SKIPPED))?\s*$"),
    (
        "progress line",
        r"(?:remote: )?(?:Counting|Compressing|Enumerating|Receiving"
        r"|Resolving|Unpacking|Writing|Updating) (?:objects|deltas|files):",
    ),
    ("progress line", r"\S+: (?:Refreshing state\.\.\.|Still \w+ing\.\.\.|Reading\.\.\.|Read complete after)"),
    # A finished bar with values in it (tqdm's `loss=0.21`) is a result.
    (
        "progress line",
        r"(?=[^%]*%)(?!.{0,80}?100%\s*\|.{0,300}\w=).{0,80}?\d+%\s*\|[█▏▎▍▌▋▊▉#\- ]*\|"
        r"|[━╸╺]{8,}|\d+K [. ]+ +\d+% ",
    ),
    ("progress line", r"\[ *\d+%\] (?:Building|Linking|Built|Generating|Scanning|Consolidate|Automatic)"),
    ("progress line", r"\[\d+/\d+\] (?:Building|Linking|Compiling|Generating|Copying) "),
    ("progress line", r"make(?:\[\d+\])?: (?:Entering|Leaving) directory"),
    (
        "progress line",
        r"#\d+ (?:sha256:[0-9a-f]+|extracting sha256"
        r"|transferring |resolve |CACHED|DONE \d|\.\.\.\s*$)",
    ),
    ("progress line", r"[0-9a-f]{12}: (?:Pull|Download|Wait|Already|Verifying|Extract|Push|Prepar|Layer|Mounted)"),
    ("progress line", r"---> (?:Running in )?[0-9a-f]{12}\s*$|Removing intermediate container "),
    (
        "package step",
        r"(?:Compiling|Downloading|Downloaded|Fresh|Checking|Adding|Locking|Removing|Installing) \S+ v\d[\w.+-]*",
    ),
    (
        "package step",
        r"(?:Collecting \S|Requirement already satisfied: |Using cached \S|Downloading \S+ \([\d.]+ ?[kMG]?B\))",
    ),
    (
        "package step",
        r"(?:Preparing metadata|Installing build dep|Getting requirements to"
        r"|Building wheel|Created wheel|Stored in directory)",
    ),
    (
        "package step",
        r"(?:Get|Hit|Ign):\d+ \S|Selecting previously unselected"
        r"|Preparing to unpack |Unpacking \S+ |Setting up \S+ \(",
    ),
    ("package step", r"Processing triggers for |\(Reading database |Installing collected packages: "),
    (
        "package step",
        r"npm (?:http|timing|info|verb|sill) |npm notice +[\d.]+ ?[kM]?B |➤ YN00(?:13|19|07)|Progress: resolved \d",
    ),
    (
        "compile command",
        r"(?:/bin/(?:ba)?sh \S*libtool|libtool: \w+:|(?:\S*/)?(?:\w+-)*(?:gcc"
        r"|g\+\+|cc|c\+\+|clang(?:\+\+)?)(?:-\d+)?) .{0,400}? -[cIo]",
    ),
    ("compile command", r"(?:CC|CXX|LD|AR|GEN|CCLD|CXXLD|AS|HOSTCC|RANLIB)(?:\(\w\))? +\S+\s*$"),
    (
        "configure check",
        r"checking (?:for|whether|if|how|build|host|target|the) .{0,200}\.\.\. "
        r"|-- (?:Looking for|Performing Test|Detecting|Check) ",
    ),
    ("copied file", r"copying \S+ -> |creating (?:build|dist|\S+\.egg)|adding '\S+'|byte-compiling \S+ to "),
    (
        "emitted file",
        r"(?:ESM|CJS|DTS|IIFE) \S+ +[\d.]+ [KM]?B\s*$|\S+\.(?:js"
        r"|css|map|html|svg|png|woff2?) +[\d.,]+ [kKM]?i?B(?: |\s*$)",
    ),
)

# The group that tells which rule it was stands behind it: `re` passes over a rule by its first character only where
# nothing stands before that. With this and the looks ahead, a line that is no noise takes a quarter of the time.
_GRAMMAR = re.compile(_PREFIX + "(?:" + "|".join(f"(?:{rule})(?P<r{at}>)" for at, (_, rule) in enumerate(_RULES)) + ")")
_TICK = re.compile(_PREFIX + r"[✓✔√] \S")
_WIDTH = 1000


def noise(line: str, ticks: bool) -> str:
    """-> the singular noun for a line of known noise ("passed test"), or "". `ticks`: a ✓ marks a passed test here."""
    match = _GRAMMAR.match(line, 0, _WIDTH)
    if match:
        return _RULES[int((match.lastgroup or "r0")[1:])][0]
    return "passed test" if ticks and _TICK.match(line) else ""
