"""The example service over HTTP on this machine: good songs, bad uploads, many at once."""

import contextlib
import dataclasses
import re
import socket
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from service_clips import as_file, noise
from uploads import Limits

httpx = pytest.importorskip("httpx")
uvicorn = pytest.importorskip("uvicorn")
service = pytest.importorskip("app")  # needs fastapi

CULTURE = ("genre", "language", "region", "singing_form", "era", "scene")
LIMITS = Limits(
    request_bytes=6 * 2**20, clip_seconds=120, lyrics_characters=3000, upload_seconds=5.0
)


@contextlib.contextmanager
def running(app):
    """The address of a server in a thread, on a free port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            thread.join(0.05)
        yield "http://127.0.0.1:{1}".format(*server.servers[0].sockets[0].getsockname())
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def url(served):
    with running(service.create_app(served.folder, limits=LIMITS, n_workers=2)) as address:
        yield address


@pytest.fixture
def toy_url(served, monkeypatch):
    """A server whose lyrics say what happens, with one worker and room for one more request."""
    monkeypatch.setattr(service, "ANSWERS", "service_jobs:answers")
    limits = dataclasses.replace(LIMITS, answer_seconds=3.0, waiting=1)
    with running(service.create_app(served.folder, limits=limits, n_workers=1)) as address:
        yield address


def form(row):
    """What a browser sends for a row of a song table."""
    given = {name: row[name] for name in ("lyrics", *CULTURE) if isinstance(row[name], str)}
    return {"files": {"clip": ("x.wav", Path(row["audio"]).read_bytes())}, "data": given}


def post(url, *, clip=None, files=None, data=None, **request):
    files = files if files is not None else {"clip": ("song", clip)}
    return httpx.post(f"{url}/predict", files=files, data=data, timeout=60, **request)


def refusal(response):
    """Status and message of a refusal, which tells nothing of the inside."""
    assert list(response.json()) == ["detail"]
    message = response.json()["detail"]
    assert isinstance(message, str)
    for secret in ("Traceback", 'File "', ".py", str(Path.home()), tempfile.gettempdir()):
        assert secret not in response.text
    return response.status_code, message


@pytest.fixture(scope="module")
def clip():
    return as_file(noise(6))


def test_a_song_gets_what_the_pipeline_says(url, served):
    songs = served.songs.head(3)
    expected = served.model.predict_proba(songs)
    for (_, row), proba in zip(songs.iterrows(), expected, strict=True):
        response = post(url, **form(row))
        assert response.status_code == 200, response.text
        found = response.json()["probabilities"]
        assert_allclose([found[name] for name in served.model.classes_], proba, atol=1e-4)


def test_many_requests_at_once_are_answered_each_as_if_alone(url, served, clip, bombs):
    requests = [form(row) for _, row in served.songs.head(7).iterrows()]
    requests += [
        {"clip": b"no song"},
        {"clip": bombs["hidden"]},
        {"clip": as_file(np.zeros(8000, dtype=np.float32))},
        {"clip": clip, "data": {"mood": "happy"}},
        {"clip": clip, "data": {"lyrics": "x" * 3001}},
    ]
    requests += requests[:4]
    alone = [post(url, **request) for request in requests]
    with ThreadPoolExecutor(len(requests)) as threads:
        together = list(threads.map(lambda request: post(url, **request), requests))
    assert [r.status_code for r in together] == [200] * 7 + [415, 413, 422, 422, 413] + [200] * 4
    assert [r.json() for r in together] == [r.json() for r in alone]
    assert len({str(r.json()["probabilities"]) for r in together[:7]}) == 7


@pytest.mark.parametrize(
    ("status", "request_of"),
    [
        (415, lambda clip: {"clip": b"\x7fELF" + bytes(4000)}),
        (415, lambda clip: {"clip": b"lyrics instead of a song"}),
        (422, lambda clip: {"clip": b""}),
        (422, lambda clip: {"clip": as_file(np.empty(0, dtype=np.float32))}),
        (422, lambda clip: {"clip": as_file(np.zeros(30_000, dtype=np.float32))}),
        (422, lambda clip: {"clip": as_file(np.full(9000, np.nan), subtype="FLOAT")}),
        (413, lambda clip: {"clip": as_file(noise(121, 4000), 4000)}),
        (422, lambda clip: {"files": {"song": ("a", clip)}}),
        (422, lambda clip: {"files": {"clip": (None, "text")}}),
        (422, lambda clip: {"files": [("clip", ("a", clip)), ("clip", ("b", clip))]}),
        (400, lambda clip: {"files": [("clip", (str(n), clip)) for n in range(3)]}),
        (422, lambda clip: {"files": {"clip": ("a", clip), "lyrics": ("b", b"la")}}),
        (422, lambda clip: {"clip": clip, "data": {"tempo": "fast"}}),
        (422, lambda clip: {"clip": clip, "data": {"genre": ["folk", "rock"]}}),
        (400, lambda clip: {"clip": clip, "data": {"genre": ["folk"] * 50}}),
        (413, lambda clip: {"clip": clip, "data": {"lyrics": "la " * 1001}}),
        (413, lambda clip: {"clip": clip, "data": {"lyrics": "la " * 30_000}}),
        (413, lambda clip: {"clip": clip, "data": {"era": "1" * 101}}),
    ],
)
def test_a_bad_upload_is_refused_with_a_reason(url, clip, status, request_of):
    found, message = refusal(post(url, **request_of(clip)))
    assert found == status, message
    assert len(message) > 10


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (415, "application/json", b"{}"),
        (415, "", b""),
        (400, "multipart/form-data", b"--x\r\n"),
        (400, "multipart/form-data; boundary=x", b"no boundary here"),
        (400, "multipart/form-data; boundary=x", b"--x\r\nContent-Type: a\r\n\r\nb\r\n--x--\r\n"),
        (422, "multipart/form-data; boundary=x", b""),
        (422, "multipart/form-data; boundary=x", b"--x--\r\n"),
        (
            422,
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="clip"; filename="a"\r\n\r\nRIFF',
        ),
    ],
)
def test_a_malformed_request_is_refused_with_a_reason(url, status, content_type, body):
    headers = {"content-type": content_type} if content_type else {}
    response = httpx.post(f"{url}/predict", content=body, headers=headers)
    assert refusal(response)[0] == status


def test_random_bodies_never_bring_it_down(url, clip):
    rng = np.random.default_rng(0)
    start = b'--x\r\nContent-Disposition: form-data; name="clip"; filename="a"\r\n\r\n'
    good = start + clip + b"\r\n--x--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=x"}
    with httpx.Client() as client:
        for _ in range(40):
            bad = bytearray(good[: rng.integers(len(good))])
            for spot in rng.integers(min(200, len(bad)) + 1, size=8):
                bad[spot : spot + 1] = rng.bytes(1)
            response = client.post(f"{url}/predict", content=bytes(bad), headers=headers)
            assert response.status_code in (200, 400, 413, 415, 422), response.text
    assert httpx.get(f"{url}/health").json() == {"status": "ok"}


def test_what_cannot_be_known_is_no_error(url, clip):
    data = {"genre": "no such genre", "era": "", "lyrics": "\ud83d\ude00 \x00 \u202e <b>"}
    data["lyrics"] = data["lyrics"].encode("utf-16", "surrogatepass").decode("utf-16")
    response = post(url, files={"clip": ("../../etc/passwd\x00", clip, "text/html")}, data=data)
    assert response.status_code == 200, response.text
    assert response.json()["heard"]["unknown_culture"] == ["genre"]


def test_bytes_are_counted_whatever_the_client_states(url):
    """A body of unknown length is refused before it has all arrived."""
    sent, status = stream(url, b"x" * 65_536, pieces=400, header="Transfer-Encoding: chunked")
    assert status == 413
    assert sent < 400


def test_a_length_that_is_too_large_is_refused_before_the_body(url):
    sent, status = stream(url, b"", pieces=0, header=f"Content-Length: {10**12}")
    assert (sent, status) == (0, 413)


def test_a_request_that_arrives_too_slowly_is_refused(url):
    _, status = stream(url, b"x", pieces=1, header="Content-Length: 1000")
    assert status == 408


def test_a_client_that_leaves_in_the_middle_harms_nobody(url, clip):
    for _ in range(5):
        with connection(url, "Content-Length: 1000000") as client:
            client.sendall(b"--x\r\n" + bytes(1000))
    assert post(url, clip=clip).status_code == 200


@contextlib.contextmanager
def connection(url, header):
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=30) as client:
        head = f"POST /predict HTTP/1.1\r\nHost: {host}\r\n{header}\r\n"
        client.sendall(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode())
        yield client


def stream(url, piece, *, pieces, header):
    """Send pieces of a body until there is an answer; how many were sent, and its status."""
    import select

    start = b'--x\r\nContent-Disposition: form-data; name="clip"; filename="a"\r\n\r\n'
    with connection(url, header) as client:
        chunked = "chunked" in header
        sent = 0
        for number in range(pieces):
            data = start + piece if number == 0 else piece
            if select.select([client], [], [], 0)[0]:
                break
            try:
                client.sendall(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
            except (BrokenPipeError, ConnectionResetError):
                break
            sent += 1
        return sent, int(client.recv(65_536).split()[1])


def test_an_upload_never_touches_the_disk(url, served, monkeypatch):
    """Starlette would move files above 1 MB to the disk."""

    def fail(*arguments, **options):
        raise AssertionError("a temporary file")

    monkeypatch.setattr(tempfile, "TemporaryFile", fail)
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", fail)
    large = as_file(noise(60, 16_000), 16_000, subtype="PCM_16")
    assert 1.5 * 2**20 < len(large) < LIMITS.request_bytes
    assert post(url, clip=large).status_code == 200


def test_work_that_takes_too_long_is_cut_off(toy_url, clip):
    assert refusal(post(toy_url, clip=clip, data={"lyrics": "sleep 60"}))[0] == 504
    statuses = [post(toy_url, clip=clip, data={"lyrics": "say on"}).status_code for _ in range(5)]
    assert statuses[-1] == 200, "it did not recover"


def test_of_too_many_requests_some_are_told_when_to_come_back(toy_url, clip):
    def ask(_):
        return post(toy_url, clip=clip, data={"lyrics": "sleep 0.5"})

    with ThreadPoolExecutor(6) as threads:
        responses = list(threads.map(ask, range(6)))
    busy = [response for response in responses if response.status_code == 503]
    assert 0 < len(busy) < 6
    for response in busy:
        refusal(response)
        assert int(response.headers["retry-after"]) > 0
    assert {r.status_code for r in responses} == {200, 503}


def test_a_crash_of_the_decoder_costs_one_answer(toy_url, clip):
    assert refusal(post(toy_url, clip=clip, data={"lyrics": "die"}))[0] == 422
    response = post(toy_url, clip=clip, data={"lyrics": "say hello"})
    assert response.json() == {"emotion": "got hello", "n_bytes": len(clip)}


def test_an_error_inside_tells_the_client_nothing(toy_url, clip):
    status, message = refusal(post(toy_url, clip=clip, data={"lyrics": "fail secret"}))
    assert status == 500
    assert "secret" not in message


def test_a_folder_that_is_no_bundle_is_an_error_at_the_start(tmp_path):
    with pytest.raises(Exception, match=r"student\.onnx"):
        service.create_app(tmp_path)


def test_tells_what_it_knows(url, served):
    about = httpx.get(f"{url}/about").json()
    assert about["classes"] == served.model.classes_.tolist()
    assert tuple(about["culture"]) == CULTURE
    assert about["limits"] == dataclasses.asdict(LIMITS)
    schema = httpx.get(f"{url}/openapi.json").json()
    body = schema["paths"]["/predict"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert set(body["schema"]["properties"]) == {"clip", "lyrics", *CULTURE}


@pytest.mark.parametrize(("method", "path"), [("GET", "predict"), ("POST", ""), ("GET", "docs")])
def test_there_is_nothing_else(url, method, path):
    assert httpx.request(method, f"{url}/{path}").status_code in (404, 405)


def test_the_page_is_whole(url):
    """It loads nothing from elsewhere and says so to the browser."""
    response = httpx.get(url)
    assert response.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    page = response.text
    assert re.findall(r"https?://[^\"\s]+", page) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<(script|link|img|iframe)\b[^>]*(src|href)", page)
    assert "innerHTML" not in page


def test_the_page_is_accessible():
    page = service.PAGE.read_text("utf8")
    assert '<html lang="en">' in page
    assert "width=device-width" in page
    for field in re.findall(r'<(?:input|textarea) id="(\w+)"', page):
        assert f'<label for="{field}">' in page
    assert 'role: "img"' in page
    assert '"aria-label": inWords()' in page
    assert '<p id="problem" role="alert">' in page
