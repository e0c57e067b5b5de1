#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * For programs that have tokens or keys in their memory. Not for the module: the process is not its own.
 */

/**
 * core_dump_refuse() - let no memory of this process end in a file, or be read by its user's debugger
 *
 * The limit is inherited by the programs that it starts.
 */
void core_dump_refuse(void);
