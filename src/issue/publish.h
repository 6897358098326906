/* issue/publish (layer 5): policy as code: bundles and bare policies in Parameter Store (`policy push`, `pull`,
 * `history`, `rollback`, `gc`, `sign`, `verify`).
 *
 * A command that changes something has two halves. In the first this process reads what is to be published and has
 * evaluators check it, while a child of it, which alone sees secrets, the network and libcrypto, looks at the regions.
 * In the second, once a person has agreed, it reads the secrets itself, and starts no evaluator any more.
 *
 * MUST
 *  1. publish nothing that readers would refuse: serial, name, installation, validity and signatures are checked here
 *     as there;
 *  2. sign nothing because it lies in Parameter Store: what is there is signed again only after its own signatures were
 *     verified;
 *  3. write the record before anything that a reader sees changes, and another one of what came of it. */
#ifndef SNT_ISSUE_PUBLISH_H
#define SNT_ISSUE_PUBLISH_H

#include "aws/ssm.h"
#include "issue/issue.h"
#include "policy/difference.h"
#include "policy/keys.h"
#include "policy/lint.h"

enum { SNT_PUBLISH_REGIONS_MAX = 8, SNT_PUBLISH_VALID_DAYS = 30, SNT_PUBLISH_SERIAL_STEP = 10000 };

/* What a command was given. Strings are borrowed; NULL: not given. */
struct snt_publish_options {
  struct snt_issue_options common; /* profile (not NULL: whose credentials), regions, backend, config */
  const char *name;                /* the policy's */
  const char *const *keys;         /* FILE, keychain:NAME, agent:..., kms:ARN */
  size_t key_count;
  int64_t valid_s;                /* --valid; 0: not given */
  const char *not_after;          /* --not-after, as policy.md writes times */
  bool is_forced;                 /* --force */
  void (*tell)(const char *text); /* progress, one line; NULL: not told */
};

/* "/sentinel/policies/prod" of a name. Code USAGE for one that cannot be: 1 to 64 of A-Z a-z 0-9 . _ - */
snt_status snt_publish_name_parameter(const char *name, char out[static 128], struct snt_err *err);

/* publish_draft.c: what is to be published. */
struct snt_draft {
  bool is_bare;
  struct snt_buf bytes;         /* the packed bundle, or the bare policy's text */
  char sha256[65];              /* of them */
  struct snt_manifest manifest; /* of a bundle */
  bool has_pointer;             /* a packed file with a signed FILE.pointer beside it */
  struct snt_pointer pointer;   /* that one; nobody has verified it */
  bool is_refused;              /* by the evaluator */
  struct snt_err refusal;       /* then */
  struct snt_buf problems;      /* the same, as a JSON array */
  struct snt_lint lint;         /* of one that is not refused */
};
void snt_draft_clear(struct snt_draft *draft);
#define SNT_DRAFT_AUTO SNT_CLEANUP(snt_draft_clear)
/* A bundle's folder, a packed file, or with is_bare a policy's file: read, evaluated as readers will, linted. One that
 * the evaluator refuses is a draft too, and is_refused; what cannot be packed is POLICY_INVALID. */
snt_status snt_draft_read(const char *path, bool is_bare, struct snt_draft *out, struct snt_err *err);
/* The same of packed bytes, which are copied; source is for messages. */
snt_status snt_draft_take(const char *source, struct snt_slice packed, struct snt_draft *out, struct snt_err *err);

/* The end of what is signed: as the options say, else as the manifest does ("": it does not), else 30 days from now on.
 * Code POLICY_INVALID when it has passed. */
snt_status snt_publish_choose_end(const struct snt_publish_options *options, const char *of_manifest, int64_t now_ms,
                                  struct snt_pointer *out, struct snt_err *err);
/* Whether a pointer is one to the draft, whatever its validity. */
bool snt_draft_is_pointed_to(const struct snt_draft *draft, const struct snt_pointer *pointer);
/* Code POLICY_INVALID for what readers would not take yet, and only it would be there; --force says otherwise. */
snt_status snt_publish_check_beginning(const struct snt_publish_options *options, const struct snt_pointer *pointer,
                                       int64_t now_ms, struct snt_err *err);
/* A pointer to the draft, without signatures. The same codes. */
snt_status snt_draft_point(const struct snt_publish_options *options, const struct snt_draft *draft, int64_t now_ms,
                           struct snt_pointer *out, struct snt_err *err);

/* publish_look.c: what is there. */
struct snt_published {
  char region[64];
  int64_t version; /* of the parameter; 0: there is none */
  bool is_secure;
  struct snt_buf value;
  bool is_pointer;            /* else, where there is one, it is a bare policy */
  struct snt_pointer pointer; /* its serial is 0 when it cannot be read */
  bool is_trusted;            /* its signatures are good, by policy.keys, else by the keys that were given */
  bool is_whole;              /* what it points to was asked for, and is in packed */
  struct snt_buf packed;
  struct snt_err unreadable, untrusted, incomplete; /* why it is not */
};
void snt_published_clear(struct snt_published *published);

enum snt_look {
  SNT_LOOK_POINTERS = 0, /* the parameters alone */
  SNT_LOOK_BUNDLES,      /* and the bundles that they point to */
  SNT_LOOK_OLDER,        /* and one of the history: that with the serial asked for, else the highest before */
  SNT_LOOK_HIGHER        /* and, where the history has a trusted one of a higher serial, the pointer of the highest */
};

struct snt_publish_view {
  char parameter[512]; /* "/sentinel/policies/prod"; of a packed file its path */
  struct snt_published regions[SNT_PUBLISH_REGIONS_MAX];
  size_t count;
  struct snt_published older; /* what SNT_LOOK_OLDER and SNT_LOOK_HIGHER found; its serial is 0 when there is none */
  int64_t highest;            /* serial that was ever in force, as far as the history that was looked at tells */
  struct snt_aws_identity who;
  int64_t now_ms;                 /* STS's time */
  struct snt_policy_keys signers; /* of the keys that were given: each can be used */
  bool has_keys;                  /* policy.keys is configured; each of signers is one of them */
  int64_t min_signatures;         /* of those */
  char installation[65];          /* of the configuration; "": none is */
  int64_t min_serial;             /* the same; 0: none is */
};
void snt_publish_view_clear(struct snt_publish_view *view);
#define SNT_PUBLISH_VIEW_AUTO SNT_CLEANUP(snt_publish_view_clear)
/* In a child (issue/child). serial: of SNT_LOOK_OLDER; 0: the latest before the one in force. Codes: USAGE for a name
 * that cannot be, those of finding configuration, profile, credentials, regions and keys, and of service.h; NO_POLICY
 * where there was nothing older. */
snt_status snt_publish_look(const struct snt_publish_options *options, enum snt_look look, int64_t serial,
                            struct snt_publish_view *out, struct snt_err *err);
/* The same of a packed file and FILE.pointer beside it, as if a region held them; nothing is asked of AWS. Codes
 * CONFIG_INVALID, IO, NOT_FOUND. */
snt_status snt_publish_look_file(const char *path, const char *config, struct snt_publish_view *out,
                                 struct snt_err *err);
/* The region with the highest serial, of those that readers believe; NULL when none has a bundle. */
const struct snt_published *snt_publish_newest(const struct snt_publish_view *view);
/* Whether readers would believe a region's pointer, as far as signatures go. */
bool snt_publish_is_believed(const struct snt_publish_view *view, const struct snt_published *published);

/* publish_check.c: whether readers would take what a region holds: pointer, name, installation, signatures, parts,
 * manifest, and the policy itself, by an evaluator; with is_timely also whether it holds now. name: what it has to be
 * called; NULL: anything. Codes POLICY_INVALID, NO_POLICY, EVALUATOR. */
snt_status snt_publish_check(const struct snt_publish_view *view, const struct snt_published *at, const char *name,
                             bool is_timely, struct snt_err *err);

/* publish_compare.c: what the draft changes of what is in force where the serial is the highest, else in the first
 * region that has a policy (issue/difference.h). now_ms: of the view. Codes as of snt_issue_difference; POLICY_INVALID,
 * too, when what is in force cannot be had. */
snt_status snt_publish_compare(const struct snt_publish_options *options, const struct snt_draft *draft,
                               const struct snt_publish_view *view, struct snt_difference *out, struct snt_err *err);

/* publish_plan.c: what is to be done. */
struct snt_publish_plan {
  const char *action; /* push, rollback, renew */
  bool is_bare;
  bool is_done;               /* every region has it: there is nothing to do */
  struct snt_slice bytes;     /* borrowed from the draft or the view */
  char sha256[65];            /* of them */
  struct snt_pointer pointer; /* of a bundle */
  bool is_adopted;            /* with its signatures: it is in force somewhere already */
  bool is_forced, is_untested;
};
/* All of them: codes POLICY_INVALID, naming what readers would refuse and what to write in bundle.yaml; USAGE for keys
 * that are missing. What they make borrows from draft and view. */
snt_status snt_publish_plan_push(const struct snt_publish_options *options, const struct snt_draft *draft,
                                 const struct snt_publish_view *view, struct snt_publish_plan *out,
                                 struct snt_err *err);
/* view.older's content under a new serial; the same serial where it is in force somewhere, and not yet everywhere. Code
 * POLICY_INVALID for what cannot be gone back to. */
snt_status snt_draft_roll_back(const struct snt_publish_view *view, struct snt_draft *out, struct snt_err *err);
/* draft: that. */
snt_status snt_publish_plan_rollback(const struct snt_publish_options *options, const struct snt_draft *draft,
                                     const struct snt_publish_view *view, struct snt_publish_plan *out,
                                     struct snt_err *err);
/* publish_renew.c: what is in force everywhere, for longer, where it is what the name, the installation and the history
 * say. view: of SNT_LOOK_HIGHER. */
snt_status snt_publish_plan_renew(const struct snt_publish_options *options, const struct snt_publish_view *view,
                                  struct snt_publish_plan *out, struct snt_err *err);

/* publish_put.c: doing it, with the secrets. */
struct snt_publish_report {
  struct {
    const char *region; /* borrowed from the view */
    bool has_it;
    int64_t version; /* of the parameter */
  } regions[SNT_PUBLISH_REGIONS_MAX];
  size_t count;
  int signal; /* what interrupted it; 0: nothing */
};
/* Signs, writes the record, writes all parts everywhere, then the pointers in order, and the record of the end. While
 * pointers change, SIGINT, SIGTERM, SIGHUP and SIGQUIT wait for the end of a region, and they are blocked from then on
 * (see issue/rotate.h). A failure says what every region has. */
snt_status snt_publish_put(const struct snt_publish_options *options, const struct snt_publish_plan *plan,
                           const struct snt_publish_view *view, struct snt_publish_report *out, struct snt_err *err);

/* publish_sign.c: adds signatures to FILE.pointer, which is made where there is none; out: what it holds then. Asks AWS
 * only for keys of KMS. Codes USAGE for another end than is signed already; POLICY_INVALID; CONFIG_INVALID; those of
 * the keys; IO. */
snt_status snt_publish_sign_file(const struct snt_publish_options *options, const char *path, struct snt_pointer *out,
                                 int64_t *min_signatures, struct snt_err *err);

/* publish_pull.c: writes what a region holds to a place where nothing is yet, whole or not at all: a bundle's folder,
 * opened by an evaluator, or a bare policy's file. out: NULL for NAME here, or NAME.yaml, NAME.lua; written gets where.
 * The bundle was checked before. Codes IO, naming what is in the way; POLICY_INVALID, EVALUATOR. */
snt_status snt_publish_pull(const struct snt_publish_view *view, const struct snt_published *at, const char *out,
                            struct snt_buf *written, struct snt_err *err);

/* publish_history.c: the versions of a policy's parameter in a region. */
struct snt_publish_version {
  struct snt_published at; /* without the bundle; is_trusted is not set */
  int64_t modified_ms;
  char by[2049]; /* ARN; "" when SSM does not say */
  size_t parts;  /* of a bundle, so many are still there */
};
struct snt_publish_history {
  struct snt_publish_version *list; /* the newest, which is in force, first */
  size_t count;
  char region[64];
};
void snt_publish_history_clear(struct snt_publish_history *history);
#define SNT_PUBLISH_HISTORY_AUTO SNT_CLEANUP(snt_publish_history_clear)
/* Of the first of the regions. Codes of service.h; NO_POLICY. */
snt_status snt_publish_read_history(const struct snt_publish_options *options, struct snt_publish_history *out,
                                    struct snt_err *err);

/* publish_gc.c: parts that nothing will be rolled back to. */
struct snt_gc_report;
struct snt_gc_options {
  struct snt_publish_options publish; /* name NULL: all policies; is_forced: the young ones too */
  size_t keep;                        /* so many bundles of each policy keep their parts; from 1 */
  /* Asked once, before anything is deleted. */
  snt_status (*agree)(void *context, const struct snt_gc_report *report, struct snt_err *err);
  void *context;
};
struct snt_gc_report {
  struct {
    char region[64];
    size_t kept, young; /* parts that stay: of bundles that are kept, and because they are of today */
    size_t parts;       /* that go, or went */
    size_t bundles;     /* whose parts these are */
    bool is_done;
  } regions[SNT_PUBLISH_REGIONS_MAX];
  size_t count;
};
/* Codes of service.h; NO_POLICY for a name that no region has; that of agree; LOG; POLICY_INVALID where it cannot be
 * told what is to be kept. */
snt_status snt_publish_gc(const struct snt_gc_options *options, struct snt_gc_report *out, struct snt_err *err);

#endif
