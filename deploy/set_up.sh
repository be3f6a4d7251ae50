#!/bin/sh
# Makes .venv in the checkout: `sh deploy/set_up.sh light` for what the stream and the demo run on
# (no TensorFlow), `full` for training, tests and the tools of development as well.
# PYTHON=/path/to/python chooses the interpreter. The Makefile calls this only when a pin has changed,
# so a second run needs no network.
set -eu

fail() {
    echo "set-up: $*" >&2
    exit 2
}

say() { echo "set-up: $*"; }

# 0 when the command runs a Python this project is tested on.
is_suitable() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

# 0 when that Python can make an environment with pip in it (Debian ships both apart).
has_venv() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

# Prints the newest suitable Python on the path; a name that is there may still not run (version managers).
find_python() {
    without_venv=
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
        is_suitable "$candidate" || continue
        if has_venv "$candidate"; then
            echo "$candidate"
            return
        fi
        without_venv=${without_venv:-$candidate}
    done
    if [ -n "$without_venv" ]; then
        fail "$without_venv has no venv module; install it (Debian, Ubuntu: apt-get install python3-venv)"
    fi
    found=$("${PYTHON:-python3}" --version 2>&1) || found="none"
    fail "Python 3.11, 3.12 or 3.13 is needed, found: $found; PYTHON=/path/to/python chooses one"
}

# 0 when pip is told of an index or proxy of its own, which uv would not know of.
pip_is_directed() {
    .venv/bin/python -m pip config list 2>/dev/null | grep -qE 'index-url|no-index|proxy'
}

with_uv() {
    ! pip_is_directed || return 1
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -c requirements.txt uv || return 1
    .venv/bin/python -m uv pip install --quiet --python .venv/bin/python --compile-bytecode \
        -c requirements.txt -e ".[$1]"
}

with_pip() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -c requirements.txt -e ".[$1]"
}

# 0 when what is installed was installed from these very pins.
same_pins() {
    for stamp in $ready; do
        [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] || return 1
    done
}

cd "$(dirname "$0")/.."
if [ "${1:-}" = probe ]; then # is there a Python to start from?
    find_python
    exit
fi
case "${1:-}" in
    light) extra=broker ready=".venv/.demo-ready" what="the light set, no TensorFlow: about 600 MB on disk" ;;
    full) extra=dev ready=".venv/.demo-ready .venv/.all-ready" what="everything, TensorFlow included: about 3 GB on disk" ;;
    *) fail "usage: deploy/set_up.sh light|full|probe" ;;
esac

if ! is_suitable .venv/bin/python || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    python=$(find_python)
    say "making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv || fail "$python could not make .venv; its own words stand above"
fi
# Files that are newer but say the same (another checkout, a changed branch) need no installation.
wanted=$(cat pyproject.toml requirements.txt | cksum)
if same_pins; then
    # shellcheck disable=SC2086  # a list of stamps
    touch $ready
    exit
fi
say "installing $what"
with_uv "$extra" || {
    say "installing with pip alone"
    with_pip "$extra" || fail "could not install; is the network there? The cause stands above"
}
for stamp in $ready; do echo "$wanted" >"$stamp"; done
