"""WebSocket frames, as far as listeners need them: whole texts, both ways (RFC 6455, 5.2)."""

_WHOLE_TEXT = 0x81
_CLOSE = 0x88
_PLAIN_LENGTH = 126
_TWO_BYTES = 126
_SIXTEEN_BITS = 1 << 16
_UNMASKED = bytes(4)  # a mask that changes nothing


class Unexpected(Exception):
    """A frame that is not a whole text."""

    def __init__(self, opcode: int, body: bytes) -> None:
        super().__init__(f"The server sends a frame {opcode:#x} with {body!r}.")
        self.code = int.from_bytes(body[:2]) if opcode == _CLOSE else None
        """With which the server closes the connection, if it does."""


def upgrade(host: str) -> bytes:
    """The request that begins a WebSocket."""
    lines = (
        "GET /graphql HTTP/1.1",
        f"Host: {host}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: Y2FsbHNoZWV0LWxpc3Rlbg==",
        "Sec-WebSocket-Protocol: graphql-transport-ws",
    )
    return "\r\n".join([*lines, "", ""]).encode()


def framed(text: bytes) -> bytes:
    """A text that a client sends."""
    length = len(text)
    if length < _PLAIN_LENGTH:
        head = bytes((0x81, 0x80 | length))
    elif length < _SIXTEEN_BITS:
        head = bytes((0x81, 0x80 | _TWO_BYTES)) + length.to_bytes(2)
    else:
        raise ValueError("A listener has nothing so long to say.")
    return head + _UNMASKED + text


def texts(data: bytes) -> tuple[list[bytes], bytes]:
    """The texts that a server has sent, and the beginning of one that is not there yet."""
    found: list[bytes] = []
    start, end = 0, len(data)
    while end - start >= 2:  # noqa: PLR2004 - the shortest frame
        length, body = data[start + 1], start + 2
        if length >= _TWO_BYTES:
            size = 2 if length == _TWO_BYTES else 8
            length, body = int.from_bytes(data[body : body + size]), body + size
        if body + length > end:
            break
        if data[start] != _WHOLE_TEXT:
            raise Unexpected(data[start], data[body : body + length])
        found.append(data[body : body + length])
        start = body + length
    return found, data[start:]
