#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which host this is, and which boot: another host may have the same name, and this one had it before its
 * boot, too.
 */

#define HOST_ID_SIZE 32u

/* Hexadecimal. */
typedef struct HostId {
        /* Not the machine's id itself, which must not leave the host: machine-id(5). Empty: it has none. */
        char machine[HOST_ID_SIZE + 1];
        char boot[HOST_ID_SIZE + 1];
} HostId;

/**
 * host_id_read() - for records of this host
 * @ret_id:     untouched on failure
 *
 * Return: 0; negative errno.
 */
int host_id_read(HostId *ret_id);

/**
 * host_id_read_public() - for others to see: it reveals nothing that is meant for this host only
 * @ret_id:     an unknown part is empty
 */
void host_id_read_public(HostId *ret_id);
