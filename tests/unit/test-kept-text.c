/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "daemon/store/kept-text.h"
#include "folder-fixture.h"
#include "token-fixture.h"

typedef struct Bed {
        char *folder, *first, *second;
        KeptText *kept;
} Bed;

static int bed_open(void **state) {
        Bed *bed = calloc(1, sizeof(*bed));

        assert_non_null(bed);
        bed->folder = fixture_folder();
        assert_true(asprintf(&bed->first, "%s/first", bed->folder) > 0);
        assert_true(asprintf(&bed->second, "%s/second", bed->folder) > 0);
        *state = bed;
        return 0;
}

static int bed_close(void **state) {
        Bed *bed = *state;

        fixture_folder_free(bed->folder);
        free(bed->first);
        free(bed->second);
        free(bed);
        return 0;
}

static KeptText *keep(const Bed *bed, const char *second) {
        const char *const paths[KEPT_TEXT_FILES] = { bed->first, second };
        KeptText *kept = NULL;

        assert_int_equal(kept_text_new(paths, &kept), 0);
        return kept;
}

static void test_what_was_set_last_is_kept(void **state) {
        Bed *bed = *state;
        KeptText *kept = keep(bed, bed->second);
        char text[KEPT_TEXT_MAX + 1];
        struct stat st;

        assert_int_equal(kept_text_read(bed->first, text), -ENOENT);
        for (int i = 0; i < 100; i++) {
                snprintf(text, sizeof(text), "text %d", i);
                assert_int_equal(kept_text_set(kept, text), 0);
        }
        kept_text_free(kept);
        assert_int_equal(kept_text_read(bed->first, text), 0);
        assert_string_equal(text, "text 99");
        assert_int_equal(kept_text_read(bed->second, text), 0);
        assert_string_equal(text, "text 99");
        assert_int_equal(stat(bed->first, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_nothing_is_written_before_something_is_set(void **state) {
        Bed *bed = *state;
        char text[KEPT_TEXT_MAX + 1];

        kept_text_free(keep(bed, bed->second));
        assert_int_equal(kept_text_read(bed->first, text), -ENOENT);
}

static void test_one_file_that_cannot_be_written_does_not_hinder_the_other(void **state) {
        Bed *bed = *state;
        KeptText *kept = keep(bed, "/nonexistent/second");
        char text[KEPT_TEXT_MAX + 1];

        assert_int_equal(kept_text_set(kept, "a"), 0);
        while (kept_text_error(kept) == 0)
                sched_yield();
        assert_int_equal(kept_text_error(kept), -ENOENT);
        assert_int_equal(kept_text_read(bed->first, text), 0);
        kept_text_free(kept);
}

static void test_what_is_no_text_is_not_read(void **state) {
        static const char *const contents[] = { "", "no line end", "\n\n" };
        char longest[KEPT_TEXT_MAX + 3], text[KEPT_TEXT_MAX + 1];
        Bed *bed = *state;

        for (size_t i = 0; i < 2; i++) {
                _cleanup_(freep) char *path =
                        fixture_write(bed->folder, "first", contents[i], 0600);

                assert_int_equal(kept_text_read(path, text), -EBADMSG);
        }
        memset(longest, 'a', sizeof(longest));
        longest[KEPT_TEXT_MAX + 1] = '\n';
        longest[KEPT_TEXT_MAX + 2] = '\0';
        free(fixture_write(bed->folder, "first", longest, 0600));
        assert_int_equal(kept_text_read(bed->first, text), -EBADMSG);
        longest[KEPT_TEXT_MAX] = '\n';
        longest[KEPT_TEXT_MAX + 1] = '\0';
        free(fixture_write(bed->folder, "first", longest, 0600));
        assert_int_equal(kept_text_read(bed->first, text), 0);
        assert_int_equal(strlen(text), KEPT_TEXT_MAX);
}

static void test_a_text_that_is_too_long_is_refused(void **state) {
        char text[KEPT_TEXT_MAX + 2];
        KeptText *kept = keep(*state, "/nonexistent/second");

        memset(text, 'a', sizeof(text));
        text[KEPT_TEXT_MAX + 1] = '\0';
        assert_int_equal(kept_text_set(kept, text), -EMSGSIZE);
        kept_text_free(kept);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, bed_open, bed_close)

int main(void) {
        const struct CMUnitTest tests[] = {
                CASE(test_what_was_set_last_is_kept),
                CASE(test_nothing_is_written_before_something_is_set),
                CASE(test_one_file_that_cannot_be_written_does_not_hinder_the_other),
                CASE(test_what_is_no_text_is_not_read),
                CASE(test_a_text_that_is_too_long_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
