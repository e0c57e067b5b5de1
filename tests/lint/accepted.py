# SPDX-License-Identifier: MIT
"""Findings of the analyzers that were checked and are false. A row without a finding must be removed."""

# Why, once for all rows of a kind.
ERRNO = "takes a path on which a call failed and left errno at 0, so that -errno is no error"
MACRO = "does not understand the macros of sys/queue.h, or an initialiser in braces"
VA_LIST = "takes a va_list that was begun by the caller for one that nobody has begun"
FOLLOWS = "does not follow that one function only succeeds where the other one has set the value"

# (file, name of the check): why
CPPCHECK = {
    ("daemon/front/ipc-listener.c", "nullPointer"): MACRO,
}

CLANG_TIDY = {
    ("cli/command.c", "clang-analyzer-valist.Uninitialized"): VA_LIST,
    ("daemon/login/process.c", "clang-analyzer-core.uninitialized.Branch"): ERRNO,
    ("daemon/login/record-directory.c", "clang-analyzer-core.CallAndMessage"): ERRNO,
}

GCC = {
    ("cli/monitor-event.c", "-Wanalyzer-double-free"): FOLLOWS,
    ("common/cleanup.h", "-Wanalyzer-use-of-uninitialized-value"): FOLLOWS,
    ("daemon/login/record-directory.c", "-Wanalyzer-null-argument"): ERRNO,
    ("daemon/login/record-directory.c", "-Wanalyzer-use-of-uninitialized-value"): ERRNO,
    ("daemon/operation/session-ending.c", "-Wanalyzer-null-dereference"): FOLLOWS,
}
