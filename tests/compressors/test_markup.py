from hypothesis import given
from hypothesis import strategies as st

from headroom_wrap.compressors.markup import markup
from headroom_wrap.segment import Segment
from headroom_wrap.testing import near_linear

REF = "0123456789a"
PAGE = """<!DOCTYPE html><html><head><title>Retries  &amp; more</title><style>p { color: red }</style></head><body>
<nav><a href="/">Home</a><nav>deep</nav></nav><main><h1>Retries</h1>
<p>Call <code>retry()</code> &lt;often&gt;, see <a href="/docs/backoff">backoff</a> or <a href="/o">others</a>.</p>
<pre>def f():
    if a &lt; b:

        return 1</pre>
<ul><li>one</li><li>two <b>bold</b></li></ul>
<table><tr><th>name</th><th>value</th></tr><tr><td>limit</td><td>3</td></tr></table>
</main><footer>imprint</footer><script>document.write("<p>never</p>")</script></body></html>"""


def page(text=PAGE, **facts):
    return Segment(text=text, **{"tool": "WebFetch", "way_back": "headroom get", "ref": REF, **facts})


def test_a_page_becomes_its_text():
    assert markup(page()).text.split("\n")[:-1] == [
        *("Retries & more", "", "# Retries", "Call `retry()` <often>, see backoff or others."),
        *("```", "def f():", "    if a < b:", "", "        return 1", "```"),
        *("- one", "- two bold", "name | value |", "limit | 3 |"),
    ]


def test_the_footer_says_what_is_missing_and_how_to_get_it():
    result = markup(page())
    assert result.omitted == f"markup of a page, {len(PAGE) - 165} of {len(PAGE)} characters"
    assert result.text.endswith(f"\n[{result.omitted} · headroom get {REF} --lines A-B]")


def test_a_link_that_the_goal_is_about_keeps_its_target():
    text = markup(page(goal="How does backoff work?")).text
    assert "see backoff (/docs/backoff) or others." in text


def test_a_page_without_a_main_part_keeps_all_its_text():
    assert (
        "about us" in markup(page("<html><div>about us</div><article>short</article><p>the rest of it</p></html>")).text
    )


def test_what_was_printed_before_the_page_stays():
    assert markup(page(f"HTTP/2 200\ncontent-type: text/html\n\n{PAGE}")).text.startswith("HTTP/2 200\n")


def test_what_was_printed_behind_the_page_stays():
    said = "curl: (56) Recv failure: Connection reset by peer"
    assert f"\n{said}\n[" in markup(page(f"{PAGE}\n\n{said}\n")).text


def test_an_icon_that_closes_itself_takes_nothing_with_it():
    text = markup(page(PAGE.replace("<h1>", '<svg class="icon"/><svg x="1" /><h1>'))).text
    assert "# Retries" in text and "limit | 3 |" in text


def test_a_navigation_that_is_never_closed_takes_nothing_with_it():
    assert markup(page(PAGE.replace("</nav></nav>", "</nav>"))) is None


def test_ends_of_links_without_a_beginning_take_no_longer_than_others():
    near_linear(markup, [page("<html><p>" + "<b>one</b></a> " * 50, goal="How does backoff work?")])


def test_files_fragments_and_requests_without_a_way_back_are_left_alone():
    assert markup(page(tool="Read", path="/src/index.html")) is None
    assert markup(page("<p>not a page</p>")) is None
    assert markup(page(way_back="")) is None
    assert markup(page(error=True)) is None


def test_a_page_that_ends_in_the_middle_is_read_as_far_as_it_goes():
    assert "# Retries" in markup(page(PAGE[: PAGE.index("</h1>") + 40])).text


@given(
    st.text(alphabet="<>/!-ab \n\"'=", max_size=80),
    st.sampled_from(["nav", "a href='x'", "pre", "main", "script", "h1", "li"]),
)
def test_any_page_is_read_without_an_error(text, tag):
    segment = page(f"<html>{text}<{tag}>{text}</{tag[:6].split()[0]}>{text}")
    assert markup(segment) == markup(segment)
