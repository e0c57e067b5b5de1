#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A login, and an elevation, as the text of a small file.
 */

#include <stddef.h>

typedef struct Elevation Elevation;
typedef struct HostId HostId;
typedef struct Login Login;

enum {
        LOGIN_RECORD_E_CORRUPT = 1, /* not what login_record_encode() writes */
        LOGIN_RECORD_E_OTHER_BOOT,  /* its process died with that boot */
        LOGIN_RECORD_E_OTHER_HOST,  /* it was copied here, with the disk or the directory */
};

/**
 * login_record_encode() - write a login as JSON
 * @login:      borrowed
 * @host:       this one
 * @ret_text:   owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int login_record_encode(const Login *login, const HostId *host, char **ret_text);

/**
 * login_record_decode() - read a login
 * @text:       bytes
 * @size:       of @text
 * @host:       this one
 * @ret_login:  owned by the caller
 *
 * Return: 0; LOGIN_RECORD_E_*; -ENOMEM.
 */
int login_record_decode(const char *text, size_t size, const HostId *host, Login **ret_login);

/**
 * elevation_record_encode() - write an elevation as JSON
 * @elevation:  borrowed
 * @host:       this one
 * @ret_text:   owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int elevation_record_encode(const Elevation *elevation, const HostId *host, char **ret_text);

/**
 * elevation_record_decode() - read an elevation
 * @text:       bytes
 * @size:       of @text
 * @host:       this one
 * @ret_elevation: zeroed before; its strings are owned by the caller, also on failure
 *
 * Return: 0; LOGIN_RECORD_E_*; -ENOMEM.
 */
int elevation_record_decode(
        const char *text, size_t size, const HostId *host, Elevation *ret_elevation);
