# SPDX-License-Identifier: MIT
"""Does for one command what a shell does, except that it never changes the settings of the terminal.

Started as the leader of a terminal's session; the orders come from standard input, the reports go to standard output,
and the command has the terminal (the controlling one) alone.
"""

import os
import signal
import subprocess
import sys


def come_forward(terminal):
    os.setpgid(0, 0)
    os.tcsetpgrp(terminal, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)


def main():
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    terminal = os.open(os.ttyname(2), os.O_RDWR)
    child = subprocess.Popen(sys.argv[1:], stdin=terminal, stdout=terminal, stderr=terminal,
                             preexec_fn=lambda: come_forward(terminal))
    print("started", child.pid, flush=True)
    while True:
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        os.tcsetpgrp(terminal, os.getpgrp())
        if not os.WIFSTOPPED(status):
            break
        print("stopped", os.WSTOPSIG(status), flush=True)
        if sys.stdin.readline() == "fg\n":
            os.tcsetpgrp(terminal, child.pid)
        os.kill(child.pid, signal.SIGCONT)
    print("ended", os.waitstatus_to_exitcode(status), flush=True)
    sys.stdin.readline()  # the end of the leader hangs up
    os._exit(0)  # its child is waited for already


main()
