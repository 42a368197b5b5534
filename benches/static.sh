#!/bin/bash
# A build for Linux that needs no library of the machine, tried where there is none: benches/static.sh
#
# As root it runs the program in an empty chroot; otherwise it only checks that nothing is loaded.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$(rustc -vV | sed -n 's/^host: //p')
RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked --quiet --target "$target" --target-dir target/static
program=target/static/$target/release/supactl
if ldd "$program" 2>&1 | grep -q '=>'; then
    echo "static.sh: the program loads libraries:" >&2
    ldd "$program" >&2
    exit 1
fi
ls -l "$program"
if [ "$(id -u)" != 0 ]; then
    echo "static.sh: nothing is loaded; not tried in a chroot, which takes root"
    exit
fi
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/home" "$root/etc"
cp "$program" "$root/supactl"
echo "127.0.0.1 localhost" > "$root/etc/hosts"
chroot=$(PATH=$PATH:/usr/sbin:/sbin command -v chroot)
within() { env -i HOME=/home "$@"; }
within "$chroot" "$root" /supactl --version
within "$chroot" "$root" /supactl --profile sandbox storage buckets list --fields id,public
# No certificates are there: the built-in ones are used, and what fails is the name.
status=0
within SUPABASE_ACCESS_TOKEN=sbp_0123456789abcdef0123456789abcdef01234567 "$chroot" "$root" /supactl projects list --retries 0 || status=$?
[ $status = 8 ] || { echo "static.sh: projects list without a network ended with $status, not 8" >&2; exit 1; }
echo "static.sh: it runs in an empty chroot"
