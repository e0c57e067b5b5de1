/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cli/shown-text.h"
#include "common/cleanup.h"

typedef struct Case {
        const char *name, *text, *shown;
} Case;

static const Case cases[] = {
        { "empty", "", "" },
        { "letters", "alice", "alice" },
        { "letters of others", "\xec\x95\xa8\xeb\xa6\xac\xec\x8a\xa4 \xc3\xa9\xc2\xa0",
                "\xec\x95\xa8\xeb\xa6\xac\xec\x8a\xa4 \xc3\xa9\xc2\xa0" },
        { "written from the right", "\xd8\xa7\xd7\x90", "\xd8\xa7\xd7\x90" },
        { "ESC behind a letter", "a\x1b[2J", "a?[2J" },
        { "line end and DEL", "a\nb\x7f", "a?b?" },
        { "C1",
                "\xc2\x9b"
                "2J\xc2\x80\xc2\x9f",
                "?2J??" },
        { "half of C1", "a\xc2", "a\xc2" },
        { "U+061C",
                "a\xd8\x9c"
                "b",
                "a?b" },
        { "marks", "\xe2\x80\x8e\xe2\x80\x8f", "??" },
        { "overrides", "\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad\xe2\x80\xae", "?????" },
        { "isolates", "\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9", "????" },
        { "what stands beside them", "\xe2\x80\x90\xe2\x80\xa9\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa",
                "\xe2\x80\x90\xe2\x80\xa9\xe2\x80\xaf\xe2\x81\xa5\xe2\x81\xaa" },
        { "half of one", "\xe2\x80", "\xe2\x80" },
        { "less of one", "\xe2", "\xe2" },
};

static void test_what_may_be_shown(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                /* A sanitizer sees what is read behind its end. */
                _cleanup_(freep) char *text = strdup(cases[i].text);

                assert_non_null(text);
                shown_text_clean(text);
                if (strcmp(text, cases[i].shown) != 0)
                        fail_msg("%s: %s", cases[i].name, text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_may_be_shown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
