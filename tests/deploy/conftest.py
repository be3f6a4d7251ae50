"""A Docker for the tests that build and run the images."""

from __future__ import annotations

import pytest

from tests.broker.container import why_no_docker
from tests.deploy.dockers import BASE, docker
from tests.not_run import not_run


@pytest.fixture(scope="module")
def engine(pytestconfig: pytest.Config) -> None:
    """One that can be used, and that has the base image or can fetch it."""
    if reason := why_no_docker():
        not_run(pytestconfig, reason)
    if not docker("images", "--quiet", BASE) and docker("pull", "--quiet", BASE, check=False) == "":
        not_run(pytestconfig, f"the image {BASE} is not to be had")
