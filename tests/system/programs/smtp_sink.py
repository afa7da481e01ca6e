"""A mail server for one mail: prints its port, and then what it was sent."""

import socket

listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
peer, _ = listening.accept()
with peer, peer.makefile("rwb", buffering=0) as stream:
    stream.write(b"220 sink\r\n")
    while line := stream.readline():
        word = line.split()[0].upper() if line.split() else b""
        if word == b"DATA":
            stream.write(b"354 go on\r\n")
            while (text := stream.readline()) not in (b".\r\n", b""):
                print(text.decode().rstrip(), flush=True)
        if word == b"QUIT":
            stream.write(b"221 bye\r\n")
            break
        stream.write(b"250 ok\r\n")
