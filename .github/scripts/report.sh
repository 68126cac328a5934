#!/usr/bin/env bash
# report.md: what the run changed against BASE; its pictures go to the branch gpu-plots.
set -euo pipefail
temp=${RUNNER_TEMP:-$(mktemp -d)}
report=$temp/report.md
branch=gpu-plots

rows() { # the head of a table: a comment holds 65,536 characters
  "$@" > "$temp/table.md"
  echo && sed -n 1,120p "$temp/table.md" && echo
  if [ "$(wc -l < "$temp/table.md")" -gt 120 ]; then echo "... cut: \`$*\`"; fi
}

pictures() { # the commit that holds the run's pictures, pushed
  local tree parent commit
  tree=$(cd "$temp/plots/static" && for one in workspace_*.png; do
    printf '100644 blob %s\t%s\n' "$(git -C "$OLDPWD" hash-object -w "$PWD/$one")" "$one"
  done | git -C "$OLDPWD" mktree)
  parent=$(git rev-parse --quiet --verify "refs/remotes/origin/$branch" || true)
  commit=$(git commit-tree "$tree" ${parent:+-p "$parent"} -m "run ${GITHUB_RUN_ID:-by hand}")
  git -c credential.helper='!gh auth git-credential' \
    push --quiet origin "$commit:refs/heads/$branch" && echo "$commit"
}

{
  echo "### ${WHAT:-repro} on a GPU: ${BASE:0:9} against $(git rev-parse --short=9 HEAD)"
  rows dvc metrics diff --md --precision 4 "$BASE"
  rows dvc params diff --md "$BASE"
  if [ "${WHAT:-repro}" = queue ]; then rows dvc exp show --md --only-changed --precision 4; fi
} > "$report"
dvc plots diff --quiet --out "$temp/plots" "$BASE" || echo "::notice::no plots"
if compgen -G "$temp/plots/static/workspace_*.png" > /dev/null && commit=$(pictures); then
  for one in "$temp"/plots/static/workspace_*.png; do
    name=${one##*/}
    echo "![$name](${GITHUB_SERVER_URL:-}/${GITHUB_REPOSITORY:-}/blob/$commit/$name?raw=true)"
  done >> "$report"
fi
cat "$report" >> "${GITHUB_STEP_SUMMARY:-/dev/stdout}"
