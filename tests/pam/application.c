/* SPDX-License-Identifier: MIT */

/*
 * Steps of a scenario:
 *
 *      do authenticate | setcred | delete-cred | account | open | close | chauthtok
 *      do fork STEP …              in a child, which gives back its PAM environment, as sshd does
 *      do putenv NAME=TEXT         in the PAM environment
 *      do user NAME                change PAM_USER, as sudo does
 *      do within MSEC | after MSEC the next step ends before, or not before, that; the first step of all
 *                                  takes longer, since libpam then loads the modules
 */

#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "tests/pam/application.h"
#include "tests/pam/fake-daemon.h"
#include "tests/pam/fatal.h"
#include "tests/pam/probe.h"
#include "tests/pam/transcript.h"

#define HANDLE_VARIABLE "AUTHTOKEN_HANDLE"

typedef struct Application {
        const Scenario *scenario;
        pam_handle_t *pamh;
        size_t *next_answer; /* shared with the processes that it forks */
        char handle[128];    /* as the PAM environment showed it last */
        long within_msec, after_msec;
} Application;

typedef struct Step {
        const char *name;
        int (*run)(pam_handle_t *pamh, int flags);
        int flags;
} Step;

static const Step steps[] = {
        { "authenticate", pam_authenticate, 0 },
        { "setcred", pam_setcred, PAM_ESTABLISH_CRED },
        { "delete-cred", pam_setcred, PAM_DELETE_CRED },
        { "account", pam_acct_mgmt, 0 },
        { "open", pam_open_session, 0 },
        { "close", pam_close_session, 0 },
        { "chauthtok", pam_chauthtok, 0 },
};

static const char *code_name(int code) {
        static const struct {
                int code;
                const char *name;
        } codes[] = {
                { PAM_SUCCESS, "PAM_SUCCESS" },
                { PAM_MODULE_UNKNOWN, "PAM_IGNORE" }, /* see pam_probe.c */
                { PAM_AUTH_ERR, "PAM_AUTH_ERR" },
                { PAM_AUTHINFO_UNAVAIL, "PAM_AUTHINFO_UNAVAIL" },
                { PAM_AUTHTOK_RECOVERY_ERR, "PAM_AUTHTOK_RECOVERY_ERR" },
                { PAM_ACCT_EXPIRED, "PAM_ACCT_EXPIRED" },
                { PAM_USER_UNKNOWN, "PAM_USER_UNKNOWN" },
                { PAM_PERM_DENIED, "PAM_PERM_DENIED" },
                { PAM_SESSION_ERR, "PAM_SESSION_ERR" },
                { PAM_SERVICE_ERR, "PAM_SERVICE_ERR" },
                { PAM_SYSTEM_ERR, "PAM_SYSTEM_ERR" },
                { PAM_CONV_ERR, "PAM_CONV_ERR" },
                { PAM_BUF_ERR, "PAM_BUF_ERR" },
                { PAM_INCOMPLETE, "PAM_INCOMPLETE" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
                if (codes[i].code == code)
                        return codes[i].name;

        return "another code";
}

static int answer(Application *application, struct pam_response *response) {
        const ScenarioList *answers = &application->scenario->answers;
        const char *text;

        if (*application->next_answer == answers->count) {
                transcript_line("unexpected prompt");
                return PAM_CONV_ERR;
        }

        text = answers->lines[(*application->next_answer)++];
        if (strcmp(text, "<fail>") == 0)
                return PAM_CONV_ERR;
        if (strcmp(text, "<again>") == 0)
                return PAM_CONV_AGAIN;
        if (strcmp(text, "<null>") != 0)
                response->resp = strdup(strcmp(text, "<empty>") == 0 ? "" : text);
        return PAM_SUCCESS;
}

static int converse(
        int count, const struct pam_message **messages, struct pam_response **ret, void *userdata) {
        struct pam_response *responses = calloc((size_t)count, sizeof(*responses));
        int r = PAM_SUCCESS;

        for (int i = 0; i < count && r == PAM_SUCCESS; i++) {
                const char *text = messages[i]->msg;

                switch (messages[i]->msg_style) {
                case PAM_PROMPT_ECHO_ON:
                        transcript_line("visible prompt \"%s\"", text);
                        r = answer(userdata, &responses[i]);
                        break;
                case PAM_PROMPT_ECHO_OFF:
                        transcript_line("prompt \"%s\"", text);
                        r = answer(userdata, &responses[i]);
                        break;
                case PAM_ERROR_MSG:
                        transcript_line("error \"%s\"", text);
                        break;
                default:
                        transcript_line("message of style %d \"%s\"", messages[i]->msg_style, text);
                }
        }
        if (r != PAM_SUCCESS) {
                free(responses);
                responses = NULL;
        }

        *ret = responses;
        return r;
}

static long now_msec(void) {
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void show_environment(Application *application) {
        const char *handle = pam_getenv(application->pamh, HANDLE_VARIABLE);
        const char *authtok = pam_getenv(application->pamh, PROBE_AFTER);

        if (authtok) {
                transcript_line("authtok \"%s\"", transcript_text(authtok, strlen(authtok)));
                pam_putenv(application->pamh, PROBE_AFTER);
        }
        if (strcmp(application->handle, handle ? handle : "") == 0)
                return;
        snprintf(application->handle, sizeof(application->handle), "%s", handle ? handle : "");
        transcript_line("environment %s",
                handle ? transcript_text(handle, strlen(handle)) : "without handle");
}

static void step_run(Application *application, const Step *step) {
        long begin = now_msec(), took;
        int r;

        r = step->run(application->pamh, step->flags | application->scenario->flags);
        took = now_msec() - begin;
        show_environment(application);
        if (application->within_msec > 0 && took > application->within_msec)
                transcript_line("too late: %ld ms", took);
        if (took < application->after_msec)
                transcript_line("too early: %ld ms", took);
        application->within_msec = 0;
        application->after_msec = 0;
        transcript_line("%s = %s", step->name, code_name(r));
}

static const Step *step_find(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
                if (strcmp(steps[i].name, name) == 0)
                        return &steps[i];

        fatal(name);
}

/* Of what the child did, the parent gets the PAM environment, and nothing else. */
static void import_environment(Application *application, int fd) {
        FILE *stream = fdopen(fd, "r");
        char line[1024];

        if (!stream)
                fatal("fdopen");
        while (fgets(line, sizeof(line), stream)) {
                line[strcspn(line, "\n")] = '\0';
                pam_putenv(application->pamh, line);
        }
        fclose(stream);
        show_environment(application);
}

static void steps_fork(Application *application, char *names) {
        int fds[2], status;
        pid_t pid;

        if (pipe(fds) < 0)
                fatal("pipe");
        pid = fork();
        if (pid < 0)
                fatal("fork");
        if (pid == 0) {
                for (char *name = strsep(&names, " "); name; name = strsep(&names, " "))
                        step_run(application, step_find(name));
                for (char **env = pam_getenvlist(application->pamh); *env; env++)
                        dprintf(fds[1], "%s\n", *env);
                _exit(0);
        }

        close(fds[1]);
        import_environment(application, fds[0]);
        if (waitpid(pid, &status, 0) < 0 || status != 0)
                transcript_line("the child failed");
}

static void putenv_show(Application *application, const char *variable) {
        if (pam_putenv(application->pamh, variable) != PAM_SUCCESS)
                fatal(variable);
        show_environment(application);
}

static void do_line(Application *application, const char *line) {
        char words[1024];
        char *rest = words, *word;

        snprintf(words, sizeof(words), "%s", line);
        word = strsep(&rest, " ");
        if (strcmp(word, "fork") == 0)
                steps_fork(application, rest);
        else if (strcmp(word, "putenv") == 0)
                putenv_show(application, rest);
        else if (strcmp(word, "user") == 0)
                pam_set_item(application->pamh, PAM_USER, rest);
        else if (strcmp(word, "within") == 0)
                application->within_msec = strtol(rest, NULL, 10);
        else if (strcmp(word, "after") == 0)
                application->after_msec = strtol(rest, NULL, 10);
        else
                step_run(application, step_find(word));
}

static void stack_write(FILE *file, const char *type, const char *module, const char *arguments) {
        fprintf(file, "%s [default=ignore] %s before\n", type, arguments);
        fprintf(file, "%s [success=1 ignore=ignore default=bad] %s\n", type, module);
        fprintf(file, "%s [default=die] %s ignored\n", type, arguments);
        fprintf(file, "%s [default=ok] %s after\n", type, arguments);
}

static void service_write(
        const char *directory, const char *name, const char *module, const char *probe) {
        static const char *const types[] = { "auth", "account", "session", "password" };
        char path[256];
        FILE *file;

        snprintf(path, sizeof(path), "%s/%s", directory, name);
        file = fopen(path, "w");
        if (!file)
                fatal(path);
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
                stack_write(file, types[i], module, probe);
        fclose(file);
}

static void set_item(Application *application, int type, const char *text) {
        if (text && pam_set_item(application->pamh, type, text) != PAM_SUCCESS)
                fatal("pam_set_item");
}

static void session_run(Application *application, const char *configuration) {
        const Scenario *scenario = application->scenario;
        const struct pam_conv conversation = { converse, application };
        char variable[32768];

        if (pam_start_confdir(scenario->service, scenario->user, &conversation, configuration,
                    &application->pamh) != PAM_SUCCESS)
                fatal("pam_start_confdir");

        set_item(application, PAM_RHOST, scenario->rhost);
        set_item(application, PAM_TTY, scenario->tty);
        set_item(application, PAM_RUSER, scenario->ruser);
        if (scenario->authtok) {
                snprintf(variable, sizeof(variable), PROBE_BEFORE "=%s", scenario->authtok);
                pam_putenv(application->pamh, variable);
        }
        for (size_t i = 0; i < scenario->steps.count; i++)
                do_line(application, scenario->steps.lines[i]);
        pam_end(application->pamh, PAM_SUCCESS);

        if (*application->next_answer < scenario->answers.count)
                transcript_line("answers left over");
}

/* Where another user can reach it, which a build directory need not be. */
static void module_copy(const char *from, const char *directory, const char *name) {
        char to[160];
        char *buffer = malloc(1 << 24);
        FILE *input = fopen(from, "r"), *output;
        size_t size;

        snprintf(to, sizeof(to), "%s/%s", directory, name);
        output = fopen(to, "w");
        if (!buffer || !input || !output)
                fatal(to);
        size = fread(buffer, 1, 1 << 24, input);
        if (!feof(input) || fwrite(buffer, 1, size, output) != size)
                fatal(to);
        fclose(input);
        fclose(output);
        free(buffer);
}

void application_run(const Scenario *scenario, const char *module, const char *probe) {
        Application application = { .scenario = scenario };
        char configuration[128], line[1024], own_probe[160];
        FakeDaemon daemon;

        application.next_answer = mmap(NULL, sizeof(*application.next_answer),
                PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (application.next_answer == MAP_FAILED)
                fatal("mmap");
        fake_daemon_start(scenario, &daemon);
        snprintf(configuration, sizeof(configuration), "%s/conf", daemon.directory);
        if (mkdir(configuration, 0755) < 0)
                fatal(configuration);
        module_copy(module, configuration, "pam_authtoken.so");
        module_copy(probe, configuration, "pam_probe.so");
        snprintf(line, sizeof(line), "%s/pam_authtoken.so socket=%s %s", configuration, daemon.path,
                scenario->options);
        snprintf(own_probe, sizeof(own_probe), "%s/pam_probe.so", configuration);
        service_write(configuration, scenario->service, line, own_probe);
        service_write(configuration, "other", line, own_probe);

        if (scenario->uid != geteuid() && seteuid(scenario->uid) < 0)
                fatal("seteuid");
        session_run(&application, configuration);
        if (geteuid() != getuid() && seteuid(getuid()) < 0)
                fatal("seteuid");

        fake_daemon_stop(&daemon);
}
