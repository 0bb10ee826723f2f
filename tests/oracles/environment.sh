#!/bin/sh
# Makes, from nothing and in one go, the environment in which the reference implementations run, apart from .venv:
#   sh tests/oracles/environment.sh DIR
# DIR/bin/python is its interpreter; DIR/reference holds the references' own code, which is never on the interpreter's
# path, only put there by the scripts beside this file. A second call does nothing.
#
# Two references are no packages. They are cloned at a fixed commit; BLIP_REPOSITORY and MPS_REPOSITORY name other
# clones of them, a local folder included, where the usual address is not to be reached.
set -eu
dir=${1:?usage: environment.sh DIR}
py=${PYTHON:-python3.11}
"$py" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
  echo "the references run on Python 3.11; $py is $("$py" --version 2>&1). Set PYTHON=/path/to/python3.11" >&2
  exit 1
}
want=$(cksum < "$0" | cut -d' ' -f1)
stamp="$dir/.made"
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$want" ] && exit 0

[ -x "$dir/bin/python" ] || "$py" -m venv "$dir"
[ -x "$dir/bin/uv" ] || "$dir/bin/python" -m pip install -qq --disable-pip-version-check uv
# uv does not read pip's find-links setting: hand it over (empty on an ordinary machine).
links=${UV_FIND_LINKS:-${PIP_FIND_LINKS:-$("$py" -m pip config get global.find-links 2>/dev/null || true)}}
[ -z "$links" ] || export UV_FIND_LINKS="$links"
install() { "$dir/bin/uv" pip install -q --python "$dir/bin/python" "$@"; }

install torch==2.13.0 transformers==4.45.2 tokenizers==0.20.3 numpy==2.4.6 pillow==13.0.0 regex ftfy einops pandas requests
install --no-deps torchvision==0.28.0 timm==0.6.13 fairscale==0.4.13

# Unpacked, not installed: each would bring its own pins.
install --no-deps --target "$dir/reference" image-reward==1.5 hpsv2x==1.2.0 hpsv3==1.0.0

# clone NAME ADDRESS COMMIT FOLDERS...
clone() {
  place="$dir/reference/$1" address=$2 commit=$3
  shift 3
  [ -f "$place/.git/HEAD" ] || git clone -q --no-checkout --filter=blob:none "$address" "$place" || {
    echo "cannot clone $address: name another clone with BLIP_REPOSITORY or MPS_REPOSITORY" >&2
    exit 1
  }
  git -C "$place" checkout -q "$commit" -- "$@"
}
clone BLIP "${BLIP_REPOSITORY:-https://github.com/salesforce/BLIP}" \
  056a169437371659074aa2732649d5de3bffb4a8 models configs
clone MPS "${MPS_REPOSITORY:-https://github.com/Kwai-Kolors/MPS}" \
  be9027f3e9097a4a8b1e0be5991d0096aa8abc4b trainer eval_overall_mps_on_imagereward.py
echo "$want" > "$stamp"
