#!/usr/bin/env bash
# dvc.lock, metrics and changed settings to the pull request's branch (HEAD_REF); without one, or
# where the run (OUTCOME) failed half-way, to gpu/<run>: a run of that branch goes on from there.
set -euo pipefail
own=gpu/${GITHUB_RUN_ID:-by-hand}
push() { git -c credential.helper='!gh auth git-credential' push --quiet origin "HEAD:refs/heads/$1"; }

git add --ignore-removal -- dvc.lock metrics params.yaml # a failed stage has lost its metrics
if git diff --cached --quiet; then
  echo "::notice::dvc.lock, metrics and params.yaml are as they were: nothing to commit"
  exit 0
fi
git commit --quiet --message "${WHAT:-repro} on a GPU, run ${GITHUB_RUN_ID:-by hand}: ${OUTCOME:-success}"
branch=$own
if [ "${OUTCOME:-success}" = success ]; then branch=${HEAD_REF:-$own}; fi
if ! push "$branch"; then
  if [ "$branch" = "$own" ]; then exit 1; fi
  echo "::notice::$branch has moved on meanwhile"
  branch=$own
  push "$branch"
fi
echo "::notice::dvc.lock and metrics are on $branch"
