def test_an_upload_answers_with_id_name_and_size(api):
    answer = api.http.post("/files", files={"file": ("ticket.txt", b"12345")})
    assert answer.status_code == 201
    file = answer.json()
    assert file.pop("id").startswith("file_")
    assert file == {"filename": "ticket.txt", "size_bytes": 5}


def test_an_attached_file_is_named_in_the_ledger(api):
    file_id = api.upload("notes.txt", b"hi")
    message = api.ask("echo", "Look", file_id)
    assert message["parts"][1] == {"type": "file", "file_id": file_id, "filename": "notes.txt"}
