#!/bin/sh
# Make the virtual environment. Debian keeps the venv module in a package of its own: install it when it is missing.
set -eu

make_venv() {
    rm -rf "$VENV"
    "$PYTHON" -m venv "$VENV"
}

if ! command -v "$PYTHON" >/dev/null 2>&1 || ! "$PYTHON" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "Python with its venv module is needed: install it, then run make again." >&2
        exit 1
    fi
    if [ "$(id -u)" = 0 ]; then
        as_root=""
    elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
        as_root="sudo"
    else
        echo "The package python3-venv is missing. Run: sudo apt-get install python3-venv  (then make again)" >&2
        exit 1
    fi
    echo "Installing python3-venv ..."
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends python3 python3-venv
fi
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Python 3.11 or later is needed; name it with: make PYTHON=python3.12 ..." >&2
    exit 1
}
make_venv
