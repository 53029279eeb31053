"""What is written is valid in its format: images, names of tools, failures and refusals."""

from __future__ import annotations

import pytest

from dari_nb.resources import Transcript

URL = "https://example.org/cat.jpg"
DATA = "data:image/png;base64,AA=="
HELLO = {"role": "assistant", "content": "A cat."}


def asked(part):
    return {"role": "user", "content": [{"type": "text", "text": "What?"}, part]}


def images(url):
    """The same image in a run of each format."""
    source = {"type": "url", "url": url}
    if url == DATA:
        source = {"type": "base64", "media_type": "image/png", "data": "AA=="}
    kind = "image/png" if url == DATA else "image/jpeg"
    part = {"type": "image", "source": {"media_type": kind, "path": url}}
    text = {"type": "text", "text": "What?"}
    steps = [{"source": "user", "message": [text, part]}, {"source": "agent", "message": "A cat."}]
    item = {"type": "input_image", "image_url": url, "detail": "low"}
    return {
        "chat": [asked({"type": "image_url", "image_url": {"url": url}}), HELLO],
        "anthropic": [asked({"type": "image", "source": source}), HELLO],
        "responses": [{"type": "message", **asked(item)}, {"type": "message", **HELLO}],
        "atif": {"schema_version": "ATIF-v1.6", "agent": {"name": "x"}, "steps": steps},
    }


def test_an_address_that_is_none_is_written_as_it_is():
    url = "http://[cat"
    part = {"type": "image_url", "image_url": {"url": url}}
    source = {"media_type": "image/png", "path": url}
    message = Transcript.from_messages([asked(part)]).to_atif()["steps"][0]["message"]
    assert message[1] == {"type": "image", "source": source}


@pytest.mark.parametrize("url", [URL, DATA])
@pytest.mark.parametrize("name", images(URL))
def test_images_are_those_of_the_format_that_is_written(name, url):
    theirs = images(url)
    run = Transcript.from_messages(theirs[name])
    image = run.to_messages()[0]["content"][1]
    assert (image["type"], image["image_url"]["url"]) == ("image_url", url)
    assert run.to_anthropic()["messages"][0]["content"][1] == theirs["anthropic"][0]["content"][1]
    assert run.to_atif()["steps"][0]["message"] == theirs["atif"]["steps"][0]["message"]


def test_images_that_a_tool_gave_are_parts_of_an_observation():
    use = {"type": "tool_use", "id": "c1", "name": "look", "input": {}}
    image = {"type": "image", "source": {"type": "url", "url": URL}}
    result = {"type": "tool_result", "tool_use_id": "c1", "content": [image]}
    run = Transcript.from_messages(
        [
            {"role": "user", "content": "Look."},
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [result]},
        ]
    )
    [step] = [step for step in run.to_atif()["steps"] if "observation" in step]
    source = {"media_type": "image/jpeg", "path": URL}
    assert step["observation"]["results"][0]["content"] == [{"type": "image", "source": source}]


def test_a_result_beside_a_text_has_the_name_of_its_tool():
    use = {"type": "tool_use", "id": "c1", "name": "look", "input": {}}
    failed = {"type": "tool_result", "tool_use_id": "c1", "content": "dark", "is_error": True}
    run = Transcript.from_messages(
        [
            {"role": "user", "content": "Look."},
            {"role": "assistant", "content": [use]},
            {"role": "user", "content": [failed, {"type": "text", "text": "And now?"}]},
        ]
    )
    [told] = [message for message in run.to_messages() if message["role"] == "tool"]
    assert (told["name"], told["content"]) == ("look", "Error: dark")
    assert any("Error: " in sentence for sentence in run.run.lost)


@pytest.mark.parametrize(
    "document",
    [
        [{"role": "assistant", "content": None, "refusal": "No."}],
        [
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "refusal", "refusal": "No."}],
            }
        ],
    ],
)
def test_refusals_are_texts_elsewhere_and_that_is_stated(document):
    run = Transcript.from_messages(document)
    assert run.to_atif()["steps"][0]["message"] == "No."
    assert any(sentence.startswith("Refusals") for sentence in run.run.lost)
