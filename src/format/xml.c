/* MUST
 *  1. refuse a document type declaration, and with it every entity but the five of XML;
 *  2. keep all text in one locked secret, and wipe what expat held of it;
 *  3. answer NULL for a path that names two elements: what says two things says nothing. */
#include "format/xml.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "base/wipe.h"

enum { DEPTH_MAX = 16, NODES_MAX = 20000 };

struct node {
  char *name; /* local */
  size_t parent;
  size_t text_at, text_len; /* of the element's own text, in order, in doc->text */
};

struct snt_xml_doc {
  struct snt_secret *text;
  struct node *nodes; /* the root first; parents before children */
  size_t count, cap;
};

struct reader {
  XML_Parser parser;
  struct snt_xml_doc *doc;
  size_t open[DEPTH_MAX];
  int depth;
  const char *refusal; /* why reading stopped */
  bool is_out_of_memory;
};

static void stop(struct reader *reader, const char *refusal) {
  if (reader->refusal == NULL) {
    reader->refusal = refusal;
  }
  (void)XML_StopParser(reader->parser, XML_FALSE);
}

static void stop_for_memory(struct reader *reader) {
  reader->is_out_of_memory = true;
  stop(reader, "out of memory");
}

/* "AssumeRoleResponse" of "https://sts.amazonaws.com/doc/2011-06-15/|AssumeRoleResponse". */
static const char *local_name(const char *name) {
  const char *bar = strrchr(name, '|');
  return bar == NULL ? name : bar + 1;
}

static struct node *add_node(struct snt_xml_doc *doc) {
  if (doc->count == doc->cap) {
    size_t cap = doc->cap == 0 ? 64 : doc->cap * 2;
    struct node *grown = cap > NODES_MAX * 2 ? NULL : realloc(doc->nodes, cap * sizeof *grown);
    if (grown == NULL) {
      return NULL;
    }
    doc->nodes = grown;
    doc->cap = cap;
  }
  struct node *node = &doc->nodes[doc->count];
  *node = (struct node){0};
  return node;
}

static void XMLCALL on_start(void *user, const char *name, const char **attributes) {
  (void)attributes;
  struct reader *reader = user;
  if (reader->depth == DEPTH_MAX || reader->doc->count >= NODES_MAX) {
    stop(reader, "XML is nested or branched too much");
    return;
  }
  struct node *node = add_node(reader->doc);
  char *copy = node == NULL ? NULL : snt_str_dup(local_name(name));
  if (copy == NULL) {
    stop_for_memory(reader);
    return;
  }
  node->name = copy;
  node->parent = reader->depth == 0 ? 0 : reader->open[reader->depth - 1];
  node->text_at = snt_secret_len(reader->doc->text);
  reader->open[reader->depth++] = reader->doc->count++;
}

/* An element with children ends with the text after its last child: AWS has none with both. */
static void XMLCALL on_end(void *user, const char *name) {
  (void)name;
  struct reader *reader = user;
  if (reader->refusal != NULL) {
    return; /* expat closes an empty element although its beginning was refused: it is not open here */
  }
  struct node *node = &reader->doc->nodes[reader->open[--reader->depth]];
  struct snt_secret *text = reader->doc->text;
  const char *bytes = snt_secret_borrow(text);
  size_t start = node->text_at;
  size_t end = snt_secret_len(text);
  while (start < end && strchr(" \t\r\n", bytes[start]) != NULL) {
    start++;
  }
  while (end > start && strchr(" \t\r\n", bytes[end - 1]) != NULL) {
    end--;
  }
  node->text_at = start;
  node->text_len = end - start;
  if (end < snt_secret_len(text)) {
    snt_secret_set_len(text, end); /* the white space behind it becomes the NUL */
  }
  if (!snt_ok(snt_secret_append(text, "", 1, NULL))) {
    stop_for_memory(reader);
  }
  if (reader->depth > 0) {
    reader->doc->nodes[reader->open[reader->depth - 1]].text_at = snt_secret_len(text);
  }
}

static void XMLCALL on_text(void *user, const char *data, int len) {
  struct reader *reader = user;
  if (memchr(data, '\0', (size_t)len) != NULL ||
      !snt_ok(snt_secret_append(reader->doc->text, data, (size_t)len, NULL))) {
    stop(reader, "XML holds more text than it has bytes");
  }
}

static void XMLCALL on_doctype(void *user, const char *name, const char *system_id, const char *public_id,
                               int has_subset) {
  (void)name;
  (void)system_id;
  (void)public_id;
  (void)has_subset;
  stop(user, "XML with a document type declaration is refused");
}

static snt_status read_document(struct reader *reader, const char *data, size_t len, const char *what,
                                struct snt_err *err) {
  XML_SetUserData(reader->parser, reader);
  XML_SetElementHandler(reader->parser, on_start, on_end);
  XML_SetCharacterDataHandler(reader->parser, on_text);
  XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
  if (XML_Parse(reader->parser, data, (int)len, XML_TRUE) == XML_STATUS_OK && reader->refusal == NULL) {
    return snt_done();
  }
  enum XML_Error error = XML_GetErrorCode(reader->parser);
  if (reader->is_out_of_memory || error == XML_ERROR_NO_MEMORY) {
    return snt_fail_memory(err);
  }
  return snt_fail(err, SNT_CODE_SYNTAX, "%s: %s at line %lu, column %lu", what,
                  reader->refusal != NULL ? reader->refusal : "not well-formed XML",
                  (unsigned long)XML_GetCurrentLineNumber(reader->parser),
                  (unsigned long)XML_GetCurrentColumnNumber(reader->parser) + 1);
}

snt_status snt_xml_parse(const char *data, size_t len, const char *what, struct snt_xml_doc **out,
                         struct snt_err *err) {
  *out = NULL;
  if (len > (size_t)16 * 1024 * 1024) {
    return snt_fail(err, SNT_CODE_SYNTAX, "%s: XML of more than 16 MiB", what);
  }
  SNT_XML_AUTO struct snt_xml_doc *doc = calloc(1, sizeof *doc);
  if (doc == NULL) {
    return snt_fail_memory(err);
  }
  /* Text is no longer than the document, and each element needs more bytes than its NUL. UTF-16 grows by half. */
  SNT_TRY(snt_secret_new(len * 2 + 1, &doc->text, err));
  static const XML_Memory_Handling_Suite memory = {malloc, snt_wipe_realloc, snt_wipe_free};
  struct reader reader = {.doc = doc, .parser = XML_ParserCreate_MM(NULL, &memory, "|")};
  if (reader.parser == NULL) {
    return snt_fail_memory(err);
  }
  snt_status status = read_document(&reader, data, len, what, err);
  XML_ParserFree(reader.parser);
  SNT_TRY(status);
  *out = SNT_MOVE(doc);
  return snt_done();
}

void snt_xml_free(struct snt_xml_doc **doc) {
  if (doc == NULL || *doc == NULL) {
    return;
  }
  for (size_t i = 0; i < (*doc)->count; i++) {
    free((*doc)->nodes[i].name);
  }
  free((*doc)->nodes);
  snt_secret_free(&(*doc)->text);
  free(*doc);
  *doc = NULL;
}

const char *snt_xml_root(const struct snt_xml_doc *doc) { return doc->nodes[0].name; }

/* The index-th child of parent with that name; 0 when there is none. */
static size_t find_nth(const struct snt_xml_doc *doc, size_t parent, struct snt_slice name, size_t index) {
  for (size_t i = parent + 1; i < doc->count; i++) {
    if (doc->nodes[i].parent == parent && snt_slice_is(name, doc->nodes[i].name) && index-- == 0) {
      return i;
    }
  }
  return 0;
}

/* The only child of parent with that name; 0 (the root is nobody's child) when there is none, or more than one. */
static size_t find_child(const struct snt_xml_doc *doc, size_t parent, struct snt_slice name) {
  if (name.len > 3 && name.data[name.len - 3] == '[') {
    return find_nth(doc, parent, (struct snt_slice){name.data, name.len - 3}, (size_t)(name.data[name.len - 2] - '0'));
  }
  size_t found = 0;
  for (size_t i = parent + 1; i < doc->count; i++) {
    if (doc->nodes[i].parent == parent && snt_slice_is(name, doc->nodes[i].name)) {
      if (found != 0) {
        return 0;
      }
      found = i;
    }
  }
  return found;
}

const char *snt_xml_find(const struct snt_xml_doc *doc, const char *path, size_t *len) {
  size_t at = 0;
  for (const char *p = path; *p != '\0';) {
    size_t piece = strcspn(p, "/");
    at = find_child(doc, at, (struct snt_slice){p, piece});
    if (at == 0) {
      return NULL;
    }
    p += piece + (p[piece] == '/' ? 1 : 0);
  }
  if (len != NULL) {
    *len = doc->nodes[at].text_len;
  }
  return snt_secret_borrow(doc->text) + doc->nodes[at].text_at;
}
