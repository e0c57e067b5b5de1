# SPDX-License-Identifier: MIT
"""What the bed's journal says, by its fields."""

import json

from deadline import wait_until


class Journal:
    """Entries written after the last mark()."""

    def __init__(self, bed):
        self.bed = bed
        self.cursor = None
        self.mark()

    def mark(self):
        shown = self.bed.output("journalctl", "--quiet", "--lines=0", "--show-cursor")
        self.cursor = shown.rpartition("cursor: ")[2]

    def entries(self, **fields):
        """The entries since the mark whose fields have these values, oldest first."""
        matches = [f"{name}={value}" for name, value in fields.items()]
        rows = self.bed.output("journalctl", "--quiet", "--output=json", "--all",
                               f"--after-cursor={self.cursor}", *matches)
        return [json.loads(row) for row in rows.splitlines()]

    def wait_for(self, **fields):
        """Return the first such entry, once it is there."""
        what = ", ".join(f"{name}={value}" for name, value in fields.items())
        return wait_until(lambda: self.entries(**fields), f"a journal entry with {what}")[0]

    def reasons(self):
        """The (user, reason) of every refusal since the mark."""
        return [(row.get("AUTHTOKEN_USER"), row["AUTHTOKEN_REASON"])
                for row in self.entries() if "AUTHTOKEN_REASON" in row]
