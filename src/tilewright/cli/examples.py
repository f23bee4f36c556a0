"""Examples of every command, as -h shows them: lines to be copied. A test parses each one."""

EXAMPLES: dict[str, tuple[str, ...]] = {
    "run": (
        "tilewright run configs/digits_w4a4.toml --out runs/first",
        "tilewright run --out runs/w4a2 --set model.act_bits=2",
    ),
    "train": ("tilewright train configs/digits_w4a4.toml --out runs/first",),
    "evaluate": (
        "tilewright evaluate runs/first",
        "tilewright evaluate models/vgg16-choke8-w4a4 --data-dir CIFAR10",
    ),
    "recover": ("tilewright recover runs/first --set recover.samples=4",),
    "verify": ("tilewright verify runs/first",),
    "simulate": ("tilewright simulate runs/first",),
    "cosim": (
        "tilewright cosim runs/first --set cosim.simulator=icarus",
        "tilewright cosim runs/first --set cosim.rtl_dir=my_rtl",
    ),
    "export": (
        "tilewright export runs/first --set vectors.layout=readmemh",
        "tilewright export --random --layout mine.toml \\\n"
        "      --geometry ic=8,oc=8,size=4,kernel=3,padding=1,bits=4/4/16,rows=8,cols=8 --out vectors",
    ),
    "report": (
        "tilewright report runs/first",
        "tilewright report --compare runs/first runs/w4a2 --out both.html",
    ),
    "layouts": ("tilewright layouts ece284-ws", "tilewright layouts mine.toml"),
    "adopt": ("tilewright adopt sim/", "tilewright adopt sim/ --testbench tb.v --out bundle"),
    "lint": (
        "tilewright lint sim/ --testbench tb.v",
        "tilewright lint sim/ --layout ece284-ws",
    ),
    "decode": (
        "tilewright decode vectors",
        "tilewright decode vectors --kind weight --out weights.npy",
    ),
    "convert": ("tilewright convert vectors --to readmemh --out mem",),
    "verify-bundle": ("tilewright verify-bundle vectors",),
    "try": (
        "tilewright try vectors --dump psum.txt -- vvp -n sim",
        'tilewright try vectors --project . --build "make sim" --dump psum.txt -- ./sim',
    ),
    "explain": (
        "tilewright explain vectors psum.txt",
        "tilewright explain vectors run.vcd --bus tb.dut.out --clock tb.clk",
    ),
    "reduce": ("tilewright reduce vectors --dump psum.txt -- sh run.sh",),
    "plan": (
        "tilewright plan vgg16 --array 8x8",
        "tilewright plan configs/digits_w4a4.toml --array 8x8 --array 16x16",
    ),
    "stats": ("tilewright stats runs/first --sample 0",),
    "psum-width": ("tilewright psum-width runs/first",),
    "requantize": ("tilewright requantize runs/first",),
    "certify": ("tilewright certify runs/first", "tilewright certify --check certify.json"),
    "prove": (
        "tilewright prove runs/first",
        "tilewright prove --array 4x4 --mode ws",
        "tilewright prove --rtl pe.v --rtl array.v --streams array.toml --vcd run.vcd --scope tb.dut",
    ),
    "mutate": (
        "tilewright mutate runs/first --limit 40",
        'tilewright mutate vectors --project . --build "make sim" --dump psum.txt -- ./sim',
    ),
    "sweep": (
        "tilewright sweep configs/digits_w4a4.toml --out studies/bits --axis model.act_bits=2..4",
    ),
    "faults": ("tilewright faults runs/first --layer features.15",),
    "advise": ("tilewright advise vgg16 --array 8x8",),
    "pack": ("tilewright pack runs/first --out first",),
    "export-network": ("tilewright export-network runs/first --format qonnx --out first.onnx",),
    "import-network": ("tilewright import-network theirs.onnx --out runs/theirs",),
    "doctor": ("tilewright doctor", "tilewright doctor --json"),
}
"""Command to what is typed."""


def epilog(command: str) -> str:
    """What stands at the end of a command's help; its lines are left as they are."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in EXAMPLES[command])
