#!/bin/sh
# Makes a virtual environment of exact pins, or brings the one that is there up to date.
#
#     requirements/install.sh VENV LEVEL      LEVEL: base, dev (base, tests, checks, docs) or bench (base, tests, datatrove),
#                                           train-test (base, tests, torch, transformers, trl)
#
# Uses uv where it is on the PATH, else venv and pip. PYTHON=... names the interpreter for a new environment.
set -eu
venv=$1
level=$2
cd "$(dirname "$0")/.."

# Measured for Linux x86-64 and Python 3.11: what there is to download, and the environment's size.
case $level in
    base) size="205 MB to download where nothing is cached, 0.8 GB on disk" ;;
    dev) size="260 MB to download where nothing is cached, 1.0 GB on disk" ;;
    bench) size="260 MB to download where nothing is cached, 1.0 GB on disk" ;;
    train-test) size="500 MB to download with a CPU build of torch, 3 GB with a CUDA build" ;;
    *) echo "install.sh: unknown level '$level'; expected base, dev, bench or train-test" >&2; exit 2 ;;
esac

has_uv() { uv --version >/dev/null 2>&1; }

# The path of the first interpreter that really runs and is new enough: a name on the PATH may be a shim without a body.
# Some Linux systems package ensurepip, which venv needs, apart from Python.
find_python() {
    check='import sys; assert (3, 11) <= sys.version_info[:2] < (3, 13); print(sys._base_executable)'
    has_uv || check="import ensurepip, venv; $check"
    for candidate in ${PYTHON:-python3.11 python3.12 python3 python}; do
        "$candidate" -c "$check" 2>/dev/null && return
    done
    return 1
}

# Whole: an interpreter we support, nothing cut off half-way, and an installer for it.
is_whole() {
    [ ! -e "$venv/installing" ] &&
        "$venv/bin/python" -c 'import sys; assert (3, 11) <= sys.version_info[:2] < (3, 13)' 2>/dev/null &&
        { has_uv || "$venv/bin/python" -m pip --version >/dev/null 2>&1; }
}

make_venv() {
    if ! python=$(find_python); then
        if [ -n "${PYTHON:-}" ]; then
            echo "PYTHON=$PYTHON does not run as Python 3.11 or 3.12 with venv and ensurepip; name another one." >&2
            exit 1
        elif has_uv; then
            echo "No Python 3.11 or 3.12 here: uv fetches one (about 30 MB)."
            python=">=3.11,<3.13"
        else
            echo "Found no Python 3.11 or 3.12 with venv and ensurepip (Debian, Ubuntu: apt install python3-venv)." >&2
            echo "Install one, or uv, or name an interpreter: make ... PYTHON=/path/to/python3.11" >&2
            exit 1
        fi
    fi
    echo "Making $venv with $python"
    rm -rf "$venv"
    if has_uv; then uv venv --quiet --python "$python" "$venv"; else "$python" -m venv "$venv"; fi
}

install() {
    if has_uv; then
        uv pip install $quiet --python "$venv/bin/python" "$@"
    else
        "$venv/bin/python" -m pip install $quiet --disable-pip-version-check "$@"
    fi
}

# Progress is for people; logs get the line below alone.
quiet=
[ -t 1 ] || quiet=--quiet

is_whole || make_venv
touch "$venv/installing"
rm -f "$venv"/*.installed

echo "Installing $(grep -c == "requirements/$level.txt") packages from requirements/$level.txt: about $size"
install -r "requirements/$level.txt"
install --no-deps -r requirements/no-deps.txt
install --no-deps --editable .

touch "$venv/base.installed" "$venv/$level.installed"
rm "$venv/installing"
