/* SPDX-License-Identifier: MIT */

#include <stdlib.h>
#include <string.h>

#include "authtoken/ipc-message.h"
#include "tests/fuzz/replay.h"

/* Reads each piece, so that the sanitizer sees one that points out of the packet. */
static size_t touch(IpcBytes piece, const uint8_t *data, size_t size) {
        const char *begin = (const char *)data;

        if (!piece.data)
                return 0;
        if (piece.data < begin || piece.size > size ||
                piece.data - begin > (long)(size - piece.size))
                abort();

        return memchr(piece.data, 0xff, piece.size) ? 2 : 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static uint8_t again[IPC_MESSAGE_MAX], third[IPC_MESSAGE_MAX];
        size_t again_used, third_used, pieces = 0;
        IpcMessage message;

        if (ipc_message_decode(data, size, &message))
                return 0;

        const IpcBytes all[] = { message.user, message.service, message.token, message.handle,
                message.audience, message.tty, message.rhost, message.ruser, message.session,
                message.claims, message.reason };
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
                pieces += touch(all[i], data, size);

        if (ipc_message_encode(&message, again, sizeof(again), &again_used) || again_used > size)
                abort();
        if (ipc_message_decode(again, again_used, &message))
                abort();
        if (ipc_message_encode(&message, third, sizeof(third), &third_used))
                abort();
        if (third_used != again_used || memcmp(again, third, again_used) != 0 || pieces > 22)
                abort();
        return 0;
}
