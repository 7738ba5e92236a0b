#!/bin/sh
# venv.sh PYTHON REQUIREMENTS: makes .venv here, with what the file pins and with Waymark itself. `make` calls it.
# An environment that does not work (half made, or of a Python that is gone) is made anew. uv is used where it is on PATH.
set -eu
python=$1
requirements=$2
log=$(mktemp)
trap 'rm -f "$log"' EXIT

fail() {
    cat "$log" >&2
    echo "$1" >&2
    exit 1
}

works() {
    .venv/bin/python -c 'import sys; sys.exit(sys.prefix == sys.base_prefix)' 2>/dev/null || return 1
    [ -n "$uv" ] || .venv/bin/python -m pip --version >/dev/null 2>&1
}

command -v "$python" >/dev/null || fail "Waymark needs Python 3.11 or newer: install it, or say which with make PYTHON=..."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Waymark needs Python 3.11 or newer; $python is older. Say which with make PYTHON=..."
uv=$(command -v uv || true)

echo "Setting up .venv (once; about a minute)"
if ! works; then
    rm -rf .venv
    if [ -n "$uv" ]; then
        uv venv --quiet --python "$python" .venv 2>"$log" || fail "uv could not make .venv."
    elif ! "$python" -m venv .venv >"$log" 2>&1 || ! works; then
        rm -rf .venv
        fail "$python could not make .venv. On Debian and Ubuntu: apt install python3-venv. Or install uv. Then try again."
    fi
fi

install() {
    if [ -n "$uv" ]; then
        uv pip install --quiet --python .venv/bin/python "$@"
    else
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input "$@"
    fi >"$log" 2>&1 || fail "The packages could not be installed."
}

install --require-hashes --requirement "$requirements"
# `compat` puts this folder on the path, so a room that comes with the next `git pull` is found.
install --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .
