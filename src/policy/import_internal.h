/* policy/import (layer 4), inside: what the files of the importer share. Strings of nodes are borrowed from their
 * documents, which live as long as the import. */
#ifndef SNT_POLICY_IMPORT_INTERNAL_H
#define SNT_POLICY_IMPORT_INTERNAL_H

#include <stdint.h>

#include "format/yaml.h"
#include "policy/import_writer.h"

/* X(NAME, what it is called) */
#define SNT_IMPORT_KINDS(X)                                                                                            \
  X(ACCESS, "access policy")                                                                                           \
  X(APPROVAL, "approval policy")                                                                                       \
  X(BREAK_GLASS, "break-glass policy")                                                                                 \
  X(RATE_LIMIT, "rate-limit policy")
enum snt_import_kind {
#define SNT_IMPORT_ENUM(name, text) SNT_IMPORT_##name,
  SNT_IMPORT_KINDS(SNT_IMPORT_ENUM)
#undef SNT_IMPORT_ENUM
      SNT_IMPORT_KIND_COUNT
};

/* What is told once for all rules. */
enum snt_import_once { SNT_IMPORT_TOLD_NAMES = 1, SNT_IMPORT_TOLD_KINDS = 2, SNT_IMPORT_TOLD_DEVICE = 4 };

/* --- import_read.c: strict reading; every failure is POLICY_INVALID with its place. */

snt_status snt_import_fail(const struct snt_import_place *place, struct snt_err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
struct snt_import_place snt_import_place_of(const char *file, const struct snt_yaml_node *node);

/* A member of a map. */
struct snt_import_field {
  const char *name;                  /* as it should be written */
  const char *written;               /* as it is written */
  const struct snt_yaml_node *value; /* NULL: not there, or null */
  struct snt_import_place place;     /* of the key */
  bool is_unread;                    /* under a name, or at a place, where the older program does not look for it */
};

/* The keys of a map: first those that belong there, then those that belong elsewhere and are looked for all the same.
 */
struct snt_import_keys {
  const char *what;         /* "a rule" */
  const char *const *names; /* ended by NULL */
  size_t own;               /* how many of them belong there */
};

/* Fills fields in the order of keys; a NULL or null node has none. A key that differs from exactly one of them by a
 * slip of the pen is that one, unread. Any other key, and one that is there twice, is a failure. */
snt_status snt_import_read_map(const char *file, const struct snt_yaml_node *node, const struct snt_import_keys *keys,
                               struct snt_import_field *fields, struct snt_err *err);
/* In small letters, with _ for - and spaces; false for what is too long to be a key. */
enum { SNT_IMPORT_PLAIN_CAP = 65 };
bool snt_import_make_plain(const char *key, char out[static SNT_IMPORT_PLAIN_CAP]);
/* Adds "allowed: profiles, users" to an error: the first count of the words (ended by NULL), or all. */
snt_status snt_import_hint_allowed(const char *const *words, size_t count, struct snt_err *err);
/* Fails for the first that is unread: where it cannot be said which of two readings is the careful one. */
snt_status snt_import_check_read(const struct snt_import_field *fields, size_t count, struct snt_err *err);
/* The first of them that is unread; NULL: none is. */
const struct snt_import_field *snt_import_find_unread(const struct snt_import_field *fields, size_t count);
/* The rules of a file, at least one, of any type yet; description may be NULL. The version is checked. */
snt_status snt_import_read_rules(struct snt_import *import, enum snt_import_kind kind, const struct snt_yaml_node **out,
                                 const char **description, struct snt_err *err);
/* A scalar's text, as the older program takes numbers too; NULL when the field is not there or empty. Printable. */
snt_status snt_import_read_text(const struct snt_import_field *field, const char **out, struct snt_err *err);
/* A list of texts; NULL when it is not there or empty, which means any. No text is empty, longer than
 * SNT_IMPORT_WORD_MAX, not printable or holds a backslash. */
enum { SNT_IMPORT_WORD_MAX = 256 }; /* bytes */
snt_status snt_import_read_words(const struct snt_import_field *field, const struct snt_yaml_node **out,
                                 struct snt_err *err);
/* A list of words out of those (ended by NULL). */
snt_status snt_import_read_choices(const struct snt_import_field *field, const char *what, const char *const *words,
                                   const struct snt_yaml_node **out, struct snt_err *err);
/* Seconds; 0 when it is not there. */
snt_status snt_import_read_duration(const struct snt_import_field *field, int64_t *out, struct snt_err *err);
snt_status snt_import_read_flag(const struct snt_import_field *field, bool *out, struct snt_err *err);
/* A number that is not negative; 0 when it is not there. */
snt_status snt_import_read_count(const struct snt_import_field *field, long long *out, struct snt_err *err);

/* --- import_note.c: what is told, and names. */

struct snt_import_name {
  char text[65];
};

/* What one import writes with; failures go to err. */
struct snt_import_job {
  struct snt_import *import;
  struct snt_import_writer writer;
  struct snt_import_name *names; /* of rules, that are taken */
  size_t name_count;
  struct snt_import_approval *approvals; /* import_approval.c */
  size_t approval_count;
  struct snt_err *err;
};

struct snt_import_remark {
  struct snt_import_place place;
  bool is_inside; /* the change is a comment of the policy too: something is left out, or left to do by hand */
  const char *why;
};

/* Adds a note; the format makes its change, of printable texts. */
snt_status snt_import_tell(struct snt_import_job *job, const struct snt_import_remark *remark, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Whether this was not told before; it counts as told from then on. */
bool snt_import_tells(struct snt_import_job *job, enum snt_import_once what);
/* Appends at most cap bytes of the text, with a space for what is not printable, and none at its
 * end. */
snt_status snt_import_clean(const char *text, size_t cap, struct snt_buf *out, struct snt_err *err);
/* A name that a rule can have and none has yet, from one that the older program takes, and what is put behind it. */
snt_status snt_import_take_name(struct snt_import_job *job, const char *from, const char *suffix,
                                struct snt_import_name *out);

/* --- import_conditions.c, import_window.c, import_words.c: conditions in two readings. */

enum snt_import_reading {
  SNT_IMPORT_GRANTED = 0, /* what holds both as it is written and as it was read: for rules that grant */
  SNT_IMPORT_CAUGHT       /* what holds in one of the two: for rules that refuse */
};

enum { SNT_IMPORT_PROFILES, SNT_IMPORT_USERS, SNT_IMPORT_TIME, SNT_IMPORT_MODE, SNT_IMPORT_DEVICE };
enum { SNT_IMPORT_CONDITION_COUNT = SNT_IMPORT_DEVICE + 1, SNT_IMPORT_DEVICE_FLAGS = 4 };
#define SNT_IMPORT_CONDITION_NAMES "profiles", "users", "time", "mode", "device"

struct snt_import_window {
  bool is_there;                /* days or hours are given */
  bool is_zone_lent;            /* the zone is the import's */
  struct snt_import_field slip; /* what of it is unread; no name: nothing is */
  struct snt_import_place place;
  const struct snt_yaml_node *days; /* NULL: any */
  const char *start, *end;          /* NULL: the whole day */
  const char *zone;
};

struct snt_import_device {
  bool is_there;
  struct snt_import_field slip; /* as of a window */
  bool is_required[SNT_IMPORT_DEVICE_FLAGS];
  const char *version;                  /* NULL: any */
  const struct snt_yaml_node *os_types; /* NULL: any */
};

struct snt_import_conditions {
  struct snt_import_field fields[SNT_IMPORT_CONDITION_COUNT];
  const struct snt_yaml_node *profiles, *users, *mode; /* NULL: any */
  struct snt_import_window window;
  struct snt_import_device device;
};

/* Words that were picked out of lists; they are borrowed, the array is owned. */
struct snt_import_words {
  const char **list;
  size_t count;
};
void snt_import_words_clear(struct snt_import_words *words);
#define SNT_IMPORT_WORDS_AUTO SNT_CLEANUP(snt_import_words_clear)
snt_status snt_import_words_add(struct snt_import_words *words, const char *word, struct snt_err *err);

/* Whether both programs take the word for the same: it is no pattern, and as a user's name no other kind of user. */
bool snt_import_is_literal(const char *word);
bool snt_import_is_person(const char *word);
bool snt_import_is_arn(const char *word);
/* Whether the word is the pattern, as the file is written. */
bool snt_import_fits(const char *pattern, const char *word);
/* Of how many words the test holds; 0 for NULL. */
size_t snt_import_count(const struct snt_yaml_node *words, bool (*test)(const char *word));
/* The words of which the test holds, NULL: all. */
void snt_import_put_words(struct snt_import_job *job, const char *key, const struct snt_yaml_node *words,
                          bool (*test)(const char *word));
void snt_import_put_users(struct snt_import_job *job, const struct snt_yaml_node *users,
                          enum snt_import_reading reading);
/* Names of profiles, and ARNs of roles. */
void snt_import_put_profiles(struct snt_import_job *job, const struct snt_import_words *words);
/* Tells what is left out of a list of a rule that grants, and of users that they are compared in another way. */
snt_status snt_import_tell_left_out(struct snt_import_job *job, const struct snt_import_field *field,
                                    const struct snt_yaml_node *words, const char *rule);
/* The same for the profiles of a rule that keeps its name, which is a field of it. */
snt_status snt_import_tell_profiles(struct snt_import_job *job, const struct snt_import_field *name,
                                    const struct snt_import_field *field, const struct snt_yaml_node *profiles);
snt_status snt_import_tell_users(struct snt_import_job *job, const struct snt_import_field *field,
                                 const struct snt_yaml_node *users, const char *rule);

snt_status snt_import_read_window(const struct snt_import *import, const struct snt_import_field *field,
                                  struct snt_import_window *out, struct snt_err *err);
/* Whether the older program cannot have found the window open. */
bool snt_import_is_shut(const struct snt_import_window *window);
/* Whether there is anything to write. */
bool snt_import_has_window(const struct snt_import_window *window, enum snt_import_reading reading);
void snt_import_put_window(struct snt_import_job *job, const struct snt_import_window *window,
                           enum snt_import_reading reading);
/* is_granting: of a rule that grants. */
snt_status snt_import_tell_window(struct snt_import_job *job, const struct snt_import_window *window, const char *rule,
                                  bool is_granting);

/* fields: in the order of SNT_IMPORT_CONDITION_NAMES. */
snt_status snt_import_read_conditions(const struct snt_import *import, const struct snt_import_field *fields,
                                      struct snt_import_conditions *out, struct snt_err *err);
/* Whether a rule that grants can match at all. */
bool snt_import_can_grant(const struct snt_import_conditions *conditions);
bool snt_import_is_one_reading(const struct snt_import_conditions *conditions);
/* Whether every request is caught. */
bool snt_import_catches_all(const struct snt_import_conditions *conditions);
/* Tells what changes with the conditions of a rule. */
snt_status snt_import_tell_conditions(struct snt_import_job *job, const struct snt_import_conditions *conditions,
                                      const char *rule, bool is_granting);
/* The members of a map of conditions. profiles: in the place of the rule's own; NULL: those. */
snt_status snt_import_put_conditions(struct snt_import_job *job, const struct snt_import_conditions *conditions,
                                     enum snt_import_reading reading, const struct snt_import_words *profiles);

/* --- import_access.c: the rules of the access policy. */

enum snt_import_effect {
  SNT_IMPORT_DENY = 0,
  SNT_IMPORT_ALLOW,
  SNT_IMPORT_REQUIRE_APPROVAL,
  SNT_IMPORT_REQUIRE_SERVER,
  SNT_IMPORT_REQUIRE_SERVER_SESSION
};

struct snt_import_rule {
  struct snt_import_place place;
  struct snt_import_name name;
  enum snt_import_effect effect;
  struct snt_import_conditions conditions;
  const char *reason, *description, *session_table; /* NULL: none */
  int64_t max_server_s;                             /* 0: none */
};

struct snt_import_rules {
  struct snt_import_rule *list;
  size_t count;
  const char *description; /* NULL: none */
};

/* Reads them and tells what changed in what they are called and do; nothing is written. */
snt_status snt_import_read_access(struct snt_import_job *job, struct snt_import_rules *out);
snt_status snt_import_put_access(struct snt_import_job *job, const struct snt_import_rules *rules);
/* What a file says of itself, as a comment. */
snt_status snt_import_put_description(struct snt_import_job *job, const char *text);
/* Begins a rule, and its conditions. */
void snt_import_begin_conditions(struct snt_import_job *job, const struct snt_import_rule *rule,
                                 const struct snt_import_name *name, const char *effect);
/* Ends the conditions, and writes what bounds the rule and why; the rule is still to be ended. */
snt_status snt_import_end_conditions(struct snt_import_job *job, const struct snt_import_rule *rule);
/* A rule with that effect: `rule` is where it comes from, profiles as in snt_import_put_conditions. */
snt_status snt_import_put_rule(struct snt_import_job *job, const struct snt_import_rule *rule, const char *suffix,
                               const char *effect, const struct snt_import_words *profiles);

/* --- import_approval.c: rules with effect require_approval, by who may approve. */

snt_status snt_import_put_approvals(struct snt_import_job *job, const struct snt_import_rule *rule, bool is_followed);
/* Reads the approval policy, and tells which of its rules no rule of the access policy needs. */
snt_status snt_import_read_approvals(struct snt_import_job *job, const struct snt_import_rules *rules);

/* --- import_break_glass.c, import_rate_limit.c: rules for emergencies, and their limits. */

/* rest: the rules of the access policy that follow. */
snt_status snt_import_put_break_glass(struct snt_import_job *job, const struct snt_import_rules *rest);
/* Comments: there are no limits in a policy. */
snt_status snt_import_put_rate_limits(struct snt_import_job *job);

#endif
