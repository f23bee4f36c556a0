"""What was typed is heeded or refused: an option that says nothing beside others is named."""

import json

import pytest

from tilewright.store.folder_lock import locked_folder

GEOMETRY = "ic=2,oc=3,size=3,kernel=3,padding=1,bits=4/4/16,rows=2,cols=3"


@pytest.fixture
def bundle(run_command, tmp_path):
    words = ("export", "--random", "--layout", "readmemh", "--geometry", GEOMETRY)
    assert run_command(*words, "--out", tmp_path / "trees/one")[0] == 0
    return tmp_path / "trees/one"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("prove NONE --bits 8/8/32 --mode os --certificate NEW", "--mode, --bits, --certificate"),
        ("prove NONE --stalls 3 --serial", "--overlapped/--serial, --stalls"),
        ("prove NONE --vcd a.vcd", "--vcd"),
        ("prove BUNDLE --array 8x8", "--array"),
        ("prove --rtl a.v --array 4x4 --folds 2", "--array, --folds"),
        ("prove --array 4x4 --scope dut", "--scope"),
        ("export NONE --seed 3", "--seed"),
        ("export --covering 2x2 --out NEW --seed 3", "--seed"),
        (
            f"export --random --layout readmemh --geometry {GEOMETRY} --out NEW --other-sizes",
            "--other-sizes",
        ),
        ("certify --check NONE --prove --onnx 9", "--onnx, --prove"),
        ("lint BUNDLE --layout readmemh -I . --reader any", "--reader, -I"),
        ("lint BUNDLE --testbench tb.v --fix NEW --layout readmemh", "--layout"),
        ("mutate BUNDLE --files a.v", "--files"),
        (
            "mutate BUNDLE --project . --equivalents a.toml --prove -- true",
            "--equivalents, --prove/--no-prove",
        ),
        ("sweep vgg_tiny --out NEW --axis array.rows=4,8 --trials 3", "--trials"),
        ("advise vgg_tiny --images 5 --lost 1", "--images, --lost"),
        ("export-network NONE --format scalesim --out NEW --check 4", "--check"),
    ],
)
def test_an_option_that_says_nothing_is_refused(run_command, bundle, tmp_path, words, named):
    places = {"NONE": tmp_path / "none", "NEW": tmp_path / "new", "BUNDLE": bundle}
    status, out, err = run_command(*(places.get(word, word) for word in words.split()))
    verb, them = ("are", "them") if "," in named else ("is", "it")
    assert (status, out) == (2, "")
    assert err.startswith(f"error: {named} {verb} for ")
    assert err.endswith(f": leave {them} out\n")
    assert not (tmp_path / "new").exists()


def test_a_manifest_states_its_layout(run_command, bundle):
    """It is no bundle of the layout that was typed, however right its numbers are."""
    status, _, err = run_command(
        "explain", bundle, bundle / "psum.hex", "--layout", "readmemb", "--kind", "psum"
    )
    assert (status, "its manifest says readmemh" in err) == (2, True), err
    words = ("--layout", "readmemb", "--geometry", GEOMETRY, "--", "true")
    status, _, err = run_command("try", bundle, *words)
    assert (status, "leave --layout and --geometry out" in err) == (2, True), err


def test_a_tree_of_one_bundle_is_a_tree(run_command, bundle):
    """What a program reads does not change its form with the number of bundles."""
    _, tree, _ = run_command("verify-bundle", bundle.parent, "--json")
    _, alone, _ = run_command("verify-bundle", bundle, "--json")
    assert json.loads(tree) == {"passed": True, "bundles": [json.loads(alone)]}


def test_a_tree_of_bundles_is_written_by_one_command_at_a_time(run_command, tmp_path):
    """Two exports of other sizes would leave some bundles of each, and both end with 0."""
    tree = tmp_path / "vectors"
    words = ("export", "--random", "--corners", "--layout", "readmemh", "--geometry", GEOMETRY)
    with locked_folder(tree, "export"):
        status, out, err = run_command(*words, "--out", tree)
        assert (status, out) == (2, "")
        assert f"{tree} must be written by one command at a time" in err
        assert run_command("export", "--covering", "2x2", "--out", tree)[0] == 2
        assert [path.name for path in tree.iterdir()] == [".lock"]
    assert run_command(*words, "--out", tree)[0] == 0
    assert not (tree / ".lock").exists()


def test_a_quiet_export_says_nothing(run_command, tmp_path):
    words = ("export", "--random", "--layout", "readmemh", "--geometry", GEOMETRY)
    assert run_command("-q", *words, "--out", tmp_path / "one") == (0, "", "")
