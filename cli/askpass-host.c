/* SPDX-License-Identifier: MIT */

#include <string.h>

#include "cli/askpass-host.h"

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static bool is_name_character(char c) {
        return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_' || c == '.';
}

/* Labels of letters, digits, dashes and underscores; none is empty or begins with a dash. */
static bool is_name(const char *host) {
        char before = '.';

        for (; *host != '\0'; host++) {
                if (!is_name_character(*host) || (before == '.' && (*host == '.' || *host == '-')))
                        return false;
                before = *host;
        }
        return before != '.';
}

/* As ssh shows it: the form alone, with the interface behind a % if there is one. */
static bool is_address(const char *host) {
        const char *scope = strchr(host, '%');
        size_t size = scope ? (size_t)(scope - host) : strlen(host);
        size_t n_colons = 0;

        for (size_t i = 0; i < size; i++) {
                char c = host[i];

                if (!is_digit(c) && !(c >= 'a' && c <= 'f') && c != ':' && c != '.')
                        return false;
                n_colons += c == ':';
        }
        return n_colons >= 2 && n_colons <= 7 && (!scope || is_name(scope + 1));
}

bool askpass_host_read(const char *text, size_t size, char host[ASKPASS_HOST_MAX + 1]) {
        bool has_brackets = size >= 2 && text[0] == '[' && text[size - 1] == ']';

        if (has_brackets) {
                text++;
                size -= 2;
        } else if (size > 1 && text[size - 1] == '.') {
                size--;
        }
        if (size == 0 || size > ASKPASS_HOST_MAX || memchr(text, '\0', size))
                return false;
        for (size_t i = 0; i < size; i++)
                host[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
        host[size] = '\0';
        return is_address(host) || (!has_brackets && is_name(host));
}

bool askpass_host_fits(const char *host, const char *pattern) {
        char other[ASKPASS_HOST_MAX + 1];
        bool is_domain = strncmp(pattern, "*.", 2) == 0;
        size_t size = strlen(host), other_size;

        if (is_domain)
                pattern += 2;
        if (!askpass_host_read(pattern, strlen(pattern), other))
                return false;
        if (!is_domain)
                return strcmp(host, other) == 0;
        other_size = strlen(other);
        return is_name(other) && size > other_size + 1 && host[size - other_size - 1] == '.' &&
               strcmp(host + size - other_size, other) == 0;
}
