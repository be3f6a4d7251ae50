"""A checkpoint made into a folder that the consumer loads."""

import consumer.scoring  # noqa: F401 - before NNCF and OpenVINO are imported: nothing is told to their makers
