/* SPDX-License-Identifier: MIT */

#include <string.h>
#include <systemd/sd-id128.h>

#include "daemon/login/host-id.h"
#include "daemon/login/process.h"

static const sd_id128_t application =
        SD_ID128_MAKE(2c, e9, 41, 07, 6b, d3, 4a, 18, 9f, 52, 3d, 70, be, 84, a6, 15);

_Static_assert(HOST_ID_SIZE + 1 == SD_ID128_STRING_MAX, "an id has another size");

static void read_machine(HostId *id) {
        sd_id128_t machine;

        if (sd_id128_get_machine_app_specific(application, &machine) >= 0)
                (void)sd_id128_to_string(machine, id->machine);
}

int host_id_read(HostId *ret_id) {
        HostId id = { 0 };
        int r;

        r = process_boot_id(id.boot);
        if (r < 0)
                return r;
        read_machine(&id);
        *ret_id = id;
        return 0;
}

void host_id_read_public(HostId *ret_id) {
        sd_id128_t boot;

        *ret_id = (HostId){ 0 };
        read_machine(ret_id);
        if (sd_id128_get_boot_app_specific(application, &boot) >= 0)
                (void)sd_id128_to_string(boot, ret_id->boot);
}
