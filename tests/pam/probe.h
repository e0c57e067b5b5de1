#pragma once
/* SPDX-License-Identifier: MIT */

/* How the application of a scenario and pam_probe.so talk: through the PAM environment. */

#define PROBE_BEFORE  "PROBE_BEFORE" /* what "before" puts into PAM_AUTHTOK */
#define PROBE_AFTER   "PROBE_AFTER"  /* what "after" found there */
#define PROBE_NOTHING "<nothing>"
