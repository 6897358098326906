/* keychain/file_look (layer 2): a look at the file keychain that asks nobody. */
#ifndef SNT_KEYCHAIN_FILE_LOOK_H
#define SNT_KEYCHAIN_FILE_LOOK_H

#include "base/buf.h"
#include "keychain/keychain.h"

struct snt_keychain_file_look {
  struct snt_buf path; /* "" when there is no place for it */
  bool is_there;       /* false: the first `sentinel add` makes it */
  bool is_open;        /* the passphrase of the options opens it, or its key rests in the kernel; else it is locked */
};
void snt_keychain_file_look_clear(struct snt_keychain_file_look *look);

/* Never asks for the passphrase: without one in the options, and without a key in the kernel, the file is locked. Code
 * KEYCHAIN: no place, a file or folder that may not be used, not a keychain, a passphrase that does not open it. */
snt_status snt_keychain_file_look(const struct snt_keychain_options *options, struct snt_keychain_file_look *out,
                                  struct snt_err *err);

#endif
