#!/bin/sh
# Makes the environment in which the reference implementations run, apart from .venv:
#   sh tests/oracles/environment.sh DIR
# DIR/bin/python is its interpreter and DIR/reference holds the references' own code, which is never installed, only put
# on sys.path by the scripts beside this file. BLIP_REPOSITORY names another clone of salesforce/BLIP.
set -eu
dir=${1:?usage: environment.sh DIR}
py=${PYTHON:-python3.11}
[ -x "$dir/bin/python" ] || "$py" -m venv "$dir"
pip="$dir/bin/python -m pip --disable-pip-version-check"
$pip install -q torch==2.13.0
$pip install -q --no-deps torchvision==0.28.0
$pip install -q transformers==4.45.2 regex ftfy einops pandas requests pillow
$pip install -q --no-deps timm==0.6.13 fairscale==0.4.13
mkdir -p "$dir/reference"
for package in image-reward==1.5 hpsv3==1.0.0; do
  $pip download -q --no-deps --dest "$dir/reference/wheels" "$package"
done
for wheel in "$dir"/reference/wheels/*.whl; do
  "$dir/bin/python" -m zipfile -e "$wheel" "$dir/reference"
done
if [ ! -d "$dir/reference/BLIP" ]; then
  git clone -q --no-checkout --depth 1 "${BLIP_REPOSITORY:-https://github.com/salesforce/BLIP}" "$dir/reference/BLIP"
  git -C "$dir/reference/BLIP" checkout -q HEAD -- models configs
fi
