"""Scoring: word-piece ids → logits. The only room that knows a model runtime."""

import sys

# OpenVINO tells its makers over the network that it was imported, and keeps a file in the home folder for it,
# where it finds this package. Where it does not, it has a stub for it; so does NNCF.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type] # None is how Python says "not there"
