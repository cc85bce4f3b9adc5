"""The four workloads that this field advertises with, and its demo of 100 logs: same shapes and sizes, own words.

In each stand planted needles: facts that a question asks for, some of them remarkable (an error, a rare value, a number
far out), some as plain as every row around them. The questions come after the results, as in a real session, so that
nothing can be kept because it was asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from scripts.benches.inputs.text import FOLDERS, NOUNS, VERBS

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Needle:
    """A fact that stands once: what is asked, the pattern one would search for, and the string that answers."""

    question: str
    find: str
    answer: str


@dataclass(slots=True)
class Workload:
    """What a user asks, the calls and results that follow, the share that is advertised for it, and its needles."""

    name: str
    advertised: int
    asked: str
    results: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    needles: list[Needle] = field(default_factory=list)

    def read(self, tool: str, value: object, indent: int | None = 2, **arguments: Any) -> None:
        self.results.append((tool, arguments, json.dumps(value, indent=indent)))

    def plant(self, question: str, find: str, answer: object) -> None:
        self.needles.append(Needle(question, find, str(answer)))


def workloads() -> Iterator[Workload]:
    yield from (code_search(), incident(), triage(), exploration(), demo())


def code_search() -> Workload:
    """-> 100 hits of a code search as one line of JSON, most fields the same in all."""
    chance = Random(1)
    load = Workload("code search (100 results)", 92, "Find all the form components of the shop.")
    kinds = ("Address", "Payment", "Coupon", "Profile", "Review", "Basket", "Invoice", "Search", "Login", "Gift")
    hits = [_hit(chance, place, kinds[place % 10]) for place in range(100)]
    hits[71]["content"] = "export const LegacyRefundForm = unsafeHtml(RefundTemplate);"
    hits[33]["author"] = "contractor-17@shop.example"
    hits[88]["metadata"]["size_bytes"] = 961_347
    load.plant("Which hit renders unsafe HTML?", "unsafeHtml", "LegacyRefundForm")
    load.plant("Which contractor wrote one of the files?", "contractor", "contractor-17")
    load.plant("How large is the largest file?", r"size_bytes.: \d{5,}", 961_347)
    load.plant("Which component begins on line 384?", r"line.: 384\b", "CouponForm52")
    load.plant("What does row 47 export?", "SearchForm47", "SearchForm47")
    load.read("code_search", hits, None, query="form component", limit=100)
    return load


def _hit(chance: Random, place: int, kind: str) -> dict[str, Any]:
    return {
        "file": f"web/forms/{kind}Form.tsx",
        "line": 20 + 7 * place,
        "content": f"export function {kind}Form{place}(props: FormProps) {{",
        "language": "typescript",
        "repository": "shop-web",
        "branch": "trunk",
        "last_modified": "2026-03-04T09:00:00Z",
        "author": f"dev{place % 7}@shop.example",
        "match_score": round(0.97 - place * 0.004, 3),
        "context": {
            "before": ["import { useState } from 'react';", "import { Field } from '../field';"],
            "after": ["  const [sent, setSent] = useState(false);", "  return <form>{props.children}</form>;", "}"],
        },
        "metadata": {"size_bytes": 2100 + 30 * (place % 10), "encoding": "utf-8", "mime_type": "text/typescript"},
    }


LOGGED = (
    ("INFO", "Answered request in {n} ms"),
    ("INFO", "Health probe answered"),
    ("INFO", "Session opened for customer_{n}"),
    ("DEBUG", "Cache hit for key basket_{n}"),
    ("WARN", "Slow answer: {n} ms (limit 900 ms)"),
    ("ERROR", "Connection to checkout-db:5432 refused"),
    ("ERROR", "No connection left in the pool"),
)
SERVICES = ("gateway", "checkout", "login", "mailer", "stock")


def _logs(chance: Random, count: int) -> Rows:
    rows = []
    for place in range(count):
        level, message = chance.choices(LOGGED, (30, 20, 20, 12, 10, 4, 4))[0]
        service = chance.choice(SERVICES)
        rows.append(
            {
                "timestamp": f"2026-03-04T{place // 60:02}:{place % 60:02}:00Z",
                "level": level,
                "service": service,
                "message": message.format(n=chance.randrange(100, 9999)),
                "trace_id": f"{chance.randrange(16**16):016x}",
                "metadata": {
                    "host": f"{service}-{chance.randrange(1, 6)}",
                    "region": chance.choice(("north", "south")),
                },
            }
        )
    return rows


def _found_files(chance: Random, count: int, word: str) -> Rows:
    return [
        {
            "path": f"src/{chance.choice(FOLDERS)}/part_{place}.py",
            "type": "file",
            "size": chance.randrange(400, 16_000),
            "modified": f"2026-02-{chance.randrange(1, 28):02}",
            "matches": [
                {
                    "line": chance.randrange(5, 500),
                    "content": f"    def handle_{word}(self, given):",
                    "context_before": "    # One request",
                    "context_after": f"        return self.chain.{word}(given)",
                }
            ],
            "score": round(chance.uniform(0.5, 1.0), 3),
        }
        for place in range(count)
    ]


def incident() -> Workload:
    """-> 300 log entries, 200 rows of a customer table, 150 files that match: an SRE looks for a root cause."""
    chance = Random(2)
    load = Workload("SRE incident debugging", 92, "The checkout answers 500 since this morning. Find the root cause.")
    logs = _logs(chance, 300)
    cause = "Migration 0192_split_orders took a lock on table orders and was never committed"
    logs[167] |= {"level": "FATAL", "service": "checkout", "message": cause}
    logs[221]["message"] = "Feature flag bulk_checkout switched on by ops_rhea"
    logs[54] |= {"level": "ERROR", "message": "Certificate of payments.example expired 2026-03-03"}
    load.plant("Which migration locked the table?", "Migration", "0192_split_orders")
    load.plant("Who switched the flag?", "flag", "ops_rhea")
    load.plant("When did the certificate expire?", "Certificate", "expired 2026-03-03")
    load.plant("Which trace has the entry of 03:41?", "T03:41", logs[221]["trace_id"])
    load.plant("Which trace has the entry of 04:13?", "T04:13", logs[253]["trace_id"])
    load.read("search_logs", {"total_hits": 3000, "returned": 300, "entries": logs}, query="checkout")
    people = [_customer(chance, place) for place in range(200)]
    people[113] |= {"total_revenue": 918_273.45}
    people[29] |= {"status": "locked_by_fraud_check"}
    load.plant("What did the biggest customer spend?", r"total_revenue.: \d{5,}", 918_273.45)
    load.plant("Whom did the fraud check lock?", "fraud", "customer29@mail.example")
    load.plant("What is customer 20157's address?", "20157", people[157]["email"])
    load.read("database_query", {"columns": list(people[0]), "row_count": 200, "rows": people}, sql="select * …")
    found = _found_files(chance, 150, "checkout")
    found[97]["matches"][0]["content"] = "    def handle_checkout(self, given, retry=10**6):"
    load.plant("Which file retries a million times?", "retry", found[97]["path"])
    load.read("search_files", {"total_matches": 150, "files_searched": 1500, "matches": found}, pattern="checkout")
    return load


def _customer(chance: Random, place: int) -> dict[str, Any]:
    return {
        "user_id": f"cust_{20_000 + place}",
        "email": f"customer{place}@mail.example",
        "created_at": f"2026-01-{chance.randrange(1, 31):02}",
        "last_login": f"2026-03-{chance.randrange(1, 5):02}T{chance.randrange(24):02}:00:00Z",
        "total_orders": chance.randrange(1, 100),
        "total_revenue": round(chance.uniform(50, 6000), 2),
        "status": chance.choice(("active", "dormant", "closed")),
        "country": chance.choice(("AT", "SE", "PT", "KE", "CL")),
        "subscription_tier": chance.choice(("free", "plus", "team")),
    }


def triage() -> Workload:
    """-> 100 issues with bodies, 80 hits of a code search over repositories, 200 log entries."""
    chance = Random(3)
    load = Workload("GitHub issue triage", 73, "Go through the open issues: what should we mend first, and why?")
    issues = [_issue(chance, place) for place in range(100)]
    issues[62] |= {"title": "Data loss: export truncates after 65536 rows", "labels": ["bug", "data-loss"]}
    issues[18]["comments"] = 412
    issues[41]["body"] = issues[41]["body"].replace("It stays as it was.", "Crashes with ERR_TAX_TABLE_7 on Fridays.")
    load.plant("Which issue loses data?", "Data loss", "truncates after 65536 rows")
    load.plant("How many comments has the most discussed issue?", r"comments.: \d{3,}", 412)
    load.plant("Which error code comes on Fridays?", "Fridays", "ERR_TAX_TABLE_7")
    load.plant("Who opened issue 3077?", "3077", issues[77]["user"]["login"])
    load.read("github_list_issues", {"total_count": 100, "items": issues}, state="open")
    code = [_repository_hit(chance) for _ in range(80)]
    code[37]["text_matches"][0]["fragment"] = "def export(rows):\n    return rows[:65536]  # the sheet's limit"
    load.plant("Where are rows cut at 65536?", "65536", code[37]["sha"])
    found = {"total_count": 3100, "incomplete_results": False, "items": code}
    load.read("github_search_code", found, query="export rows")
    logs = _logs(chance, 200)
    logs[133] |= {"level": "ERROR", "service": "mailer", "message": "Export job 55019 wrote 65536 of 81244 rows"}
    load.plant("How many rows had the export job?", "Export job", "65536 of 81244 rows")
    load.read("search_logs", {"total_hits": 2000, "returned": 200, "entries": logs}, query="export")
    return load


def _issue(chance: Random, place: int) -> dict[str, Any]:
    about = f"{chance.choice(VERBS)}ing a {chance.choice(NOUNS)}"
    steps = "\n".join(f"{step}. {words}" for step, words in enumerate(("Sign in", "Open the page", "Press save"), 1))
    body = f"## What happens\n\nA report about {about}.\n\n## Steps\n\n{steps}\n\n## Expected\n\nIt is saved."
    return {
        "number": 3000 + place,
        "title": f"#{3000 + place}: trouble with {about}",
        "state": chance.choice(("open", "closed")),
        "user": {
            "login": f"member{7 * place + chance.randrange(7)}",
            "avatar_url": f"https://img.example/u/{chance.randrange(10**5)}",
        },
        "labels": chance.sample(("bug", "docs", "speed", "easy"), chance.randrange(3)),
        "created_at": f"2026-02-{chance.randrange(1, 28):02}T{chance.randrange(24):02}:00:00Z",
        "updated_at": f"2026-03-{chance.randrange(1, 5):02}T{chance.randrange(24):02}:00:00Z",
        "comments": chance.randrange(50),
        "body": f"{body}\n\n## Actual\n\nIt stays as it was.",
    }


def _repository_hit(chance: Random) -> dict[str, Any]:
    name = f"{chance.choice(NOUNS)}-{chance.choice(FOLDERS)}"
    return {
        "repository": {
            "full_name": f"shop/{name}",
            "description": f"The {name} project",
            "stars": chance.randrange(100_000),
            "language": chance.choice(("Go", "Rust", "Java", "TypeScript")),
            "updated_at": f"2026-02-{chance.randrange(1, 28):02}T00:00:00Z",
        },
        "path": "src/export/rows.py",
        "sha": f"{chance.randrange(16**40):040x}",
        "url": f"https://code.example/shop/{name}/blob/trunk/src/export/rows.py",
        "score": round(chance.uniform(20, 90), 2),
        "text_matches": [
            {
                "fragment": "def export(rows):\n    # One sheet\n    return sheet(rows)",
                "matches": [{"text": "export rows", "indices": [4, 15]}],
            }
        ],
    }


def exploration() -> Workload:
    """-> a directory tree, 200 files that match, 100 hits over repositories: somebody gets to know a code base."""
    chance = Random(4)
    load = Workload("codebase exploration", 47, "How does signing in work here? Find the files and explain the flow.")
    root = {"name": "shop", "type": "directory", "path": "/shop", "children": [_folder(chance, n) for n in range(22)]}
    root["children"][9]["children"][4] |= {"name": "signin_flow.drawio", "path": "/shop/area_9/signin_flow.drawio"}
    root["children"][15]["children"][7] |= {"size": 48_811_204}
    load.plant("Is there a drawing of the flow?", "drawio", "signin_flow.drawio")
    load.plant("How big is the biggest file?", r"size.: \d{6,}", 48_811_204)
    plain = root["children"][3]["children"][6]
    load.plant(f"When was {plain['path']} changed?", plain["path"], plain["modified"])
    load.read("filesystem_tree", root, path="/shop")
    found = _found_files(chance, 200, "signin")
    found[143]["matches"][0]["content"] = "    def handle_signin(self, given, skip_password=True):"
    load.plant("Where can the password be skipped?", "skip_password", found[143]["path"])
    load.plant("In which folder is part_90?", "part_90.py", found[90]["path"])
    load.read("search_files", {"total_matches": 200, "files_searched": 2000, "matches": found}, pattern="signin")
    code = [_repository_hit(chance) for _ in range(100)]
    code[58]["repository"]["description"] = "Deprecated: sign-in moved to shop/gatehouse in 2025"
    load.plant("Where did sign-in move?", "Deprecated", "shop/gatehouse")
    load.read("github_search_code", {"total_count": 5000, "items": code}, query="signin middleware")
    return load


def _folder(chance: Random, number: int) -> dict[str, Any]:
    path = f"/shop/area_{number}"
    files = []
    for place in range(16):
        name = f"{chance.choice(VERBS)}_{place}.{chance.choice(('py', 'ts', 'md', 'yaml'))}"
        when = f"2026-02-{chance.randrange(1, 28):02}T{chance.randrange(24):02}:{chance.randrange(60):02}:00Z"
        one = {"name": name, "type": "file", "path": f"{path}/{name}", "size": chance.randrange(300, 11_000)}
        files.append({**one, "modified": when})
    return {"name": f"area_{number}", "type": "directory", "path": path, "children": files}


def demo() -> Workload:
    """-> 100 log entries as one line of JSON, one of them FATAL."""
    chance = Random(5)
    load = Workload("demo: 100 logs, one FATAL", 88, "Search last night's logs for the root cause of the outage.")
    rows = []
    for place in range(100):
        rows.append(
            {
                "timestamp": f"2026-03-04T{place % 24:02}:{place % 60:02}:00Z",
                "level": "INFO",
                "service": SERVICES[place % 5],
                "message": f"Answered request in {40 + place} ms",
                "request_id": f"rq-{place:06}",
                "status_code": 200,
                "endpoint": ("/basket", "/orders", "/stock")[place % 3],
                "metadata": {"region": ("north", "south")[place % 2], "version": "7.1.0"},
            }
        )
    says = "Licence of the tax tables ran out (TAX-7731), 12,408 orders refused; renew with shopctl tax renew"
    rows[chance.randrange(60, 75)] |= {"level": "FATAL", "service": "checkout", "message": says, "status_code": 503}
    load.plant("What was the error code?", "FATAL", "TAX-7731")
    load.plant("How many orders were refused?", "refused", "12,408 orders")
    load.plant("How is it mended?", "renew", "shopctl tax renew")
    load.read("search_logs", rows, None, query="error OR fatal", limit=100)
    return load
