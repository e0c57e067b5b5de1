/* SPDX-License-Identifier: MIT */
#include "daemon/keys/signer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "daemon/token/claims-frame.h"
#include "daemon/worker/worker.h"

#define BATCH_MAX 2u
#define LOOK_USEC 50u
/* The largest signature that the loop makes itself: RSA, with larger ones, takes too long. */
#define QUICK_SIZE_MAX 132u

struct Signer {
        Worker *worker;
        ClaimsFrame *frame; /* of the loop */
};

struct SignJob {
        WorkerJob base;
        TokenDraft draft;
        Secret *token;
        int r;
        SignDone done; /* touched by the loop only; NULL: nobody waits */
        void *userdata;
};

static void job_clear(SignJob *job) {
        token_draft_clear(&job->draft);
        secret_free(job->token);
        free(job);
}

static void run(struct WorkerJobList *jobs, void *userdata) {
        WorkerJob *each;

        (void)userdata;
        STAILQ_FOREACH(each, jobs, link) {
                SignJob *job = (SignJob *)each;

                job->r = token_draft_sign(&job->draft, &job->token);
        }
}

static void on_done(WorkerJob *base, void *userdata) {
        SignJob *job = (SignJob *)base;

        (void)userdata;
        if (job->done)
                job->done(job->r, TAKE_PTR(job->token), job->userdata);
        job_clear(job);
}

static void drop(WorkerJob *base) {
        job_clear((SignJob *)base);
}

static const WorkerType type = {
        .name = "signer",
        .look_usec = LOOK_USEC,
        .batch_max = BATCH_MAX,
        .run = run,
        .done = on_done,
        .drop = drop,
};

int signer_new(sd_event *event, Signer **ret_signer) {
        _cleanup_(signer_freep) Signer *signer = calloc(1, sizeof(*signer));
        int r;

        if (!signer)
                return -ENOMEM;
        r = claims_frame_new(&signer->frame);
        if (r >= 0)
                r = worker_new(event, &type, signer, &signer->worker);
        if (r < 0)
                return r;
        *ret_signer = TAKE_PTR(signer);
        return 0;
}

Signer *signer_free(Signer *signer) {
        if (!signer)
                return NULL;
        worker_free(signer->worker);
        claims_frame_free(signer->frame);
        free(signer);
        return NULL;
}

ClaimsFrame *signer_frame(Signer *signer) {
        return signer->frame;
}

int signer_start(
        Signer *signer, TokenDraft *draft, SignDone done, void *userdata, SignJob **ret_job) {
        bool is_quick = key_signing_size(draft->signing) <= QUICK_SIZE_MAX;
        SignJob *job = malloc(sizeof(*job));
        int r;

        if (!job) {
                token_draft_clear(draft);
                return -ENOMEM;
        }
        *job = (SignJob){ .draft = *draft, .done = done, .userdata = userdata };
        *draft = (TokenDraft){ 0 };
        r = is_quick ? worker_share(signer->worker, &job->base)
                     : worker_submit(signer->worker, &job->base);
        if (r < 0) {
                job_clear(job);
                return r;
        }
        *ret_job = job;
        return 0;
}

/* A thread has the job: it is freed when it comes back. */
SignJob *sign_job_free(SignJob *job) {
        if (job)
                job->done = NULL;
        return NULL;
}
