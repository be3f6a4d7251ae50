"""The page at the root: where to look, in plain HTML without outside assets."""

from __future__ import annotations

from typing import Final

PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Tweet sentiment consumer</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 40rem; padding: 0 1rem }
</style>
</head>
<body>
<main>
<h1>Tweet sentiment consumer</h1>
<ul>
<li><a href="livez">livez</a>: does the loop turn?</li>
<li><a href="readyz">readyz</a>: can this replica do its work?</li>
<li><a href="metrics">metrics</a>: the numbers, for Prometheus</li>
<li><a href="openapi.json">openapi.json</a>: this interface, for programs</li>
</ul>
</main>
</body>
</html>
"""
