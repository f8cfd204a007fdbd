"""A WebSocket server of one room, by RFC 6455, for text frames.

Owns: the handshake and frames. Must not: know what is said.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import queue
import socket
import struct
import threading

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PATIENCE = 10.0
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class WebSocketServer:
    """`say` sends to the newest connection; `heard` holds what came."""

    def __init__(self) -> None:
        self.heard: queue.Queue[str] = queue.Queue()
        self.connections = 0
        self._connected = threading.Condition()
        self._newest: socket.socket | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/link/?ticket=1"

    def wait_for_connection(self, number: int = 1) -> None:
        with self._connected:
            assert self._connected.wait_for(lambda: self.connections >= number, PATIENCE)

    def say(self, text: str) -> None:
        assert self._newest is not None
        self._newest.sendall(frame(TEXT, text.encode()))

    def drop(self) -> None:
        """End the newest connection without a word."""
        assert self._newest is not None
        self._newest.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        if self._newest is not None:
            with contextlib.suppress(OSError):
                self._newest.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            stream = connection.makefile("rb")
            key = b""
            while (line := stream.readline().strip()) != b"":
                if line.lower().startswith(b"sec-websocket-key:"):
                    key = line.partition(b":")[2].strip()
            accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
            connection.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            with self._connected:
                self._newest = connection
                self.connections += 1
                self._connected.notify_all()
            self._read(connection, stream.read)
            stream.close()

    def _read(self, connection: socket.socket, read: object) -> None:
        assert callable(read)
        try:
            while head := read(2):
                opcode, length = head[0] & 15, head[1] & 127
                if length == 126:
                    (length,) = struct.unpack(">H", read(2))
                elif length == 127:
                    (length,) = struct.unpack(">Q", read(8))
                mask = read(4) if head[1] & 128 else b"\0\0\0\0"
                data = bytes(byte ^ mask[index % 4] for index, byte in enumerate(read(length)))
                if opcode == TEXT:
                    self.heard.put(data.decode())
                elif opcode == PING:
                    connection.sendall(frame(PONG, data))
                elif opcode == CLOSE:
                    connection.sendall(frame(CLOSE, data))
                    return
        except (OSError, struct.error):
            return


def frame(opcode: int, data: bytes) -> bytes:
    length = len(data)
    if length < 126:
        return bytes([0x80 | opcode, length]) + data
    if length < 1 << 16:
        return bytes([0x80 | opcode, 126]) + struct.pack(">H", length) + data
    return bytes([0x80 | opcode, 127]) + struct.pack(">Q", length) + data
