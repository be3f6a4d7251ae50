"""The AsyncAPI document, held to the AsyncAPI project's own parser."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from consumer.contract.asyncapi import document
from consumer.contract.terms import Terms
from consumer.parse import Places
from docs.generate import ASYNCAPI
from tests.imports import ROOT
from tests.not_run import not_run

Judge = Callable[[dict[str, Any]], tuple[bool, list[dict[str, Any]]]]
PARSER = "@asyncapi/parser@3.6.6"
HERE = ROOT / ".cache" / "asyncapi"
INSTALL_SECONDS = 280.0
# What the parser would like better: the newest version of the standard.
NEWER = "asyncapi-latest-version"
pytestmark = [pytest.mark.needs_tool("node", "npm"), pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def judge(pytestconfig: pytest.Config) -> Judge:
    """Whether the parser reads a document, and what it has against it."""
    if not (HERE / "node_modules" / "@asyncapi" / "parser").is_dir():
        _install(pytestconfig)

    def ask(body: dict[str, Any]) -> tuple[bool, list[dict[str, Any]]]:
        done = subprocess.run(
            ["node", str(Path(__file__).with_name("validate.mjs")), str(HERE)],
            input=json.dumps(body),
            capture_output=True,
            text=True,
            check=True,
        )
        told = json.loads(done.stdout)
        return told["parsed"], [one for one in told["diagnostics"] if one["code"] != NEWER]

    return ask


def _install(config: pytest.Config) -> None:
    fresh = HERE.with_name("asyncapi.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    done = subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(fresh), PARSER],
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    if done.returncode:
        not_run(config, f"npm could not install {PARSER}")
    shutil.rmtree(HERE, ignore_errors=True)
    fresh.rename(HERE)


def test_the_document_under_docs_is_valid(judge: Judge) -> None:
    """Without an error, and without a warning."""
    assert judge(json.loads(ASYNCAPI.read_text("utf-8"))) == (True, [])


@pytest.mark.parametrize(
    "terms",
    [
        Terms(servers=("one:9093", "two:9093"), protocol="SASL_SSL", mechanism="SCRAM-SHA-512"),
        Terms(protocol="SASL_PLAINTEXT", mechanism="PLAIN", input_topic="Posts_of.all-kinds"),
        Terms(protocol="SSL", input_format="text"),
        Terms(places=Places(id=("meta", "0", "uuid"), text=("payload", "body"))),
    ],
    ids=["scram", "plain", "text", "pointers"],
)
def test_so_is_one_of_other_settings(judge: Judge, terms: Terms) -> None:
    """Secured brokers, other topics, other inputs."""
    assert judge(document(terms)) == (True, [])


def _without_address(body: dict[str, Any]) -> None:
    body["channels"]["tweets"]["address"] = 5


def _unknown_channel(body: dict[str, Any]) -> None:
    body["operations"]["sendResult"]["channel"]["$ref"] = "#/channels/nowhere"


def _bad_schema(body: dict[str, Any]) -> None:
    body["components"]["schemas"]["Result"]["type"] = "thing"


@pytest.mark.parametrize("spoil", [_without_address, _unknown_channel, _bad_schema])
def test_the_parser_would_say_what_is_wrong(judge: Judge, spoil: Callable[[dict[str, Any]], None]) -> None:
    """A fault of the document does not pass unseen."""
    body = copy.deepcopy(document(Terms()))
    spoil(body)
    assert judge(body)[1]
