"""Images go to models that see them, as their protocol wants them, and to no others."""

import base64
import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import dari_nb as dari
from dari_nb.local.llm.images import scaling
from dari_nb.local.llm.images.headers import NoImage, header_of

PROTOCOLS = {"chat_completions": {}, "anthropic_messages": {"provider": "anthropic"}}
KINDS = ["PNG", "JPEG", "GIF", "WEBP"]


def drawn(kind="PNG", size=(40, 30), **options):
    written = io.BytesIO()
    Image.new("RGB", size, "teal").save(written, kind, **options)
    return written.getvalue()


def bomb(width, height):
    """A PNG of a few bytes that says that it has many pixels."""

    def chunk(name, data):
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


both = pytest.mark.parametrize("settings", PROTOCOLS, indirect=True)


@pytest.fixture
def settings(request, stand_in):
    protocol = getattr(request, "param", "chat_completions")
    return {"model": "small", "base_url": stand_in.url, **PROTOCOLS[protocol]}


@pytest.fixture
def seeing(serve, settings):
    return serve(llms={"small": settings | {"images": True}})


def sent_in(message):
    """The images and the texts of one message of a request, in either protocol."""
    images, texts = [], []
    content = message["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    for block in blocks:
        if block["type"] == "image_url":
            head, _, data = block["image_url"]["url"].partition(";base64,")
            images.append((head.removeprefix("data:"), base64.b64decode(data)))
        elif block["type"] == "image":
            assert block["source"]["type"] == "base64"
            data = base64.b64decode(block["source"]["data"])
            images.append((block["source"]["media_type"], data))
        elif block["type"] == "text":
            texts.append(block["text"])
    return images, texts


def users(request):
    return [sent_in(each) for each in request.body["messages"] if each["role"] == "user"]


def refused(api, agent, *blocks):
    content = [{"type": "text", "text": "What is it?"}, *blocks]
    body = {"type": "user.message", "content": content}
    return api.refused(f"/agents/{api.agent_id(agent)}/messages", body)


def block(api, name, data, kind="file"):
    return {"type": kind, "file_id": api.upload(name, data)}


@both
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_model_sees_what_is_attached_and_remembers_it(seeing, stand_in, kind):
    data = drawn(kind)
    image = seeing.upload(f"a.{kind.lower()}", data)
    message = seeing.ask("assistant", "What is it?", image)
    assert message["status"] == "completed"
    again = seeing.send(message["session_id"], "And?")["message"]["id"]
    assert seeing.finished(again)["status"] == "completed"
    first, second = stand_in.requests
    expected = [(f"image/{kind.lower()}", data)]
    assert users(first)[0][0] == users(second)[0][0] == expected
    assert users(second)[-1] == ([], ["And?"])
    assert "What is it?" in users(first)[0][1][0]


def test_an_image_block_is_sent_whatever_its_name(seeing, stand_in):
    image = block(seeing, "photo", drawn(), "image")
    agent = seeing.agent_id("assistant")
    body = {"type": "user.message", "content": [image]}
    message = seeing.post(f"/agents/{agent}/messages", body)["message"]
    assert seeing.finished(message["id"])["status"] == "completed"
    assert [media for media, _ in users(stand_in.requests[0])[0][0]] == ["image/png"]


def test_later_steps_see_it_too(seeing, stand_ins, stand_in):
    stand_in.script = [stand_ins.Answer(calls=[("ls", {})])]
    image = seeing.upload("a.png", drawn())
    assert seeing.ask("assistant", "go", image)["status"] == "completed"
    assert [len(users(request)[0][0]) for request in stand_in.requests] == [1, 1]


@both
def test_a_large_one_is_made_smaller_and_the_ledger_says_so(seeing, settings, stand_in):
    size = (9000, 300) if "provider" not in settings else (3000, 100)
    longest = 8000 if "provider" not in settings else 2000
    data = drawn("JPEG", size)
    message = seeing.ask("assistant", "What is it?", seeing.upload("wide.jpg", data))
    [(media, sent)] = users(stand_in.requests[0])[0][0]
    assert (media, Image.open(io.BytesIO(sent)).size[0]) == ("image/jpeg", longest)
    [event] = [e for e in seeing.events(message["session_id"]) if e["type"] == "user.message"]
    [attached] = [each for each in event["data"]["content"] if each["type"] == "file"]
    assert attached["note"].startswith("sent to the model smaller: it takes ")
    assert f"{longest} pixels a side" in attached["note"]
    with dari.connect(base_url=seeing.server.url, api_key=seeing.server.api_key) as d:
        transcript = d.sessions.get(message["session_id"]).transcript()
        assert f"({attached['note']})" in str(transcript)
        assert f"({attached['note']})" in transcript.to_mimebundle()["text/html"]


def test_nobody_else_says_what_was_done_with_one(seeing):
    image = block(seeing, "a.png", drawn(), "image") | {"note": "sent to the model as it is"}
    body = {"type": "user.message", "content": [image]}
    sent = seeing.post(f"/agents/{seeing.agent_id('assistant')}/messages", body)["message"]
    session_id = seeing.finished(sent["id"])["session_id"]
    [event] = [e for e in seeing.events(session_id) if e["type"] == "user.message"]
    assert "note" not in event["data"]["content"][0]


def test_bytes_are_limited_as_pixels_are(monkeypatch):
    monkeypatch.setitem(scaling.LIMITS, "chat_completions", scaling.Limits(60_000, 8000))
    noise = Image.effect_noise((600, 600), 90)
    written = io.BytesIO()
    noise.save(written, "PNG")
    picture = scaling.picture_of(written.getvalue(), "chat_completions")
    assert picture.media_type == "image/jpeg"
    assert len(picture.data) <= 60_000


def test_within_the_limits_no_pillow_is_needed(seeing, stand_in, monkeypatch):
    monkeypatch.setattr(scaling, "find_spec", lambda _: None)
    assert seeing.ask("assistant", "?", seeing.upload("a.png", drawn()))["status"] == "completed"
    status, why = refused(seeing, "assistant", block(seeing, "b.png", drawn(size=(9000, 2))))
    assert (status, "dari_nb[images]" in why) == (400, True)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.png", b"no image at all"),
        ("a.bmp", drawn("BMP")),
        ("a.png", drawn("PNG")[:-20]),
        ("a.webp", drawn("WEBP")[:30]),
        ("a.png", bomb(60_000, 60_000)),
    ],
    ids=["text", "bmp", "cut png", "cut webp", "bomb"],
)
def test_what_cannot_be_sent_is_refused_before_anything_is(seeing, stand_in, name, data):
    before = seeing.get("/sessions")["sessions"]
    status, detail = refused(seeing, "assistant", block(seeing, name, data))
    assert status == 400
    assert name in detail
    assert seeing.get("/sessions")["sessions"] == before
    assert stand_in.requests == []


def test_what_says_to_be_larger_than_it_is_fails_its_turn_and_no_later_one(seeing):
    message = seeing.ask("assistant", "?", seeing.upload("a.png", bomb(9000, 5)))
    assert message["status"] == "failed"
    later = seeing.send(message["session_id"], "And?")["message"]["id"]
    assert seeing.finished(later)["status"] == "completed"


@pytest.mark.parametrize("kind", ["image", "file"])
def test_who_sees_none_is_sent_none(serve, settings, stand_in, kind):
    api = serve(llms={"small": settings})
    image = block(api, "a.png", drawn(), kind)
    session_id = api.create("assistant")
    body = {"type": "user.message", "content": [image]}
    status, why = api.refused(f"/sessions/{session_id}/events", body)
    assert status == 400
    assert "a.png" in why
    assert api.events(session_id) == []
    assert stand_in.requests == []


def test_tools_that_take_any_file_take_an_image(serve, publish, settings, stand_in):
    api = serve(llms={"small": settings})
    publish(api, "worker", "{model: small}", more="built_in_tools: [bash]\n")
    message = api.ask("worker", "Turn it.", api.upload("a.png", drawn()))
    assert message["status"] == "completed"
    images, [text] = users(stand_in.requests[0])[0]
    assert images == []
    assert "/workspace/a.png" in text
    status, _ = refused(api, "worker", block(api, "a.png", drawn(), "image"))
    assert status == 400


def test_a_batch_has_images_and_is_found_by_the_setting(stand_in, serve, tmp_path):
    (tmp_path / "a.png").write_bytes(drawn())
    llm = {"model": "m", "base_url": stand_in.url}
    api = serve(llms={"small": llm | {"images": True}})
    with dari.Dari(api.server.url, api.server.api_key, api.server) as d:
        task = {"prompt": "What is it?", "files": [str(tmp_path / "a.png")]}
        batch = d.batches.run("assistant", [task], ["small"], scores_path=tmp_path / "s.jsonl")
        assert [cell.state for cell in batch.wait(timeout=180).cells] == ["completed"]
        assert len(users(stand_in.requests[0])[0][0]) == 1
        plans = [d.batches.run("assistant", ["a"], ["small"], dry_run=True).run_id]
        api.server.add_llms({"small": llm})
        plans.append(d.batches.run("assistant", ["a"], ["small"], dry_run=True).run_id)
    assert len(set(plans)) == 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(1, 1), (513, 7)])
def test_sizes_are_read_as_pillow_reads_them(kind, size):
    assert header_of(drawn(kind, size)) == (kind, *size)
    if kind == "WEBP":
        assert header_of(drawn(kind, size, lossless=True)) == (kind, *size)
    if kind == "JPEG":
        assert header_of(drawn(kind, size, progressive=True)) == (kind, *size)


@given(
    kind=st.sampled_from(KINDS),
    cuts=st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=6)), max_size=4),
    end=st.integers(0, 900),
)
def test_what_is_broken_is_an_image_or_refused(kind, cuts, end):
    data = drawn(kind)
    for place, piece in cuts:
        data = data[:place] + piece + data[place + len(piece) :]
    try:
        header = header_of(data[:end])
    except NoImage:
        return
    assert header.width * header.height <= 64_000_000


def test_whatever_is_decoded_ends_as_a_picture_or_a_refusal():
    data = drawn("JPEG", (9000, 20))
    for place in range(0, len(data), 97):
        broken = data[:place] + b"\xff\x00\xff" + data[place + 3 :]
        try:
            picture = scaling.picture_of(broken, "anthropic_messages")
        except NoImage:
            continue
        assert max(header_of(picture.data)[1:]) <= 2000
