"""Makes sure that 127.0.0.1 answers, where the tests have their servers. A machine cut off from every network may have even that
interface down; root can switch it on, and this does."""
import fcntl
import socket
import struct
import sys

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1


def flags(request, value=0):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, request, struct.pack("16sh14x", b"lo", value))
    return struct.unpack("16sh14x", answer)[1]


try:
    if not flags(SIOCGIFFLAGS) & IFF_UP:
        flags(SIOCSIFFLAGS, flags(SIOCGIFFLAGS) | IFF_UP)
except OSError as error:
    sys.exit(f"The loopback interface is down and cannot be switched on ({error}). As root: ip link set lo up")
