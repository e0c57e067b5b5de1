/* SPDX-License-Identifier: MIT */

#include <sys/prctl.h>
#include <sys/resource.h>

#include "common/core-dump.h"

void core_dump_refuse(void) {
        const struct rlimit none = { 0 };

        (void)setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__ /* the leak check at exit traces its own process */
        (void)prctl(PR_SET_DUMPABLE, 0);
#endif
}
