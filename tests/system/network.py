# SPDX-License-Identifier: MIT
"""A network of beds, and what goes wrong in it."""

import contextlib
import subprocess

from bed import Script

# What is in the way of a host and a port of a server: on the host's own way out, on its way back, and on
# the server's way out.
BLOCKADES = {
    "both ways": ("drop", "drop", None),
    "on the way out": ("drop", None, None),
    "on the way back": (None, "drop", None),
    "by resets": ("reject with tcp reset", None, "reject with tcp reset"),
}


class Network:
    """Beds are plugged into it by the arguments() for them."""

    def __init__(self):
        self._script = Script("network")
        self.leader = self._script.answer()["leader"]

    def stop(self):
        self._script.stop()

    def arguments(self, name, address):
        """What scripts/bed has to be told so that the bed `name` has this address here."""
        return ["--hostname", name, "--network", str(self.leader), "--address", f"{address}/24"]

    @staticmethod
    def local_ports(bed, server, port):
        """Of the connections that a bed has to a server."""
        words = ["ss", "--tcp", "--numeric", "--no-header", "state", "established", "dst", f"{server[1]}:{port}"]
        rows = subprocess.run(["nsenter", "-t", str(bed.leader), "--net", *words], check=True, text=True,
                              stdout=subprocess.PIPE).stdout.splitlines()
        return [int(row.split()[2].rpartition(":")[2]) for row in rows]

    def _nft(self, text):
        done = subprocess.run(["nsenter", "-t", str(self.leader), "--net", "nft", "--file", "-"], input=text,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode == 0, done.stdout

    @contextlib.contextmanager
    def blocked(self, host, server, port, how, own=()):
        """Keep a bed, or only these ports of its own, from a port of another one. Both are (name, address)."""
        ours = f"{{ {', '.join(map(str, own))} }}" if own else "1-65535"
        out, back, served = BLOCKADES[how]
        table = f"netdev {host[0]}_blocked"
        chains = [
            (out, f"ingress device {host[0]}", f"ip daddr {server[1]} tcp dport {port} tcp sport {ours}"),
            (back, f"egress device {host[0]}", f"ip saddr {server[1]} tcp sport {port} tcp dport {ours}"),
            (served, f"ingress device {server[0]}", f"ip daddr {host[1]} tcp sport {port} tcp dport {ours}"),
        ]
        text = "".join(f"chain c{number} {{ type filter hook {hook} priority 0; {match} {verdict}; }}\n"
                       for number, (verdict, hook, match) in enumerate(chains) if verdict)
        self._nft(f"table {table} {{\n{text}}}\n")
        try:
            yield
        finally:
            self._nft(f"delete table {table}\n")
