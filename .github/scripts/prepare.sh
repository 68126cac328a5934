#!/usr/bin/env bash
# What outlives a run: DVC's cache and work in progress, on the runner's own disk.
# PODIUM_STATE: the folder that holds both; DVC_REMOTE_URL: a remote, if .dvc/config names none.
set -euo pipefail
state=${PODIUM_STATE:-$HOME/.cache/podium-runner}
mkdir -p "$state/dvc" "$state/scratch"
dvc config --local cache.dir "$state/dvc"
echo "PODIUM_SCRATCH=$state/scratch" >> "${GITHUB_ENV:-/dev/stdout}"
if [ -n "${DVC_REMOTE_URL:-}" ]; then
  dvc remote add --quiet --local --force --default runner "$DVC_REMOTE_URL"
fi
# DVC's experiments are commits, and these need an author.
git config user.name > /dev/null || git config --local user.name "github-actions[bot]"
git config user.email > /dev/null ||
  git config --local user.email "41898282+github-actions[bot]@users.noreply.github.com"
