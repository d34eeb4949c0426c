# /// script
# dependencies = ["botocore==1.44.8"]
# ///
"""botocore's models of AWS services: whether the parameters with a filter are valid. Setting: service."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import botocore.session
from botocore.validate import ParamValidator
from serving import serve

QUERIES = {
    "s3vectors": ("QueryVectors", lambda native: {"vectorBucketName": "abc", "indexName": "abc", "topK": 3, "queryVector": {"float32": [1.0]}, "filter": native}),
    "bedrock-agent-runtime": (
        "Retrieve",
        lambda native: {
            "knowledgeBaseId": "ABCDEFGHIJ", "retrievalQuery": {"text": "a"},
            "retrievalConfiguration": {"vectorSearchConfiguration": {"filter": native}},
        },
    ),
}  # fmt: skip


def load(records: Any, settings: Mapping[str, Any]) -> Any:
    name, parameters = QUERIES[settings["service"]]
    model = botocore.session.get_session().get_service_model(settings["service"]).operation_model(name)
    return model.input_shape, parameters


def find(held: Any, native: Any) -> list[str]:
    shape, parameters = held
    report = ParamValidator().validate(parameters(native), shape)
    return [report.generate_report() if report.has_errors() else "valid"]


if __name__ == "__main__":
    serve({"botocore": version("botocore")}, load, find)
