#!/bin/sh
# Makes .venv with the wanted extras ("" for none): scripts/setup.sh dev,models
# Does nothing when the last set-up used the same pyproject, constraints and extras.
set -eu
extras=${1:-}
py=${PYTHON:-python3}
"$py" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "fauve needs Python 3.11 or newer; $py is $("$py" --version 2>&1). Set PYTHON=/path/to/python3.11" >&2
  exit 1
}
want=$(cat pyproject.toml constraints.txt scripts/setup.sh | cksum | cut -d' ' -f1)
stamp=".venv/.fauve-$(echo "base,$extras" | tr ',' '-')"
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && exit 0
[ -x .venv/bin/python ] || "$py" -m venv .venv
[ -x .venv/bin/uv ] || .venv/bin/python -m pip install -qq --disable-pip-version-check uv
# uv does not read pip's find-links setting: hand it over (empty on an ordinary machine).
links=${UV_FIND_LINKS:-${PIP_FIND_LINKS:-$("$py" -m pip config get global.find-links 2>/dev/null || true)}}
[ -z "$links" ] || export UV_FIND_LINKS="$links"
target="."
[ -z "$extras" ] || target=".[$extras]"
.venv/bin/uv pip install -q --compile-bytecode --python .venv/bin/python -c constraints.txt -e "$target"
echo "$want" > "$stamp"
