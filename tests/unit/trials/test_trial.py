"""One command on one bundle: what it is given, and what is made of what it leaves."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tilewright.errors import ConfigError, ToolError
from tilewright.judge import Sampling, expected_numbers, read_operands
from tilewright.trials.command import Command, fill
from tilewright.trials.finding import more
from tilewright.trials.severity import reported_error
from tilewright.trials.trial import LOG, Expected, Reading, run_trial

COPY = "cp psum.txt dump.txt"
WRONG = (
    """awk 'NR == 4 {sub(/.$/, substr($0, 48) == "0" ? "1" : "0")} {print}' psum.txt > dump.txt"""
)
"""The lowest bit of column 0 of the first pixel."""
NUMBERS = Expected(("dump.txt",))


@pytest.fixture
def run(bundle, tmp_path):
    """Runs a shell script as the core; gives the trial."""

    def run(script, expected=NUMBERS, **options):
        command = Command(("sh", "-c", script), here=tmp_path, **{"timeout_s": 30, **options})
        folder = tmp_path / "work"
        folder.mkdir()
        return run_trial(command, expected, bundle, folder)

    return run


def test_equal_numbers_pass(run):
    trial = run(COPY)
    assert (trial.status, trial.differ) == ("pass", 0)
    assert trial.compared == trial.bundle.shape.oc * trial.bundle.shape.onij
    assert "0 differ" in trial.evidence


def test_a_number_that_differs_is_named_with_its_place(run):
    trial = run(WRONG)
    assert trial.status == "fail"
    assert trial.differ == 1
    assert "1 differ; first: psum at (oc=0, oh=0, ow=0)" in trial.evidence
    assert trial.failing == trial.folder / "dump.txt"


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("true", "the command must write dump.txt, but there is none; it wrote no file; it said: no output"),
        ("echo x > other", "must write dump.txt, but there is none; it wrote other"),
        (": > dump.txt", "but is empty: did the simulation write it?"),
        ("tail -n 3 psum.txt > dump.txt", "dump.txt must hold"),
        (f"{COPY}; echo well; exit 3", "are equal, but the command must end with status 0, but ended "
         "with 3; it said: well"),
        ("exit 3", "must write dump.txt, but there is none; it wrote no file; the command must end with"),
        (f"{COPY}; kill -SEGV $$", "but signal 11 (SIGSEGV) ended it"),
    ],
)  # fmt: skip
def test_no_judgement_says_what_was_expected_and_what_was_seen(run, script, told):
    trial = run(script)
    assert trial.status == "error"
    assert told in trial.evidence


def test_a_file_of_the_bundle_is_no_dump(run):
    trial = run("true", Expected(("psum.txt",)))
    assert trial.status == "error"
    assert "must write psum.txt, but it was there before, or is no file" in trial.evidence
    assert "no file (the bundle's own file of expected numbers lies there" in trial.evidence


def test_a_file_of_the_bundle_that_is_written_again_is_one(run):
    assert run("cp psum.txt x; mv x psum.txt", Expected(("psum.txt",))).status == "pass"


def test_a_command_that_hangs_is_stopped(run):
    trial = run("echo begun; sleep 60", timeout_s=0.3)
    assert trial.status == "error"
    assert "must write dump.txt" in trial.evidence
    told = "the command must end within 0.3 s, but was stopped; it said: begun"
    assert trial.evidence.startswith(told)  # first what happened, then what is missing for it


def test_a_command_that_prints_for_ever_is_stopped(run):
    trial = run("yes", Expected(), most_bytes=10_000)
    assert trial.status == "error"
    assert "must print at most 10,000 bytes, but printed more and was stopped" in trial.evidence
    assert (trial.folder / LOG).stat().st_size == 10_000


@pytest.mark.parametrize(("script", "status"), [("cat psum.txt", "pass"), (WRONG, "fail")])
def test_numbers_in_the_log(run, script, status):
    trial = run(script.replace("> dump.txt", ""), Expected(reading=Reading(pattern="words")))
    assert trial.status == status
    assert (trial.failing == trial.folder / LOG) == (status == "fail")


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("echo all well", "pass"),
        ("echo 'oc=1 oh=0 ow=0 expected 3, got 99999'", "fail"),
        ("echo broken off; exit 1", "error"),
        ("echo 'oc=1 oh=0 ow=0: expected 3, but computed 9'", "error"),
        ("echo 'channel 1 is 9, but should be 3'; echo 1 error", "fail"),
    ],
)
def test_a_log_that_names_differences_alone(run, script, status):
    trial = run(script, Expected(reading=Reading(pattern="places", is_rest_expected=True)))
    assert trial.status == status
    assert trial.differ == (status == "fail" and "got" in script)


def test_a_dump_that_is_too_large_is_not_read(run):
    trial = run(COPY, most_bytes=100)
    assert trial.status == "error"
    assert "dump.txt must have at most 100 bytes, but has " in trial.evidence


@pytest.mark.parametrize("script", ["rm -rf {out}", "mkfifo dump.txt", "mkdir dump.txt"])
def test_a_command_that_leaves_something_odd(run, script):
    trial = run(script)
    assert trial.status == "error"
    assert "the command must write dump.txt, but " in trial.evidence


def test_a_log_without_a_match(run):
    trial = run("echo done", Expected(reading=Reading(pattern="places")))
    assert trial.status == "error"
    assert "none is there: 1 line, the last 'done'; it said: done" in trial.evidence


@pytest.mark.parametrize(
    ("script", "expected", "status"),
    [
        ("true", Expected(), "pass"),
        ("echo no; exit 1", Expected(), "fail"),
        ("echo PASS", Expected(must="^PASS"), "pass"),
        ("echo pass", Expected(must="^PASS"), "fail"),
        ("echo fine", Expected(must_not="[Mm]ismatch"), "pass"),
        ("echo; echo Mismatch at 3", Expected(must_not="[Mm]ismatch"), "fail"),
        ("echo Mismatch; cp psum.txt dump.txt", Expected(("dump.txt",), must_not="M"), "fail"),
    ],
)
def test_the_cores_own_word(run, script, expected, status):
    trial = run(script, expected)
    assert trial.status == status
    if status == "fail":
        assert "must" in trial.evidence


ERRORS = (
    "# ** Error: psum 3: expected 4, got 5",
    "** Fatal: (SIGSEGV) Bad handle",
    "UVM_ERROR scb.sv(88) @ 120: uvm_test_top.env.scb [SCB] mismatch",
    "UVM_ERROR :    3",
    'Error: "tb.sv", 88: tb.check: at time 120 ns',
    "ERROR: tb.sv:88: mismatch",
    "%Error: tb.sv:88: Assertion failed in tb",
    "xmsim: *E,ASRTST (./tb.sv,88): (time 120 NS) Assertion tb.check has failed",
    "tb.vhd:88:9:@120ns:(assertion error): mismatch",
    "TEST FAILED",
    "3 FAILS",
    "** TESTS=3 PASS=2 FAIL=1 SKIP=0 **",
    "\x1b[31mFAIL\x1b[0m psum 3",
    "[150] %Error: tb.sv:88: Assertion failed in tb",
    "Errors: 3, Warnings: 0",
    "error count = 12",
    "3 mismatches found",
    "2 errors",
    "Mismatch at pixel 3: 5, 7",
    "psum test failed.",
    "Tests run: 3, failures: 1",
    "0 errors, 2 mismatches",
    "[tb] ERROR: psum 3 is 5",
    "     10.00ns ERROR    cocotb.tb    psum 3",
    "# KERNEL: Error: psum 3",
    "AssertionError: psum 3",
    "Error at pixel 3: 5 vs 7",
    "!!! Error! psum 3",
    "num_errors = 3",
    "ERR_CNT=12",
    "wrong answer at 3",
    "Incorrect output",
    "3 out of 100 wrong",
    "98/100 correct",
    "layer 2: 98 of 100 psums match",
    "got 5, expected 3",
    "psum[3]: expected 0x10 got 0x1f",
    "check 3: 5 != 7",
    "psum 3 does not match",
    "not ok 3 - psum",
    "Result: NG",
    "MISCOMPARE at 3",
    "outputs differ at 3",
    "TIMEOUT: no done",
    "simulation timed out",
    "channel 0 failed",
    "pixel 0 has mismatch",
    "psum for pixel 3 mismatch",
    "5.0 ns mismatch",
    "test no 3 failed",
    "mismatch at 0",
    "wrong psum 0",
    "mismatch 0 5 6",
    "error_cnt=0003",
    "errors = 32'h0000000a",
    "error_count = 0x1f",
    "got 8'h05 expected 8'h06",
    "got 8'hff expected -2",
    "none of the 64 outputs match",
    "no test passed",
    "Never passed",
    "too many errors, giving up",
    "62 of 64 tests passed",
    "60/64 tests passed",
    "0/64 passed",
    "error: no data",
    "mismatch=1'b1",
    "PASS (61) FAIL (3)",
    "3 mismatches are listed below:",
    'Test "wrong weights": FAILED',
    "Simulation stopped after 10 errors",
    "errors=4 max_errors=10",
)
NO_ERRORS = (
    "UVM_ERROR :    0",
    "Errors: 0, Warnings: 1",
    "ERROR: 0",
    "16 PASSED, 0 FAILED",
    "no FAIL",
    "** TESTS=3 PASS=3 FAIL=0 SKIP=0 **",
    "# ** Warning: (vsim-3015) port size does not match",
    "relative error: 0.0",
    "FAILSAFE mode on",
    "0 tests FAILED, 12 passed",
    "100% tests passed, 0 tests failed out of 12",
    "no mismatches found",
    "checking for mismatches",
    "mismatch count: 0",
    "Mismatches: none",
    "errors=0",
    "reading vectors/fail.hex",
    "fail_count=0 psum_failed=0",
    "fail-over is off, bench/no_error.v",
    "0/100 mismatches",
    "0 out of 100 failed",
    "100 passed 0 failed",
    "Done: 0 mismatches",
    "wrong: 0",
    "100 of 100 correct, 0 wrong",
    "accuracy: 94/100 correct",
    "quantization error 0.12",
    "max abs error = 0",
    "Max Error: 0.5",
    "psum 3: expected 5, got 5",
    "psum 3: expected -16 got 65520 PASS",
    "tb.v:5: warning: Port 1 (x) of dut expects 8 bits, got 4.",
    "g++ -Wno-error=x -o sim wrong.cpp",
    "TIMEOUT=1000",
    "timeout set to 1000 ns",
    "outputs do not differ",
    "error_inject=0",
    "mismatch: false",
    "fail: no",
    "mismatch? no",
    "Simulation aborted: no",
    "mismatch=1'b0",
    "error_cnt = 32'd0",
    "fail=0x0",
    "mismatch count is 0",
    "mismatches in psum: 0",
    "PASS (64) FAIL (0)",
    "Failures (0):",
    "never mismatched",
    "None failed",
    "none of the 64 outputs differ",
    "not a single mismatch",
    "top-1 error 7.9%",
    "status (0 = pass, 1 = fail): 0",
    "return code 0 (success), 1 means failure",
    "Comparison: FAIL if any output differs",
    "Will print ERROR for each mismatch",
    "will stop after 10 mismatches",
    "Up to 10 mismatches are printed",
    "Comparing results; mismatches are listed below:",
    "max_errors = 10",
    'Test "wrong weights are refused" passed',
    "62 of 62 tests passed",
    "Test 3 of 64 passed",
    "got 8'hff expected -1",
    "got 16'sd5, expected 5",
)


@pytest.mark.parametrize("line", ERRORS)
def test_lines_that_report_an_error_are_known(line):
    assert reported_error(["ok", line]).startswith("line 2 reports an error")


@pytest.mark.parametrize("line", NO_ERRORS)
def test_lines_that_count_none_are_no_errors(line):
    assert not reported_error([line])


@pytest.mark.parametrize(
    ("expected", "status"), [(Expected(), "fail"), (Expected(must_not="never"), "pass")]
)
def test_a_log_that_reports_an_error_is_no_pass_whatever_the_exit_status(run, expected, status):
    trial = run("echo ok; echo TEST FAILED", expected)
    assert trial.status == status
    assert ("line 2 reports an error" in trial.evidence) == (status == "fail")


def test_a_command_that_only_says_so_is_told_which_of_its_files_could_be_judged(run):
    told = run("cp psum.txt mine.txt", Expected()).evidence
    assert told.endswith("(--dump, --pattern); it wrote mine.txt: --dump FILE has one judged")


def test_the_fields_and_the_environment_name_places_and_sizes(run):
    script = (
        "cd {bundle} && test -f manifest.json && test $TILEWRIGHT_BUNDLE = {bundle} && "
        "test $(pwd -P) = {out}/in && test {ic} = 3 && test {ow} = 4 && test $TILEWRIGHT_OC = 5 && "
        "test {padded_w}x{itiles}x{otiles}x{rows}x{cols}x{act_bits} = 6x2x2x2x3x4"
    )
    assert run(script, Expected(), place="in").status == "pass"


def test_only_known_fields_are_filled_in():
    assert fill("{ic} ${ic} {x} {{ic}}", {"ic": "3"}) == "3 ${ic} {x} {3}"


def test_a_project_is_copied_and_its_build_runs_first(run, tmp_path):
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    (project / "src" / "core.txt").write_text("psum.txt\n")
    (project / ".git").mkdir()
    (project / ".git" / "big").write_text("x")
    (project / "env" / "lib").mkdir(parents=True)
    (project / "env" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (project / "env" / "lib" / "tw_pe.sv").write_text("module tw_pe; endmodule\n")
    script = "test ! -e .git && test ! -e env && cp $(cat built) dump.txt"
    trial = run(script, project=project, build=("cp", "src/core.txt", "built"))
    assert trial.status == "pass"
    assert not (project / "built").exists()


def test_a_build_that_fails_is_no_judgement_on_the_core(run):
    trial = run(COPY, build=("sh", "-c", "echo syntax error; exit 2"))
    assert (trial.status, trial.is_built) == ("error", False)
    assert trial.evidence == (
        "the build must end with status 0, but ended with 2; it said: syntax error"
    )


def test_a_file_where_the_command_was_given_is_found(bundle, tmp_path):
    (tmp_path / "sim.sh").write_text("cp psum.txt dump.txt\n")
    folder = tmp_path / "work"
    folder.mkdir()
    command = Command(("sh", "sim.sh"), here=tmp_path)
    assert run_trial(command, NUMBERS, bundle, folder).status == "pass"


@pytest.mark.parametrize(
    ("make", "error", "told"),
    [
        (lambda here: Command((), here=here), ConfigError, "give the command that runs your core after --"),
        (lambda here: Command(("no-such-tool",), here=here), ToolError, "cannot start no-such-tool"),
        (lambda here: Command(("a && b",), here=here), ToolError, "is written: -- sh -c"),
        (lambda here: Command(("sh",), here=here, place="../x"), ConfigError, "must stay in the folder"),
        (lambda here: Command(("sh",), here=here, timeout_s=0), ConfigError, "more than 0 s"),
        (lambda here: Command(("sh",), here=here, timeout_s=float("nan")), ConfigError, "more than 0 s"),
        (lambda here: Command(("sh",), here=here, project=here / "x"), ConfigError, "must be a folder"),
        (lambda _: Expected(must="("), ConfigError, "must be a regular expression"),
        (lambda _: Expected(("/etc/passwd",)), ConfigError, "a file within the folder"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused_at_once(tmp_path, make, error, told):
    with pytest.raises(error, match=told):
        make(tmp_path)


def test_the_facts_are_json(run):
    facts = json.loads(json.dumps(run(WRONG).to_json()))
    assert facts["status"] == "fail"
    assert facts["comparisons"][0]["first"][0]["place"].startswith("dump.txt line 4")


def _waves(numbers):
    """A wave file of a bus that has one number after the other, each before a rising edge."""
    head = (
        "$scope module tb $end $var wire 1 ! clk $end $var wire 16 n out $end $upscope $end "
        "$enddefinitions $end\n"
    )
    steps = (
        f"#{2 * at} 0! b{int(number) & 0xFFFF:b} n #{2 * at + 1} 1!\n"
        for at, number in enumerate(numbers)
    )
    return head + "".join(step.replace(" ", "\n").replace("\nn", " n") for step in steps)


@pytest.mark.parametrize("fault", [0, 1])
def test_numbers_of_a_wave_file(run, bundle, tmp_path, fault):
    numbers = expected_numbers(bundle, "psum", read_operands(bundle)).ravel()
    numbers[2] += fault
    (tmp_path / "wave.vcd").write_text(_waves(numbers))
    reading = Reading(sampling=Sampling(("out",), "clk"), order="oc oh ow")
    trial = run("cp {here}/wave.vcd out.vcd", Expected(("out.vcd",), reading))
    assert (trial.status, trial.differ) == (("pass", 0), ("fail", 1))[fault]
    assert reading.words == ("--order", "oc oh ow", "--bus", "out", "--clock", "clk")


def test_the_next_command_opens_a_bundle_without_a_manifest_as_it_was_opened(bundle, tmp_path):
    opening = ("--layout", "mine.toml", "--geometry", "ic=3")
    line = more(replace(bundle, is_foreign=True), tmp_path / "d", Reading(bundle_words=opening))
    assert line.endswith("d --layout mine.toml --geometry ic=3")
    assert "--layout" not in more(bundle, tmp_path / "d", Reading(bundle_words=opening))
