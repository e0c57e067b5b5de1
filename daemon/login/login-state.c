/* SPDX-License-Identifier: MIT */

#include <errno.h>

#include "daemon/logind/logind.h"
#include "daemon/login/login-state.h"
#include "daemon/login/login.h"

typedef enum SessionState {
        SESSION_NONE,
        SESSION_OWN,
        SESSION_ANOTHER,
} SessionState;

/* After a restart logind may reuse an id. A session that cannot be read counts as the login's own. */
static SessionState look_at_session(const Login *login) {
        LogindSession session;
        int r;

        if (!login->logind_id)
                return SESSION_NONE;
        r = logind_session_read(login->logind_id, &session);
        if (r < 0)
                return r == -ENOENT ? SESSION_NONE : SESSION_OWN;
        if (login->logind_begin_usec && session.begin_usec &&
                login->logind_begin_usec != session.begin_usec)
                return SESSION_ANOTHER;
        if (login->opened_logind && session.leader && session.leader != login->leader.pid)
                return SESSION_ANOTHER;
        return SESSION_OWN;
}

bool login_logind_is_another(const Login *login) {
        return look_at_session(login) == SESSION_ANOTHER;
}

LoginState login_state(const Login *login) {
        SessionState session = look_at_session(login);

        if (session == SESSION_OWN)
                return LOGIN_OPEN;
        if (login->closed || !process_is_alive(&login->leader))
                return LOGIN_OVER;
        return session == SESSION_ANOTHER ? LOGIN_ELSEWHERE : LOGIN_OPEN;
}

bool login_is_over(const Login *login) {
        return login_state(login) == LOGIN_OVER;
}
