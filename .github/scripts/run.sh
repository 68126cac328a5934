#!/usr/bin/env bash
# WHAT: repro, experiment or queue; TARGETS: stages; SETTINGS: overrides (key=value); PROFILE: laid
# over params.yaml first. Stages that an earlier run had finished come out of DVC's run cache.
set -euo pipefail
wrong() { echo "::error::$*"; exit 2; }

what=${WHAT:-repro}
if [[ " ${TARGETS:-} ${SETTINGS:-}" == *" -"* ]]; then
  wrong "targets are names of stages, settings are key=value: no options"
fi
read -ra targets <<< "${TARGETS:-}"
read -ra settings <<< "${SETTINGS:-}"
if [ "$what" = repro ] && [ ${#settings[@]} -gt 0 ]; then
  wrong "settings belong to an experiment or a queue, not to repro"
fi
words=(${targets[@]+"${targets[@]}"})
for one in ${settings[@]+"${settings[@]}"}; do words+=("--set-param=$one"); done
# outputs of a run that dvc.lock does not know yet
if dvc remote default > /dev/null; then words+=(--pull); fi
if [ -n "${PROFILE:-}" ]; then podium profile "$PROFILE"; fi

case $what in
  repro) dvc repro ${words[@]+"${words[@]}"} ;;
  experiment) dvc exp run ${words[@]+"${words[@]}"} ;;
  queue)
    dvc exp run --queue ${words[@]+"${words[@]}"}
    dvc exp run --run-all
    dvc queue status | tee "${RUNNER_TEMP:-/tmp}/queue.txt"
    if grep -qw Failed "${RUNNER_TEMP:-/tmp}/queue.txt"; then wrong "an experiment failed"; fi ;;
  *) wrong "what is repro, experiment or queue, not $what" ;;
esac
