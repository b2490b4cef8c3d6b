# Shared by the scripts: one line a step, a bar where it takes long. Sourced, not run.

say() { printf '%s\n' "$*"; }
fail() { printf '✗ %s\n' "$*" >&2; exit 1; }

# bar NAME TOTAL: counts the lines on standard input against TOTAL and draws a bar on a terminal; one line otherwise.
bar() {
  awk -v name="$1" -v total="$2" -v tty="$([ -t 2 ] && echo 1 || echo 0)" '
    BEGIN { if (!tty) printf "· %s\n", name > "/dev/stderr" }
    { n++; if (!tty) next
      s = (total > 0 && n < total) ? n / total : 1; w = int(30 * s)
      b = sprintf("%*s", w, ""); gsub(/ /, "█", b); r = sprintf("%*s", 30 - w, ""); gsub(/ /, "░", r)
      printf "\r· %s %s%s %3d %%", name, b, r, 100 * s > "/dev/stderr"; fflush("/dev/stderr") }
    END { if (tty) printf "\r✓ %s\033[K\n", name > "/dev/stderr"; else printf "✓ %s\n", name > "/dev/stderr" }'
}
