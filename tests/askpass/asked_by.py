#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Ask a program as somebody else would: under the name of another process.

  asked_by.py NAME PROGRAM PROMPT
"""

import ctypes
import subprocess
import sys

PR_SET_NAME = 15


def main():
    name, program, prompt = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode())
    sys.exit(subprocess.run([program, prompt], check=False).returncode)


if __name__ == "__main__":
    main()
