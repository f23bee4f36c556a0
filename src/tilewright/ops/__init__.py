"""One module an op: its nodes in the network file, in the engine and in ONNX.

`tilewright.spec.op` has the registry and what an op may say. Elsewhere are only the naive reference
(`tilewright.verify.reference`, which shares nothing with what it judges) and the module of torch that
becomes such a node (`tilewright.recover.nodes`, for nothing here may import torch).
"""
