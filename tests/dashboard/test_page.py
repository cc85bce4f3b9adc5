"""Rows in, the page out: what stands in it, and how a real browser shows it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from headroom_wrap.dashboard.page import page
from headroom_wrap.ledger import Part
from headroom_wrap.ledger.view import View
from tests.dashboard.test_stats import VIEW

if TYPE_CHECKING:
    from playwright.sync_api import Browser

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def test_the_three_figures_stand_in_cards_of_their_own() -> None:
    made = page(VIEW, 0.0)
    for title in ("Counted: removed from bodies", "Reported by the provider", "Estimated: effect on the whole bill"):
        assert f"<h2>{title}" in made
    assert "11.6 % of the whole bill saved" in made and "10.1 to 12.7 %" in made


def test_the_page_needs_nothing_but_itself() -> None:
    made = page(VIEW, 0.0)
    assert not re.search(r"https?:|src=|<script|@import|url\(|<link", made)


def test_names_from_the_network_are_text_and_never_markup() -> None:
    made = page(View(ever=VIEW.ever, tools=(Part("<img src=x onerror=alert(1)>&\x1b[31m", 1, 1, 9, 3),)), 0.0)
    assert "<img" not in made and "&lt;img src=x onerror=alert(1)&gt;&amp;" in made and "\x1b" not in made


def test_a_page_of_nothing_says_so() -> None:
    assert "Nothing was recorded." in page(View(), 0.0)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real one, headless: Playwright's own, or that of the system."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    own = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    with playwright.sync_playwright() as running:
        if own is None and not Path(running.chromium.executable_path).exists():
            pytest.skip("no Chromium on this machine; `playwright install chromium` fetches one")
        launched = running.chromium.launch(executable_path=own, args=["--no-sandbox"])
        yield launched
        launched.close()


def opened(browser: Browser, file: Path, **options: Any) -> dict[str, Any]:
    """-> what a window of the browser makes of the page: its size, colours, what it asked the network for."""
    context = browser.new_context(**options)
    window = context.new_page()
    asked: list[str] = []
    errors: list[str] = []
    window.on("request", lambda request: asked.append(request.url))
    window.on("console", lambda message: errors.append(message.text))
    window.on("pageerror", lambda error: errors.append(str(error)))
    window.goto(file.as_uri())
    found: dict[str, Any] = window.evaluate(
        """() => {
            const style = getComputedStyle(document.body);
            const charts = [...document.querySelectorAll('svg')];
            return {
                ink: style.color, page: style.backgroundColor,
                overflow: document.documentElement.scrollWidth - window.innerWidth,
                charts: charts.map(svg => [svg.getBoundingClientRect().width > 100, svg.getAttribute('aria-label')]),
                bars: document.querySelectorAll('rect').length,
                columns: document.querySelectorAll('th:not([scope])').length,
                heading: document.querySelectorAll('h1').length,
            };
        }"""
    )
    context.close()
    return {**found, "asked": asked, "errors": errors}


def brightness(colour: str) -> float:
    return sum(float(part) for part in re.findall(r"[\d.]+", colour)[:3]) / 765


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_a_browser_shows_it_in_either_scheme_at_any_width(
    browser: Browser, scheme: str, width: int, tmp_path: Path
) -> None:
    file = tmp_path / "page.html"
    file.write_text(page(VIEW, 0.0), encoding="utf-8")
    found = opened(browser, file, color_scheme=scheme, viewport={"width": width, "height": 900})
    assert (found["asked"], found["errors"]) == ([file.as_uri()], [])
    assert found["overflow"] <= 0 and found["heading"] == 1 and found["columns"] == 0
    dark_page, dark_ink = brightness(found["page"]) < 0.3, brightness(found["ink"]) < 0.3
    assert (dark_page, dark_ink) == (scheme == "dark", scheme == "light")
    assert [shown for shown, _ in found["charts"]] == [True, True] and found["bars"] == 2 * 17
    assert [label.partition(",")[0].partition(";")[0] for _, label in found["charts"]] == [
        "Tokens of tool results by day",
        "Prompt tokens by request",
    ]


@pytest.mark.slow
def test_it_reads_the_same_without_a_script(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(page(VIEW, 0.0), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    window = context.new_page()
    window.goto(file.as_uri())
    assert "11.6 % of the whole bill saved" in window.inner_text("main")
    context.close()
