#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Requests as the transcript shows them, and answers as a scenario asks for them.
 */

#include <stddef.h>
#include <stdint.h>

/**
 * fake_request_log() - write a request into the transcript
 * @packet:     as received
 * @size:       bytes
 */
void fake_request_log(const uint8_t *packet, size_t size);

/**
 * fake_reply_send() - answer a request
 * @fd:         connection
 * @request:    what is answered
 * @request_size: bytes
 * @spec:       STATUS and what is to be different about the answer
 */
void fake_reply_send(int fd, const uint8_t *request, size_t request_size, const char *spec);
