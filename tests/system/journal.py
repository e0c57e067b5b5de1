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
        # journalctl itself, told to match after a cursor, leaves out the first match.
        rows = self.bed.output("journalctl", "--quiet", "--output=json", "--all",
                               f"--after-cursor={self.cursor}")
        entries = [json.loads(row) for row in rows.splitlines()]
        return [entry for entry in entries if fields.items() <= entry.items()]

    def text(self):
        """What an administrator would read."""
        return self.bed.output("journalctl", "--quiet", "--output=short-precise", "--no-hostname",
                               f"--after-cursor={self.cursor}")

    def wait_for(self, **fields):
        """Return the first such entry, once it is there."""
        what = ", ".join(f"{name}={value}" for name, value in fields.items())
        return wait_until(lambda: self.entries(**fields), f"a journal entry with {what}")[0]

    def wait_for_module(self, code):
        """Wait for a line of the PAM module, which links nothing and so writes no fields."""
        def found():
            return [entry for entry in self.entries()
                    if str(entry.get("MESSAGE", "")).startswith("pam_authtoken(")
                    and code in entry["MESSAGE"]]
        return wait_until(found, f"a line of the module with {code}")[0]

    def refusals(self):
        """The (user, reason) of every refusal since the mark."""
        return [(entry.get("AUTHTOKEN_USER"), entry["AUTHTOKEN_REASON"])
                for entry in self.entries() if entry.get("AUTHTOKEN_REASON", "ok") != "ok"]
