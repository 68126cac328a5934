#!/usr/bin/env bash
# What is finished goes to the remote, whether the run went well or not.
set -euo pipefail
if ! dvc remote default > /dev/null; then
  echo "::notice::no DVC remote: what is finished stays in this runner's cache (docs/remotes.md)"
else
  dvc push --run-cache
fi
if [ "${WHAT:-repro}" = queue ]; then
  # DVC sends the experiments' outputs to its remote and their commits here, git sends these on:
  # it can ask gh for the token.
  here=$(mktemp -d)
  git init --quiet --bare "$here"
  dvc exp push "$here"
  git -C "$here" -c credential.helper='!gh auth git-credential' \
    push --quiet "$(git remote get-url origin)" 'refs/exps/*:refs/exps/*'
fi
