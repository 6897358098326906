#include "check.h"
#include "fail_alloc.h"

#include <stdio.h>
#include <string.h>

#include "format/xml.h"

static const char ANSWER[] =
    "<?xml version=\"1.0\"?>\n<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
    "  <AssumeRoleResult><Credentials>\n"
    "    <AccessKeyId> ASIA </AccessKeyId><SessionToken>a&lt;b&#x41;<![CDATA[<&]]>c</SessionToken>\n"
    "  </Credentials><Empty/></AssumeRoleResult>\n"
    "  <ResponseMetadata><RequestId>1</RequestId><RequestId>2</RequestId></ResponseMetadata>\n"
    "</AssumeRoleResponse>\n";

static void xml_that_is_not_plain_is_refused(void **state) {
  (void)state;
  static const char *const texts[] = {"",
                                      "x",
                                      "<a>",
                                      "<a></b>",
                                      "<a/><b/>",
                                      "<!DOCTYPE a><a/>",
                                      "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
                                      "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
                                      "<a>&x;</a>",
                                      "<a>\x01</a>",
                                      "<a>\xff</a>",
                                      "<a b=\"1\" b=\"2\"/>",
                                      "<n:a/>",
                                      "<n:a xmlns:n=\"u|v\"/>",
                                      "<a>&#0;</a>",
                                      "<a/>x",
                                      "<?xml version=\"1.0\" encoding=\"UTF-7\"?><a/>"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    struct snt_xml_doc *doc = NULL;
    struct snt_err err = {0};
    if (snt_xml_parse(texts[i], strlen(texts[i]), "the answer", &doc, &err).code != SNT_CODE_SYNTAX || doc != NULL) {
      fail_msg("%s", texts[i]);
    }
  }
}

static void depth_is_bounded(void **state) {
  (void)state;
  char text[512] = "";
  for (size_t depth = 1; depth <= 20; depth++) {
    size_t used = 0;
    for (size_t i = 0; i < depth; i++) {
      used += (size_t)snprintf(text + used, sizeof text - used, "<a>");
    }
    for (size_t i = 0; i < depth; i++) {
      used += (size_t)snprintf(text + used, sizeof text - used, "</a>");
    }
    SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
    assert_true(snt_ok(snt_xml_parse(text, used, "x", &doc, NULL)) == (depth <= 16));
  }
}

static void an_answer_that_is_cut_anywhere_is_refused(void **state) {
  (void)state;
  size_t whole = (size_t)(strstr(ANSWER, "</AssumeRoleResponse>") - ANSWER) + strlen("</AssumeRoleResponse>");
  for (size_t len = 0; len < whole; len++) {
    struct snt_xml_doc *doc = NULL;
    assert_code(snt_xml_parse(ANSWER, len, "the answer", &doc, NULL), SNT_CODE_SYNTAX);
  }
}

static void an_error_never_shows_content(void **state) {
  (void)state;
  struct snt_err err = {0};
  struct snt_xml_doc *doc = NULL;
  static const char text[] = "<a>\n<b>hunter2</c></a>";
  assert_code(snt_xml_parse(text, sizeof text - 1, "the answer of STS", &doc, &err), SNT_CODE_SYNTAX);
  assert_non_null(strstr(err.message, "the answer of STS"));
  assert_non_null(strstr(err.message, "line 2"));
  assert_null(strstr(err.message, "hunter2"));
}

static void text_is_found_by_its_path(void **state) {
  (void)state;
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  size_t len = 0;
  assert_ok(snt_xml_parse(ANSWER, sizeof ANSWER - 1, "the answer", &doc, NULL));
  assert_string_equal(snt_xml_root(doc), "AssumeRoleResponse");
  assert_string_equal(snt_xml_find(doc, "AssumeRoleResult/Credentials/AccessKeyId", &len), "ASIA");
  assert_int_equal(len, 4);
  assert_string_equal(snt_xml_find(doc, "AssumeRoleResult/Credentials/SessionToken", &len), "a<bA<&c");
  assert_string_equal(snt_xml_find(doc, "AssumeRoleResult/Empty", &len), "");
  assert_null(snt_xml_find(doc, "AssumeRoleResult/Nothing", NULL));
  assert_null(snt_xml_find(doc, "ResponseMetadata/RequestId", NULL)); /* what says two things says nothing */
  assert_null(snt_xml_find(doc, "Credentials/AccessKeyId", NULL));
}

static void many_elements_and_much_text_fit(void **state) {
  (void)state;
  static char text[400000];
  size_t used = (size_t)snprintf(text, sizeof text, "<r>");
  for (int i = 0; i < 5000; i++) {
    used += (size_t)snprintf(text + used, sizeof text - used, "<e%d>%d &amp; more</e%d>", i, i, i);
  }
  used += (size_t)snprintf(text + used, sizeof text - used, "</r>");
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  assert_ok(snt_xml_parse(text, used, "x", &doc, NULL));
  assert_string_equal(snt_xml_find(doc, "e4999", NULL), "4999 & more");
}

static snt_status parse_whole(const void *text) {
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  return snt_xml_parse(text, strlen(text), "x", &doc, NULL);
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  static char wide[4096]; /* more elements than the first block has room for */
  size_t used = (size_t)snprintf(wide, sizeof wide, "<r>");
  for (int i = 0; i < 200; i++) {
    used += (size_t)snprintf(wide + used, sizeof wide - used, "<e>%d</e>", i);
  }
  (void)snprintf(wide + used, sizeof wide - used, "</r>");
  /* An element that is opened and closed at once is closed even when it was refused. */
  const char *texts[] = {"<a/>", "<a></a>", "<a><b/></a>", "<a><b><c/>x</b></a>", ANSWER, wide};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    assert_true(fail_alloc_walk(parse_whole, texts[i]) > 3);
  }
}

static void what_is_freed_was_wiped(void **state) {
  (void)state;
  static const char text[] =
      "<a><b c=\"hunter2\">hunter2</b><d><![CDATA[hunter2]]>&amp;hunter2</d><!-- hunter2 --></a>";
  fail_alloc_watch("hunter2");
  (void)fail_alloc_walk(parse_whole, text);
  for (size_t len = 0; len < sizeof text - 1; len++) {
    struct snt_xml_doc *doc = NULL;
    assert_false(snt_ok(snt_xml_parse(text, len, "x", &doc, NULL)));
  }
  assert_int_equal(fail_alloc_unwatch(), 0);
}

static void an_empty_element_that_is_too_deep_closes_nothing(void **state) {
  (void)state;
  static const char text[] = "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><b/><b/><b/><b/><b/><b/><b/><b/><b/><b/>"
                             "<b/><b/><b/><b/><b/><b/><b/><b/><b/><b/>";
  assert_code(parse_whole(text), SNT_CODE_SYNTAX);
}

static void elements_are_bounded(void **state) {
  (void)state;
  static char text[100100];
  size_t used = (size_t)snprintf(text, sizeof text, "<r>");
  for (int i = 0; i < 20000; i++) {
    used += (size_t)snprintf(text + used, sizeof text - used, "<e/>");
  }
  (void)snprintf(text + used, sizeof text - used, "</r>");
  assert_code(parse_whole(text), SNT_CODE_SYNTAX);
}

static void other_encodings_fit_into_the_secret(void **state) {
  (void)state;
  static char text[2048];
  size_t used = (size_t)snprintf(text, sizeof text, "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a><b>");
  memset(text + used, 0xe9, 1000);
  (void)snprintf(text + used + 1000, sizeof text - used - 1000, "</b></a>");
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  size_t len = 0;
  assert_ok(snt_xml_parse(text, strlen(text), "x", &doc, NULL));
  assert_non_null(snt_xml_find(doc, "b", &len));
  assert_int_equal(len, 2000);
  static const char nul[] = "<a>\0</a>";
  struct snt_xml_doc *none = NULL;
  assert_code(snt_xml_parse(nul, sizeof nul - 1, "x", &none, NULL), SNT_CODE_SYNTAX);
}

static void utf_16_is_read_like_utf_8_and_not_when_cut(void **state) {
  (void)state;
  static const char text[] = "\xff\xfe<\0a\0>\0<\0b\0>\0\xe9\0\x3d\xd8\x00\xde<\0/\0b\0>\0<\0/\0a\0>";
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  size_t len = 0;
  assert_ok(snt_xml_parse(text, sizeof text, "x", &doc, NULL)); /* the last NUL is the second byte of > */
  assert_string_equal(snt_xml_find(doc, "b", &len), "\xc3\xa9\xf0\x9f\x98\x80");
  assert_int_equal(len, 6);
  for (size_t cut = 0; cut < sizeof text; cut++) {
    struct snt_xml_doc *none = NULL;
    assert_code(snt_xml_parse(text, cut, "x", &none, NULL), SNT_CODE_SYNTAX);
    assert_null(none);
  }
}

static void two_ways_to_a_path_are_none(void **state) {
  (void)state;
  static const char text[] = "<r><a><b>1</b></a><a><c>2</c></a><n:d xmlns:n=\"u\">3</n:d><n:e xmlns:n=\"x\">4</n:e>"
                             "<e>5</e></r>";
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  assert_ok(snt_xml_parse(text, sizeof text - 1, "x", &doc, NULL));
  assert_null(snt_xml_find(doc, "a/b", NULL));
  assert_null(snt_xml_find(doc, "a/c", NULL));
  assert_null(snt_xml_find(doc, "a", NULL));
  assert_null(snt_xml_find(doc, "e", NULL)); /* another name space does not make another name */
  assert_null(snt_xml_find(doc, "r", NULL));
  assert_null(snt_xml_find(doc, "/d", NULL));
  assert_null(snt_xml_find(doc, "d/d", NULL));
  assert_string_equal(snt_xml_find(doc, "d", NULL), "3");
}

static void an_index_chooses_among_many(void **state) {
  (void)state;
  static const char text[] = "<r><l><m><i>1</i></m><x/><m><i>2</i><i>3</i></m></l></r>";
  SNT_XML_AUTO struct snt_xml_doc *doc = NULL;
  assert_ok(snt_xml_parse(text, sizeof text - 1, "x", &doc, NULL));
  assert_null(snt_xml_find(doc, "l/m/i", NULL));
  assert_string_equal(snt_xml_find(doc, "l/m[0]/i", NULL), "1");
  assert_null(snt_xml_find(doc, "l/m[1]/i", NULL));
  assert_string_equal(snt_xml_find(doc, "l/m[1]/i[1]", NULL), "3");
  assert_non_null(snt_xml_find(doc, "l/m[1]", NULL));
  assert_null(snt_xml_find(doc, "l/m[2]", NULL));
  assert_null(snt_xml_find(doc, "l/m[/]", NULL));
  assert_null(snt_xml_find(doc, "r[0]", NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(xml_that_is_not_plain_is_refused),
                                     cmocka_unit_test(depth_is_bounded),
                                     cmocka_unit_test(an_answer_that_is_cut_anywhere_is_refused),
                                     cmocka_unit_test(an_error_never_shows_content),
                                     cmocka_unit_test(text_is_found_by_its_path),
                                     cmocka_unit_test(many_elements_and_much_text_fit),
                                     cmocka_unit_test(every_allocation_may_fail),
                                     cmocka_unit_test(what_is_freed_was_wiped),
                                     cmocka_unit_test(an_empty_element_that_is_too_deep_closes_nothing),
                                     cmocka_unit_test(elements_are_bounded),
                                     cmocka_unit_test(other_encodings_fit_into_the_secret),
                                     cmocka_unit_test(utf_16_is_read_like_utf_8_and_not_when_cut),
                                     cmocka_unit_test(two_ways_to_a_path_are_none),
                                     cmocka_unit_test(an_index_chooses_among_many)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
