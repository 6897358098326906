#include <string.h>

#include "aws/shared_config_store.h"

enum { INCLUDE_MAX = 8 };

struct snt_shared_section *snt_shared_section_find(const struct snt_aws_shared_config *config,
                                                   enum snt_shared_kind kind, struct snt_slice name) {
  for (size_t i = 0; i < config->section_count; i++) {
    struct snt_shared_section *section = &config->sections[i];
    if (section->kind == kind && section->name_len == name.len && memcmp(section->name, name.data, name.len) == 0) {
      return section;
    }
  }
  return NULL;
}

static const struct snt_shared_property *look_up(const struct snt_shared_section *section, const char *key,
                                                 size_t len) {
  for (size_t i = 0; i < section->count; i++) {
    if (snt_slice_is((struct snt_slice){key, len}, section->properties[i].key)) {
      return &section->properties[i];
    }
  }
  return NULL;
}

static const char *get_own(const struct snt_shared_section *section, const char *key) {
  const struct snt_shared_property *property = look_up(section, key, strlen(key));
  if (property != NULL) {
    return property->value;
  }
  const char *dot = strchr(key, '.');
  property = dot == NULL ? NULL : look_up(section, key, (size_t)(dot - key));
  for (const char *part = property == NULL ? NULL : property->parts; part != NULL && *part != '\0';) {
    const char *value = part + strlen(part) + 1;
    if (strcmp(part, dot + 1) == 0) {
      return value;
    }
    part = value + strlen(value) + 1;
  }
  return NULL;
}

const char *snt_aws_profile_get(const struct snt_aws_shared_config *config, const char *profile, const char *key) {
  for (int depth = 0; depth < INCLUDE_MAX && profile != NULL; depth++) {
    const struct snt_shared_section *section =
        snt_shared_section_find(config, SNT_SHARED_PROFILE, snt_slice_of(profile));
    const char *value = section == NULL ? NULL : get_own(section, key);
    if (value != NULL || section == NULL || strcmp(key, "include_profile") == 0) {
      return value;
    }
    profile = get_own(section, "include_profile");
  }
  return NULL;
}

bool snt_aws_profile_exists(const struct snt_aws_shared_config *config, const char *profile) {
  return snt_shared_section_find(config, SNT_SHARED_PROFILE, snt_slice_of(profile)) != NULL;
}

size_t snt_aws_profile_count(const struct snt_aws_shared_config *config) { return config->name_count; }

const char *snt_aws_profile_name_at(const struct snt_aws_shared_config *config, size_t index) {
  return index < config->name_count ? config->names[index] : NULL;
}

size_t snt_aws_property_count(const struct snt_aws_shared_config *config, const char *profile) {
  const struct snt_shared_section *section = snt_shared_section_find(config, SNT_SHARED_PROFILE, snt_slice_of(profile));
  return section == NULL ? 0 : section->count;
}

const char *snt_aws_property_at(const struct snt_aws_shared_config *config, const char *profile, size_t index,
                                const char **value) {
  const struct snt_shared_section *section = snt_shared_section_find(config, SNT_SHARED_PROFILE, snt_slice_of(profile));
  if (section == NULL || index >= section->count) {
    *value = NULL;
    return NULL;
  }
  *value = section->properties[index].value;
  return section->properties[index].key;
}

bool snt_aws_sso_session_exists(const struct snt_aws_shared_config *config, const char *session) {
  return snt_shared_section_find(config, SNT_SHARED_SSO_SESSION, snt_slice_of(session)) != NULL;
}

const char *snt_aws_sso_session_name_at(const struct snt_aws_shared_config *config, size_t index) {
  for (size_t i = 0; i < config->section_count; i++) {
    if (config->sections[i].kind == SNT_SHARED_SSO_SESSION && index-- == 0) {
      return config->sections[i].name;
    }
  }
  return NULL;
}

const char *snt_aws_sso_session_get(const struct snt_aws_shared_config *config, const char *session, const char *key) {
  const struct snt_shared_section *section =
      snt_shared_section_find(config, SNT_SHARED_SSO_SESSION, snt_slice_of(session));
  return section == NULL ? NULL : get_own(section, key);
}

const char *snt_aws_services_get(const struct snt_aws_shared_config *config, const char *section, const char *key) {
  const struct snt_shared_section *found = snt_shared_section_find(config, SNT_SHARED_SERVICES, snt_slice_of(section));
  return found == NULL ? NULL : get_own(found, key);
}
