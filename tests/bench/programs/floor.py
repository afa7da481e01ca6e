"""The floor of a request: an epoll loop, one raw durable commit, a worker forked beforehand. Nothing of linod.

    python floor.py SOCKET DATABASE FIFO

A connection sends one byte. The loop commits one row (WAL, synchronous=FULL), wakes the worker that waits, and answers
with one byte; then, off the path, it forks the next worker. A worker is used once: it writes CLOCK_MONOTONIC to the
FIFO as the procedures of `bench_plugin` do, and ends. Prints one line when it listens; ends with its standard input.
"""

import os
import select
import socket
import sqlite3
import sys
import time


def open_database(path: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE IF NOT EXISTS job (id INTEGER PRIMARY KEY AUTOINCREMENT, claimed_at TEXT)")
    return database


def commit(database: sqlite3.Connection) -> None:
    database.execute("BEGIN IMMEDIATE")
    database.execute("INSERT INTO job (claimed_at) VALUES (?)", (str(time.time()),))
    database.execute("COMMIT")


def fork_worker(fifo: str) -> int:
    """Fork a worker that waits for one byte; returns the pipe's end that wakes it."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(writer)
        if os.read(reader, 1):
            tell_first_line(fifo)
        os._exit(0)
    os.close(reader)
    return writer


def tell_first_line(fifo: str) -> None:
    moment = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    file = os.open(fifo, os.O_WRONLY)
    os.write(file, f"{moment} 0 0\n".encode())
    os.close(file)


def reap() -> None:
    """Collect the workers that have ended; the one that waits is none of them."""
    while os.waitpid(-1, os.WNOHANG)[0]:
        pass


def serve(listener: socket.socket, database: sqlite3.Connection, fifo: str) -> None:
    poller = select.epoll()
    poller.register(listener, select.EPOLLIN)
    poller.register(sys.stdin, select.EPOLLIN | select.EPOLLHUP)
    connections: dict[int, socket.socket] = {}
    worker = fork_worker(fifo)
    print("listening", flush=True)
    while True:
        for file, _ in poller.poll():
            if file == sys.stdin.fileno():
                return
            if file == listener.fileno():
                connection, _ = listener.accept()
                connections[connection.fileno()] = connection
                poller.register(connection, select.EPOLLIN)
            elif connections[file].recv(1):
                commit(database)
                os.write(worker, b"1")
                connections[file].send(b"1")
                os.close(worker)
                worker = fork_worker(fifo)
                reap()
            else:
                poller.unregister(file)
                connections.pop(file).close()


def main() -> None:
    path, database, fifo = sys.argv[1:]
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen()
    serve(listener, open_database(database), fifo)


if __name__ == "__main__":
    main()
