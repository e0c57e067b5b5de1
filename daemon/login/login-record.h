#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * A login, and an elevation, as the text of a small file.
 */

#include <stddef.h>

typedef struct Elevation Elevation;
typedef struct Login Login;

enum {
        LOGIN_RECORD_E_CORRUPT = 1, /* not what login_record_encode() writes */
        LOGIN_RECORD_E_OTHER_BOOT,  /* its process died with that boot */
};

/**
 * login_record_encode() - write a login as JSON
 * @login:      borrowed
 * @boot_id:    this boot's
 * @ret_text:   owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int login_record_encode(const Login *login, const char *boot_id, char **ret_text);

/**
 * login_record_decode() - read a login
 * @text:       bytes
 * @size:       of @text
 * @boot_id:    this boot's
 * @ret_login:  owned by the caller
 *
 * Return: 0; LOGIN_RECORD_E_*; -ENOMEM.
 */
int login_record_decode(const char *text, size_t size, const char *boot_id, Login **ret_login);

/**
 * elevation_record_encode() - write an elevation as JSON
 * @elevation:  borrowed
 * @boot_id:    this boot's
 * @ret_text:   owned by the caller
 *
 * Return: 0; -ENOMEM.
 */
int elevation_record_encode(const Elevation *elevation, const char *boot_id, char **ret_text);

/**
 * elevation_record_decode() - read an elevation
 * @text:       bytes
 * @size:       of @text
 * @boot_id:    this boot's
 * @ret_elevation: zeroed before; its strings are owned by the caller, also on failure
 *
 * Return: 0; LOGIN_RECORD_E_*; -ENOMEM.
 */
int elevation_record_decode(
        const char *text, size_t size, const char *boot_id, Elevation *ret_elevation);
