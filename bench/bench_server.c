/* STS and SSM with canned answers over TLS on the loopback; a thread for each connection, which is kept alive.
 *
 * usage: bench_server CERTIFICATE KEY POLICY PORT-FILE [STORE]     ends with its parent
 * STORE is a file of lines "NAME VALUE": further parameters, in whose values nothing has to be escaped but quotes */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { REQUEST_CAP = 64 * 1024, ANSWER_CAP = 64 * 1024, STORE_CAP = 512 * 1024 };

static SSL_CTX *context;
static char parameter[ANSWER_CAP];
static char store[STORE_CAP]; /* its lines, each ended by NUL */

static const char IDENTITY[] =
    "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>"
    "<Arn>arn:aws:iam::123456789012:user/alice</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account>"
    "</GetCallerIdentityResult><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata>"
    "</GetCallerIdentityResponse>";

/* JSON's escapes, as far as a policy of ours needs them. */
static void append_escaped(char *out, size_t cap, const char *text) {
  size_t used = strlen(out);
  for (; *text != '\0' && used + 3 < cap; text++) {
    if (*text == '\n') {
      out[used++] = '\\';
      out[used++] = 'n';
    } else {
      if (*text == '"' || *text == '\\') {
        out[used++] = '\\';
      }
      out[used++] = *text;
    }
  }
  out[used] = '\0';
}

static int load_parameter(const char *path) {
  static char text[ANSWER_CAP / 2];
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    return -1;
  }
  size_t len = fread(text, 1, sizeof text - 1, file);
  text[len] = '\0';
  fclose(file);
  (void)snprintf(parameter, sizeof parameter,
                 "{\"Parameter\":{\"ARN\":\"arn:aws:ssm:us-east-1:123456789012:parameter/bench\",\"DataType\":\"text\","
                 "\"Name\":\"/bench\",\"Type\":\"String\",\"Version\":3,\"Value\":\"");
  append_escaped(parameter, sizeof parameter - 4, text);
  strcat(parameter, "\"}}");
  return 0;
}

static int load_store(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    return -1;
  }
  size_t len = fread(store, 1, sizeof store - 2, file);
  fclose(file);
  for (size_t i = 0; i < len; i++) {
    store[i] = store[i] == '\n' ? '\0' : store[i];
  }
  return 0;
}

/* The value of a name that is in quotes, or NULL; the line ends with NUL. */
static const char *find_stored(const char *quoted) {
  for (const char *line = store; *line != '\0'; line += strlen(line) + 1) {
    size_t len = strcspn(line, " ");
    if (strncmp(quoted + 1, line, len) == 0 && quoted[len + 1] == '"') {
      return line + len + 1;
    }
  }
  return NULL;
}

/* All parameters of the store that the request names, in its order. */
static int format_stored(char *out, size_t cap, const char *request) {
  bool is_batch = strstr(request, "AmazonSSM.GetParameters") != NULL;
  int count = 0;
  (void)snprintf(out, cap, is_batch ? "{\"InvalidParameters\":[],\"Parameters\":[" : "{\"Parameter\":");
  for (const char *at = strstr(request, "\"/"); at != NULL; at = strstr(at + 1, "\"/")) {
    const char *value = find_stored(at);
    if (value == NULL) {
      continue;
    }
    size_t used = strlen(out);
    (void)snprintf(out + used, cap - used,
                   "%s{\"DataType\":\"text\",\"Name\":\"%.*s\",\"Type\":\"String\",\"Version\":3,\"Value\":\"",
                   count++ == 0 ? "" : ",", (int)strcspn(at + 1, "\""), at + 1);
    append_escaped(out, cap - 4, value);
    strcat(out, "\"}");
  }
  strcat(out, is_batch ? "]}" : "}");
  return count;
}

static void format_session(char *out, size_t cap, const char *body) {
  char expires[32];
  char name[80] = "x";
  time_t end = time(NULL) + 3600;
  struct tm parts;
  const char *session = strstr(body, "RoleSessionName=");
  strftime(expires, sizeof expires, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&end, &parts));
  if (session != NULL) {
    (void)sscanf(session, "RoleSessionName=%79[^&]", name);
  }
  (void)snprintf(
      out, cap,
      "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>"
      "<AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:%s</AssumedRoleId>"
      "<Arn>arn:aws:sts::123456789012:assumed-role/Dev/%s</Arn></AssumedRoleUser><Credentials>"
      "<AccessKeyId>ASIAIOSFODNN7EXAMPLE</AccessKeyId><SecretAccessKey>benchSecretAccessKey</SecretAccessKey>"
      "<SessionToken>benchSessionToken</SessionToken><Expiration>%s</Expiration></Credentials>"
      "</AssumeRoleResult><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></AssumeRoleResponse>",
      name, name, expires);
}

static int answer(SSL *tls, const char *request) {
  static __thread char body[ANSWER_CAP];
  static __thread char whole[ANSWER_CAP + 512];
  char date[64];
  time_t now = time(NULL);
  struct tm parts;
  bool is_ssm = strstr(request, "AmazonSSM.GetParameter") != NULL;
  if (is_ssm && format_stored(body, sizeof body, request) == 0) {
    (void)snprintf(body, sizeof body, "%s", parameter);
  } else if (strstr(request, "Action=AssumeRole") != NULL) {
    format_session(body, sizeof body, request);
  } else if (!is_ssm) {
    (void)snprintf(body, sizeof body, "%s", IDENTITY);
  }
  strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &parts));
  int len =
      snprintf(whole, sizeof whole, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\nDate: %s\r\n\r\n%s",
               is_ssm ? "application/x-amz-json-1.1" : "text/xml", strlen(body), date, body);
  return SSL_write(tls, whole, len) == len ? 0 : -1;
}

/* Reads one whole request; 0 at the end of the connection. */
static size_t read_request(SSL *tls, char *request) {
  size_t used = 0;
  for (;;) {
    int got = SSL_read(tls, request + used, (int)(REQUEST_CAP - 1 - used));
    if (got <= 0) {
      return 0;
    }
    used += (size_t)got;
    request[used] = '\0';
    char *end = strstr(request, "\r\n\r\n");
    if (end == NULL) {
      continue;
    }
    const char *length = strcasestr(request, "\r\ncontent-length:");
    size_t body = length == NULL ? 0 : strtoul(length + 17, NULL, 10);
    if (used >= (size_t)(end + 4 - request) + body) {
      return used;
    }
  }
}

static void *serve(void *argument) {
  int fd = (int)(long)argument;
  SSL *tls = SSL_new(context);
  char *request = malloc(REQUEST_CAP);
  SSL_set_fd(tls, fd);
  if (SSL_accept(tls) == 1) {
    while (read_request(tls, request) > 0 && answer(tls, request) == 0) {
    }
  }
  free(request);
  SSL_free(tls);
  close(fd);
  return NULL;
}

static int listen_on_loopback(const char *port_file) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 64) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
    return -1;
  }
  FILE *file = fopen(port_file, "w");
  if (file == NULL) {
    return -1;
  }
  fprintf(file, "%d\n", ntohs(address.sin_port));
  fclose(file);
  return fd;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  context = SSL_CTX_new(TLS_server_method());
  if (argc < 5 || argc > 6 || (argc == 6 && load_store(argv[5]) != 0) ||
      SSL_CTX_use_certificate_chain_file(context, argv[1]) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1 || load_parameter(argv[3]) != 0) {
    fputs("usage: bench_server CERTIFICATE KEY POLICY PORT-FILE [STORE]\n", stderr);
    return 2;
  }
  int listener = listen_on_loopback(argv[4]);
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    int on = 1;
    pthread_t thread;
    if (fd < 0) {
      return 1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (pthread_create(&thread, NULL, serve, (void *)(long)fd) != 0) {
      return 1;
    }
    pthread_detach(thread);
  }
}
