#!/bin/sh
# Lists the direct dependencies of each module, and the tools of those under tools/, that have
# a newer version. Passes whatever it finds, and says for what the module proxy has no answer.
set -eu
cd "$(dirname "$0")/.."

row() { printf '%-16s %-62s %-37s %s\n' "$@"; }

# direct prints the modules that a go.mod asks for itself; siblings have no version.
direct() {
  go list -mod=readonly -m -f '{{if not (or .Main .Indirect (and .Replace (not .Replace.Version)))}}{{.Path}}{{end}}' all
  if grep -q '^tool' go.mod; then go list -mod=readonly -f '{{.Module.Path}}' tool; fi
}

export GOWORK=off
rows=$(mktemp)
trap 'rm -f "$rows"' EXIT
asked=0
unknown=0
for file in $(git ls-files '*go.mod'); do
  dir=$(dirname "$file")
  modules=$(cd "$dir" && direct | sort -u)
  [ -n "$modules" ] || continue
  # -e: what the proxy refuses is one dependency's, not the end.
  # shellcheck disable=SC2086 # paths of modules have no spaces
  versions=$(go list -C "$dir" -mod=readonly -e -m -u -f '{{.Path}} {{.Version}} {{if .Error}}?{{else if .Update}}{{.Update.Version}}{{end}}' $modules)
  while read -r path version newer; do
    asked=$((asked + 1))
    case $newer in
    '') ;;
    '?') unknown=$((unknown + 1)) && row "$dir" "$path" "$version" 'not known' ;;
    *) row "$dir" "$path" "$version" "$newer" ;;
    esac
  done >>"$rows" <<EOF
$versions
EOF
done
if [ "$unknown" -eq "$asked" ]; then
  echo "outdated: NOT CHECKED, the module proxy cannot be reached (GOPROXY names another)"
  exit
fi
row module dependency now newer
cat "$rows"
[ "$unknown" -eq 0 ] || echo "not known: the module proxy does not say"
