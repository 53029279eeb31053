"""Markdown, code and formulas."""

import pytest

from dari_nb.models import AssistantMessageItem, UserMessageItem, text_block
from dari_nb.render import item_html
from dari_nb.render.markup.formula import math_html
from dari_nb.render.markup.growing import GrowingProse


def answer(source):
    html = item_html(AssistantMessageItem(id="1", status="completed", content=[text_block(source)]))
    return html.partition("</header>")[2].removesuffix("</div>")


TABLE = (
    "<table><thead><tr><th>a</th><th>b</th></tr></thead>"
    "<tbody><tr><td>1</td><td>2</td></tr></tbody></table>"
)
LINK = 'target="_blank" rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("**a** *b* ~~c~~ `d`", "<p><strong>a</strong> <em>b</em> <s>c</s> <code>d</code></p>"),
        ("3. a\n4. b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("<b>a</b>", "<p>&lt;b&gt;a&lt;/b&gt;</p>"),
        ("It costs $121 and $100.", "<p>It costs $121 and $100.</p>"),
        ("[a]: http://x.org", None),
        ("[a](http://x.org)", f'<p><a href="http://x.org" {LINK}>a</a></p>'),
        ("see http://x.org.", f'<p>see <a href="http://x.org" {LINK}>http://x.org</a>.</p>'),
        ("[a](notes.md)", "<p>[a](notes.md)</p>"),
        ("![a](http://x.org/i.png)", f'<p><a href="http://x.org/i.png" {LINK}>image: a</a></p>'),
        ("```\na  <b>\n```", "<pre>a  &lt;b&gt;</pre>"),
        ("```nonsense\na\n```", '<pre title="nonsense">a</pre>'),
        (
            "| a | b |\n|---|---|\n| 1 | 2 |",
            TABLE,
        ),
    ],
)
def test_markdown_becomes_plain_semantic_html(source, html):
    if html is None:
        assert "[a]: " in answer(source)
    else:
        assert "".join(sorted(answer(source))) == "".join(sorted(html))


def test_code_is_marked_with_few_short_classes():
    html = answer('```python\ndef f(x):  # why\n    return "a" + str(1.5)\n```')
    assert '<span class="k">def</span> <span class="f">f</span>(x):' in html
    assert '<span class="c"># why</span>' in html
    assert '<span class="s">"a"</span>' in html
    assert '<span class="n1">1.5</span>' in html


@pytest.mark.parametrize(
    ("source", "part"),
    [
        (r"$\frac{a}{b}$", "<mfrac><mi>a</mi><mi>b</mi></mfrac>"),
        ("$$\nx^2\n$$", '<math display="block" title="x^2"><semantics><mrow><msup>'),
        ("\\[\nx\n= y\n\\]", '<math display="block"'),
        (r"$\begin{aligned} a &= b \\ c &= d \end{aligned}$", "<mtable><mtr><mtd>"),
    ],
)
def test_formulas_become_mathml_and_keep_their_source(source, part):
    assert part in answer(source)
    assert "title=" in answer(source)


@pytest.mark.parametrize("tex", [r"\left( x", r"\text{<b>x</b>}", "x" * 5_000])
def test_what_is_no_formula_stays_as_its_source(tex, read):
    html = answer(f"$${tex}$$")
    assert "<math" not in html
    assert tex in read(html).text


def test_figures_stand_to_the_right_where_the_table_says_so():
    assert '<td align="right">2</td>' in answer("| a |\n|--:|\n| 2 |")


def test_text_from_right_to_left_brings_its_blocks_with_it():
    html = answer("# שלום\n\n- פריט\n\n> ציטוט\n\n| שם |\n|---|\n| א |")
    assert '<h3 dir="auto">' in html
    assert '<ul dir="auto"><li>' in html
    assert '<blockquote dir="auto"><p>' in html
    assert '<table dir="auto"><thead>' in html
    assert "dir=" not in answer("plain")


def test_a_long_prompt_is_folded_between_lines_and_an_answer_between_blocks(read):
    rows = "\n".join(f"row {n}" for n in range(60))
    prompt = item_html(UserMessageItem(id="1", content=[text_block(rows)]))
    assert "row 19</p>" in prompt
    assert '<details class="dari-rest"><summary>… 40 more lines</summary><p>row 20' in prompt
    assert answer(rows).count("<details") == 0
    long = "\n\n".join(f"```\n{rows}\n```" for _ in range(5))
    html = answer(long)
    assert html.count("<pre>") == 5
    assert "</pre><details" in html
    assert read(html).text.count("row 59") == 5


@pytest.mark.parametrize("count", [25])
def test_a_few_lines_too_many_are_not_folded(count):
    prompt = UserMessageItem(id="1", content=[text_block("\n".join(["row"] * count))])
    assert "details" not in item_html(prompt)


def test_a_fold_never_cuts_a_block_of_code_or_a_list():
    code = "```\n" + "\n".join(f"row {n}" for n in range(60)) + "\n```"
    html = item_html(UserMessageItem(id="1", content=[text_block(f"{code}\n\nand then")]))
    assert "row 59</pre><details" in html
    assert "<summary>… 2 more lines</summary><p>and then</p>" in html


@pytest.mark.parametrize("tex", [r"\rule{99999em}{99999em}x", r"x\hspace{-900em}y"])
def test_a_formula_that_would_push_the_page_away_stays_as_its_source(tex):
    assert math_html(tex) == f"<code>{tex}</code>"
    assert "<mspace" in math_html(r"\rule{2em}{1em}x\hspace{-1em}y")


@pytest.mark.parametrize(
    ("source", "address"),
    [
        ("a" * 9_000 + " https://x.org/a", "https://x.org/a"),
        ("(http://x.org/a_(b))", "http://x.org/a_(b)"),
        ("so *www.x.org*, or", "http://www.x.org"),
        ("to me.too@x.org: now", "mailto:me.too@x.org"),
        ("mailto:a@x.org", "mailto:a@x.org"),
        ("see http://x.org/" + "a" * 2_000, "http://x.org/" + "a" * 2_000),
    ],
)
def test_bare_addresses_are_links_wherever_they_stand(source, address):
    assert f'<a href="{address}"' in answer(source)


@pytest.mark.parametrize("before", ["x", "1"])
def test_an_address_in_a_word_is_none(before):
    assert "<a" not in answer(f"{before}http://x.org")


@pytest.mark.parametrize(
    "source",
    ['{"a":' * 40_000, "x http:" * 20_000, "http://a" + ")" * 300_000],
    ids=["nested", "schemes", "brackets"],
)
def test_what_might_be_an_address_is_sought_in_a_few_characters(source):
    assert len(GrowingProse().html(source, is_open=True)) >= len(source)


def test_marks_that_stay_open_are_closed_however_many_there_are():
    page = GrowingProse().html("**a " * 30_000, is_open=True)
    assert page.count("a") >= 30_000
