/* format/yaml_fault (layer 1): what libyaml's words mean for who wrote the text. */
#ifndef SNT_FORMAT_YAML_FAULT_H
#define SNT_FORMAT_YAML_FAULT_H

#include "base/str.h"

/* What is wrong at a line and a column (both from 0, in characters), and what to write; NULL where libyaml's own words
 * say it. context may be NULL. The answer is never freed. */
const char *snt_yaml_explain(const char *problem, const char *context, struct snt_slice text, size_t line,
                             size_t column);

#endif
