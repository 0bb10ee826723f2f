#!/bin/sh
# Runs every reference on its seeded inputs, small sizes, and writes their scores:
#   sh tests/oracles/scores.sh DIR SCORES
# DIR is what environment.sh made. To renew what the tests keep: SCORES = tests/models/scorers/golden.
set -eu
dir=${1:?usage: scores.sh DIR SCORES} scores=${2:?usage: scores.sh DIR SCORES}
mkdir -p "$scores"
# The stored scores are those of a CPU; warnings are of the references' own old code.
export CUDA_VISIBLE_DEVICES= HF_HUB_OFFLINE=1 PYTHONWARNINGS=ignore OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
run() {
  echo "  $1 $2" >&2
  module=$1 name=$2
  shift 2
  "$dir/bin/python" -m "tests.oracles.$module" "$dir" "$@" "$scores/$name.json"
}
run blip_family imagereward imagereward
run blip_family blip-salesforce blip-salesforce
run blip_family blip-transformers blip-transformers
run hpsv2 hpsv2
run mps mps --checkpoint "$dir/MPS_overall_checkpoint.pth"
run hpsv3 hpsv3
