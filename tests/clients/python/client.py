"""A gRPC client that knows no contract: it asks the server for its descriptors.

Owns reflection, calls and the reading of errors. What is called, and why, is `story.py`'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterable, Iterator

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.message import Message
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)


@dataclass
class CallError(Exception):
    """A call that was refused, with what a program can act on."""

    code: grpc.StatusCode
    message: str
    reason: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.code.name} {self.reason}: {self.message}"


class Client:
    """Calls methods by name, with dictionaries in and messages out."""

    def __init__(self, address: str, key: str | None, deadline: float = 20.0) -> None:
        self._channel = grpc.insecure_channel(address)
        self._metadata = [("authorization", f"Bearer {key}")] if key else []
        self._deadline = deadline
        self._database = ProtoReflectionDescriptorDatabase(self._channel)
        self._pool = descriptor_pool.DescriptorPool(self._database)

    def services(self) -> list[str]:
        """Names of everything the server says it serves."""
        return sorted(self._database.get_services())

    def methods(self, service: str) -> list[str]:
        """Names of a service's methods."""
        return [m.name for m in self._pool.FindServiceByName(service).methods]

    def call(self, method: str, /, **fields: Any) -> Message:
        """A unary call: `call("postlude.orders.v1.OrderService/GetOrder", order_id="1")`."""
        path, ask, answer = self._method(method)
        stub = self._channel.unary_unary(
            path, request_serializer=_bytes, response_deserializer=answer.FromString
        )
        try:
            return stub(
                json_format.ParseDict(fields, ask()),
                metadata=self._metadata,
                timeout=self._deadline,
            )
        except grpc.RpcError as error:
            raise self._error(error) from None

    def send(self, method: str, /, requests: Iterable[dict[str, Any]]) -> Message:
        """A client-streaming call."""
        path, ask, answer = self._method(method)
        stub = self._channel.stream_unary(
            path, request_serializer=_bytes, response_deserializer=answer.FromString
        )
        try:
            return stub(
                (json_format.ParseDict(request, ask()) for request in requests),
                metadata=self._metadata,
                timeout=self._deadline,
            )
        except grpc.RpcError as error:
            raise self._error(error) from None

    def watch(self, method: str, /, **fields: Any) -> Iterator[Message]:
        """A server-streaming call; it ends when the reader stops or the deadline passes."""
        path, ask, answer = self._method(method)
        stub = self._channel.unary_stream(
            path, request_serializer=_bytes, response_deserializer=answer.FromString
        )
        stream = stub(
            json_format.ParseDict(fields, ask()), metadata=self._metadata, timeout=self._deadline
        )
        try:
            yield from stream
        except grpc.RpcError as error:
            raise self._error(error) from None
        finally:
            stream.cancel()

    def _method(self, method: str) -> tuple[str, type[Message], type[Message]]:
        service, name = method.split("/")
        found = self._pool.FindServiceByName(service).FindMethodByName(name)
        return (
            f"/{service}/{name}",
            message_factory.GetMessageClass(found.input_type),
            message_factory.GetMessageClass(found.output_type),
        )

    def _error(self, error: grpc.RpcError) -> CallError:
        told = CallError(error.code(), error.details() or "")
        trailers = {key: value for key, value in (error.trailing_metadata() or ())}
        status = _Status.parse(trailers.get("grpc-status-details-bin", b""))
        for url, value in status:
            if url.endswith("google.rpc.ErrorInfo"):
                info = _fields(value)
                told.reason = _text(info, 1)
                for entry in info.get(3, []):
                    pair = _fields(entry)
                    told.metadata[_text(pair, 1)] = _text(pair, 2)
            elif url.endswith("google.rpc.BadRequest"):
                told.fields += [_text(_fields(v), 1) for v in _fields(value).get(1, [])]
        return told


class _Status:
    """`google.rpc.Status`, read by hand: it is the one message that no server describes."""

    @staticmethod
    def parse(data: bytes) -> list[tuple[str, bytes]]:
        details = []
        for detail in _fields(data).get(3, []):
            parts = _fields(detail)
            details.append((_text(parts, 1), parts.get(2, [b""])[0]))
        return details


def _bytes(message: Message) -> bytes:
    return message.SerializeToString()


def _text(fields: dict[int, list[Any]], number: int) -> str:
    return fields.get(number, [b""])[0].decode()


def _fields(data: bytes) -> dict[int, list[Any]]:
    """The fields of a message in protobuf's wire format, as far as error details need it."""
    found: dict[int, list[Any]] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        tag = varint()
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            found.setdefault(number, []).append(varint())
        elif kind == 2:
            size = varint()
            found.setdefault(number, []).append(data[at : at + size])
            at += size
        else:
            raise ValueError(f"wire type {kind} in error details")
    return found
