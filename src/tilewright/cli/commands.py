"""Every command by what it is for, with the first sentence of its help.

Listing them loads none of their modules; a test holds the sentences against those of the commands.
"""

GROUPS: dict[str, dict[str, str]] = {
    "The chain": {
        "run": "Run the whole chain, from images to the verdict.",
        "train": "Start a run and train its network, or go on where training stopped.",
        "evaluate": "Count the test images that a trained run or a packed network recognizes.",
        "recover": "State the trained network in integers, with the stimulus of chosen samples.",
        "verify": "Compare the training forward with the naive int64 reference.",
        "simulate": "Run the layers through the cycle-level model of the array.",
        "cosim": "Run the exported files through the RTL.",
        "export": "Cut the layers into tiles and write the files that a testbench reads.",
        "report": "Gather what the stages found into report.html, summary.json and junit.xml.",
    },
    "Your core and its files": {
        "layouts": "List the layouts of vector files, or explain one with a drawn example.",
        "adopt": "Find layout and geometry of files without a description, from their numbers.",
        "lint": "Say whether a testbench reads these files as they are meant, or whether they "
        "follow a layout.",
        "decode": "Turn vector files back into tensors: a summary, a readable table, or npz/npy.",
        "convert": "Write a bundle in another layout: every number kept, or nothing written.",
        "verify-bundle": "Let files prove themselves: hashes, shapes, ranges, and their convolution "
        "recomputed.",
        "try": "Run COMMAND (after --) on every bundle, each in a folder of its own, and judge "
        "what it leaves.",
        "explain": "Say where a core's numbers differ from the reference, and which mistake gives "
        "every one of them.",
        "reduce": "Make the layer of BUNDLE as small as COMMAND (after --) still fails on: "
        "channels, pixels, values.",
    },
    "Questions about a network": {
        "plan": "Say what a network costs on an array: folds, cycles by phase, words moved, "
        "psum bits.",
        "stats": "Count zero operands, register toggles and words moved, on a real sample of a "
        "recovered run.",
        "psum-width": "Accuracy with psums of b bits, and the smallest width that is safe.",
        "requantize": "Put a multiplier, a bias and a shift in place of the thresholds; count the "
        "codes that differ.",
        "certify": "State why a network's integers are exact, which oracles agree, and what is not "
        "proved.",
        "prove": "Prove that an array computes its sums for all activations and weights, under "
        "known control.",
        "mutate": "Plant faults in the core, one at a time, and count which of them the vectors "
        "notice.",
        "sweep": "Sweep arrays in closed form, and trainings, and say which points no other "
        "beats in any objective.",
        "faults": "Accuracy under stuck and flipped bits of every PE's psum register.",
        "advise": "Say which layer to squeeze for an array, and which layers of a trained network "
        "bear fewer bits.",
    },
    "Networks in and out": {
        "pack": "Write a trained run as one small pair of files that numpy alone reads.",
        "export-network": "Write a recovered network for other tools, and let their engines confirm "
        "it.",
        "import-network": "State a network of others in integers, compared with its own arithmetic, and "
        "start a run with it.",
    },
    "This computer": {
        "doctor": "Say what this computer can do, and how to install what is missing.",
    },
}
"""Heading of --help to command to sentence, in the order of --help."""

STAGES = ("recover", "verify", "simulate", "cosim")
"""Stages of the chain, which are all run in one way, by one module."""

KEYWORDS = {"try": "try_core"}
"""A keyword of Python is no name of a module."""

MODULES = {
    name: "stages" if name in STAGES else KEYWORDS.get(name, name.replace("-", "_"))
    for commands in GROUPS.values()
    for name in commands
}
"""Command to its module in `tilewright.cli`, in the order of --help."""
