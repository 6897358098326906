/* The floor of every network path: a bare libcurl program that makes the same signed requests as Sentinel, with the
 * hashed CA folder, and looks at nothing but the HTTP status.
 *
 * usage: floor_net 1 URL CAPATH     GetCallerIdentity
 *        floor_net 3 URL CAPATH     GetParameter and GetCallerIdentity in parallel, then AssumeRole */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *url;
static const char *ca_folder;

static size_t drop(char *data, size_t size, size_t count, void *context) {
  (void)data;
  *(size_t *)context += size * count;
  return size * count;
}

static CURL *prepare(const char *service, const char *target, const char *body, size_t *got) {
  CURL *easy = curl_easy_init();
  char sigv4[64];
  char header[128];
  if (easy == NULL) {
    return NULL;
  }
  (void)snprintf(sigv4, sizeof sigv4, "aws:amz:us-east-1:%s", service);
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
  curl_easy_setopt(easy, CURLOPT_CAPATH, ca_folder);
  curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, sigv4);
  curl_easy_setopt(easy, CURLOPT_USERPWD, "AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
  curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, got);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 3000L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  if (target != NULL) {
    (void)snprintf(header, sizeof header, "X-Amz-Target: %s", target);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/x-amz-json-1.1");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, curl_slist_append(headers, header));
  }
  return easy;
}

static int perform(CURLM *multi, CURL **handles, int count) {
  int running = count;
  for (int i = 0; i < count; i++) {
    curl_multi_add_handle(multi, handles[i]);
  }
  while (running > 0) {
    if (curl_multi_perform(multi, &running) != CURLM_OK ||
        (running > 0 && curl_multi_poll(multi, NULL, 0, 1000, NULL) != CURLM_OK)) {
      return -1;
    }
  }
  int failed = 0;
  for (int i = 0; i < count; i++) {
    long status = 0;
    curl_easy_getinfo(handles[i], CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(multi, handles[i]);
    failed += status == 200 ? 0 : 1;
  }
  return failed;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    return 2;
  }
  url = argv[2];
  ca_folder = argv[3];
  size_t got = 0;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM *multi = curl_multi_init();
  CURL *first[2] = {prepare("sts", NULL, "Action=GetCallerIdentity&Version=2011-06-15", &got), NULL};
  int count = 1;
  if (argv[1][0] == '3') {
    first[count++] = prepare("ssm", "AmazonSSM.GetParameter", "{\"Name\":\"/bench\",\"WithDecryption\":true}", &got);
  }
  if (perform(multi, first, count) != 0) {
    (void)fputs("floor_net: the first round trip failed\n", stderr);
    return 1;
  }
  CURL *second = NULL;
  if (argv[1][0] == '3') {
    second =
        prepare("sts", NULL,
                "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2FDev"
                "&RoleSessionName=a1b2c3d4e5f60718-alice&SourceIdentity=sentinel%3Dalice%3Ddirect%3Da1b2c3d4e5f60718"
                "&DurationSeconds=3600",
                &got);
    if (perform(multi, &second, 1) != 0) {
      (void)fputs("floor_net: AssumeRole failed\n", stderr);
      return 1;
    }
  }
  (void)printf("%zu\n", got);
  fflush(stdout);
  _Exit(0); /* as Sentinel ends: what the exit handlers would free, the kernel frees */
}
