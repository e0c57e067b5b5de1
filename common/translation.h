#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Texts for people, in their language. Codes, names of fields, options and what programs read are never
 * translated; nor is the journal, so that a line can be searched for.
 *
 * N_() marks a text where it is written down, _() translates it where it is shown. Functions that show
 * a format, such as complain(), translate it themselves: po/meson.build lists them.
 */

#include <libintl.h>

#define TRANSLATION_DOMAIN "authtoken"

#define N_(text) text
/* dgettext() reads only the program's locale, so it may be used in somebody else's process. */
#define _(text) dgettext(TRANSLATION_DOMAIN, text)
/* The form that goes with a number. */
#define _n(one, many, n) dngettext(TRANSLATION_DOMAIN, one, many, n)
