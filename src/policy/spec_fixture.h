/* policy/spec_fixture (layer 4): the files that a spec's mocks name; and an answer as such a file, with the mock that
 * stands for it.
 *
 * MUST
 *  1. make the file's name of words and digits only, below testdata/ beside the spec, and write through no link;
 *  2. write of an answer its status, its type and what the plugin sees of it: no other header. */
#ifndef SNT_POLICY_SPEC_FIXTURE_H
#define SNT_POLICY_SPEC_FIXTURE_H

#include "format/json.h"
#include "lua/evaluator.h"
#include "policy/needs.h"

/* Whether the spec (its path) is in Lua; else it is a table. */
bool snt_fixture_is_lua(const char *spec);
/* Sends the files (a list of names below the spec's folder, already checked) to the evaluator. One that is not there is
 * passed over for a spec in Lua, where it is only a text that may be a name. Code POLICY_INVALID for what is no JSON of
 * at most 64 KiB. */
snt_status snt_fixture_send(const char *spec, const struct snt_json_value *files, struct snt_evaluator *evaluator,
                            struct snt_err *err);
/* Parameters as a JSON object in the order of their names: one text for one question. */
snt_status snt_fixture_format_params(const struct snt_fact *fact, struct snt_buf *out, struct snt_err *err);
/* Writes the file of an answer over HTTP (testdata/<plugin>-<question>-<8 digits of the parameters' SHA-256>.json) when
 * it is JSON, and appends the mock: a line of YAML below `http:`, or a call in Lua. Codes IO, NO_MEMORY. */
snt_status snt_fixture_put_http(const char *spec, const struct snt_fact *fact, struct snt_buf *out,
                                struct snt_err *err);
/* The same for what is known of an address: below `geoip:`, or a call; there is no file. */
snt_status snt_fixture_put_geoip(const char *spec, const struct snt_fact *fact, struct snt_buf *out,
                                 struct snt_err *err);

#endif
