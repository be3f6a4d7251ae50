"""Scoring over HTTP: what is answered, and what is refused, by a real server with a plain scorer."""

from __future__ import annotations

import http.client
import io
import json
import logging
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from consumer.http.scoring.request import MAX_BODY_BYTES
from consumer.http.scoring.shapes import Prediction, Sentiment
from consumer.label import LabelRule
from consumer.monitoring.logs import configure
from tests.broker.stream import wait_until
from tests.doubles import ConstantScorer, FailingScorer
from tests.http.asking import MAX_TEXTS, Served, served
from tests.monitoring.scraping import scrape, value

PLANTED = "planted private words"
JSON = {"content-type": "application/json"}


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Served]:
    """A server whose scorer likes everything."""
    with served(tmp_path, ConstantScorer()) as web:
        yield web


def test_each_text_has_its_result_in_its_place(web: Served) -> None:
    """The fields are those that `score` prints; the id is the place in the request."""
    answer = web.predict("so good", "great day")
    first, second = answer.json()["results"]
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert [first["id"], second["id"]] == ["0", "1"]
    assert first["text"] == "so good"
    assert first["label"] == "positive"
    assert first["confidence"] == first["probability"] == 0.880797
    assert (first["threshold"], first["truncated"]) == (0.5, False)
    assert first["model"] == {"name": "toy", "version": "1"}
    assert first.keys() == Prediction.model_fields.keys()


def test_a_text_that_cannot_be_labelled_costs_no_other(web: Served) -> None:
    """An error stands in its place: nothing left after cleaning, longer than a record on the topic."""
    empty, good, long = web.predict(" https://example.com ", "good", "x" * 70_000).json()["results"]
    assert (empty["error"], long["error"]) == ("empty_after_cleaning", "too_large")
    assert good["label"] == "positive"
    assert set(empty) == {"error", "message"}


def test_a_text_that_the_scorer_fails_on_costs_no_other(tmp_path: Path) -> None:
    """As in the stream, the guilty one is found; alone, the server owns its fault."""
    with served(tmp_path, FailingScorer({2}, fault=float("nan"))) as web:  # every text: [CLS] comes first
        (entry,) = web.predict("good").json()["results"]
        alone = web.tweet("good")
    assert entry["error"] == "scorer_failed"
    assert (alone.status_code, alone.json()["error"]) == (500, "scorer_failed")


def test_half_an_emoji_is_read_as_on_the_topic(web: Served) -> None:
    """A lone surrogate, as a browser that cuts a string makes them, is cleaned away."""
    answer = web.client.post("/predict", content=b'{"texts": ["good \\ud83d day"]}', headers=JSON)
    assert answer.json()["results"][0]["label"] == "positive"


@pytest.mark.parametrize(
    ("logit", "band", "sentiment", "confidence"),
    [
        (2.0, None, "positive", 0.880797),
        (-2.0, None, "negative", 0.880797),
        (-2.0, (0.1, 0.6), "neutral", 0.880797),
    ],
)
def test_a_front_end_of_the_original_reads_its_two_fields(
    tmp_path: Path, logit: float, band: tuple[float, float] | None, sentiment: str, confidence: float
) -> None:
    """Its confidence is that of the label given, also of a negative one; nothing else is in the answer."""
    with served(tmp_path, ConstantScorer(logit), rule=LabelRule(neutral_band=band)) as web:
        answer = web.tweet("good")
    assert (answer.status_code, answer.json()) == (200, {"sentiment": sentiment, "confidence": confidence})
    assert answer.json().keys() == Sentiment.model_fields.keys()


@pytest.mark.parametrize(
    ("route", "body", "field"),
    [
        ("/predict", b"{}", "texts"),
        ("/predict", b'{"texts": "good"}', "texts"),
        ("/predict", b'{"texts": null}', "texts"),
        ("/predict", b'{"texts": []}', "texts"),
        ("/predict", b'{"texts": ["good", "day", 7]}', "texts[2]"),
        ("/predict", b'{"texts": ["good", ["day"]]}', "texts[1]"),
        ("/predict", b'["good"]', "body"),
        ("/predict", b'{"texts": ["good"', "body"),
        ("/predict", b"\xff\xfe", "body"),
        ("/predict", b"[" * 100_000, "body"),
        ("/predict", b'{"texts": ' + b"9" * 10_000 + b"}", "body"),
        ("/predict", b"", "body"),
        ("/tweet", b"{}", "text"),
        ("/tweet", b'{"text": 7}', "text"),
        ("/tweet", b'{"text": true}', "text"),
        ("/tweet", b'{"text": ""}', "text"),
        ("/tweet", b'{"text": "https://example.com"}', "text"),
    ],
)
def test_what_is_wrong_is_named(web: Served, route: str, body: bytes, field: str) -> None:
    """422, with the field that has to be mended, by name and in the message."""
    answer = web.client.post(route, content=body, headers=JSON)
    told = answer.json()
    assert (answer.status_code, told["field"]) == (422, field)
    assert field in told["message"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_only_json_is_read(web: Served, kind: str) -> None:
    """So that no page can make a browser send it without being asked first."""
    headers = {"content-type": kind} if kind else {}
    answer = web.client.post("/tweet", content=b'{"text": "good"}', headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (415, "not_json")


def test_too_many_texts_are_refused(web: Served) -> None:
    """413 with the limit; as many as that are taken."""
    assert web.predict(*["good"] * MAX_TEXTS).status_code == 200
    answer = web.predict(*["good"] * (MAX_TEXTS + 1))
    assert (answer.status_code, answer.json()["error"]) == (413, "too_many_texts")
    assert str(MAX_TEXTS) in answer.json()["message"]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_told_so(web: Served, chunked: bool) -> None:  # noqa: FBT001 - a parameter
    """413, whether its length is declared or not; its sender hears it, and the connection goes on."""
    body = b'{"text": "' + b"x" * MAX_BODY_BYTES + b'"}'
    answer = web.client.post("/tweet", content=iter([body]) if chunked else body, headers=JSON)
    assert (answer.status_code, answer.json()["error"]) == (413, "body_too_large")
    assert web.tweet("good").status_code == 200


@pytest.mark.parametrize("kind", ["application/json ; charset=utf-8", "Application/JSON"])
def test_json_may_be_named_as_the_standard_allows(web: Served, kind: str) -> None:
    """In any case of letters, with a charset."""
    answer = web.client.post("/tweet", content=b'{"text": "good"}', headers={"content-type": kind})
    assert answer.status_code == 200


@pytest.mark.parametrize(("size", "status"), [(8_000_000, b"413"), (99999999999999999999999, b"400")])
def test_a_body_that_says_it_is_huge_is_not_waited_for(web: Served, size: int, status: bytes) -> None:
    """Its head is enough to refuse it."""
    with socket.create_connection(("127.0.0.1", web.server.port), timeout=60) as client:
        client.sendall(
            b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n" % size
        )
        assert client.recv(100).split(b" ")[1] == status


def test_a_single_text_that_is_too_large_is_refused(web: Served) -> None:
    """413: more than a record on the topic may have."""
    answer = web.tweet("x" * 70_000)
    assert (answer.status_code, answer.json()["error"], answer.json()["field"]) == (413, "too_large", "text")


def test_without_origins_no_page_may_ask(web: Served) -> None:
    """Off by default."""
    answer = web.client.post("/tweet", json={"text": "good"}, headers={"origin": "https://app.example.com"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("origins", [["https://app.example.com"], ["*"]])
def test_pages_of_an_origin_that_is_set_may_ask(tmp_path: Path, origins: list[str]) -> None:
    """The browser's question is answered, and so is the request; other origins are not named."""
    asks = {
        "origin": "https://app.example.com",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    with served(tmp_path, ConstantScorer(), origins=origins) as web:
        before = web.client.options("/tweet", headers=asks)
        answer = web.client.post("/tweet", json={"text": "good"}, headers={"origin": asks["origin"]})
        other = web.client.post("/tweet", json={"text": "good"}, headers={"origin": "https://example.org"})
    allowed = "*" if origins == ["*"] else "https://app.example.com"
    assert (before.status_code, before.headers["access-control-allow-origin"]) == (200, allowed)
    assert answer.headers["access-control-allow-origin"] == allowed
    assert answer.headers["access-control-expose-headers"] == "retry-after"  # or a page would not see it
    assert (other.headers.get("access-control-allow-origin") == "*") == (origins == ["*"])


def test_requests_are_counted_and_are_none_of_the_streams(web: Served) -> None:
    """By route, status and seconds; no number of the stream, no histogram of scores moves by them."""
    before = scrape(web.metrics)
    web.predict("good", "")
    web.tweet("good")
    web.tweet(7)
    web.client.get("/nothing/planted")
    last = ("sentiment_http_requests_total", (("route", "other"), ("status", "404")))
    wait_until(lambda: last in scrape(web.metrics), "the last is counted, which is after its answer")
    found = scrape(web.metrics)
    moved = {name for (name, labels), number in found.items() if before.get((name, labels), 0.0) != number}
    assert {name for name in moved if not name.startswith("sentiment_http_")} == set()
    assert value(found, "sentiment_http_requests_total", route="/predict", status="200") == 1
    assert value(found, "sentiment_http_requests_total", route="/tweet", status="200") == 1
    assert value(found, "sentiment_http_requests_total", route="/tweet", status="422") == 1
    assert value(found, "sentiment_http_requests_total", route="other", status="404") == 1
    assert value(found, "sentiment_http_request_duration_seconds_count", route="/tweet") == 2
    assert value(found, "sentiment_http_texts_total", outcome="scored") == 2
    assert value(found, "sentiment_http_texts_total", outcome="failed") == 1


def test_texts_are_never_in_logs_or_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At DEBUG: good ones, refused ones, those that make the scorer or the server itself fail."""

    def fail(*_arguments: object) -> None:
        raise RuntimeError(f"cannot judge {PLANTED}")

    before = logging.getLogger().handlers[:], logging.getLogger().level
    written = io.StringIO()
    configure("DEBUG", "json", written)
    try:
        with served(tmp_path, FailingScorer({2}, RuntimeError(PLANTED))) as web:
            web.predict(PLANTED)
            web.client.post("/tweet", content=f'{{"text": ["{PLANTED}"'.encode(), headers=JSON)
            web.client.post(f"/{PLANTED}", json={PLANTED: PLANTED})
            monkeypatch.setattr("consumer.http.scoring.desk.label", fail)
            assert web.tweet(PLANTED).json()["error"] == "scorer_failed"
            monkeypatch.setattr("consumer.http.scoring.desk.prepare", fail)
            assert web.tweet(PLANTED).status_code == 500
            told = web.metrics.render()[0].decode()
    finally:
        logging.basicConfig(handlers=before[0], level=before[1], force=True)
    events = [json.loads(line)["event"] for line in written.getvalue().splitlines()]
    assert "http_scoring_failed" in events
    assert PLANTED not in written.getvalue() + told
    assert "planted" not in told


def test_who_hangs_up_in_the_middle_is_no_error(tmp_path: Path) -> None:
    """The log stays quiet, the next one is served."""
    written = io.StringIO()
    before = logging.getLogger().handlers[:], logging.getLogger().level
    configure("INFO", "json", written)
    try:
        with served(tmp_path, ConstantScorer()) as web:
            with socket.create_connection(("127.0.0.1", web.server.port), timeout=60) as client:
                client.sendall(
                    b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
                    b'content-length: 100\r\n\r\n{"texts"'
                )
            assert web.tweet("good").status_code == 200
    finally:
        logging.basicConfig(handlers=before[0], level=before[1], force=True)
    said = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [one for one in said if not one["logger"].startswith("kafka.")] == []  # of earlier tests


def test_results_without_text_where_they_are_to_be_anonymous(tmp_path: Path) -> None:
    """OUTPUT_INCLUDE_TEXT=false counts here, too."""
    with served(tmp_path, ConstantScorer(), opened=False) as web:
        web.desk.open(replace(web.means, style=replace(web.means.style, include_text=False)))
        (body,) = web.predict("good").json()["results"]
    assert "text" not in body


def test_the_document_names_all_that_may_happen(web: Served) -> None:
    """Programs are generated from it: what is taken, every status, and when to come again."""
    document: dict[str, Any] = web.client.get("/openapi.json").json()
    for path, more in (("/predict", set[str]()), ("/tweet", {"500"})):
        route = document["paths"][path]["post"]
        assert set(route["responses"]) == {"200", "413", "415", "422", "429", "503"} | more
        assert "Retry-After" in route["responses"]["429"]["headers"]
        assert "application/json" in route["requestBody"]["content"]
    texts = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert texts["properties"]["texts"]["maxItems"] == MAX_TEXTS


def test_a_get_is_told_what_to_do(web: Served) -> None:
    """A person who opens it in a browser is not shown an error of ours."""
    answer: httpx.Response = web.client.get("/predict")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_an_answer_does_not_wait_for_the_clients_acknowledgement(web: Served) -> None:
    """On a kept connection head and body go out at once: the system would hold the body back for 40 ms."""
    client = http.client.HTTPConnection("127.0.0.1", web.server.port, timeout=60)
    seconds = []
    for _ in range(60):
        began = time.perf_counter()
        client.request("POST", "/tweet", b'{"text": "good"}', JSON)
        client.getresponse().read()
        seconds.append(time.perf_counter() - began)
    client.close()
    assert min(seconds[30:]) < 0.035, seconds
