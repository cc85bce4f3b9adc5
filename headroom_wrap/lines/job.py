"""A text in; whether it is the log of a CI job out: mostly set-up text seen once, and the failure near its end."""

from __future__ import annotations

import re

_SEEN = 20_000

_CI = re.compile(
    r"^(?:travis_(?:fold|time):|Using worker: |Worker information|Build system information"
    r"|Started by (?:user|timer|an? )|Running with gitlab-runner"
    r"|(?:[^\t\n]{1,120}\t[^\t\n]{1,120}\t)?(?:\S+Z )?##\[(?:group|section|command))",
    re.MULTILINE,
)


def is_job(text: str) -> bool:
    """-> whether the text begins like a log of Travis, GitHub Actions, Jenkins, GitLab or Azure Pipelines."""
    return _CI.search(text[:_SEEN]) is not None
