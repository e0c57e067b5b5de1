#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Packets that are put together by hand: the decoder is not tested with its own encoder only.
 */

#include <stdlib.h>
#include <string.h>

#include "authtoken/ipc-message.h"

#define HANDLE       "AAECAwQFBgcICQoLDA0ODw"
#define ANSWER(type) ((type) | IPC_REPLY)

typedef struct Packet {
        uint8_t bytes[IPC_MESSAGE_MAX + 16];
        size_t size;
} Packet;

static inline void packet_put(Packet *packet, uint32_t value, size_t size) {
        for (size_t i = 0; i < size; i++)
                packet->bytes[packet->size++] = (uint8_t)(value >> 8 * i);
}

static inline void packet_set_payload_size(Packet *packet, uint32_t value) {
        size_t end = packet->size;

        packet->size = 12;
        packet_put(packet, value, 4);
        packet->size = end;
}

static inline void packet_begin(Packet *packet, uint32_t type, uint32_t status) {
        packet->size = 0;
        packet_put(packet, IPC_MAGIC, 4);
        packet_put(packet, IPC_VERSION, 1);
        packet_put(packet, type, 1);
        packet_put(packet, status, 2);
        packet_put(packet, 0x04030201, 4);
        packet_put(packet, 0, 4);
}

static inline void packet_add(Packet *packet, uint32_t tag, const void *bytes, size_t size) {
        packet_put(packet, tag, 2);
        packet_put(packet, (uint32_t)size, 2);
        if (size > 0)
                memcpy(packet->bytes + packet->size, bytes, size);
        packet->size += size;
        packet_set_payload_size(packet, (uint32_t)(packet->size - IPC_HEADER_SIZE));
}

/* From memory of exactly that size, so that the sanitizer sees every byte read beyond it. */
static inline int packet_decode_bytes(const uint8_t *bytes, size_t size) {
        uint8_t *exact = malloc(size > 0 ? size : 1);
        IpcMessage message;
        int r;

        memset(&message, 0xee, sizeof(message));
        if (!exact)
                abort();
        memcpy(exact, bytes, size);
        r = ipc_message_decode(exact, size, &message);
        free(exact);
        return r;
}

static inline int packet_decode(const Packet *packet) {
        return packet_decode_bytes(packet->bytes, packet->size);
}
