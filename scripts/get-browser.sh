#!/bin/sh
# A Chromium for the browser tests: Debian's where packages can be installed, Playwright's own elsewhere.
# usage: get-browser.sh PYTHON
set -eu

if command -v chromium >/dev/null 2>&1 || [ -n "${KALE_LITE_CHROMIUM:-}" ]; then
    exit 0
fi
as_root=""
if [ "$(id -u)" != 0 ]; then
    as_root="sudo"
fi
if command -v apt-get >/dev/null 2>&1 && { [ -z "$as_root" ] || sudo -n true 2>/dev/null; }; then
    echo "Installing chromium ..."
    $as_root apt-get update -qq
    if DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; then
        exit 0
    fi
    echo "Debian's chromium could not be installed: trying Playwright's own." >&2
fi
exec "$1" -m playwright install chromium
