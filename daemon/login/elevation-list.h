#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Which token stands behind each sudo timestamp, in memory and in a file each.
 */

#include "common/cleanup.h"
#include "daemon/login/login-registry.h"

typedef struct ElevationList ElevationList;
typedef struct HostId HostId;

/**
 * elevation_list_open() - read the records of this boot
 * @path:       directory, made if it is missing
 * @host:       this one; borrowed for the list's life
 * @ret_list:   owned by the caller
 *
 * Return: 0; negative errno.
 */
int elevation_list_open(const char *path, const HostId *host, ElevationList **ret_list);

/**
 * elevation_list_free() - forget what is in memory; the files stay
 * @list:       NULL is fine
 *
 * Return: NULL.
 */
ElevationList *elevation_list_free(ElevationList *list);
DEFINE_CLEANUP(ElevationList, elevation_list_free)

/**
 * elevation_list_set() - see login_registry_set_elevation()
 * @list:       changes
 * @elevation:  copied
 *
 * Return: 0; negative errno, and what was remembered under the key still is.
 */
int elevation_list_set(ElevationList *list, const Elevation *elevation);

/**
 * elevation_list_find() - see login_registry_find_elevation()
 * @list:       borrowed
 * @key:        likewise
 *
 * Return: borrowed, or NULL.
 */
const Elevation *elevation_list_find(const ElevationList *list, const Elevation *key);
