/* SPDX-License-Identifier: MIT */

#include <stdio.h>
#include <string.h>

#include "cli/keys.h"
#include "common/cleanup.h"
#include "common/translation.h"

static const char help[] =
        N_("Usage: authtokenctl keys COMMAND [ARGUMENT]...\n\n"
           "  list [--json] [--directory DIR]  show the keys, without their secrets\n"
           "  jwks [--directory DIR]           print the public keys as a JSON Web Key Set\n"
           "  rotate [--alg ALG] [--stage]     make a new key and let it sign\n"
           "  use KID                          let this key sign, which is there\n"
           "  generate [OPTION]...             make a key, without the daemon\n"
           "  import [--directory DIR] FILE    add the keys of a file to the daemon's\n"
           "  seal [OPTION]... FILE            encrypt a signing key for this machine\n\n"
           "  -h, --help                       this text; after a command, about the command\n");

static const struct {
        const char *name;
        ExitStatus (*run)(const CommandLine *line, int argc, char **argv);
} commands[] = {
        { "list", keys_show_main },
        { "jwks", keys_show_main },
        { "rotate", keys_rotate_main },
        { "use", keys_rotate_main },
        { "generate", keys_generate_main },
        { "import", keys_import_main },
        { "seal", keys_seal_main },
};

ExitStatus keys_main(const CommandLine *line, int argc, char **argv) {
        if (argc > 1 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")))
                return show_help(help);
        for (size_t i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++)
                if (!strcmp(commands[i].name, argv[1]))
                        return commands[i].run(line, argc - 1, argv + 1);
        return complain_usage(
                "keys", "one of list, jwks, rotate, use, generate, import and seal is needed");
}
