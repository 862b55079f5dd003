"""Our own protobuf definitions of the records that checkpoints are made of, so that reading needs no TensorFlow.

Everything is in the proto package `ckpt_studio`. After changing a `.proto` file, generate its modules again, from the
project's root, with a protoc whose output runs on every protobuf that `pyproject.toml` allows:

    uv run --no-project --with 'grpcio-tools==1.71.*' --with 'mypy-protobuf==3.6.0' --with 'setuptools<80' \
        python -m grpc_tools.protoc -I. --python_out=. --mypy_out=. ckpt_studio/formats/protos/*.proto
"""
