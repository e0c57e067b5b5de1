#pragma once
/* SPDX-License-Identifier: MIT */

/* How a complaint shows an argument that was given as a user name. */

/**
 * shown_user() - what a complaint may repeat of such an argument
 * @text:       argument
 *
 * Somebody may have pasted a token or a code there, and standard error is logged and looked at.
 * Return: @text; a text without any of it if it cannot be a user name, or may be a code.
 */
const char *shown_user(const char *text);
