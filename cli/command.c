/* SPDX-License-Identifier: MIT */

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/shown-user.h"
#include "common/text.h"
#include "common/translation.h"

static void begin_line(void) {
        fprintf(stderr, "%s: ", program_invocation_short_name);
}

__attribute__((format(printf, 1, 0))) static void print_line(
        const char *format, va_list arguments) {
        begin_line();
        vfprintf(stderr, _(format), arguments);
        fputc('\n', stderr);
}

void complain(const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        print_line(format, arguments);
        va_end(arguments);
}

ExitStatus complain_usage(const char *command, const char *format, ...) {
        va_list arguments;

        va_start(arguments, format);
        print_line(format, arguments);
        va_end(arguments);
        return point_to_help(command);
}

ExitStatus point_to_help(const char *command) {
        fprintf(stderr, _("See: %s %s --help\n"), program_invocation_short_name, command);
        return STATUS_USAGE;
}

ExitStatus show_help(const char *text) {
        fputs(_(text), stdout);
        return finish_output();
}

ExitStatus take_argument(
        const char *command, const char *name, const char *text, const char **value) {
        if (*value)
                return complain_usage(command, "%s is given twice", name);
        *value = text;
        return STATUS_OK;
}

ExitStatus take_text(const char *command, const char *name, const char *text, const char **value) {
        if (!text_is_utf8(text, strlen(text)))
                return complain_usage(command, "%s is not UTF-8", name);
        return take_argument(command, name, text, value);
}

ExitStatus own_user(const char *command, const char **user) {
        /* cppcheck-suppress getpwuidCalled ; there is one thread */
        const struct passwd *entry = getpwuid(geteuid());

        if (!entry)
                return complain_usage(command, "your uid has no user name: name a user");
        *user = entry->pw_name;
        return STATUS_OK;
}

bool warn_of_unknown_user(const char *user) {
        const struct passwd *entry;

        errno = 0;
        /* cppcheck-suppress getpwnamCalled ; there is one thread */
        entry = getpwnam(user);
        if (!entry && errno != 0 && errno != ENOENT)
                return false;
        /* Some name services find a user by several names. Tokens, sessions and bans use the one in
         * pw_name. */
        if (entry && strcmp(entry->pw_name, user) == 0)
                return false;
        complain("warning: this host does not know the user %s", shown_user(user));
        return true;
}

ExitStatus finish_output(void) {
        errno = 0;
        if (fflush(stdout) == 0 && !ferror(stdout))
                return STATUS_OK;
        /* An earlier write may have failed; its errno is lost. */
        complain("cannot write to standard output: %s", strerror(errno ? errno : EIO));
        return STATUS_FAILED;
}
