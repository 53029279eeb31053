"""What publishing changes, in JupyterLab: read by eye, by keyboard and by axe, and saved."""

import pytest

SETUP = """
import dari_nb as dari
d = dari.connect("local")
%load_ext dari_nb
def refund(order_id: str, amount: float) -> dict:
    "Refund an order, in whole or in part."
    return {}
"""
FIRST = """%%dari_publish support --llm openai/gpt-5.5
You are a support agent of a small airline. Answer in the customer's language, by the policy.

- Refund what was cancelled within a day of booking.
- Never promise what the policy does not say.
- Ask for the booking number before you look anything up.

When you are not sure, say so."""
SECOND = """%%dari_publish support --tools refund
---
llm:
  default: small
  options:
    small: {model: openai/gpt-5.5-mini}
    large: {model: openai/gpt-5.5}
built_in_tools: [read, grep]
---
You are a kind support agent of an airline. Answer in the customer's language, by the policy.

- Refund what was cancelled within two days of booking; use the tool `refund`.
- Never promise what the policy does not say.
- Ask for the booking number before you look anything up.

When you are not sure, say so, and hand over to a person."""
OPEN = ".dari-change[open] .dari-worded"
SHOWN = f".dari:has({OPEN})"
CELLS = [SETUP, FIRST, SECOND, SECOND, "d.agents.get('support').versions()", "%dari llms"]


@pytest.fixture(scope="module")
def book(lab_server, browser):
    lab_server.look_with(browser)
    book = lab_server.open_notebook(CELLS)
    book.run_all()
    book.page.locator(OPEN).first.wait_for()
    yield book
    lab_server.clear()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_change_is_read_in_both_themes(book, axe, theme):
    book.theme(theme)
    assert not axe(book.page, ".jp-Notebook .dari")
    book.shot(f"publishing-{theme}", width=700, selector=SHOWN)
    prompt = book.page.locator(OPEN).first
    # Paragraphs wrap instead of being scrolled sideways.
    assert prompt.evaluate("box => box.scrollWidth <= box.clientWidth")
    assert "kind" in prompt.locator("ins").all_inner_texts()
    book.page.set_viewport_size({"width": 1280, "height": 900})
