#pragma once
/* SPDX-License-Identifier: MIT */

typedef struct Context Context;

/**
 * service_status_tell() - the line that `systemctl status` shows
 * @context:    whose store and logins it is about
 */
void service_status_tell(const Context *context);
