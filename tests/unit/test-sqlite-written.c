/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "common/cleanup.h"
#include "daemon/store/sqlite-written.h"

/* What a file of a few bytes would hold: '.' nobody knows. */
typedef struct Step {
        char act; /* 'w'rite, 'f'ail, 'c'ut */
        unsigned int offset, size;
        char byte;
} Step;

static const struct {
        const char *name;
        Step steps[6];
        const char *known; /* a letter for each byte; '.' any would do */
        unsigned int size;
        bool vague;
} cases[] = {
        { "nothing is known of an empty file", { { 0 } }, "", 0, false },
        { "a piece is known", { { 'w', 0, 4, 'a' } }, "aaaa", 4, false },
        { "pieces may come in any order", { { 'w', 4, 4, 'b' }, { 'w', 0, 4, 'a' } }, "aaaabbbb", 8,
                false },
        { "between pieces nothing is known", { { 'w', 0, 2, 'a' }, { 'w', 6, 2, 'b' } }, "aa....bb",
                8, false },
        { "the last write counts", { { 'w', 0, 4, 'a' }, { 'w', 0, 4, 'b' } }, "bbbb", 4, false },
        { "what is overlapped is forgotten",
                { { 'w', 0, 4, 'a' }, { 'w', 4, 4, 'b' }, { 'w', 2, 4, 'c' } }, "..cccc..", 8,
                false },
        { "many pieces give way to one",
                { { 'w', 0, 2, 'a' }, { 'w', 2, 2, 'b' }, { 'w', 4, 2, 'c' }, { 'w', 6, 2, 'd' },
                        { 'w', 1, 6, 'e' } },
                ".eeeeee.", 8, false },
        { "one piece gives way to a part",
                { { 'w', 0, 6, 'a' }, { 'w', 6, 2, 'b' }, { 'w', 2, 2, 'c' } }, "..cc..bb", 8,
                false },
        { "a failed write is not known",
                { { 'w', 0, 4, 'a' }, { 'w', 4, 4, 'b' }, { 'f', 2, 4, 0 } }, "........", 8, true },
        { "a write that failed behind the end may have grown the file",
                { { 'w', 0, 4, 'a' }, { 'f', 4, 4, 0 } }, "aaaa", 4, true },
        { "what was cut off is forgotten",
                { { 'w', 0, 4, 'a' }, { 'w', 4, 4, 'b' }, { 'c', 0, 4, 0 } }, "aaaa", 4, false },
        { "half a piece is not known", { { 'w', 0, 4, 'a' }, { 'w', 4, 4, 'b' }, { 'c', 0, 6, 0 } },
                "aaaa..", 6, false },
        { "a file may be given more room", { { 'w', 0, 4, 'a' }, { 'c', 0, 8, 0 } }, "aaaa....", 8,
                false },
        { "a cut settles the size", { { 'w', 0, 4, 'a' }, { 'f', 4, 4, 0 }, { 'c', 0, 6, 0 } },
                "aaaa..", 6, false },
        { "all can be cut off", { { 'w', 0, 4, 'a' }, { 'c', 0, 0, 0 } }, "", 0, false },
};

static void take(SqliteWritten *written, const Step *step) {
        char data[16];

        memset(data, step->byte, sizeof(data));
        if (step->act == 'c') {
                sqlite_written_cut(written, step->size);
        } else if (step->act == 'f') {
                sqlite_written_fail(written, step->offset, step->size);
        } else {
                assert_int_equal(sqlite_written_reserve(written), 0);
                sqlite_written_note(written, step->offset, data, step->size);
        }
}

/* Every run of the same letter is one piece: it is known if another byte anywhere in it would be noticed. */
static void check_known(const SqliteWritten *written, const char *known) {
        size_t size;

        for (size_t start = 0; known[start]; start += size) {
                char data[16];

                for (size = 1; known[start + size] == known[start]; size++)
                        ;
                memcpy(data, known + start, size);
                assert_true(sqlite_written_has(written, start, data, size));
                for (size_t i = 0; i < size; i++) {
                        data[i] ^= 1;
                        assert_int_equal(sqlite_written_has(written, start, data, size),
                                known[start] == '.');
                        data[i] ^= 1;
                }
        }
}

static void test_table(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                _cleanup_(sqlite_written_clear) SqliteWritten written = { 0 };

                print_message("%s\n", cases[i].name);
                for (const Step *step = cases[i].steps; step->act; step++)
                        take(&written, step);
                check_known(&written, cases[i].known);
                assert_true(sqlite_written_fits(&written, cases[i].size));
                assert_int_equal(sqlite_written_fits(&written, cases[i].size + 1), cases[i].vague);
                if (cases[i].size > 0)
                        assert_false(sqlite_written_fits(&written, cases[i].size - 1));
        }
}

static void test_what_is_no_piece_may_be_anything(void **unused) {
        _cleanup_(sqlite_written_clear) SqliteWritten written = { 0 };

        (void)unused;
        take(&written, &(Step){ 'w', 4, 4, 'a' });
        assert_false(sqlite_written_has(&written, 4, "bbbb", 4));
        assert_true(sqlite_written_has(&written, 4, "bbb", 3));
        assert_true(sqlite_written_has(&written, 5, "bbb", 3));
        assert_true(sqlite_written_has(&written, 0, "bbbb", 4));
        assert_true(sqlite_written_has(&written, 8, "bbbb", 4));
}

static void test_a_page_of_zeros_is_told_from_a_shorter_one(void **unused) {
        static const char zeros[4096];
        _cleanup_(sqlite_written_clear) SqliteWritten a = { 0 }, b = { 0 };

        (void)unused;
        assert_int_equal(sqlite_written_reserve(&a), 0);
        assert_int_equal(sqlite_written_reserve(&b), 0);
        sqlite_written_note(&a, 0, zeros, 4096);
        sqlite_written_note(&b, 0, zeros, 4088);
        assert_true(a.pieces[0].digest != b.pieces[0].digest);
}

/* More than there is room for at first, forwards and backwards, as a log is written over and over. */
static void test_many_pieces(void **unused) {
        _cleanup_(sqlite_written_clear) SqliteWritten written = { 0 };

        (void)unused;
        for (unsigned int round = 0; round < 3; round++) {
                for (unsigned int i = 0; i < 1000; i++)
                        take(&written, &(Step){ 'w', 4 * (round == 1 ? 999 - i : i), 4,
                                               (char)('a' + (i + round) % 26) });
                assert_int_equal(written.n_pieces, 1000);
        }
        for (unsigned int i = 0; i < 1000; i++) {
                char data[4];

                memset(data, 'a' + (int)(i + 2) % 26, sizeof(data));
                assert_true(sqlite_written_has(&written, 4 * i, data, sizeof(data)));
                data[3] ^= 1;
                assert_false(sqlite_written_has(&written, 4 * i, data, sizeof(data)));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_what_is_no_piece_may_be_anything),
                cmocka_unit_test(test_a_page_of_zeros_is_told_from_a_shorter_one),
                cmocka_unit_test(test_many_pieces),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
