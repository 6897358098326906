"""Writes MaxMind databases (format 2.0) for tests from a description in JSON.

usage: tests/tools/make_mmdb.py DESCRIPTION.json FOLDER

The description names each file and what it holds; 24-bit records, the first network that is listed wins:

  {"city.mmdb": {"type": "Test-City", "ip_version": 6, "networks": {"198.51.100.0/24": {"country": {"iso_code": "DE"}}}}}

Numbers become what the databases of MaxMind have for a key (UNSIGNED below), else a double or an int32.
Format: https://maxmind.github.io/MaxMind-DB/
"""
import ipaddress
import json
import pathlib
import struct
import sys

MARKER = b"\xab\xcd\xefMaxMind.com"
# The types of control bytes, and the bytes of those that are unsigned.
TEXT, DOUBLE, UINT16, UINT32, MAP, INT32, UINT64, ARRAY, BOOLEAN = 2, 3, 5, 6, 7, 8, 9, 11, 14
UNSIGNED = {"accuracy_radius": UINT16, "autonomous_system_number": UINT32, "geoname_id": UINT32,
            "node_count": UINT32, "record_size": UINT16, "ip_version": UINT16, "build_epoch": UINT64,
            "binary_format_major_version": UINT16, "binary_format_minor_version": UINT16}


def control(kind, size):
    """The bytes before a value: its type and size."""
    if size < 29:
        low, more = size, b""
    elif size < 29 + 256:
        low, more = 29, bytes([size - 29])
    elif size < 285 + 65536:
        low, more = 30, struct.pack(">H", size - 285)
    else:
        low, more = 31, struct.pack(">I", size - 65821)[1:]
    if kind < 8:
        return bytes([kind << 5 | low]) + more
    return bytes([low, kind - 7]) + more


def encode(value, key=None):
    if isinstance(value, dict):
        return control(MAP, len(value)) + b"".join(encode(k) + encode(v, k) for k, v in value.items())
    if isinstance(value, list):
        return control(ARRAY, len(value)) + b"".join(encode(item) for item in value)
    if isinstance(value, bool):
        return control(BOOLEAN, int(value))
    if isinstance(value, str):
        return control(TEXT, len(value.encode())) + value.encode()
    if key in UNSIGNED:
        digits = value.to_bytes((value.bit_length() + 7) // 8, "big")
        return control(UNSIGNED[key], len(digits)) + digits
    if isinstance(value, float) or key in ("latitude", "longitude"):
        return control(DOUBLE, 8) + struct.pack(">d", value)
    return control(INT32, 4) + struct.pack(">i", value)


def bits_of(network, ip_version):
    """The network's bits from the root on; IPv4 lies at the start of an IPv6 tree."""
    network = ipaddress.ip_network(network)
    bits = format(int(network.network_address), f"0{network.max_prefixlen}b")[:network.prefixlen]
    return "0" * 96 + bits if ip_version == 6 and network.version == 4 else bits


class Tree:
    """Nodes are pairs; a side is None, the index of a node, or ("data", offset)."""

    def __init__(self):
        self.nodes = [[None, None]]

    def split(self, at, side):
        """The node below; what was there holds for both of its sides."""
        below = self.nodes[at][side]
        if not isinstance(below, int):
            self.nodes.append([below, below])
            self.nodes[at][side] = below = len(self.nodes) - 1
        return below

    def add(self, bits, offset):
        at = 0
        for bit in bits[:-1]:
            at = self.split(at, int(bit))
        self.fill(at, int(bits[-1]), offset)

    def fill(self, at, side, offset):
        """Gives a side to the data, but for what was listed before."""
        below = self.nodes[at][side]
        if below is None:
            self.nodes[at][side] = ("data", offset)
        elif isinstance(below, int):
            self.fill(below, 0, offset)
            self.fill(below, 1, offset)

    def encode(self):
        count, out = len(self.nodes), bytearray()
        for node in self.nodes:
            for side in node:
                value = count if side is None else side if isinstance(side, int) else count + 16 + side[1]
                out += struct.pack(">I", value)[1:]
        return bytes(out)


def make(description):
    tree, data, offsets = Tree(), bytearray(), {}
    ip_version = description.get("ip_version", 6)
    for network, record in description["networks"].items():
        text = encode(record)
        if text not in offsets:
            offsets[text] = len(data)
            data += text
        tree.add(bits_of(network, ip_version), offsets[text])
    metadata = {"binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 1767225600,
                "database_type": description["type"], "description": {"en": "Made for tests"}, "ip_version": ip_version,
                "languages": ["en"], "node_count": len(tree.nodes), "record_size": 24}
    return tree.encode() + b"\0" * 16 + bytes(data) + MARKER + encode(metadata)


def main(source, folder):
    for name, description in json.loads(pathlib.Path(source).read_text()).items():
        (pathlib.Path(folder) / name).write_bytes(make(description))


if __name__ == "__main__":
    main(*sys.argv[1:])
