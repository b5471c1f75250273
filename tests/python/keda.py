"""Asks a coordinator as KEDA does, by a client made from the contract, and prints the answers as JSON.

usage: keda.py FOLDER-OF-PROTO HOST:PORT
"""

import json
import sys

import grpc

sys.path.insert(0, sys.argv[1])
messages, services = grpc.protos_and_services("externalscaler/externalscaler.proto")

with grpc.insecure_channel(sys.argv[2]) as channel:
    scaler = services.ExternalScalerStub(channel)
    worker = messages.ScaledObjectRef(
        name="worker", namespace="tickermill", scalerMetadata={"shardsPerWorker": "3"}
    )
    active = scaler.IsActive(worker, timeout=10).result
    follows = scaler.StreamIsActive(worker, timeout=10)
    streamed = next(follows).result
    follows.cancel()
    [spec] = scaler.GetMetricSpec(worker, timeout=10).metricSpecs
    request = messages.GetMetricsRequest(scaledObjectRef=worker, metricName=spec.metricName)
    [metric] = scaler.GetMetrics(request, timeout=10).metricValues
    assert metric.metricName == spec.metricName
    assert metric.metricValueFloat == metric.metricValue and spec.targetSizeFloat == spec.targetSize
    worker.scalerMetadata["shardsPerWorker"] = "none"
    try:
        scaler.GetMetricSpec(worker, timeout=10)
        raise AssertionError("it took `none` for a number")
    except grpc.RpcError as refusal:
        assert refusal.code() == grpc.StatusCode.INVALID_ARGUMENT, refusal

print(json.dumps({"active": active, "streamed": streamed, "target": spec.targetSize, "shards": metric.metricValue}))
