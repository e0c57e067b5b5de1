# SPDX-License-Identifier: MIT
"""What everyone on a bed's bus hears."""

import json
import queue
import subprocess
import threading

from deadline import SECONDS

OWN = "interface='org.authtoken1.Manager'"


class Listener:
    """The signals that match, in their order."""

    def __init__(self, bed, match=OWN):
        words = ["busctl", "--system", "--json=short", "monitor", f"--match=type='signal',{match}"]
        self.process = subprocess.Popen(bed.command(*words), text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.lines = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        assert "Monitoring" in self.lines.get(timeout=SECONDS)

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line)

    def next(self):
        message = json.loads(self.lines.get(timeout=SECONDS))
        return message["member"], message["payload"]["data"]

    def stop(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
