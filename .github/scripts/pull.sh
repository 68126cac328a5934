#!/usr/bin/env bash
# Outputs that dvc.lock names and finished runs of others, as far as the remote has them.
set -euo pipefail
if ! dvc remote default > /dev/null; then
  echo "::notice::no DVC remote: only this runner's own cache is used (docs/remotes.md)"
elif ! dvc pull --quiet --run-cache; then
  echo "::notice::the remote lacks some of what dvc.lock names: those stages run again"
fi
