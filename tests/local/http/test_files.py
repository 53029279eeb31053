import pytest

from dari_nb.local import LocalDari


def test_an_upload_answers_with_id_name_and_size(api):
    answer = api.http.post("/files", files={"file": ("ticket.txt", b"12345")})
    assert answer.status_code == 201
    file = answer.json()
    assert file.pop("id").startswith("file_")
    assert file == {"filename": "ticket.txt", "size_bytes": 5}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.csv", "a.csv"),
        ("..", "file"),
        ("dir/", "file"),
        ("größe 😀.txt", "größe 😀.txt"),
    ],
)
def test_a_file_name_is_reduced_to_its_last_component(api, sent, kept):
    assert api.post("/files", files={"file": (sent, b"x")})["filename"] == kept


def test_a_file_over_the_limit_is_413_and_one_at_the_limit_is_not(call):
    with LocalDari(max_upload=200_000) as server, call(server) as api:
        assert api.post("/files", files={"file": ("a", bytes(200_000))})["size_bytes"] == 200_000
        for size in (200_001, 5_000_000):
            answer = api.http.post("/files", files={"file": ("a", bytes(size))})
            assert answer.status_code == 413
            assert answer.json() == {"detail": "The file is larger than 200000 bytes"}


@pytest.mark.parametrize(
    "request_parts",
    [
        {"files": {"other": ("a", b"x")}},
        {"data": {"file": "not a file"}},
        {"json": {"file": "x"}},
        {"content": b"", "headers": {"content-type": "multipart/form-data"}},
        {"content": b"--x", "headers": {"content-type": "multipart/form-data; boundary=b"}},
        {"files": [("file", ("a", b"x")), ("file", ("b", b"x"))]},
    ],
)
def test_a_form_without_one_file_part_is_422(api, request_parts):
    answer = api.http.post("/files", **request_parts)
    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], list)


def test_an_attached_file_is_named_in_the_ledger(api):
    file_id = api.upload("notes.txt", b"hi")
    message = api.ask("echo", "Look", file_id)
    assert message["parts"][1] == {"type": "file", "file_id": file_id, "filename": "notes.txt"}
