#!/bin/bash
# A day of use against a sandbox: how many reads the cache answered, and that no answer was stale.
#
#   tests/cache_day.sh [program]
set -euo pipefail
cd "$(dirname "$0")/.."

program=${1:-target/debug/supactl}
[ -x "$program" ] || cargo build --quiet
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SUPACTL_STATE_DIR=$work/state SUPACTL_CACHE_DIR=$work/cache SUPACTL_CONFIG_DIR=$work/config SUPACTL_PROFILE=sandbox
unset CI

# One letter for each read, in a file: what `$(…)` counts, it counts for itself.
read_it() {
    local answer
    answer=$("$program" "$@" -o json)
    case $answer in *'"cached":true'*) printf k ;; *) printf r ;; esac >> "$work/reads"
    printf '%s' "$answer"
}
must_have() { case $2 in *"$1"*) ;; *) echo "cache_day.sh: a stale answer: no $1 in $2" >&2; exit 1 ;; esac; }
must_lack() { case $2 in *"$1"*) echo "cache_day.sh: a stale answer: still $1 in $2" >&2; exit 1 ;; esac; }

# Somebody looks around, changes something now and then, and looks again: what a morning in a project is like.
for round in $(seq 6); do
    for _ in 1 2 3 4; do
        read_it projects list >/dev/null
        read_it projects get >/dev/null
        read_it storage buckets list >/dev/null
        read_it orgs list >/dev/null
        read_it auth providers list >/dev/null
        read_it auth service get >/dev/null
        read_it functions list >/dev/null
        read_it branches list >/dev/null
    done
    "$program" storage buckets create "day-$round" >/dev/null 2>&1
    must_have "day-$round" "$(read_it storage buckets list)"
    "$program" storage buckets update "day-$round" --public >/dev/null 2>&1
    must_have '"public":true' "$(read_it storage buckets get "day-$round")"
    "$program" secrets set "DAY_$round=x" >/dev/null 2>&1
    must_have "DAY_$round" "$(read_it secrets list)"
    "$program" auth service config --set "jwt_exp=$((3600 + round))" --yes --allow-weaker >/dev/null 2>&1
    must_have "$((3600 + round))" "$(read_it auth service get)"
    "$program" storage buckets delete "day-$round" --yes >/dev/null 2>&1
    must_lack "day-$round" "$(read_it storage buckets list)"
done
reads=$(wc -c < "$work/reads") cached=$(tr -cd k < "$work/reads" | wc -c)
echo "cache_day.sh: $cached of $reads reads were answered by the cache: $((cached * 100 / reads)) %; none was stale"
