#!/bin/bash
# Instructions that three paths without a network take, against checked-in numbers: benches/instructions.sh [--write]
#
# Counted by callgrind, so that neither other work on the machine nor its speed matters. The same
# compiler, C library and processor features give the same number; 3 % are allowed between machines.
set -euo pipefail
cd "$(dirname "$0")/.."

table=benches/instructions.tsv
if ! command -v valgrind >/dev/null; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "instructions.sh: valgrind is missing: 'apt-get install valgrind' as root installs it" >&2
        exit 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends valgrind >/dev/null
fi
cargo build --release --locked --quiet
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

count() {
    # What the command itself ends with does not matter: the last one is used wrongly.
    # shellcheck disable=SC2086
    { env -i HOME="$work" PATH=/usr/bin:/bin valgrind --tool=callgrind --callgrind-out-file="$work/out" \
        target/release/supactl $1 2>&1 >/dev/null </dev/null || true; } | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

lines=("--version" "storage buckets create --help" "storage buckets create")
if [ "${1-}" = --write ]; then
    for line in "${lines[@]}"; do printf '%s\t%s\n' "$(count "$line")" "$line"; done | tee "$table"
    exit
fi
failed=0
while IFS=$'\t' read -r expected line; do
    found=$(count "$line")
    change=$(awk "BEGIN { printf \"%+.1f\", ($found - $expected) * 100 / $expected }")
    verdict=ok
    if awk "BEGIN { exit !($found > $expected * 1.03) }"; then verdict=MORE; failed=1; fi
    printf '%-6s %12s instructions, %s %% of the %s that are written down: supactl %s\n' "$verdict" "$found" "$change" "$expected" "$line"
done < "$table"
[ $failed = 0 ] || { echo "instructions.sh: more than 3 % more; if that is meant, run benches/instructions.sh --write" >&2; exit 1; }
