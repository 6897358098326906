/* The manual page, for gen_docs. */
#ifndef SNT_TESTS_TOOLS_GEN_MAN_H
#define SNT_TESTS_TOOLS_GEN_MAN_H

void print_man(void);

#endif
