#include "aws/sigv4_uri.h"

#include <stdlib.h>
#include <string.h>

#include "format/uri.h"

enum { PAIRS_MAX = 128, SEGMENTS_MAX = 256 };

/* RFC 3986, 5.2.4, and runs of slashes become one: what AWS does for every service but S3. */
static snt_status normalise_path(const char *path, struct snt_buf *out, struct snt_err *err) {
  struct snt_slice segments[SEGMENTS_MAX];
  size_t count = 0;
  for (const char *at = path; *at != '\0';) {
    at += strspn(at, "/");
    struct snt_slice segment = {at, strcspn(at, "/")};
    at += segment.len;
    if (segment.len == 0 || snt_slice_is(segment, ".")) {
      continue;
    }
    if (snt_slice_is(segment, "..")) {
      count -= count > 0 ? 1 : 0;
      continue;
    }
    if (count == SEGMENTS_MAX) {
      return snt_fail(err, SNT_CODE_BUG, "a path with more than %d parts cannot be signed", SEGMENTS_MAX);
    }
    segments[count++] = segment;
  }
  for (size_t i = 0; i < count; i++) {
    SNT_TRY(snt_buf_append_char(out, '/', err));
    SNT_TRY(snt_buf_append(out, segments[i].data, segments[i].len, err));
  }
  bool ends_with_slash = path[0] == '\0' || path[strlen(path) - 1] == '/';
  return count == 0 || ends_with_slash ? snt_buf_append_char(out, '/', err) : snt_done();
}

snt_status snt_sigv4_add_path(const char *request_path, bool is_unnormalised, struct snt_buf *out,
                              struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf path = {0};
  if (is_unnormalised) {
    SNT_TRY(snt_buf_append_str(&path, request_path[0] == '\0' ? "/" : request_path, err));
  } else {
    SNT_TRY(normalise_path(request_path, &path, err));
  }
  return snt_uri_encode((struct snt_slice){path.data, path.len}, true, out, err);
}

struct pair {
  struct snt_slice key; /* encoded */
  struct snt_slice value;
};

static int compare_slices(struct snt_slice a, struct snt_slice b) {
  size_t shorter = a.len < b.len ? a.len : b.len;
  int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
  return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_pairs(const void *left, const void *right) {
  const struct pair *a = left;
  const struct pair *b = right;
  int order = compare_slices(a->key, b->key);
  return order != 0 ? order : compare_slices(a->value, b->value);
}

static int hex_digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

/* Appends text in the one encoding that is signed, whatever part of it was encoded already. */
static snt_status encode_again(struct snt_slice text, struct snt_buf *out, struct snt_err *err) {
  for (size_t i = 0; i < text.len; i++) {
    char byte = text.data[i];
    if (byte == '%' && i + 2 < text.len && hex_digit(text.data[i + 1]) >= 0 && hex_digit(text.data[i + 2]) >= 0) {
      byte = (char)(hex_digit(text.data[i + 1]) * 16 + hex_digit(text.data[i + 2]));
      i += 2;
    }
    SNT_TRY(snt_uri_encode((struct snt_slice){&byte, 1}, false, out, err));
  }
  return snt_done();
}

/* Keys and values of the query, encoded into store, which does not move while the pairs are in use. */
static snt_status split_query(const char *query, struct snt_buf *store, struct pair pairs[static PAIRS_MAX],
                              size_t *count, struct snt_err *err) {
  SNT_TRY(snt_buf_reserve(store, 3 * strlen(query), err));
  for (const char *at = query; *at != '\0';) {
    size_t len = strcspn(at, "&");
    size_t key_len = strcspn(at, "=&");
    if (*count == PAIRS_MAX) {
      return snt_fail(err, SNT_CODE_BUG, "a query with more than %d parts cannot be signed", PAIRS_MAX);
    }
    struct pair *pair = &pairs[(*count)++];
    size_t start = store->len;
    SNT_TRY(encode_again((struct snt_slice){at, key_len}, store, err));
    pair->key = (struct snt_slice){store->data + start, store->len - start};
    start = store->len;
    if (key_len < len) {
      SNT_TRY(encode_again((struct snt_slice){at + key_len + 1, len - key_len - 1}, store, err));
    }
    pair->value = (struct snt_slice){store->data + start, store->len - start};
    at += len;
    at += *at == '&' ? 1 : 0;
  }
  return snt_done();
}

snt_status snt_sigv4_add_query(const char *query, struct snt_buf *out, struct snt_err *err) {
  SNT_BUF_AUTO struct snt_buf store = {0};
  struct pair pairs[PAIRS_MAX];
  size_t count = 0;
  SNT_TRY(split_query(query, &store, pairs, &count, err));
  qsort(pairs, count, sizeof pairs[0], compare_pairs);
  for (size_t i = 0; i < count; i++) {
    SNT_TRY(snt_buf_append_str(out, i == 0 ? "" : "&", err));
    SNT_TRY(snt_buf_append(out, pairs[i].key.data, pairs[i].key.len, err));
    SNT_TRY(snt_buf_append_char(out, '=', err));
    SNT_TRY(snt_buf_append(out, pairs[i].value.data, pairs[i].value.len, err));
  }
  return snt_done();
}
