#pragma once
/* SPDX-License-Identifier: MIT */

/*
 * Where there is no desktop, polkit needs somebody to ask for a password: pkttyagent at our terminal.
 */

/**
 * polkit_agent_start() - have an agent for this process, if there is none yet
 *
 * It ends with us. Without pkttyagent polkit asks nobody, and refuses.
 */
void polkit_agent_start(void);
