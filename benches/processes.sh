#!/bin/bash
# Whole processes, from spawn to exit: supactl beside the programs that people compare it with.
#
#   benches/processes.sh [RUNS [all]]   medians of so many runs (21), and the ratio to supactl; with
#                                       "all" also long lists in each format and a million rows of logs
#
# Takes the release build, and of the others what it finds: the official CLI (`npm install supabase` in a
# folder named by SUPABASE_CLI_DIR, or on the PATH), gh, curl. Everything is asked of a sandbox on this machine.
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-21}
cargo build --release --locked --quiet
supactl=$PWD/target/release/supactl
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT

home=$HOME   # where cargo looks for the compiler
export HOME=$work SUPACTL_CONFIG_DIR=$work/config SUPACTL_CACHE_DIR=$work/cache SUPACTL_STATE_DIR=$work/state
export SUPABASE_TELEMETRY_DISABLED=1 DO_NOT_TRACK=1 SUPABASE_NO_UPDATE_NOTIFIER=1 SUPABASE_NO_KEYRING=1
unset CI SUPACTL_PROFILE

"$supactl" sandbox serve -o ndjson > "$work/sandbox" 2>/dev/null &
until [ -s "$work/sandbox" ]; do kill -0 $!; sleep 0.05; done
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$work/sandbox"; }
export SUPACTL_API_URL=$(field api_url) SUPABASE_ACCESS_TOKEN=$(field access_token)

# Milliseconds of one run, from the clock of the shell, and the median of many.
once() {
    local before=$EPOCHREALTIME after
    "$@" >/dev/null 2>&1 </dev/null || { echo "this failed: $*" >&2; exit 1; }
    after=$EPOCHREALTIME
    echo $((${after/./} - ${before/./}))
}
median() {
    for _ in $(seq "$runs"); do once "$@"; done | sort -n | sed -n "$(((runs + 1) / 2))p"
}
peak() { [ -x /usr/bin/time ] && /usr/bin/time -f %M "$@" 2>&1 >/dev/null </dev/null | tail -n 1 || echo; }

ours=0
row() {
    local name=$1 took
    shift
    took=$(median "$@")
    [ "$ours" = 0 ] && ours=$took
    printf '%-44s %8s ms %7s times %8s KB\n' "$name" "$(printf '%d.%03d' $((took / 1000)) $((took % 1000)))" \
        "$(awk "BEGIN { printf \"%.1f\", $took / $ours }")" "$(peak "$@")"
}

official=
for candidate in "${SUPABASE_CLI_DIR:-}"/node_modules/@supabase/cli-*/bin/supabase "$(command -v supabase || true)"; do
    if [ -x "$candidate" ]; then official=$candidate; break; fi
done

# Of the program as it is released: what benchmarks are built with asks some libraries for more.
size=$(wc -c < "$supactl")
echo "$runs runs each, medians; peak of resident memory; the program has $size bytes, of at most 10,000,000"
echo "-- start"
row 'supactl --version' "$supactl" --version
[ -z "$official" ] || row 'supabase --version' "$official" --version
! command -v gh >/dev/null || row 'gh --version' gh --version
echo "-- one request: the list of projects"
ours=0
row 'supactl projects list --no-cache' "$supactl" projects list --no-cache
row 'supactl projects list (cached answer)' "$supactl" projects list
! command -v curl >/dev/null || row 'curl for the same' curl -sf -H "authorization: Bearer $SUPABASE_ACCESS_TOKEN" "$SUPACTL_API_URL/v1/projects"
if [ -n "$official" ]; then
    printf 'name: bench\napi_url: %s\ndashboard_url: %s\nproject_host: localhost\n' "$SUPACTL_API_URL" "$SUPACTL_API_URL" > "$work/profile.yaml"
    SUPABASE_PROFILE=$work/profile.yaml row 'supabase projects list' "$official" projects list
fi
echo "-- 100 requests, one after the other; 10 at once"
hundred() { for _ in $(seq 100); do "$supactl" projects list --no-cache -q >/dev/null; done; }
ten() { for _ in $(seq 10); do "$supactl" projects list --no-cache -q >/dev/null & done; wait $(jobs -p | tail -n +2); }
for what in hundred ten; do
    before=$EPOCHREALTIME
    $what
    after=$EPOCHREALTIME
    printf '%-44s %8d ms\n' "$what" $(((${after/./} - ${before/./}) / 1000))
done
echo "-- --help of every command: the slowest"
sed -n 's/^## supactl //p' docs/commands.md | while read -r words; do
    # shellcheck disable=SC2086
    echo "$(runs=5 median "$supactl" $words --help) $words"
done | sort -rn | head -3 | while read -r took words; do
    printf '%-44s %8s ms\n' "$words --help" "$(printf '%d.%03d' $((took / 1000)) $((took % 1000)))"
done
if [ "${2-}" = all ]; then
    for bench in request logs; do HOME=$home cargo bench --locked --quiet --bench "$bench"; done
fi
[ "$size" -le 10000000 ] || { echo "processes.sh: the program is larger than 10 MB" >&2; exit 1; }
