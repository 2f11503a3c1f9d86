#!/bin/sh
# Installs the Debian packages that a goal needs and nothing else: deps.sh run | test | check | bench [--print].
# What is present is skipped; no service is started by the install (policy-rc.d), sudo is used when not root.
set -eu

run="gcc make pkg-config libc6-dev libfcgi-dev libmariadb-dev libhiredis-dev libjansson-dev libcurl4-openssl-dev
 libuv1-dev libsodium-dev libxml2-dev libmagic-dev liboath-dev libgd-dev libseccomp-dev libinih-dev libsystemd-dev
 mariadb-server redis-server nginx curl python3 tzdata"
test="$run clang libclang-rt-14-dev libcmocka-dev python3-pytest python3-pytest-xdist python3-requests python3-hypothesis
 python3-jsonschema python3-pymysql python3-redis python3-yaml python3-pil
 universal-ctags chromium fonts-noto-core nodejs npm"
check="$run clang clang-format clang-tidy cppcheck python3 universal-ctags"
bench="$run wrk"

case "${1:-}" in
run) want=$run ;;
test) want="$test" ;;
check) want="$check" ;;
bench) want="$bench" ;;
*) echo "usage: deps.sh run|test|check|bench [--print]" >&2; exit 2 ;;
esac

missing=
for p in $want; do
	case "$p" in
	# a node or npm that is there already, from wherever, is good enough
	nodejs) command -v node >/dev/null && continue ;;
	npm) command -v npm >/dev/null && continue ;;
	esac
	dpkg-query -W -f='${Status}\n' "$p" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $p"
done
if [ "${2:-}" = --print ]; then
	echo "$missing"
	exit 0
fi
[ -n "$missing" ] || exit 0

echo "installing:$missing"
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
	$sudo chmod 755 "$policy"
	trap '$sudo rm -f "$policy"' EXIT INT TERM
fi
$sudo apt-get update -qq
# shellcheck disable=SC2086  # a list of words
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
