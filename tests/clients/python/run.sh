#!/bin/sh
# Runs the story with a Python that has the client's libraries; fetches them on the first run.
#
#   run.sh ADDRESS KEY [STORY'S OPTIONS]     run.sh --install
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${POSTLUDE_PYTHON_CLIENT_VENV:-$here/../../../.tools/python-client}
stamp=$venv/installed-$(cksum < "$here/requirements.txt" | cut -d' ' -f1)

if [ ! -e "$stamp" ]; then
  # A lock, so that two test runs at once don't write one environment together.
  mkdir -p "$(dirname "$venv")"
  exec 9>"$venv.lock"
  flock 9
  if [ ! -e "$stamp" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    touch "$stamp"
  fi
  exec 9>&-
fi
[ "${1:-}" = --install ] && exit 0
export PYTHONDONTWRITEBYTECODE=1
exec "$venv/bin/python" "$here/story.py" "$@"
