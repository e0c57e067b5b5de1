#pragma once
/* SPDX-License-Identifier: MIT */

/* A moment at which nobody has set a clock. */

#include "daemon/session/moment.h"

#define MOMENT_AT(sec) (&(const Moment){ (sec), (sec), (sec) })
