#!/usr/bin/env bash
# An error that a yosys pass reports is no exception in pyosys: it ends the Python process at once, with status 1; `except`, `finally` and `atexit` do not run.
#
# pyosys 0.70, CPython. A pass that does not know its name, or a file that is not there, is an ordinary error at yosys's prompt. From Python the message goes to
# standard error and the process is gone: temporary folders stay, results that were not flushed are lost, a test runner or a notebook dies
# with it. A program that must go on runs yosys in a process of its own and looks at its status.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyosys==0.70
cd "$folder"
cat > one.py <<'PY'
import atexit
import sys

from pyosys import libyosys

atexit.register(print, "atexit ran", flush=True)
design = libyosys.Design()
libyosys.run_pass("tee -q -o said.txt stat", design)
print("a pass without an error returns", flush=True)
try:
    libyosys.run_pass(sys.argv[1], design)
except BaseException as error:
    print("caught", type(error), flush=True)
finally:
    print("finally ran", flush=True)
print("went on", flush=True)
PY
for line in "read_verilog absent.v" "no_such_pass" "stat"; do
    status=0
    "$folder/venv/bin/python" one.py "$line" > said.txt 2> errors.txt || status=$?
    echo "$line: status $status; $(grep -c "ran$\|^caught\|^went on" said.txt || true) of the lines after it" | tee -a seen.txt
    grep ERROR errors.txt || true
done
printf '%s\n' "read_verilog absent.v: status 1; 0 of the lines after it" "no_such_pass: status 1; 0 of the lines after it" \
    "stat: status 0; 3 of the lines after it" | cmp - seen.txt
[ "$(grep -c "a pass without an error returns" said.txt)" = 1 ]
echo "as stated"
