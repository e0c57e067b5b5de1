#pragma once
/* SPDX-License-Identifier: MIT */

/* What was given for a user, in a complaint. */

/**
 * shown_user() - what a complaint may repeat of what was given for a user
 * @text:       argument
 *
 * Somebody may have pasted a token or a code there, and standard error is logged and looked at.
 * Return: @text; without anything of it if it can be no user name, or may be a code.
 */
const char *shown_user(const char *text);
