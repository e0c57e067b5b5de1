/* SPDX-License-Identifier: MIT */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hook/hook-file.h"

static const struct {
        const char *name;
        mode_t mode;
        uid_t uid;
        HookFileVerdict verdict;
} cases[] = {
        { "root's program is run", S_IFREG | 0755, 0, HOOK_FILE_RUN },
        { "one that only root may read is tried", S_IFREG | 0700, 0, HOOK_FILE_RUN },
        { "one that only a group may run is run", S_IFREG | 0450, 0, HOOK_FILE_RUN },
        { "a setuid bit changes nothing", S_IFREG | 04755, 0, HOOK_FILE_RUN },
        { "a file that is not executable is left out", S_IFREG | 0644, 0, HOOK_FILE_SKIP },
        { "so is somebody else's", S_IFREG | 0666, 1000, HOOK_FILE_SKIP },
        { "a directory is left out", S_IFDIR | 0755, 0, HOOK_FILE_SKIP },
        { "somebody else's program is refused", S_IFREG | 0755, 1000, HOOK_FILE_FOREIGN },
        { "a group that may write is refused", S_IFREG | 0775, 0, HOOK_FILE_WRITABLE },
        { "everybody who may write is refused", S_IFREG | 0757, 0, HOOK_FILE_WRITABLE },
        { "a link is refused", S_IFLNK | 0777, 0, HOOK_FILE_LINK },
        { "a pipe is refused", S_IFIFO | 0755, 0, HOOK_FILE_SPECIAL },
        { "a socket is refused", S_IFSOCK | 0755, 0, HOOK_FILE_SPECIAL },
        { "a device is refused", S_IFCHR | 0755, 0, HOOK_FILE_SPECIAL },
};

static void test_each_kind_of_file(void **unused) {
        (void)unused;
        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                const struct stat info = { .st_mode = cases[i].mode, .st_uid = cases[i].uid };

                if (hook_file_judge(&info) != cases[i].verdict)
                        fail_msg("%s: %d", cases[i].name, hook_file_judge(&info));
                if (cases[i].verdict > HOOK_FILE_SKIP)
                        assert_true(*hook_file_fault(cases[i].verdict));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_kind_of_file) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
